"""The notes that sound: their pitch tracks, the levels of their own partials, and when they have ended.

A level is the power at the note's partials, read in the long windows; where two notes share a partial it goes to both
in proportion to what they had lately. Soon after an onset the windows are not yet full of the note: how full they are
is known, and put right.
"""

from __future__ import annotations

import numpy as np

from stylefx.jit import compiled
from stylefx.tracking.layout import (
    LOWEST_PITCH,
    PER_SEMITONE,
    PITCHES,
    SHIFTS,
    Layout,
    windows,
)
from stylefx.tracking.notes import Note

# A note has ended after so many frames in which it does not sound, or so far under its highest level.
RELEASE_FRAMES, FADED_DB = 4, 40.0
# Nothing is called ended so soon after its onset: the windows are still filling.
MIN_NOTE_FRAMES = 4
# A note is let go where its level, which went its way for so long, falls this far under that way within as long again;
# it was let go where it still lay within the second figure, and the windows say it so much later.
FALL_SECONDS, FALL_DB, KNEE_DB, FALL_LATE_SECONDS = 0.1, 4.0, 1.5, 0.015
# The frames whose pitch and level make those of the note.
FIRST_FRAMES = 9
# No more than this is added for windows that are not yet full.
MAX_FILL_DB = 6.0
# A pitch whose onset probability lately was above BEGINS has a note of its own; how much of it is left a frame later.
BEGINS, ONSET_MEMORY = 0.15, 0.8
PARTIALS = np.array(SHIFTS[2:])
TINY = 1e-12


class _Voice:
    """A note while it sounds."""

    def __init__(self, note: Note, pitch: int):
        self.note, self.pitch = note, pitch
        self.frames = self.quiet = 0
        self.peak_db, self.power = -200.0, TINY


