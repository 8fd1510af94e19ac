"""The frequency axis of features and gains: a few hundred positions in Hz, the same at every sample rate.

Positions are 10.8 Hz apart in the bass, where FFT bins resolve single partials, and a fixed part of an octave
apart above, so that a timbre costs as many numbers at any pitch. Reading is linear interpolation in the bins;
writing back is linear interpolation between positions.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

LOWEST_HZ, HIGHEST_HZ = 43.0, 16_000.0
# One bin of the nominal grid; below POSITIONS_PER_OCTAVE * log2 spacing of this the axis is linear.
LINEAR_STEP_HZ = 44_100 / 4096
POSITIONS_PER_OCTAVE = 36


def axis_hz() -> np.ndarray:
    """Positions in Hz, float64 (positions,), rising."""
    ratio = 2 ** (1 / POSITIONS_PER_OCTAVE)
    knee = LINEAR_STEP_HZ / (ratio - 1)
    linear = np.arange(LOWEST_HZ, knee, LINEAR_STEP_HZ)
    steps = int(np.log(HIGHEST_HZ / linear[-1]) / np.log(ratio))
    return np.concatenate([linear, linear[-1] * ratio ** np.arange(1, steps + 1)])


POSITIONS = len(axis_hz())


class Reader:
    """Linear interpolation of values on the FFT bins at any frequencies."""

    def __init__(self, grid: Grid, hz: np.ndarray):
        position = np.clip(hz / grid.bin_hz, 0, grid.bins - 1)
        self.below = np.minimum(position.astype(np.int64), grid.bins - 2)
        self.part = (position - self.below).astype(np.float32)
        # Above the stream's Nyquist frequency there is nothing to read.
        self.present = (hz < grid.sample_rate / 2).astype(np.float32)

    def read(self, values: np.ndarray) -> np.ndarray:
        """(..., bins) -> (..., *hz.shape); zero above the Nyquist frequency."""
        low, high = values[..., self.below], values[..., self.below + 1]
        return (low + self.part * (high - low)) * self.present


class Writer:
    """Linear interpolation of values on the axis at the FFT bins; constant beyond the ends."""

    def __init__(self, grid: Grid, hz: np.ndarray):
        bins_hz = np.clip(np.arange(grid.bins) * grid.bin_hz, hz[0], hz[-1])
        self.below = np.clip(np.searchsorted(hz, bins_hz, side="right") - 1, 0, len(hz) - 2)
        self.part = ((bins_hz - hz[self.below]) / np.diff(hz)[self.below]).astype(np.float32)

    def write(self, values: np.ndarray) -> np.ndarray:
        """(..., positions) -> (..., bins)."""
        low, high = values[..., self.below], values[..., self.below + 1]
        return low + self.part * (high - low)
