"""Coherence of wet and dry: how loud both are, and how much of that is the same wave.

Two signals of one level, added half and half, keep it if they are the same wave and lose 3 dB if they have nothing in
common; the styled signal is the first at strength 0 and the second at strength 1. From both energies and their
correlation, smoothed over `MEMORY_SECONDS`, follows the gain that brings a mix to the level between the two, whatever
the share: ``mix`` then moves the timbre and not the level. At either end it is 1 exactly. Latency: none.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.jit import compiled

# Long enough to average over the beats of partials, short enough to follow a note.
MEMORY_SECONDS = 0.2
# Where wet and dry cancel they are not pulled up beyond this (6 dB).
MAX_GAIN = 2.0
TINY = 1e-12

# Columns of what `WetDryCoherence.update` returns.
DRY, WET, BOTH = 0, 1, 2
COLUMNS = 3


class WetDryCoherence:
    """Running energies of a pair of signals, hop by hop."""

    def __init__(self, sample_rate: int):
        self._memory = MEMORY_SECONDS * sample_rate
        self.reset()

    def reset(self) -> None:
        """Forget both."""
        self._energies = np.zeros(COLUMNS)

    def update(self, dry: np.ndarray, wet: np.ndarray) -> np.ndarray:
        """Energy of dry, of wet and of their product for each sample of a hop, from both (hop, channels); (hop, 3)."""
        keep = math.exp(-len(wet) / self._memory)
        return _follow(dry, wet, keep, self._energies)


@compiled
def _follow(dry: np.ndarray, wet: np.ndarray, keep: float, energies: np.ndarray) -> np.ndarray:
    """Move the running ``energies`` (3,) by one hop; a line from what they were to what they are, (hop, 3)."""
    frames, channels = wet.shape
    new = np.zeros(COLUMNS)
    for n in range(frames):
        for c in range(channels):
            new[DRY] += dry[n, c] * dry[n, c]
            new[WET] += wet[n, c] * wet[n, c]
            new[BOTH] += dry[n, c] * wet[n, c]
    line = np.empty((frames, COLUMNS), np.float32)
    for k in range(COLUMNS):
        before = energies[k]
        energies[k] = keep * before + (1 - keep) * new[k] / frames
        step = (energies[k] - before) / frames
        for n in range(frames):
            line[n, k] = before + (n + 1) * step
    return line


def level_gain(share: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """What ``(1 - share) dry + share wet`` is to be multiplied by, float32 like ``share`` (samples,).

    ``energies`` (samples, 3) are those of `WetDryCoherence.update`.
    """
    rest = 1 - share
    wanted = rest * energies[:, DRY] + share * energies[:, WET]
    found = rest**2 * energies[:, DRY] + share**2 * energies[:, WET] + 2 * rest * share * energies[:, BOTH]
    gain = np.sqrt((wanted + np.float32(TINY)) / np.maximum(found + np.float32(TINY), np.float32(TINY)))
    ends = (share == 0) | (share == 1)
    return np.where(ends, np.float32(1), np.minimum(gain, np.float32(MAX_GAIN)))