class Sounding:
    """What sounds now, by pitch; ``threshold`` is the probability at which a pitch sounds."""

    def __init__(self, layout: Layout, threshold: float):
        self._layout, self._threshold = layout, threshold
        self._fill_db = _fill_db(layout)
        self._fall = round(FALL_SECONDS / layout.frame_seconds)
        self.reset()

    def reset(self) -> None:
        """Nothing sounds."""
        self._voices: dict[int, _Voice] = {}
        self._number = 0
        self._begun = np.zeros(PITCHES, np.float32)

    @property
    def notes(self) -> list[Note]:
        """The notes that sound, in order of pitch."""
        return [self._voices[pitch].note for pitch in sorted(self._voices)]

    def guessed(self, pitch: int, onset: float, confidence: float) -> Note:
        """A note that may have begun; it is not followed yet."""
        self._number += 1
        return Note(self._number, onset, float(LOWEST_PITCH + pitch), -120.0, confidence)

    def begin(self, pitch: int, onset: float, confidence: float, guess: Note | None = None) -> Note:
        """A note begins; it keeps the number of its guess."""
        note = guess or self.guessed(pitch, onset, confidence)
        note.onset, note.confidence = max(0.0, onset), confidence
        self._voices[int(pitch)] = _Voice(note, int(pitch))
        return note

    def struck_again(self, pitch: int, frame: int) -> list[Note]:
        """End what sounds at a pitch, because the note is struck again."""
        voice = self._voices.pop(int(pitch), None)
        return [] if voice is None else [self._ended(voice, frame * self._layout.frame_seconds)]

    def follow(
        self, frame: int, beginning: np.ndarray, sounding: np.ndarray, cents: np.ndarray, levels: np.ndarray
    ) -> list[tuple[str, Note]]:
        """One frame: probabilities that a note begins and that it sounds, and its place in the semitone, (PITCHES,);
        levels in dB (PLACES,). Returns the notes that were let go (``released``) and that ended (``off``)."""
        np.maximum(beginning, self._begun * ONSET_MEMORY, out=self._begun)
        self._glide(sounding)
        powers = self._powers(levels)
        now = (frame + 0.5) * self._layout.frame_seconds
        news: list[tuple[str, Note]] = []
        for (pitch, voice), power in zip(sorted(self._voices.items()), powers):
            age = now - voice.note.onset
            filled = np.interp(age / self._layout.frame_seconds, np.arange(len(self._fill_db)), self._fill_db)
            voice.power = power
            level_db = 10 * np.log10(power + TINY) + float(filled)
            voice.peak_db = max(voice.peak_db, level_db)
            self._remember(voice, now, LOWEST_PITCH + pitch + float(cents[pitch]), level_db)
            if voice.note.released is None and self._let_go(voice.note):
                news.append(("released", voice.note))
            quiet = sounding[pitch] < self._threshold or level_db < voice.peak_db - FADED_DB
            voice.quiet = voice.quiet + 1 if quiet else 0
            if voice.quiet >= RELEASE_FRAMES and voice.frames > MIN_NOTE_FRAMES:
                del self._voices[pitch]
                ended = now - (voice.quiet - 0.5) * self._layout.frame_seconds
                news.append(("off", self._ended(voice, ended)))
        return news

    def end_all(self, seconds: float) -> list[Note]:
        """End of the stream."""
        ended = [self._ended(voice, seconds) for _, voice in sorted(self._voices.items())]
        self._voices = {}
        return ended

    def _remember(self, voice: _Voice, now: float, pitch: float, level_db: float) -> None:
        note = voice.note
        note.track.append((now, pitch, level_db))
        voice.frames += 1
        if voice.frames <= FIRST_FRAMES:
            note.pitch = float(np.median([point[1] for point in note.track]))
            note.level_db = max(point[2] for point in note.track)

    def _let_go(self, note: Note) -> bool:
        """Whether a note's level has begun to fall faster than it did; sets when."""
        count = self._fall
        if len(note.track) < 2 * count + FIRST_FRAMES:
            return False
        third, newest = count // 3, note.track[-1][2]
        # The line never rises: a note that is no softer than it was cannot be under it, which most frames say at once.
        if max(point[2] for point in note.track[-1 - count - third : -count]) - newest < FALL_DB:
            return False
        levels = np.array([point[2] for point in note.track[-2 * count - 1 :]])
        # Medians, for a click on top of a note is no fall of its own.
        first, last = np.median(levels[: third + 1]), np.median(levels[count - third : count + 1])
        slope = min(0.0, float(last - first) / (count - third))
        fallen = last + slope * (third / 2 + np.arange(count + 1)) - levels[count:]
        if fallen[-1] < FALL_DB:
            return False
        knee = int(np.nonzero(fallen < KNEE_DB)[0].max(initial=0))
        seconds = note.track[-1 - count + knee][0] - FALL_LATE_SECONDS
        note.released = max(seconds, note.onset + self._layout.frame_seconds)
        return True

    def _ended(self, voice: _Voice, seconds: float) -> Note:
        shortest = voice.note.onset + self._layout.frame_seconds
        voice.note.offset = max(seconds, shortest)
        return voice.note

    def _glide(self, sounding: np.ndarray) -> None:
        """A pitch that fades while its free neighbour sounds, and did not just begin, has moved there."""
        for pitch in list(self._voices):
            if sounding[pitch] >= self._threshold:
                continue
            near = [
                other
                for other in (pitch - 1, pitch + 1)
                if 0 <= other < PITCHES and other not in self._voices and self._begun[other] < BEGINS
            ]
            best = max(near, key=lambda other: sounding[other], default=pitch)
            if sounding[best] > max(self._threshold, sounding[pitch]) and self._voices[pitch].quiet < 2:
                self._voices[best] = self._voices.pop(pitch)

    def _powers(self, levels: np.ndarray) -> np.ndarray:
        """Power of the own partials of every note that sounds, in order of pitch."""
        pitches = np.array(sorted(self._voices), np.int64)
        lately = np.array([self._voices[pitch].power for pitch in pitches], np.float64)
        return _own_powers(pitches, lately, levels, PARTIALS, PER_SEMITONE)


@compiled
def _own_powers(
    pitches: np.ndarray, lately: np.ndarray, levels: np.ndarray, partials: np.ndarray, per_semitone: int
) -> np.ndarray:
    """Power at the partials of every pitch, (pitches,); a shared one goes by the powers lately."""
    found = np.zeros(len(pitches))
    for i in range(len(pitches)):
        for shift in partials:
            place = 1 + per_semitone * pitches[i] + shift
            if place >= len(levels):
                break
            level = levels[place]
            for near in range(max(0, place - 1), min(place + 2, len(levels))):
                level = max(level, levels[near])
            together = 0.0
            for j in range(len(pitches)):
                for other in partials:
                    if abs(1 + per_semitone * pitches[j] + other - place) <= 1:
                        together += lately[j] + TINY
                        break
            found[i] += 10 ** (level / 10) * (lately[i] + TINY) / together
    return found


def _fill_db(layout: Layout) -> np.ndarray:
    """What is missing in the long windows some frames after an onset, dB, from 0 frames on; the mean of both."""
    ages = np.arange(int(np.ceil(layout.windows[-1] / layout.frame)) + 2)
    shares = [
        [window[max(0, len(window) - age * layout.frame) :].sum() / window.sum() for age in ages]
        for window in windows(layout)[1:]
    ]
    missing = -20 * np.log10(np.maximum(np.sqrt(np.prod(shares, axis=0)), TINY))
    return np.minimum(missing, MAX_FILL_DB)
