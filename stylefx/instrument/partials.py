"""Partials: which bins of a frame the notes that sound explain, and so are taken from the filter path."""

from __future__ import annotations

import math

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.jit import compiled

# A partial of the Gauss window reads this wide in Hz at half power at any rate, times a margin for vibrato and place.
WIDTH_HZ, WIDTH_SHARE = 35.0, 0.012
MAX_PARTIALS = 60
# The mask comes and goes with the note over so long.
COMES_SECONDS, GOES_SECONDS = 0.02, 0.08
MAX_NOTES = 32
# Number, pitch, weight, when it began, when it ended (-1 while it sounds).
NUMBER, PITCH, WEIGHT, BEGAN, ENDED = range(5)


class Partials:
    """Notes by number, and the share of every bin that they leave."""

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid and forget the past."""
        self._bin_hz = grid.bin_hz
        self._comes, self._goes = (s * grid.sample_rate for s in (COMES_SECONDS, GOES_SECONDS))
        self._kept = np.ones(grid.bins, np.float32)
        self._notes = np.zeros((MAX_NOTES, 5))
        self.reset()

    def reset(self) -> None:
        """No notes."""
        self._notes[:] = 0
        self._notes[:, NUMBER] = -1

    def sounds(self, number: int, pitch: float, weight: float, began: int) -> None:
        """A note sounds on, at ``pitch``."""
        found = np.nonzero(self._notes[:, NUMBER] == number)[0]
        if len(found) == 0:
            found = np.nonzero(self._notes[:, NUMBER] < 0)[0]
        if len(found):
            self._notes[found[0]] = number, pitch, weight, began, -1

    def ended(self, number: int, now: int) -> None:
        """A note has ended."""
        self._notes[self._notes[:, NUMBER] == number, ENDED] = now

    def kept(self, now: int) -> np.ndarray:
        """What the partials of the notes leave.

        Parameters
        ----------
        now : int
            Place of the frame's middle in the content, in samples.

        Returns
        -------
        float32 (bins,)
            Share of every bin's power, 0 to 1; the array is used again.
        """
        notes = self._notes
        over = (notes[:, ENDED] >= 0) & (notes[:, ENDED] + self._goes < now)
        notes[over, NUMBER] = -1
        _fill(notes, now, self._comes, self._goes, self._bin_hz, self._kept)
        return self._kept


@compiled
def _fill(notes: np.ndarray, now: int, comes: float, goes: float, bin_hz: float, kept: np.ndarray) -> None:
    for q in range(len(kept)):
        kept[q] = 1
    for i in range(len(notes)):
        if notes[i, NUMBER] < 0:
            continue
        # The mask is at its half when the note begins.
        gate = min(max(0.5 + (now - notes[i, BEGAN]) / comes, 0.0), 1.0)
        if notes[i, ENDED] >= 0:
            gate *= min(max(1 - (now - notes[i, ENDED]) / goes, 0.0), 1.0)
        weight = gate * notes[i, WEIGHT]
        hz = 440 * 2 ** ((notes[i, PITCH] - 69) / 12)
        for h in range(1, MAX_PARTIALS + 1):
            centre = h * hz / bin_hz
            if centre >= len(kept) or weight <= 0:
                break
            width = max(WIDTH_HZ, WIDTH_SHARE * h * hz) / bin_hz
            for q in range(max(0, int(centre - 3 * width)), min(len(kept), int(centre + 3 * width) + 2)):
                away = (q - centre) / width
                left = 1 - weight * math.exp(-0.5 * away * away * away * away)
                kept[q] = min(kept[q], left)
