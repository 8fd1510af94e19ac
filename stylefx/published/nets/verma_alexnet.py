"""AlexNet with 3 x 3 kernels throughout: small receptive fields for spectrograms.

Verma & Smith 2018, "Neural style transfer for audio spectrograms": the five convolutions of AlexNet (Krizhevsky et
al. 2012; 64, 192, 384, 256 and 256 channels) with kernels of 3 x 3 and steps of one instead of 11 x 11 and 4, ReLU,
maxima over 3 x 3, two apart, after the first and the second. Theirs was trained to tell instruments apart and never
published; here the weights are Gaussian with deviation sqrt(2 / inputs), drawn from a seed. One channel in.
"""

from __future__ import annotations

import torch
from torch.nn.functional import conv2d, max_pool2d

from stylefx.analysis.grid import Grid
from stylefx.published.spectrogram import GRID

CHANNELS = (64, 192, 384, 256, 256)
LAYERS = tuple(f"conv{number}" for number in range(1, 6))
POOLED_BEFORE = ("conv2", "conv3")
SIZE = 3


class Net:
    """Log magnitudes (frames, bands) -> layer -> (channels, frames', bands') after the ReLU."""

    grid: Grid = GRID
    layers = LAYERS

    def __init__(self, device: torch.device, seed: int):
        generator = torch.Generator().manual_seed(seed)
        self.kernels = []
        for channels_in, channels in zip((1, *CHANNELS), CHANNELS):
            kernel = torch.randn(channels, channels_in, SIZE, SIZE, generator=generator)
            self.kernels.append((kernel * (2 / (SIZE**2 * channels_in)) ** 0.5).to(device))

    def __call__(self, spectrogram: torch.Tensor) -> dict[str, torch.Tensor]:
        """All layers."""
        x, found = spectrogram[None, None], {}
        for name, kernel in zip(LAYERS, self.kernels):
            x = max_pool2d(x, 3, 2) if name in POOLED_BEFORE else x
            x = torch.relu(conv2d(x, kernel, padding=SIZE // 2))
            found[name] = x[0]
        return found
