"""One random 2-D layer: Ulyanov & Lebedev's objective read as an image's, in closed form.

The spectrogram is an image over log frequency with one channel; 4096 random filters, 6 octaves tall and 3 frames wide,
slide over both axes (stride 4 x 2), then a ReLU. Melody is kept by the content term ``||F(x) - F(content)||^2 /
||F(content)||^2``, timbre brought by the Gram term ``||G(x) - G(style)||^2 / ||G(style)||^2``, from the content. A
1-D layer with frequency as channels stores which notes were played; filters that slide over log frequency see the same
pattern at every pitch, if they are tall enough to see a whole harmonic series.

As in closed_form.py the filters need not be drawn: both losses are inner products of patches (positions, 432 values)
under the arc-cosine kernel.
"""

from __future__ import annotations

import math

import torch

from stylefx.published.closed_form import TINY, ArcCosineKernel, ContentLoss, GramLoss
from stylefx.published.descent import Objective
from stylefx.published.image import logarithmic_hz, triangular_bands
from stylefx.published.offline import SpectrogramMethod
from stylefx.published.spectrogram import GRID
from stylefx.style.style import Style

FILTERS = 4096
BANDS_PER_OCTAVE, HIGHEST_HZ = 24, 10_000.0
HEIGHT, WIDTH = 6 * BANDS_PER_OCTAVE, 3
STRIDE = (4, 2)  # bands, frames
DEVIATION = math.sqrt(2) * math.sqrt(2 / ((1 + FILTERS) * HEIGHT * WIDTH))
CONTENT_WEIGHT = 0.3


def patches(image: torch.Tensor) -> torch.Tensor:
    """What the filters see of an image (frames, bands): (positions, HEIGHT * WIDTH)."""
    seen = image.unfold(0, WIDTH, STRIDE[1]).unfold(1, HEIGHT, STRIDE[0])
    return seen.reshape(-1, WIDTH * HEIGHT)


class Random2d(SpectrogramMethod):
    """Gram and content of one random 2-D layer, each over its target's norm."""

    def __init__(self, style: Style, iterations: int, device: str):
        super().__init__(style, iterations, device)
        self._bands = self.tensor(triangular_bands(logarithmic_hz(BANDS_PER_OCTAVE, HIGHEST_HZ), GRID))
        # A patch is one frame to the closed form.
        self._kernel = ArcCosineKernel(FILTERS, DEVIATION, width=1)
        self._gram = GramLoss(self._kernel, self._patches(self.style))

    def _patches(self, frames: torch.Tensor) -> torch.Tensor:
        return patches(frames @ self._bands)

    def objective(self, content: torch.Tensor) -> Objective:
        """Both losses on the patches; their gradients go back through image and bands."""
        content_loss = ContentLoss(self._kernel, self._patches(content))
        content_weight = CONTENT_WEIGHT / content_loss.target_norm.clamp_min(TINY)
        style_weight = 1 / self._gram.target_norm.clamp_min(TINY)

        def objective(frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            frames = frames.detach().requires_grad_()
            seen = self._patches(frames)
            style, style_slope = self._gram(seen.detach())
            kept, kept_slope = content_loss(seen.detach())
            slope = style_weight * style_slope + content_weight * kept_slope
            (gradient,) = torch.autograd.grad(seen, frames, slope)
            return style_weight * style + content_weight * kept, gradient

        return objective
