"""Notes that die away: what a struck or plucked style does to a content that holds its notes.

The network answers frame by frame and keeps the content's envelope nearly as it is (a violin as a piano swelled
where the piano falls by 28 dB per second). So the fall is put on afterwards. From an onset on, every position is led
down a line that starts at the answer's own level and falls as fast as the clip's notes do at that frequency; the
answer is turned down to the line where it lies above. A note that is played louder and louder lifts its line. What
falls by itself, a guitar as a piano, stays as it is, and a style that holds its notes (all rates 0) leaves this out.

An onset is heard in the whole spectrum: the mean rise over 23 ms against the loudest neighbour before, which does not
see a vibrato (SuperFlux, Boeck & Widmer 2013). Then every position that rises starts its line again, and one that rises
by itself by much does so at any time; the others, older notes of a chord, go on falling. Where onsets are faint, in a
choir or under an organ's long chords, they would be missed and the sound would die: the turning down goes with how
clear the last onsets were. No latency: nothing looks ahead.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.jit import compiled
from stylefx.timbre.adaptive_eq import WINDOW_HIGH, WINDOW_LOW
from stylefx.timbre.features import maximum
from stylefx.timbre.layout import position_frequencies

# A partial and the sway of a vibrato around it.
PARTIAL_HZ, PARTIAL_RATIO = 32.0, 0.012
# An onset is a mean rise (0 to 10 dB per position) of more than this, heard against this many positions on either side,
# over FLUX_SECONDS; a clear one rises by CLEAR_FLUX more. The next one may come after REST_SECONDS.
ONSET_FLUX, CLEAR_FLUX, FLUX_SPREAD, FLUX_SECONDS, REST_SECONDS = 0.15, 0.08, 3, 0.023, 0.1
# How much a position counts in it: by its level, down to 50 dB under the loudest.
FLUX_POWER, FLUX_RANGE_DB = 0.3, 50.0
# Levels further below the slow level than this are noise, whose rises mean nothing.
HEARD_DB = 60.0
# For this long after an onset a position that rises above its recent mean starts again; one that rises by much
# does so at any time.
OPEN_SECONDS, RECENT_SECONDS, SMALL_RISE_DB, GREAT_RISE_DB = 0.08, 0.07, 1.5, 15.0
# Share of the last onset in how clear onsets are; two faint ones are enough to hold the line back.
CLARITY_SHARE = 0.4
# No note is turned down by more (20 dB), so that a long note is still heard at its end.
DEPTH_DB = 20.0
# A note falls more slowly as it gets older than these seconds: share of its first rate.
AGES, SLOWER = (0.3, 1.0), (1.0, 0.8, 0.6)
# Whose line a position follows: that of what is loud beside it, at little that of its band, at least of everything.
SALIENCE_POWER, SALIENCE_RANGE_DB, RISING_SALIENCE = 0.7, 80.0, 10.0
BAND_SHARE, ALL_SHARE = 0.05, 1e-3
TINY = 1e-20


def _partial_windows() -> tuple[np.ndarray, np.ndarray]:
    frequencies = position_frequencies()
    reach = np.maximum(PARTIAL_HZ, PARTIAL_RATIO * frequencies)
    low = np.searchsorted(frequencies, frequencies - reach)
    high = np.searchsorted(frequencies, frequencies + reach, side="right")
    return low.astype(np.int32), high.astype(np.int32)


PARTIAL_LOW, PARTIAL_HIGH = _partial_windows()
# Octaves that a position stands for, nearly: low positions stand close.
WIDTH = np.gradient(np.log2(position_frequencies() + 100)).astype(np.float32)


class Onsets:
    """How much of the spectrum rises: one number a frame."""

    def __init__(self, hop_seconds: float):
        self._frames = max(1, round(FLUX_SECONDS / hop_seconds))
        self._past = np.zeros((self._frames, len(WIDTH)), np.float32)
        self._level = np.zeros(len(WIDTH), np.float32)
        self.reset()

    def reset(self) -> None:
        """As after a long silence."""
        self._past[:] = -99
        self._seen = 0

    def process(self, own: np.ndarray, slow_level: float) -> float:
        """How much of a frame begins.

        Parameters
        ----------
        own : float32 (positions,)
            The content's levels, log10 of power.
        slow_level : float
            Its level over the last seconds, log10 of power.

        Returns
        -------
        float
            Mean rise, 0 to 1.
        """
        np.maximum(own, np.float32(slow_level - HEARD_DB / 10), out=self._level)
        before = self._past[self._seen % self._frames]
        flux = _flux(self._level, before, WIDTH)
        before[:] = self._level
        self._seen += 1
        return flux


class Decay:
    """``rates`` float32 (positions,), 0 or less: log10 of power per second, see `stylefx.learn.note_decay`."""

    def __init__(self, rates: np.ndarray):
        self._rates = np.ascontiguousarray(rates, np.float32)
        self.active = bool((self._rates < 0).any())

    def prepare(self, grid: Grid) -> None:
        """Time constants of a grid; forget the past."""
        positions = len(self._rates)
        self._hop_seconds = grid.hop_seconds
        self._onsets = Onsets(grid.hop_seconds)
        self._recent_rate = np.float32(1 - np.exp(-grid.hop_seconds / RECENT_SECONDS))
        self._line, self._age, self._recent, self._highest = np.zeros((4, positions), np.float32)
        self._down = np.zeros(positions, np.float32)
        self._scratch = np.zeros((4, positions), np.float32)
        self._sums = np.zeros((2, positions + 1), np.float64)
        self.reset()

    def reset(self) -> None:
        """Forget all notes."""
        self._onsets.reset()
        for array in (self._line, self._age, self._highest, self._down):
            array[:] = 0
        self._recent[:] = -99
        self._since, self._peak, self._clarity, self._heard = 9.0, 0.0, 0.0, 0

    def process(
        self, own: np.ndarray, answer: np.ndarray, slow_level: float, foreign: bool = False
    ) -> np.ndarray:
        """By how much a frame is to have died away.

        Parameters
        ----------
        own, answer : float32 (positions,)
            Levels of the content and of the decoder's answer, log10 of power.
        slow_level : float
            The content's over the last seconds, log10 of power.
        foreign : bool
            Whether the frame is an outlier's (timbre/outliers.py): its onsets do not tell how clear the music's are.

        Returns
        -------
        float32 (positions,)
            Gains, log10 of power, 0 or less.
        """
        flux = self._onsets.process(own, slow_level)
        self._listen(flux, foreign)
        _fall(
            own, answer, np.float32(slow_level - HEARD_DB / 10), self._since < OPEN_SECONDS, self._rates,
            np.float32(self._hop_seconds), self._recent_rate, PARTIAL_LOW, PARTIAL_HIGH, WINDOW_LOW, WINDOW_HIGH,
            np.float32(self._clarity), self._line, self._age, self._recent, self._highest, self._scratch, self._sums,
            self._down,
        )  # fmt: skip
        return self._down

    def _listen(self, flux: float, foreign: bool) -> None:
        """Onsets, and how clear they are: known once one is over, so the second note is the first that falls."""
        if flux > ONSET_FLUX:
            self._peak = max(flux, self._peak if self._since < REST_SECONDS else 0.0)
            self._since = 0.0
            return
        over = self._since <= FLUX_SECONDS < self._since + self._hop_seconds
        self._since += self._hop_seconds
        if over and not foreign:
            self._heard += 1
            # The first sound comes out of silence, however faint its onsets are later on.
            if self._heard > 1:
                clear = min(1.0, (self._peak - ONSET_FLUX) / CLEAR_FLUX)
                self._clarity += max(CLARITY_SHARE, 1 / (self._heard - 1)) * (clear - self._clarity)


@compiled
def _flux(level: np.ndarray, before: np.ndarray, width: np.ndarray) -> float:
    top = maximum(level) - np.float32(FLUX_RANGE_DB / 10)
    rise, total, positions = 0.0, TINY, len(level)
    for p in range(positions):
        highest = before[p]
        for q in range(max(0, p - FLUX_SPREAD), min(positions, p + FLUX_SPREAD + 1)):
            highest = max(highest, before[q])
        weight = width[p] * 10.0 ** (FLUX_POWER * (max(level[p], top) - top))
        rise += weight * min(max(level[p] - highest, 0.0), 1.0)
        total += weight
    return rise / total


@compiled
def partial_levels(
    levels: np.ndarray, floor: float, low: np.ndarray, high: np.ndarray, sums: np.ndarray, out: np.ndarray
) -> None:
    """Levels (positions,), log10 of power -> those of what sounds within a vibrato of each position."""
    sums[0] = 0
    for p in range(len(levels)):
        sums[p + 1] = sums[p] + 10.0 ** max(levels[p] - floor, np.float32(-8))
    for p in range(len(levels)):
        out[p] = np.log10(max(sums[high[p]] - sums[low[p]], TINY)) + floor


@compiled
def _fall(
    own: np.ndarray,
    answer: np.ndarray,
    floor: float,
    opened: bool,
    rates: np.ndarray,
    hop_seconds: float,
    recent_rate: float,
    low: np.ndarray,
    high: np.ndarray,
    band_low: np.ndarray,
    band_high: np.ndarray,
    clarity: float,
    line: np.ndarray,
    age: np.ndarray,
    recent: np.ndarray,
    highest: np.ndarray,
    scratch: np.ndarray,
    sums: np.ndarray,
    down: np.ndarray,
) -> None:  # fmt: skip
    """Lead every line down or start it again; ``down`` is how far the answer is above the line it follows."""
    content, styled, weight, above = scratch[0], scratch[1], scratch[2], scratch[3]
    partial_levels(own, floor, low, high, sums[0], content)
    partial_levels(answer, floor, low, high, sums[0], styled)
    quiet = maximum(content) - np.float32(SALIENCE_RANGE_DB / 10)
    for p in range(len(own)):
        rise = content[p] - recent[p]
        recent[p] = content[p] if recent[p] < floor - 20 else recent[p] + recent_rate * rise
        if rise > GREAT_RISE_DB / 10 or (opened and rise > SMALL_RISE_DB / 10):
            line[p], age[p], highest[p] = styled[p], 0, content[p]
            salience = np.float32(RISING_SALIENCE)
        else:
            share = SLOWER[0] if age[p] < AGES[0] else SLOWER[1] if age[p] < AGES[1] else SLOWER[2]
            growth = max(content[p] - highest[p], np.float32(0))
            line[p] += np.float32(share) * rates[p] * hop_seconds + growth
            age[p] += hop_seconds
            highest[p] += growth
            salience = np.float32(1)
        line[p] = min(max(line[p], styled[p] - np.float32(DEPTH_DB / 10)), styled[p])
        above[p] = line[p] - styled[p]
        weight[p] = salience * np.float32(10) ** (np.float32(SALIENCE_POWER) * max(content[p] - quiet, 0))
    weights, weighted = sums[0], sums[1]
    weights[0] = weighted[0] = 0
    for p in range(len(own)):
        weights[p + 1] = weights[p] + weight[p]
        weighted[p + 1] = weighted[p] + weight[p] * above[p]
    last = len(own)
    for p in range(last):
        a, b, c, d = low[p], high[p], band_low[p], band_high[p]
        near, far = weighted[b] - weighted[a], weighted[d] - weighted[c]
        total = weights[b] - weights[a] + BAND_SHARE * (weights[d] - weights[c]) + ALL_SHARE * weights[last]
        down[p] = clarity * (near + BAND_SHARE * far + ALL_SHARE * weighted[last]) / total
