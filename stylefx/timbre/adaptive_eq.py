"""A slow equaliser on the decoder's answer: its mean spectrum is drawn to the clip's, and so are its movements.

The network answers frame by frame and can be wrong in the same direction for seconds: with an instrument, a
voice or a room unlike all it was trained on. The mean of its answers against the mean levels of the clip shows
that. And it moves too little: the median of all that might sound, which an absolute loss asks for, moves less than
any of it, a vowel or a phrase's end least of all. So what a band does around its mean is widened or narrowed to the
deviation that the clip has there (adaptive instance normalisation, Huang & Belongie 2017, on the levels of
bands instead of features).

Both corrections are smooth over frequency, so they move no partial against its neighbours, bounded, learnt as slowly
as a phrase, and leave the level of every frame as it was. All as log10 of power, over the positions of
:mod:`stylefx.timbre.layout`.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.jit import compiled
from stylefx.timbre.features import maximum
from stylefx.timbre.layout import LEVEL_KNEE_HZ, LEVEL_TOP_HZ, LINEAR_STEP_HZ, position_frequencies

# Share of the difference that is taken out: part of it is the tune, not the timbre.
SHARE = 0.7
LIMIT_DB = 15.0
SECONDS = 1.0
# The correction comes in over this much sounding content; of the deviation more must be heard.
FADE_IN_SECONDS, SPREAD_FADE_IN_SECONDS = 0.35, 1.0
# Movements are scaled by no more than this, and moved by no more than that.
MIN_SCALE, MAX_SCALE, MOVED_DB = 0.5, 3.0, 15.0
# A deviation of less than this (0.1 dB) is none.
STILL_DB = 0.1
SOUNDING_DB = 20.0
# Levels further below a frame's strongest position are silence, whatever they say.
RANGE_DB = 70.0
SMOOTHING_RATIO, SMOOTHING_HZ = 1.35, 80.0
TINY = 1e-20


def _windows() -> tuple[np.ndarray, np.ndarray]:
    frequencies = position_frequencies()
    low = np.searchsorted(frequencies, np.maximum(frequencies / SMOOTHING_RATIO - SMOOTHING_HZ, 0))
    high = np.searchsorted(frequencies, frequencies * SMOOTHING_RATIO + SMOOTHING_HZ)
    return low.astype(np.int32), high.astype(np.int32)


def _weights() -> tuple[np.ndarray, np.ndarray]:
    """Width of each position in bins, and its share in a frame's level: the width through the level's weighting."""
    frequencies = position_frequencies()
    width = np.gradient(frequencies) / LINEAR_STEP_HZ
    weight = frequencies**2 / (frequencies**2 + LEVEL_KNEE_HZ**2) * (frequencies <= LEVEL_TOP_HZ)
    return width.astype(np.float32), (weight * width).astype(np.float32)


WINDOW_LOW, WINDOW_HIGH = _windows()
WIDTH, WEIGHT = _weights()


class SlowEqualiser:
    """``mean_levels``, ``level_spreads`` (positions,): those of the clip, from :func:`level_statistics`."""

    def __init__(self, mean_levels: np.ndarray, level_spreads: np.ndarray):
        self._wanted = np.ascontiguousarray(mean_levels, np.float32)
        self._wanted_spread = np.ascontiguousarray(level_spreads, np.float32)

    def prepare(self, grid: Grid) -> None:
        """Time constants of a grid; forget the past."""
        self._rate = grid.hop_seconds / SECONDS
        self._fade_in = FADE_IN_SECONDS / grid.hop_seconds
        self._spread_fade_in = SPREAD_FADE_IN_SECONDS / grid.hop_seconds
        positions = len(self._wanted)
        self._mean, self._variance, self._correction = np.zeros((3, positions), np.float32)
        self._now, self._scratch = np.zeros((2, positions), np.float32)
        self._sums = np.zeros(positions + 1, np.float32)
        self._counted = np.zeros(1, np.int64)
        self.memory = self._mean, self._variance, self._correction, self._counted
        self.reset()

    def reset(self) -> None:
        """Forget all answers."""
        for array in self.memory:
            array[:] = 0

    def process(self, answer: np.ndarray, sounding: bool) -> None:
        """Correct a frame in place, and learn from it.

        Parameters
        ----------
        answer : float32 (positions,)
            Levels, log10 of power.
        sounding : bool
            Whether the content sounds; nothing is learned from silence.
        """
        _bands(answer, WEIGHT, WINDOW_LOW, WINDOW_HIGH, self._scratch, self._sums, self._now)
        if sounding:
            self._counted += 1
            rate = np.float32(max(self._rate, 1 / self._counted[0]))
            share = np.float32(SHARE * min(1.0, self._counted[0] / self._fade_in))
            _learn(
                self._now, self._wanted, WINDOW_LOW, WINDOW_HIGH, rate, share, self._mean, self._variance,
                self._correction, self._scratch, self._sums,
            )  # fmt: skip
        share = np.float32(min(1.0, self._counted[0] / self._spread_fade_in))
        _move(
            self._now, self._mean, self._variance, self._wanted_spread, share, self._correction, self._scratch
        )
        _apply(answer, WEIGHT, self._scratch)


def level_statistics(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over frames of levels (frames, positions), each relative to its frame's and
    smoothed over frequency; both float32 (positions,)."""
    frames = levels.astype(np.float32)
    bands, scratch = np.zeros_like(frames), np.zeros(levels.shape[1], np.float32)
    sums = np.zeros(levels.shape[1] + 1, np.float32)
    for frame, band in zip(frames, bands):
        _bands(frame, WEIGHT, WINDOW_LOW, WINDOW_HIGH, scratch, sums, band)
    mean, spread = bands.mean(axis=0, dtype=np.float64), bands.std(axis=0, dtype=np.float64)
    return mean.astype(np.float32), spread.astype(np.float32)


