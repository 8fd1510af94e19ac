"""Player: what the tracker hears becomes strokes of the clip's own notes, and a mask of what they replace.

Struck styles keep the clip's decay and are damped at note-off; held ones are looped and follow the content's level and
pitch. A note counts with its weight: how sure the tracker is, and how near the clip has a note. What a weight leaves
out stays with the filter path, at every partial of the note, so that the powers of both sum to the whole.
Latency: none of its own; it plays the hop that it is asked for, and a note that is named late begins late.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.instrument.partials import Partials
from stylefx.instrument.table import LEVEL_DB, LOOP_BEGIN, LOOP_LENGTH, ONSET, PITCH, SECONDS, Instrument
from stylefx.instrument.voices import Voices
from stylefx.tracking.notes import Event, Note

# Full weight up to the first distance from the nearest note of the clip, none from the second on, in semitones.
NEAR_SEMITONES, FAR_SEMITONES = 6.0, 12.0
# Of a note's confidence: nothing at the first, all from the second on. Of the tracker's notes in recordings, two in
# three at 0.95 sound where they are named, and less than half of all.
UNSURE, SURE = 0.96, 0.995
# What else counts when a sample is chosen, in semitones of distance: a second less than this length (short samples end
# before the content's notes do), and a dB of difference in level.
LONG_SECONDS, SEMITONES_PER_SECOND, SEMITONES_PER_DB = 0.8, 6.0, 0.05
# A note that begins where one of its pitch ends is as sure as that one was, however faint its onset.
AGAIN_SEMITONES, AGAIN_SECONDS = 0.5, 0.06
# After note-off: a struck note is damped, a held one ends, by 60 dB in so long.
DAMPED_SECONDS, ENDED_SECONDS = 0.1, 0.15
# A held note follows the content's level by this share of its dB, no further down and up than so much.
FOLLOWED, FOLLOWED_DB, RISEN_DB = 0.7, 24.0, 12.0
# Pitch is followed beyond what the tracker wavers by.
WAVER_SEMITONES = 0.15
# No note is raised over the clip's by more.
MAX_GAIN_DB = 30.0
# The level is known better while the note is young.
YOUNG_SECONDS = 0.12
# Where the level of a struck sample is read, after its onset; a held one's is that of its loop.
LEVEL_SECONDS = 0.02, 0.12
# Energies are compared over so long; the player's level is corrected by no more than this.
MEMORY_SECONDS, MAX_CORRECTION_DB = 4.0, 12.0
# The correction gets there in so long, which is slow enough for a note's attack to stay one.
CORRECTING_SECONDS = 0.1
TINY = 1e-12


class _Played:
    """A note of the content and the stroke that plays it."""

    def __init__(self, note: Note, row: int, weight: float, moved: float):
        self.note, self.row, self.weight, self.moved = note, row, weight, moved
        self.stroke, self.ended, self.begun, self.bend = -1, -1, -1, 0.0


class Player:
    """Stage: events of the tracker -> a hop of samples and the share of every bin that stays with the filter.

    With ``fold`` notes further outside the clip's range than it is played are brought in by octaves.
    """

    def __init__(self, instrument: Instrument, fold: bool = False):
        self._instrument, self._fold = instrument, fold
        self._levels_db = np.array([_level_db(instrument, row) for row in range(len(instrument.notes))])
        self._voices = Voices(instrument)
        self._partials = Partials()
        self._energies = np.zeros(2)

    @property
    def memory(self) -> tuple[np.ndarray, ...]:
        """What a foreign sound must not teach: the energies by which the level is corrected."""
        return (self._energies,)

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid and forget the past."""
        self._grid = grid
        self._voices.prepare(grid.sample_rate, grid.hop)
        self._partials.prepare(grid)
        self._rate = grid.hop_seconds / MEMORY_SECONDS
        self._correcting = grid.hop_seconds / CORRECTING_SECONDS
        self._rising = np.arange(1, grid.hop + 1) / grid.hop
        self.reset()

    def reset(self) -> None:
        """Nothing sounds."""
        self._voices.reset()
        self._partials.reset()
        self._played: dict[int, _Played] = {}
        self._energies[:] = 0
        self._correction = self._corrected = 1.0
        self._resting = True
        # Mean power that the notes took from the filter in this hop; set by the stage that takes it.
        self.replaced = 0.0

    def update(self, events: list[Event], now: int) -> None:
        """Take in what the tracker has found out.

        Parameters
        ----------
        events : list of Event
            Notes that begin, change and end, in order.
        now : int
            Place in the content of what is played next; a note that had ended by then is not begun.
        """
        for event in events:
            number = event.note.number
            if event.kind == "on":
                row, weight = self._nearest(event.note)
                weight = max([weight, *self._struck_again(event.note)])
                if weight > 0:
                    self._played[number] = _Played(event.note, row, weight, self._octaves(event.note))
            elif event.kind in ("released", "off") and number in self._played:
                ended = event.note.released or event.note.offset or event.note.onset
                self._played[number].ended = round(ended * self._grid.sample_rate)
        for number, played in list(self._played.items()):
            if played.stroke < 0 and 0 <= played.ended <= now:
                del self._played[number]

    def rest(self) -> None:
        """Be silent at once, for another style sounds; what is still held begins again with the next hop played."""
        if self._resting:
            return
        self._resting = True
        for played in self._played.values():
            played.stroke = -1
        self._voices.reset()
        self._partials.reset()

    def play(self, now: int) -> np.ndarray:
        """One hop of the voices.

        Parameters
        ----------
        now : int
            Place of its first sample in the content.

        Returns
        -------
        float32 (hop,)
            The array is used again.
        """
        hop, rate = self._grid.hop, self._grid.sample_rate
        for number, played in list(self._played.items()):
            onset = round(played.note.onset * rate)
            if played.stroke < 0:
                self._begin(played, onset, now)
            elif played.ended >= 0:
                if played.ended < now + hop:
                    seconds = ENDED_SECONDS if self._instrument.held else DAMPED_SECONDS
                    self._voices.release(played.stroke, seconds, max(0, played.ended - now))
                    played.ended = now
                    self._partials.ended(number, now)
                    del self._played[number]
            elif not self._voices.sounds(played.stroke):
                # The clip's note was shorter than the content's: what still sounds is the filter's again.
                self._partials.ended(number, now)
                del self._played[number]
            else:
                self._follow(played, now)
        self._resting = False
        out = self._voices.render()
        out *= (self._corrected + (self._correction - self._corrected) * self._rising).astype(np.float32)
        self._corrected = self._correction
        return out

    def kept(self, now: int, magnitude: np.ndarray) -> np.ndarray:
        """What the notes leave to the filter.

        Parameters
        ----------
        now : int
            Place of the frame's middle in the content, in samples.
        magnitude : float32 (bins,)
            The content's.

        Returns
        -------
        float32 (bins,)
            Share of every bin's power, 0 to 1.
        """
        seconds = now / self._grid.sample_rate
        for number, played in self._played.items():
            if played.stroke >= 0:
                _, pitch, level_db = _track_at(played.note, seconds)
                self._partials.sounds(number, pitch, played.weight, played.begun, level_db)
        return self._partials.kept(now, magnitude)

    def balance(self, replaced: float, played: float) -> None:
        """Mean powers of a hop: what was taken from the filter, and what the player put in its place."""
        # Of what was played without the correction, or that would be corrected for as long as it is remembered.
        self._energies += self._rate * (np.array([replaced, played / self._correction**2]) - self._energies)
        wanted, found = self._energies + TINY
        limit = 10 ** (MAX_CORRECTION_DB / 20)
        wanted_correction = min(max(float(np.sqrt(wanted / found)), 1 / limit), limit)
        self._correction += self._correcting * (wanted_correction - self._correction)

    def _struck_again(self, note: Note) -> list[float]:
        """Weights of what sounded at a note's pitch until it began."""
        onset, near = note.onset * self._grid.sample_rate, AGAIN_SECONDS * self._grid.sample_rate
        return [
            played.weight
            for played in self._played.values()
            if abs(played.note.pitch - note.pitch) < AGAIN_SEMITONES
            and played.ended >= 0
            and abs(played.ended - onset) < near
        ]

    def _nearest(self, note: Note) -> tuple[int, float]:
        rows = self._instrument.notes
        away = np.abs(rows[:, PITCH] - note.pitch - self._octaves(note))
        short = np.maximum(0, LONG_SECONDS - rows[:, SECONDS])
        other_level = np.abs(rows[:, LEVEL_DB] - note.level_db)
        row = int(np.argmin(away + SEMITONES_PER_SECOND * short + SEMITONES_PER_DB * other_level))
        distance = (FAR_SEMITONES - away.min()) / (FAR_SEMITONES - NEAR_SEMITONES)
        sure = (note.confidence - UNSURE) / (SURE - UNSURE)
        return row, float(np.clip(distance, 0, 1) * np.clip(sure, 0, 1))

    def _octaves(self, note: Note) -> float:
        """By how many semitones, whole octaves, a note is brought into the clip's range; 0 without ``fold``."""
        pitches = self._instrument.notes[:, PITCH]
        up = math.ceil((pitches.min() - NEAR_SEMITONES - note.pitch) / 12)
        down = math.ceil((note.pitch - pitches.max() - NEAR_SEMITONES) / 12)
        return 12.0 * (max(up, 0) - max(down, 0)) if self._fold else 0.0

    def _begin(self, played: _Played, onset: int, now: int) -> None:
        """Start the voice so that the sample's onset falls on the note's, or at once where that is past."""
        row, hop = self._instrument.notes[played.row], self._grid.hop
        ratio = self._ratio(played)
        step = ratio * self._instrument.sample_rate / self._grid.sample_rate
        begins = onset - round(row[ONSET] / step)
        if begins >= now + hop:
            return
        late = max(0, now - begins)
        # Never later into the sample than its onset: a late stroke is still a stroke.
        place = min(late * step, row[ONSET])
        played.begun = max(now, onset)
        played.stroke = self._voices.start(
            played.row, place, ratio, self._level(played), max(0, begins - now)
        )

    def _follow(self, played: _Played, now: int) -> None:
        held = self._instrument.held
        age = now / self._grid.sample_rate - played.note.onset
        level = self._level(played)
        if held and age > YOUNG_SECONDS:
            level *= 10 ** (FOLLOWED * _moved_db(played.note, now / self._grid.sample_rate) / 20)
        if held:
            moved = _pitch_at(played.note, now / self._grid.sample_rate) - played.note.pitch
            wanted = np.sign(moved) * max(abs(moved) - WAVER_SEMITONES, 0)
            played.bend += 0.15 * (wanted - played.bend)
        self._voices.change(played.stroke, level, self._ratio(played))

    def _ratio(self, played: _Played) -> float:
        away = played.note.pitch + played.moved + played.bend - self._instrument.notes[played.row, PITCH]
        return float(2 ** (away / 12))

    def _level(self, played: _Played) -> float:
        gain_db = played.note.level_db - self._levels_db[played.row]
        return float(np.sqrt(played.weight) * 10 ** (min(gain_db, MAX_GAIN_DB) / 20))


