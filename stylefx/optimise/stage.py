"""Optimise: gains on the start magnitude descend the style's Gram loss, a few steps per hop, warm from the last hop.

The block is the recent past: its features stay in running moments that fade over ``MEMORY_SECONDS``, and the newest
frame is what can still move. Its variables are gains in dB on the frequency axis; style is the harmonic Gram target,
content is staying near the start (gains.py). Latency: none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from stylefx.analysis.axis import Reader, Writer
from stylefx.analysis.grid import Grid
from stylefx.analysis.level import Reference, log_relative
from stylefx.optimise.gains import Gains, anchor_hz
from stylefx.optimise.harmonic import (
    FRAMES_SEEN,
    HOPS_APART,
    HarmonicFeatures,
    Moments,
    compress,
    gathered_hz,
    loss_and_slope,
    position_weights,
)

if TYPE_CHECKING:
    from stylefx.style.style import Style

MEMORY_SECONDS = 1.0
# Magnitudes below this are silence (a full-scale sine reads about 500): -114 dB.
SILENCE = 1e-3
NEPER = np.log(10) / 20


class Optimise:
    """Stage: start magnitude (bins,) -> target magnitude (bins,), both float32."""

    latency_samples = 0

    def __init__(self, target: np.ndarray, seed: int, iterations: int, device: torch.device):
        self.iterations, self._device = iterations, device
        self._features = HarmonicFeatures(seed, device)
        self._target = torch.as_tensor(target, dtype=torch.float32, device=device)

    @classmethod
    def for_style(cls, style: Style, device: torch.device) -> Optimise:
        """The stage that descends the loss of ``style``; it takes no steps until ``iterations`` is set."""
        return cls(style.arrays["gram"], style.meta["seed"], 0, device)

    def prepare(self, grid: Grid) -> None:
        """Allocate for ``grid`` and forget the past."""
        hz = anchor_hz()
        self._grid, self._reader, self._writer = grid, Reader(grid, gathered_hz()), Writer(grid, hz)
        # Gathered frequencies as places between the anchors of the gains.
        places = np.interp(gathered_hz(), hz, np.arange(len(hz)))
        below = np.minimum(places.astype(np.int64), len(hz) - 2)
        self._below = torch.as_tensor(below.ravel(), device=self._device)
        part = torch.as_tensor((places - below).ravel(), dtype=torch.float32, device=self._device)
        self._part, self._rest = part, 1 - part
        self._keep = float(np.exp(-grid.hop_seconds / MEMORY_SECONDS))
        self.reset()

    def reset(self) -> None:
        """Forget the block, the gains and the level."""
        device = self._device
        self._answered = False
        self._gains = Gains(device)
        self._moments = Moments.zero(len(self._target), device)
        shape = ((FRAMES_SEEN - 1) * HOPS_APART, *gathered_hz().shape)
        self._recent = torch.zeros(shape, device=device)
        self._reference = Reference(self._grid.hop_seconds)

    def process(self, start: np.ndarray) -> np.ndarray:
        """One frame.

        Parameters
        ----------
        start : float32 (bins,)
            Magnitudes to begin at: the decoder's.

        Returns
        -------
        float32 (bins,)
            Magnitudes after ``iterations`` steps.
        """
        level = self._reference.follow(start)
        self._answered = self.iterations > 0 and level >= SILENCE
        if not self._answered:
            return start
        base = torch.from_numpy(self._reader.read(log_relative(start, level))).to(self._device)
        self._advance(base)
        self._held = np.exp(self._writer.write(self._gains.values.cpu().numpy()) * np.float32(NEPER))
        return start * self._held

    def hold(self, start: np.ndarray) -> np.ndarray:
        """One frame between two that are optimised: the gains stay."""
        return start * self._held if self._answered else start

    def _advance(self, base: torch.Tensor) -> None:
        """All steps of one hop, from gathered log levels of the start (positions, gathered)."""
        seen = [self._recent[-lag * HOPS_APART] for lag in range(1, FRAMES_SEEN)]
        past = torch.cat(seen, dim=1) @ self._features.past
        self._gains.return_to_start()
        for _ in range(self.iterations):
            self._step(base, past)
        self._remember(base, past)

    def _levels(self, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low, high = self._gains.values[self._below], self._gains.values[self._below + 1]
        return compress(base + NEPER * torch.lerp(low, high, self._part).view_as(base))

    def _step(self, base: torch.Tensor, past: torch.Tensor) -> None:
        levels, slope = self._levels(base)
        features = torch.relu(past + levels @ self._features.newest)
        weights = position_weights(levels)
        moments = self._moments.plus(features, weights, self._keep)
        _, feature_slope = loss_and_slope(features, weights, moments, self._target)
        level_slope = ((feature_slope * (features > 0)) @ self._features.newest.T * slope).ravel()
        gradient = torch.zeros_like(self._gains.values)
        gradient.index_add_(0, self._below, level_slope * self._rest)
        gradient.index_add_(0, self._below + 1, level_slope * self._part)
        self._gains.descend(gradient)

    def _remember(self, base: torch.Tensor, past: torch.Tensor) -> None:
        levels, _ = self._levels(base)
        features = torch.relu(past + levels @ self._features.newest)
        self._moments = self._moments.plus(features, position_weights(levels), self._keep)
        self._recent = torch.cat([self._recent[1:], levels[None]])
