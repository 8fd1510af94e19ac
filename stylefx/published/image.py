"""Spectrograms as images: a frequency axis on which a timbre looks much the same at every pitch, and fewer rows.

A 2-D convolution answers alike wherever a pattern stands. On a linear axis a note's pattern stretches with its pitch;
on a logarithmic one it moves. Bands are triangles between their neighbours' centres, at least one bin wide on either
side, so that every bin belongs to some band and gradients reach all of them.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

LOWEST_HZ = 55.0


def logarithmic_hz(bands_per_octave: int, highest_hz: float, lowest_hz: float = LOWEST_HZ) -> np.ndarray:
    """Centres a fixed part of an octave apart, float64 (bands,)."""
    count = int(bands_per_octave * np.log2(highest_hz / lowest_hz)) + 1
    return lowest_hz * 2 ** (np.arange(count) / bands_per_octave)


def triangular_bands(centres_hz: np.ndarray, grid: Grid) -> np.ndarray:
    """Weights (bins, bands) whose columns sum to 1: the mean of log magnitudes over each triangle."""
    bins_hz = np.arange(grid.bins) * grid.bin_hz
    ends = np.concatenate(
        [[2 * centres_hz[0] - centres_hz[1]], centres_hz, [2 * centres_hz[-1] - centres_hz[-2]]]
    )
    below = np.maximum(np.diff(ends)[:-1], grid.bin_hz)
    above = np.maximum(np.diff(ends)[1:], grid.bin_hz)
    distance = bins_hz[:, None] - centres_hz
    weights = np.maximum(0, 1 - np.where(distance < 0, -distance / below, distance / above))
    return (weights / weights.sum(axis=0)).astype(np.float32)