def _pitch_at(note: Note, seconds: float) -> float:
    """A note's pitch at a moment, from the newest of its track that is not later."""
    return _track_at(note, seconds)[1]


def _level_db(instrument: Instrument, row: int) -> float:
    """Of a sample, as that of a sine; the tracker's, read in the clip, holds its neighbours too."""
    onset, loop, length = instrument.notes[row, [ONSET, LOOP_BEGIN, LOOP_LENGTH]]
    first, last = (round(onset + seconds * instrument.sample_rate) for seconds in LEVEL_SECONDS)
    if length:
        first, last = int(loop), int(loop + length)
    power = np.square(instrument.note(row)[first:last], dtype=np.float64)
    return float(10 * np.log10(2 * power.mean() + TINY)) if len(power) else 0.0


def _moved_db(note: Note, seconds: float) -> float:
    """How far a note is from the level that it had when it began."""
    moved = _track_at(note, seconds)[2] - note.level_db
    return max(-FOLLOWED_DB / FOLLOWED, min(RISEN_DB / FOLLOWED, moved))


def _track_at(note: Note, seconds: float) -> tuple[float, float, float]:
    """The newest of a note's track that is not later than ``seconds``: its time, pitch and level in dB."""
    if not note.track:
        return note.onset, note.pitch, note.level_db
    low, high = 0, len(note.track) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if note.track[middle][0] <= seconds else (low, middle - 1)
    return note.track[low]
