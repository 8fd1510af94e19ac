"""Optimise with the ear of a net trained on music: gains on the start magnitude descend the Gram loss of its features.

The features are the timbral layer of musicnn (Pons & Serra 2019; published/nets/musicnn_timbral_stream.py): 204
filters, trained to tag music, that see 7 frames (0.1 s) and answer to a spectral shape at whatever pitch it stands.
Their Gram matrix over the last second is compared with the clip's, each over its norm: ``2 - 2 <M / |M|, G>``. It is
not centred, unlike that of optimise/harmonic.py: the mean answers are what smooth gains can move. The gains are those
of the harmonic optimiser (gains.py). They are taken to have held for all seven frames, so that one step per frame of
the net, every third hop, does; it costs a third of the harmonic optimiser's. Nothing above 8 kHz is heard. Latency:
none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from stylefx.analysis.axis import Writer
from stylefx.analysis.grid import Grid
from stylefx.analysis.level import Reference
from stylefx.optimise.gains import Gains, anchor_hz
from stylefx.optimise.harmonic import TINY, Moments
from stylefx.optimise.stage import MEMORY_SECONDS, NEPER, SILENCE
from stylefx.published.nets.engine_mel import band_hz, engine_bank, frames_apart
from stylefx.published.nets.log_mel import BANDS, GAIN
from stylefx.published.nets.musicnn_timbral_stream import FILTERS, FRAMES, MusicnnTimbralStream

if TYPE_CHECKING:
    from stylefx.style.style import Style

# Frames this far under the reference are rests, not timbre.
ACTIVE_DB = 40.0


class OptimiseTrained:
    """Stage: start magnitude (bins,) -> target magnitude (bins,), both float32."""

    latency_samples = 0

    def __init__(self, target: np.ndarray, iterations: int, device: torch.device):
        self.iterations, self._device = iterations, device
        self._net = MusicnnTimbralStream(device)
        self._target = torch.as_tensor(target, dtype=torch.float32, device=device)
        self._weight = torch.ones(1, device=device)

    @classmethod
    def for_style(cls, style: Style, device: torch.device) -> OptimiseTrained:
        """The stage that descends the loss of ``style``; it takes no steps until ``iterations`` is set."""
        return cls(style.arrays["gram"], 0, device)

    def prepare(self, grid: Grid) -> None:
        """Allocate for ``grid`` and forget the past."""
        hz = anchor_hz()
        self._grid, self._writer, self._apart = grid, Writer(grid, hz), frames_apart(grid)
        self._bank = engine_bank(grid)
        anchors = np.eye(len(hz))
        # What each anchor's gain adds to each band's.
        spread = np.stack([np.interp(band_hz(), hz, anchor) for anchor in anchors], axis=1)
        self._spread = torch.as_tensor(spread, dtype=torch.float32, device=self._device)
        self._keep = float(np.exp(-self._apart * grid.hop_seconds / MEMORY_SECONDS))
        self.reset()

    def reset(self) -> None:
        """Forget the block, the gains and the level."""
        self._answered, self._frames = False, 0
        self._gains = Gains(self._device)
        self._moments = Moments.zero(FILTERS, self._device)
        self._power = torch.zeros(FRAMES, BANDS, device=self._device)
        self._reference = Reference(self._grid.hop_seconds)

    def process(self, start: np.ndarray) -> np.ndarray:
        """One frame."""
        level = self._reference.follow(start)
        self._answered = self.iterations > 0 and level >= SILENCE
        if not self._answered:
            return start
        self._gains.return_to_start()
        if self._frames % self._apart == 0:
            power = torch.from_numpy((start / np.float32(level)) ** 2 @ self._bank).to(self._device)
            self._power = torch.cat([self._power[1:], power[None]])
            if is_active(start, level) and self._frames >= self._apart * (FRAMES - 1):
                self._advance()
        self._frames += 1
        self._held = np.exp(self._writer.write(self._gains.values.cpu().numpy()) * np.float32(NEPER))
        return start * self._held

    def hold(self, start: np.ndarray) -> np.ndarray:
        """One frame between two that are optimised: the gains stay."""
        return start * self._held if self._answered else start

    def _advance(self) -> None:
        """All steps of one frame of the net."""
        for _ in range(self.iterations):
            # In tenths of a decade of power, the unit of the levels.
            amplified = GAIN * self._power * 10 ** ((self._spread @ self._gains.values) / 10)
            features = self._net(torch.log10(amplified + 1))[None]
            moments = self._moments.plus(features, self._weight, self._keep)
            level_slope = self._net.backwards(feature_slope(features[0], moments, self._target))
            band_slope = (level_slope * amplified / (amplified + 1)).sum(0) / 10
            self._gains.descend(self._spread.T @ band_slope, self._apart)
        self._moments = moments


def is_active(magnitude: np.ndarray, level: float) -> bool:
    """Whether a frame sounds, beside the reference level."""
    return float(magnitude.max()) > level * 10 ** (-ACTIVE_DB / 20)


def unit_gram(moments: Moments) -> torch.Tensor:
    """The Gram matrix of the features over its norm, (204, 204)."""
    return moments.products / moments.products.norm().clamp_min(TINY)


def feature_slope(features: torch.Tensor, moments: Moments, target: torch.Tensor) -> torch.Tensor:
    """The gradient of the loss to ``features`` (204,), the newest of those in ``moments``, once."""
    unit = unit_gram(moments)
    direction = ((unit * target).sum() * unit - target) / moments.products.norm().clamp_min(TINY)
    return 4 * (direction @ features)
