"""Start: the content's long-term spectrum is turned towards the clip's, causally.

A plain equaliser is a strong opponent of every published method, so it is where the optimiser starts from. The
content's mean power runs along with a memory of a few seconds; the gain at each frequency is the root of the ratio of
both mean powers, smoothed over a third of an octave so that no note of either is printed on the other. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.axis import POSITIONS_PER_OCTAVE, Reader, Writer, axis_hz
from stylefx.analysis.grid import Grid

MEMORY_SECONDS = 4.0
SMOOTHING_POSITIONS = POSITIONS_PER_OCTAVE // 3
LIMIT_DB = 30.0
# Frames this far under the loudest lately do not count: rests are not timbre.
ACTIVE_DB = 40.0


def smooth(power: np.ndarray) -> np.ndarray:
    """Mean over a third of an octave around each position, (positions,)."""
    padded = np.pad(power, SMOOTHING_POSITIONS, mode="edge")
    kernel = np.hanning(2 * SMOOTHING_POSITIONS + 3)[1:-1]
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


class Equaliser:
    """Stage: content magnitude (bins,) -> start magnitude (bins,), both float32.

    ``mean_power`` (positions,) is the clip's mean power on the frequency axis, from `mean_power`.
    """

    latency_samples = 0

    def __init__(self, mean_power: np.ndarray):
        self._style = smooth(mean_power.astype(np.float64))

    def prepare(self, grid: Grid) -> None:
        """Allocate for ``grid`` and forget the past."""
        self._reader, self._writer = Reader(grid, axis_hz()), Writer(grid, axis_hz())
        self._keep = float(np.exp(-grid.hop_seconds / MEMORY_SECONDS))
        self.reset()

    def reset(self) -> None:
        """Forget the content heard so far."""
        self._power = np.zeros(len(axis_hz()))
        self._loudest = 0.0

    def process(self, magnitude: np.ndarray) -> np.ndarray:
        """One frame."""
        power = self._reader.read(magnitude) ** 2
        level = float(power.sum())
        self._loudest = max(self._loudest * self._keep, level)
        if level > self._loudest * 10 ** (-ACTIVE_DB / 10) and level > 0:
            self._power = self._keep * self._power + (1 - self._keep) * power
        total = self._power.sum()
        if total <= 0:
            return magnitude
        content = smooth(self._power / total)
        gain = 0.5 * np.log(ratio_within(self._style, content))
        return magnitude * np.exp(self._writer.write(gain)).astype(np.float32)


def ratio_within(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """style / content, both of unit sum, held within ``LIMIT_DB``."""
    limit = 10 ** (LIMIT_DB / 10)
    return np.clip((style + 1e-9) / (content + 1e-9), 1 / limit, limit)


def mean_power(powers: np.ndarray) -> np.ndarray:
    """The clip's mean power over its active frames (frames, positions), of unit sum: (positions,)."""
    level = powers.sum(axis=1)
    active = powers[level > level.max() * 10 ** (-ACTIVE_DB / 10)]
    mean = active.mean(axis=0)
    return mean / mean.sum()
