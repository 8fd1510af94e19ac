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
import scipy.optimize
import soxr
import torch

from stylefx.compute import compute_device
from stylefx.learn.ulyanov import GRID, log_magnitudes
from stylefx.optimise.closed_form import ArcCosineKernel, ContentLoss, GramLoss
from stylefx.style import Style

FILTERS, WIDTH = 4096, 11
DEVIATION = math.sqrt(2) * math.sqrt(2 / ((GRID.bins + FILTERS) * WIDTH))
CONTENT_WEIGHT = 1e-2
START_DEVIATION = 1e-3
GRIFFIN_LIM_ITERATIONS = 500
# Patches need WIDTH frames; a shorter block is silence or a remnant and stays as it is.
SHORTEST_SECONDS = (WIDTH + 1) * GRID.hop / GRID.sample_rate


class Ulyanov:
    """Transforms whole blocks of mono audio towards ``style``, in ``iterations`` L-BFGS steps each.

    ``content_weight`` is the published trade-off between the two losses; only the benchmark's curves turn it.
    """

    def __init__(self, style: Style, iterations: int, device: str, content_weight: float = CONTENT_WEIGHT):
        self.iterations, self._content_weight = iterations, content_weight
        self._device, self._seed = compute_device(device), style.meta["seed"]
        self._kernel = ArcCosineKernel(FILTERS, DEVIATION, WIDTH)
        self._gram = GramLoss(self._kernel, self._tensor(style.arrays["log_magnitudes"]))

    def transform(self, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """Styled mono audio float32 (samples,), as long as ``audio``."""
        from stylefx.phase.offline import griffin_lim

        if len(audio) < SHORTEST_SECONDS * sample_rate:
            return audio
        content = log_magnitudes(soxr.resample(audio, sample_rate, GRID.sample_rate))
        magnitude = np.expm1(self.optimise(content).clip(min=0)).T
        window = np.hanning(GRID.n_fft + 1)[:-1]
        samples = griffin_lim(magnitude, GRID.n_fft, GRID.hop, window, GRIFFIN_LIM_ITERATIONS, self._seed)
        back = soxr.resample(samples.astype(np.float32), GRID.sample_rate, sample_rate)
        return np.pad(back, (0, max(0, len(audio) - len(back))))[: len(audio)]

    def optimise(self, content: np.ndarray) -> np.ndarray:
        """Log magnitudes (frames, 1025) that minimise style and content losses, from noise."""
        content_loss = ContentLoss(self._kernel, self._tensor(content))

        def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
            frames = self._tensor(flat.reshape(content.shape))
            style, style_slope = self._gram(frames)
            kept, kept_slope = content_loss(frames)
            slope = style_slope + self._content_weight * kept_slope
            return float(style + self._content_weight * kept), slope.cpu().numpy().ravel().astype(np.float64)

        start = START_DEVIATION * np.random.default_rng(self._seed).standard_normal(content.size)
        options = {"maxiter": self.iterations, "maxfun": 2 * self.iterations + 10}
        found = scipy.optimize.minimize(
            loss_and_gradient, start, jac=True, method="L-BFGS-B", options=options
        )
        return found.x.reshape(content.shape)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=self._device)
