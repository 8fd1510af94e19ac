"""The method of Ulyanov & Lebedev 2016, as published: texture and content of one wide random layer, by L-BFGS.

log1p magnitudes at 22.05 kHz, n_fft 2048, hop 512; 1025 -> 4096 filters 11 frames wide, no bias, VALID, ReLU, standard
deviation sqrt(2) sqrt(2 / ((1025 + 4096) 11)); style ``||G(x) - G(style)||^2`` with G = F F^T / T, content 1e-2
``||F(x) - F(content)||^2``, from noise of 1e-3, 300 L-BFGS steps, then 500 Griffin-Lim iterations from random
phase. Losses in closed form. (D. Ulyanov, V. Lebedev, "Audio texture synthesis and style transfer", blog, 2016.)

It runs on whole blocks, offline: see blockwise.py.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from stylefx.published.closed_form import ArcCosineKernel, ContentLoss, GramLoss
from stylefx.published.descent import Objective
from stylefx.published.offline import SpectrogramMethod
from stylefx.published.spectrogram import GRID
from stylefx.style.style import Style

FILTERS, WIDTH = 4096, 11
DEVIATION = math.sqrt(2) * math.sqrt(2 / ((GRID.bins + FILTERS) * WIDTH))
CONTENT_WEIGHT = 1e-2
START_DEVIATION = 1e-3


class Ulyanov(SpectrogramMethod):
    """As published; ``content_weight`` is the trade-off between the two losses, only the benchmark's curves turn it."""

    shortest_frames = WIDTH + 1

    def __init__(self, style: Style, iterations: int, device: str, content_weight: float = CONTENT_WEIGHT):
        super().__init__(style, iterations, device)
        self._content_weight = content_weight
        self._kernel = ArcCosineKernel(FILTERS, DEVIATION, WIDTH)
        self._gram = GramLoss(self._kernel, self.style)

    def objective(self, content: torch.Tensor) -> Objective:
        """Style loss and weighted content loss, gradients written out."""
        content_loss = ContentLoss(self._kernel, content)

        def objective(frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            style, style_slope = self._gram(frames)
            kept, kept_slope = content_loss(frames)
            return style + self._content_weight * kept, style_slope + self._content_weight * kept_slope

        return objective

    def start(self, content: np.ndarray) -> np.ndarray:
        """Noise."""
        noise = np.random.default_rng(self.seed).standard_normal(content.size)
        return START_DEVIATION * noise.reshape(content.shape)
