"""Layers of a TensorFlow checkpoint in torch: their tensors, how those lie, what they do when played back."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn.functional import conv2d

from stylefx.published.nets.installed import installed_path
from stylefx.published.nets.tensorbundle import read_tensors

EPSILON = 1e-3  # TensorFlow's, in batch normalisation
NORMALISATION = ("gamma", "beta", "moving_mean", "moving_variance")


class Layers:
    """Convolutions ``names`` and the first ``normalisations`` batch normalisations of a model of musicnn.

    Raises
    ------
    StylefxError
        The package is not installed, or its files are damaged.
    """

    def __init__(self, model: str, names: Iterable[str], normalisations: int, device: torch.device):
        wanted = [f"{name}/{part}" for name in names for part in ("kernel", "bias")]
        wanted += [
            f"{_numbered(number)}/{part}" for number in range(normalisations) for part in NORMALISATION
        ]
        tensors = read_tensors(installed_path("musicnn", f"musicnn/{model}"), wanted)
        self.tensors = {name: torch.from_numpy(tensor.copy()).to(device) for name, tensor in tensors.items()}
        for name, tensor in self.tensors.items():
            # Frames x bands x in x out to out x in x frames x bands.
            if tensor.ndim == 4:
                self.tensors[name] = tensor.permute(3, 2, 0, 1).contiguous()

    def convolve(self, x: torch.Tensor, name: str, padding: int = 0) -> torch.Tensor:
        """(1, in, frames, bands) -> (1, out, frames, bands), rectified."""
        return torch.relu(
            conv2d(x, self.tensors[f"{name}/kernel"], self.tensors[f"{name}/bias"], padding=padding)
        )

    def normalise(self, x: torch.Tensor, number: int) -> torch.Tensor:
        """Batch normalisation with the statistics of the training: a gain and an offset a channel."""
        gamma, beta, mean, variance = (self.tensors[f"{_numbered(number)}/{part}"] for part in NORMALISATION)
        gain = gamma / (variance + EPSILON).sqrt()
        return x * gain[:, None, None] + (beta - mean * gain)[:, None, None]


def _numbered(number: int) -> str:
    return f"batch_normalization_{number}" if number else "batch_normalization"
