"""Gram matrices of feature nets as style statistics: layer by layer, trained nets beside the same with random weights.

Each is the Gram matrix of one layer of one net; its distance is one minus the cosine of two such matrices, so that
level and the number of channels do not count. `validity.py` says which hear the instrument rather than the tune. The
random controls have the trained architecture, with Gaussian weights of deviation sqrt(2 / inputs) (He et al. 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from benchmarks.metrics import at_rate
from benchmarks.statistics import Statistic, angle_distance

NETS = (
    "stylefx/nets/log_mel.py",
    "stylefx/nets/mel.py",
    "stylefx/nets/musicnn.py",
    "stylefx/nets/musicnn_vgg.py",
    "stylefx/nets/trained.py",
    "stylefx/nets/vgg.py",
    "stylefx/optimise/image.py",
    "benchmarks/net_statistics.py",
)
# As the methods that see a spectrogram as an image.
BANDS_PER_OCTAVE, HIGHEST_HZ = 32, 10_000.0

Make = Callable[[], Any]


def musicnn_vgg(layer: str, model: str = "MTT_vgg", random: bool = False) -> Any:
    """One layer of musicnn's `vgg`; with random weights if asked, its normalisations the identity."""
    import torch

    from stylefx.nets import musicnn_vgg as module

    net = module.Net(torch.device("cpu"), (layer,), model)
    if random:
        _randomise(net.trained.tensors)
    return net


def musicnn(layer: str, model: str, random: bool = False) -> Any:
    """One layer of musicnn; with random weights if asked, its normalisations the identity."""
    import torch

    from stylefx.nets import musicnn as module

    net = module.Net(torch.device("cpu"), (layer,), model)
    if random:
        _randomise(net.trained.tensors)
    return net


class Photographs:
    """One layer of VGG-16 on the log spectrogram as an image over log frequency; random weights if asked."""

    def __init__(self, layer: str, random: bool = False):
        import torch

        from stylefx.nets import vgg
        from stylefx.optimise.image import logarithmic_hz, triangular_bands

        self.grid = vgg.GRID
        self._net = vgg.Net(torch.device("cpu"), (layer,), "vgg16")
        if random:
            self._net.convolutions = [
                vgg.Convolution(each.name, _gaussian(each.kernel, number), torch.zeros_like(each.bias))
                for number, each in enumerate(self._net.convolutions)
            ]
        bands = triangular_bands(logarithmic_hz(BANDS_PER_OCTAVE, HIGHEST_HZ), self.grid)
        self._bands = torch.from_numpy(bands)

    def __call__(self, frames: Any) -> dict[str, Any]:
        return self._net(frames @ self._bands)


def statistic(name: str, make: Make) -> Statistic:
    """The Gram matrix of the one layer of the net that ``make`` makes, once it is needed."""
    made = lru_cache(maxsize=1)(make)

    def describe(audio: np.ndarray, sample_rate: int) -> np.ndarray:
        import torch

        from stylefx.learn.spectrogram import log_magnitudes

        net = made()
        frames = log_magnitudes(at_rate(audio, sample_rate, net.grid.sample_rate), net.grid)
        with torch.no_grad():
            (features,) = net(torch.from_numpy(frames)).values()
        flat = features.flatten(1)
        return (flat @ flat.T / flat.shape[1]).numpy()

    return Statistic(name, describe, angle_distance, NETS)


def _gaussian(kernel: Any, seed: int) -> Any:
    import torch

    inputs = kernel[0].numel()
    return torch.randn(kernel.shape, generator=torch.Generator().manual_seed(seed)) * (2 / inputs) ** 0.5


def _randomise(tensors: dict[str, Any]) -> None:
    """Kernels Gaussian, no bias, normalisations that change nothing, in place."""
    for number, name in enumerate(sorted(tensors)):
        if name.endswith("kernel") and tensors[name].ndim == 4:
            tensors[name] = _gaussian(tensors[name], number)
        else:
            ones = name.endswith(("gamma", "moving_variance"))
            tensors[name] = tensors[name] * 0 + (1.0 if ones else 0.0)


def _layers(
    title: str, make: Callable[..., Any], layers: tuple[str, ...], *args: Any
) -> tuple[Statistic, ...]:
    return tuple(statistic(f"{title}, {layer}", partial(make, layer, *args)) for layer in layers)


NET_STATISTICS = (
    *_layers("musicnn vgg (MagnaTagATune)", musicnn_vgg, ("pool1", "pool2", "pool3", "pool4")),
    *_layers("musicnn vgg (Million Song)", musicnn_vgg, ("pool2", "pool4"), "MSD_vgg"),
    *_layers(
        "musicnn vgg, random weights", musicnn_vgg, ("pool1", "pool2", "pool3", "pool4"), "MTT_vgg", True
    ),
    *_layers("musicnn (MagnaTagATune)", musicnn, ("timbral", "cnn1", "cnn3"), "MTT_musicnn"),
    *_layers("musicnn (Million Song)", musicnn, ("timbral", "cnn1", "cnn3"), "MSD_musicnn"),
    *_layers("musicnn, random weights", musicnn, ("timbral", "cnn1", "cnn3"), "MTT_musicnn", True),
    *_layers("VGG-16 (photographs)", Photographs, ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")),
    *_layers("VGG-16, random weights", Photographs, ("conv1_1", "conv3_1", "conv5_1"), True),
)