@compiled
def answer_level(answer: np.ndarray, weight: np.ndarray) -> np.floating:
    """Level of a frame whose positions have these levels, log10 of power."""
    total = TINY
    for p in range(len(answer)):
        total += np.float32(10) ** answer[p] * weight[p]
    return np.float32(np.log10(total))


@compiled
def _relative(answer: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
    floor = maximum(answer) - np.float32(RANGE_DB / 10)
    for p in range(len(answer)):
        out[p] = max(answer[p], floor)
    level = answer_level(out, weight)
    for p in range(len(answer)):
        out[p] -= level


@compiled
def _smooth(values: np.ndarray, low: np.ndarray, high: np.ndarray, sums: np.ndarray, out: np.ndarray) -> None:
    sums[0] = 0
    for p in range(len(values)):
        sums[p + 1] = sums[p] + values[p]
    for p in range(len(values)):
        out[p] = (sums[high[p]] - sums[low[p]]) / (high[p] - low[p])


@compiled
def _bands(
    answer: np.ndarray,
    weight: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    scratch: np.ndarray,
    sums: np.ndarray,
    out: np.ndarray,
) -> None:
    """Levels relative to the frame's, smoothed over frequency."""
    _relative(answer, weight, scratch)
    _smooth(scratch, low, high, sums, out)


@compiled
def _learn(
    now: np.ndarray,
    wanted: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    rate: float,
    share: float,
    mean: np.ndarray,
    variance: np.ndarray,
    correction: np.ndarray,
    scratch: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Running mean and variance; the correction of the mean."""
    limit = np.float32(LIMIT_DB / 10)
    for p in range(len(now)):
        difference = now[p] - mean[p]
        mean[p] += rate * difference
        variance[p] += rate * (difference * (now[p] - mean[p]) - variance[p])
        scratch[p] = min(max(share * (wanted[p] - mean[p]), -limit), limit)
    _smooth(scratch, low, high, sums, correction)


@compiled
def _move(
    now: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    wanted_spread: np.ndarray,
    share: float,
    correction: np.ndarray,
    out: np.ndarray,
) -> None:
    """The correction of the mean, and that of how far this frame is from it."""
    limit, still = np.float32(MOVED_DB / 10), np.float32(STILL_DB / 10)
    for p in range(len(now)):
        scale = wanted_spread[p] / math.sqrt(variance[p] + still * still)
        scale = min(max(scale, np.float32(MIN_SCALE)), np.float32(MAX_SCALE))
        moved = share * (scale - 1) * (now[p] - mean[p])
        out[p] = correction[p] + min(max(moved, -limit), limit)


@compiled
def _apply(answer: np.ndarray, weight: np.ndarray, correction: np.ndarray) -> None:
    before = answer_level(answer, weight)
    for p in range(len(answer)):
        answer[p] += correction[p]
    drift = answer_level(answer, weight) - before
    for p in range(len(answer)):
        answer[p] -= drift
