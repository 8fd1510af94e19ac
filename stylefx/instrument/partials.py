"""Partials: which bins of a frame the notes that sound explain, and so are taken from the filter path.

Where the content is louder at a note's partials than the note itself, something else sounds there as well (a bass under
a string that rings on): then only the note's share is taken.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.analysis.window import frame_power
from stylefx.jit import compiled

# A partial of the Gauss window reads this wide in Hz at half power at any rate, times a margin for vibrato and place.
WIDTH_HZ, WIDTH_SHARE = 35.0, 0.012
MAX_PARTIALS = 60
# The mask comes and goes with the note over so long.
COMES_SECONDS, GOES_SECONDS = 0.02, 0.08
MAX_NOTES = 32
# A note is given so much more than the tracker hears of it, for it hears no finer.
MARGIN_DB = 3.0
TINY = 1e-20
# Number, pitch, weight, when it began, when it ended (-1 while it sounds), its mean power.
NUMBER, PITCH, WEIGHT, BEGAN, ENDED, POWER = range(6)


class Partials:
    """Notes by number, and the share of every bin that they leave."""

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid and forget the past."""
        self._bin_hz = grid.bin_hz
        self._comes, self._goes = (s * grid.sample_rate for s in (COMES_SECONDS, GOES_SECONDS))
        self._power = frame_power(grid)
        self._kept, self._shape = np.ones((2, grid.bins), np.float32)
        self._notes = np.zeros((MAX_NOTES, 6))
        self.reset()

    def reset(self) -> None:
        """No notes."""
        self._notes[:] = 0
        self._notes[:, NUMBER] = -1

    def sounds(self, number: int, pitch: float, weight: float, began: int, level_db: float) -> None:
        """A note sounds on, at ``pitch`` and a level relative to a sine of full scale."""
        found = np.nonzero(self._notes[:, NUMBER] == number)[0]
        if len(found) == 0:
            found = np.nonzero(self._notes[:, NUMBER] < 0)[0]
        if len(found):
            power = 10 ** ((level_db + MARGIN_DB) / 10) / 2
            self._notes[found[0]] = number, pitch, weight, began, -1, power

    def ended(self, number: int, now: int) -> None:
        """A note has ended."""
        self._notes[self._notes[:, NUMBER] == number, ENDED] = now

    def kept(self, now: int, magnitude: np.ndarray) -> np.ndarray:
        """What the partials of the notes leave.

        Parameters
        ----------
        now : int
            Place of the frame's middle in the content, in samples.
        magnitude : float32 (bins,)
            The content's.

        Returns
        -------
        float32 (bins,)
            Share of every bin's power, 0 to 1; the array is used again.
        """
        notes = self._notes
        over = (notes[:, ENDED] >= 0) & (notes[:, ENDED] + self._goes < now)
        notes[over, NUMBER] = -1
        _fill(
            notes,
            now,
            self._comes,
            self._goes,
            self._bin_hz,
            magnitude,
            self._power,
            TINY,
            self._shape,
            self._kept,
        )
        return self._kept


@compiled
def _fill(
    notes: np.ndarray,
    now: int,
    comes: float,
    goes: float,
    bin_hz: float,
    magnitude: np.ndarray,
    power: float,
    tiny: float,
    shape: np.ndarray,
    kept: np.ndarray,
) -> None:
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
        if weight <= 0:
            continue
        hz = 440 * 2 ** ((notes[i, PITCH] - 69) / 12)
        first, last = _shape(hz, bin_hz, shape)
        there = tiny
        for q in range(first, last):
            there += shape[q] * magnitude[q] * magnitude[q] * power
        weight *= min(1.0, notes[i, POWER] / there)
        for q in range(first, last):
            kept[q] = min(kept[q], 1 - weight * shape[q])


@compiled
def _shape(hz: float, bin_hz: float, shape: np.ndarray) -> tuple[int, int]:
    """Fill in how far each bin is a partial's, 0 to 1; the first bin and the one after the last that is filled."""
    bins = len(shape)
    first = max(0, int((hz - 3 * max(WIDTH_HZ, WIDTH_SHARE * hz)) / bin_hz))
    highest = min(MAX_PARTIALS, int((bins - 1) * bin_hz / hz))
    last = min(bins, int((highest * hz + 3 * max(WIDTH_HZ, WIDTH_SHARE * highest * hz)) / bin_hz) + 2)
    for q in range(first, last):
        shape[q] = 0
    for h in range(1, highest + 1):
        centre = h * hz / bin_hz
        width = max(WIDTH_HZ, WIDTH_SHARE * h * hz) / bin_hz
        for q in range(max(0, int(centre - 3 * width)), min(bins, int(centre + 3 * width) + 2)):
            away = (q - centre) / width
            shape[q] = max(shape[q], math.exp(-0.5 * away * away * away * away))
    return first, last
