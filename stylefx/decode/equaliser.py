"""A slow equaliser on the decoder's answer: its mean spectrum is drawn to the clip's.

The network answers frame by frame and can be wrong in the same direction for seconds: with an instrument, a
voice or a room unlike all it was trained on. The mean of its answers against the mean levels of the clip shows
that. The correction is smooth over frequency, so it moves no partial against its neighbours, bounded, as
slow as a phrase, and leaves the level of every frame as it was. All in bels, over the positions
of :mod:`stylefx.decode.positions`.
"""

from __future__ import annotations

import numba
import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.decode.positions import LEVEL_KNEE_HZ, LEVEL_TOP_HZ, LINEAR_STEP_HZ, position_frequencies

# Share of the difference that is taken out: part of it is the tune, not the timbre.
SHARE = 0.7
LIMIT_BELS = 1.5
SECONDS = 2.0
# The correction comes in over this much sounding content.
FADE_IN_SECONDS = 0.7
SOUNDING_BELS = 2.0
# Levels further below a frame's strongest position are silence, whatever they say.
RANGE_BELS = 7.0
SMOOTHING_RATIO, SMOOTHING_HZ = 1.35, 80.0
TINY = 1e-20


def _windows() -> tuple[np.ndarray, np.ndarray]:
    frequencies = position_frequencies()
    low = np.searchsorted(frequencies, np.maximum(frequencies / SMOOTHING_RATIO - SMOOTHING_HZ, 0))
    high = np.searchsorted(frequencies, frequencies * SMOOTHING_RATIO + SMOOTHING_HZ)
    return low.astype(np.int32), high.astype(np.int32)


def _weights() -> np.ndarray:
    """Share of each position in a frame's level: its width in bins, heard through the level's weighting."""
    frequencies = position_frequencies()
    weight = frequencies**2 / (frequencies**2 + LEVEL_KNEE_HZ**2) * (frequencies <= LEVEL_TOP_HZ)
    return (weight * np.gradient(frequencies) / LINEAR_STEP_HZ).astype(np.float32)


WINDOW_LOW, WINDOW_HIGH = _windows()
WEIGHT = _weights()


class SlowEqualiser:
    """``mean_levels`` (positions,): those of the clip, from :func:`mean_levels`."""

    def __init__(self, mean_levels: np.ndarray):
        self._wanted = np.ascontiguousarray(mean_levels, np.float32)

    def prepare(self, grid: Grid) -> None:
        """Time constants of a grid; forget the past."""
        self._rate = grid.hop_seconds / SECONDS
        self._fade_in = FADE_IN_SECONDS / grid.hop_seconds
        positions = len(self._wanted)
        self._mean, self._correction, self._scratch = np.zeros((3, positions), np.float32)
        self._sums = np.zeros(positions + 1, np.float32)
        self._counted = 0
        self.reset()

    def reset(self) -> None:
        """Forget all answers."""
        self._mean[:] = 0
        self._correction[:] = 0
        self._counted = 0

    def process(self, answer: np.ndarray, sounding: bool) -> None:
        """Correct the levels (positions,) of a frame in place; learn from them if the content is ``sounding``."""
        if sounding:
            self._counted += 1
            rate = np.float32(max(self._rate, 1 / self._counted))
            share = np.float32(SHARE * min(1.0, self._counted / self._fade_in))
            _learn(
                answer, WEIGHT, WINDOW_LOW, WINDOW_HIGH, self._wanted, rate, share, self._mean,
                self._correction, self._scratch, self._sums,
            )  # fmt: skip
        _apply(answer, WEIGHT, self._correction)


def mean_levels(levels: np.ndarray) -> np.ndarray:
    """Mean over frames of levels (frames, positions), each relative to its frame's, smoothed; float32 (positions,)."""
    total, scratch = np.zeros(levels.shape[1]), np.zeros(levels.shape[1], np.float32)
    for frame in levels.astype(np.float32):
        _relative(frame, WEIGHT, scratch)
        total += scratch
    mean = (total / max(1, len(levels))).astype(np.float32)
    _smooth(mean, WINDOW_LOW, WINDOW_HIGH, np.zeros(len(mean) + 1, np.float32), scratch)
    return scratch


@numba.njit(nogil=True, cache=True)
def _level(answer, weight):
    total = TINY
    for p in range(len(answer)):
        total += np.float32(10) ** answer[p] * weight[p]
    return np.float32(np.log10(total))


@numba.njit(nogil=True, cache=True)
def _relative(answer, weight, out):
    floor = answer.max() - np.float32(RANGE_BELS)
    for p in range(len(answer)):
        out[p] = max(answer[p], floor)
    level = _level(out, weight)
    for p in range(len(answer)):
        out[p] -= level


@numba.njit(nogil=True, cache=True)
def _smooth(values, low, high, sums, out):
    sums[0] = 0
    for p in range(len(values)):
        sums[p + 1] = sums[p] + values[p]
    for p in range(len(values)):
        out[p] = (sums[high[p]] - sums[low[p]]) / (high[p] - low[p])


@numba.njit(nogil=True, cache=True)
def _learn(answer, weight, low, high, wanted, rate, share, mean, correction, scratch, sums):
    _relative(answer, weight, scratch)
    for p in range(len(answer)):
        mean[p] += rate * (scratch[p] - mean[p])
    _smooth(mean, low, high, sums, scratch)
    limit = np.float32(LIMIT_BELS)
    for p in range(len(answer)):
        scratch[p] = min(max(share * (wanted[p] - scratch[p]), -limit), limit)
    _smooth(scratch, low, high, sums, correction)


@numba.njit(nogil=True, cache=True)
def _apply(answer, weight, correction):
    before = _level(answer, weight)
    for p in range(len(answer)):
        answer[p] += correction[p]
    drift = _level(answer, weight) - before
    for p in range(len(answer)):
        answer[p] -= drift
