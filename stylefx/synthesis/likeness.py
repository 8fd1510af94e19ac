"""Likeness of wet and dry: how loud both are, and how much of that is the same wave.

Two signals of one level, added half and half, keep it if they are the same wave and lose 3 dB if they have nothing in
common; the styled signal is the first at strength 0 and the second at strength 1. From both energies and their
correlation, smoothed over `MEMORY_SECONDS`, follows the gain that brings a mix to the level between the two, whatever
the share: ``mix`` then moves the timbre and not the level. At either end it is 1 exactly. Latency: none.
"""

from __future__ import annotations

import numpy as np

# Long enough to average over the beats of partials, short enough to follow a note.
MEMORY_SECONDS = 0.2
# Where wet and dry cancel they are not pulled up beyond this (6 dB).
MOST_GAIN = 2.0
TINY = 1e-12

# Columns of what `Likeness.hear` returns.
DRY, WET, BOTH = 0, 1, 2
COLUMNS = 3


class Likeness:
    """Running energies of a pair of signals, hop by hop."""

    def __init__(self, sample_rate: int):
        self._memory = MEMORY_SECONDS * sample_rate
        self.reset()

    def reset(self) -> None:
        """Forget both."""
        self._energies = np.zeros(COLUMNS)

    def hear(self, dry: np.ndarray, wet: np.ndarray) -> np.ndarray:
        """Energy of dry, of wet and of their product for each sample of a hop, from both (hop, channels); (hop, 3)."""
        new = np.array([np.vdot(dry, dry), np.vdot(wet, wet), np.vdot(dry, wet)]) / len(wet)
        keep = np.exp(-len(wet) / self._memory)
        before, self._energies = self._energies, keep * self._energies + (1 - keep) * new
        part = np.arange(1, len(wet) + 1)[:, None] / len(wet)
        return (before + part * (self._energies - before)).astype(np.float32)


def level_gain(share: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """What ``(1 - share) dry + share wet`` is to be multiplied by, float32 like ``share`` (samples,).

    ``energies`` (samples, 3) are those of `Likeness.hear`.
    """
    rest = 1 - share
    wanted = rest * energies[:, DRY] + share * energies[:, WET]
    found = rest**2 * energies[:, DRY] + share**2 * energies[:, WET] + 2 * rest * share * energies[:, BOTH]
    gain = np.sqrt((wanted + np.float32(TINY)) / np.maximum(found + np.float32(TINY), np.float32(TINY)))
    ends = (share == 0) | (share == 1)
    return np.where(ends, np.float32(1), np.minimum(gain, np.float32(MOST_GAIN)))
