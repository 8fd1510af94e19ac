"""Voices: samples of the clip's notes, resampled, looped or left to die away, each with a level that moves smoothly.

What is moved far from its pitch is filtered so that the instrument's spectral envelope stays where it is.

State is one row per voice in a preallocated array. When all voices sound the quietest makes room.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.instrument.envelope import MOST_SEMITONES, TAPS, envelope_filters
from stylefx.instrument.table import BEGIN, LENGTH, LOOP_BEGIN, LOOP_LENGTH, Instrument
from stylefx.jit import compiled

VOICES = 32
# Columns: whether it sounds; place in its sample and what a step of the stream moves it; level now and asked for;
# what is kept of the level a sample after it was let go (1 while it is held); samples until it begins; its note; the
# number of the stroke, for a row goes on to another stroke when this one is over; by how many semitones it is moved;
# whether it is being faded in, because it began in the middle of its attack.
ON, PLACE, STEP, LEVEL, WANTED, KEEP, WAIT, FIRST, SIZE, LOOP_AT, LOOP_SIZE, STROKE, MOVED, RISING = range(14)
COLUMNS = 14
# The level follows what is asked for with this time constant; a voice under the last level is over.
FOLLOW_SECONDS, SILENT = 0.01, 1e-5
# A stroke that begins late rises with this time constant, to nearly its level.
RISE_SECONDS, RISEN = 0.001, 0.98


class Voices:
    """Stage part: `start`, `release`, then `render` of one hop."""

    def __init__(self, instrument: Instrument):
        self._instrument = instrument
        self._state = np.zeros((VOICES, COLUMNS))

    def prepare(self, sample_rate: int, hop: int) -> None:
        """Allocate for a rate in Hz and hops of ``hop`` samples."""
        self._rate_ratio = self._instrument.sample_rate / sample_rate
        self._follow = 1 - math.exp(-1 / (FOLLOW_SECONDS * sample_rate))
        self._rise = 1 - math.exp(-1 / (RISE_SECONDS * sample_rate))
        self._sample_rate = sample_rate
        self._out = np.zeros(hop, np.float32)
        self._filters = envelope_filters(self._instrument, sample_rate)
        # What each voice played last, for its filter, and its newest hop.
        self._played = np.zeros((VOICES, TAPS - 1 + hop), np.float32)
        self.reset()

    def reset(self) -> None:
        """Nothing sounds."""
        self._state[:] = 0
        self._played[:] = 0
        self._strokes = 0

    def start(self, row: int, place: float, ratio: float, level: float, wait: int) -> int:
        """Sound a note of the instrument from ``place`` on, ``ratio`` higher, in ``wait`` samples; its number."""
        free = np.nonzero(self._state[:, ON] == 0)[0]
        voice = int(free[0]) if len(free) else int(np.argmin(self._state[:, LEVEL]))
        begin, length, loop_at, loop_size = self._instrument.notes[
            row, [BEGIN, LENGTH, LOOP_BEGIN, LOOP_LENGTH]
        ]
        state = self._state[voice]
        state[:] = 0
        self._played[voice] = 0
        state[ON], state[PLACE], state[STEP] = 1, place, ratio * self._rate_ratio
        state[WANTED], state[RISING] = level, place > 0
        state[LEVEL] = 0 if place > 0 else level
        state[KEEP], state[WAIT] = 1, wait
        state[MOVED] = np.clip(round(12 * math.log2(ratio)), -MOST_SEMITONES, MOST_SEMITONES)
        state[FIRST], state[SIZE], state[LOOP_AT], state[LOOP_SIZE] = begin, length, loop_at, loop_size
        self._strokes += 1
        state[STROKE] = self._strokes
        return self._strokes

    def change(self, stroke: int, level: float, ratio: float) -> None:
        """Where level and pitch of a stroke are to go; nothing where it is over."""
        rows = self._rows(stroke)
        self._state[rows, WANTED] = level
        self._state[rows, STEP] = ratio * self._rate_ratio

    def release(self, stroke: int, seconds: float, wait: int) -> None:
        """Let a stroke fade by 60 dB in ``seconds``, from ``wait`` samples on; nothing where it is over."""
        rows = self._rows(stroke)
        begins_in = self._state[rows, WAIT]
        self._state[rows, KEEP] = 10 ** (-3 / max(seconds * self._sample_rate, 1))
        self._state[rows, WAIT] = np.where(begins_in > 0, np.maximum(begins_in, wait), -wait)

    def sounds(self, stroke: int) -> bool:
        """Whether the stroke is still to be heard."""
        return bool(self._rows(stroke).any())

    def _rows(self, stroke: int) -> np.ndarray:
        return (self._state[:, STROKE] == stroke) & (self._state[:, ON] == 1)

    def render(self) -> np.ndarray:
        """The next hop of all voices together, float32 (hop,); the array is used again."""
        _render(
            self._state,
            self._instrument.samples,
            self._follow,
            self._rise,
            self._filters,
            self._played,
            self._out,
        )
        return self._out


@compiled
def _render(
    state: np.ndarray,
    samples: np.ndarray,
    follow: float,
    rise: float,
    filters: np.ndarray,
    played: np.ndarray,
    out: np.ndarray,
) -> None:
    hop, taps = len(out), filters.shape[1]
    past = taps - 1
    for n in range(hop):
        out[n] = 0
    for v in range(len(state)):
        if state[v, ON] == 0:
            continue
        mine = played[v]
        for n in range(past):
            mine[n] = mine[n + hop]
        for n in range(hop):
            mine[past + n] = 0
        place, level, wait = state[v, PLACE], state[v, LEVEL], state[v, WAIT]
        step, wanted, keep = state[v, STEP], state[v, WANTED], state[v, KEEP]
        first, size = int(state[v, FIRST]), int(state[v, SIZE])
        rising = state[v, RISING] > 0
        loop_at, loop_size = state[v, LOOP_AT], state[v, LOOP_SIZE]
        for n in range(hop):
            if wait > 0:
                wait -= 1
                continue
            k = int(place)
            if loop_size == 0 and k >= size - 2:
                level = 0.0
                break
            t = place - k
            y0 = _at(samples, first, size, loop_at, loop_size, k - 1)
            y1 = _at(samples, first, size, loop_at, loop_size, k)
            y2 = _at(samples, first, size, loop_at, loop_size, k + 1)
            y3 = _at(samples, first, size, loop_at, loop_size, k + 2)
            # Cubic through four samples (Catmull & Rom).
            a = 0.5 * (3 * (y1 - y2) + y3 - y0)
            b = y0 - 2.5 * y1 + 2 * y2 - 0.5 * y3
            c = 0.5 * (y2 - y0)
            mine[past + n] = level * (((a * t + b) * t + c) * t + y1)
            if keep < 1 and wait == 0:
                wanted *= keep
            elif wait < 0:
                wait += 1
            if rising and level >= RISEN * wanted:
                rising = False
            level += (rise if rising else follow) * (wanted - level)
            place += step
            if loop_size > 0:
                while place >= loop_at + loop_size:
                    place -= loop_size
        state[v, PLACE], state[v, LEVEL], state[v, WANTED], state[v, WAIT] = place, level, wanted, wait
        state[v, RISING] = rising
        _add_filtered(mine, filters[int(state[v, MOVED]) + len(filters) // 2], out)
        if (keep < 1 and level < SILENT) or (loop_size == 0 and int(place) >= size - 2):
            state[v, ON] = 0


@compiled
def _add_filtered(played: np.ndarray, response: np.ndarray, out: np.ndarray) -> None:
    """Add the newest samples through a filter; most filters are 1, 0, 0, .."""
    past = len(response) - 1
    taps = 1
    for k in range(1, len(response)):
        if response[k] != 0:
            taps = len(response)
    for n in range(len(out)):
        total = np.float32(0)
        for k in range(taps):
            total += response[k] * played[past + n - k]
        out[n] += total


@compiled
def _at(samples: np.ndarray, first: int, size: int, loop_at: float, loop_size: float, k: int) -> float:
    """A sample of a note; before its beginning nothing, behind its loop the loop again."""
    if k < 0:
        return 0.0
    if loop_size > 0 and k >= loop_at + loop_size:
        k -= int(loop_size)
    if k >= size:
        return 0.0
    return float(samples[first + k])
