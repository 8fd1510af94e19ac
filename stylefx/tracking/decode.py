"""Saliences -> notes: onsets by a threshold, one decision a note, offsets when the pitch no longer sounds.

Live: the heads that have heard less may guess a note early; the last one confirms or withdraws it, and what it said
stays. Studio: an onset is a peak in time, of a pitch that then sounds. What happens between onset and offset is
:mod:`stylefx.tracking.sounding`'s.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from stylefx.tracking.layout import PER_SEMITONE, PITCHES, PLACES, SHIFTS, Layout
from stylefx.tracking.notes import Event, Note
from stylefx.tracking.sounding import Sounding

# The same pitch does not begin again within this.
MIN_REPEAT_SECONDS = 0.055
# Studio: an onset is the highest of so many frames before and after, and must sound within so many frames.
PEAK_FRAMES, CONFIRM_FRAMES = 2, 3
# No note begins whose lowest partials all lie this far under the loudest place: clicks raise such ghosts.
INAUDIBLE_DB, LOWEST_PARTIALS = 50.0, np.array(SHIFTS[2:6])
# A pitch without partials of its own (two lowest, so far under its fundamental) that begins with a note whose second
# to eighth partial it is, is that partial. Semitones from note to partial, and how many frames may lie between them.
OWN_PARTIALS, BARE_DB = np.array(SHIFTS[3:5]), 50.0
PARTIAL_SEMITONES, TOGETHER_FRAMES = np.array([12, 19, 24, 28, 31, 34, 36]), 3


@dataclass(frozen=True)
class Thresholds:
    """Probabilities: ``onset`` to begin, ``sounding`` to go on; ``guess`` of every earlier live head to guess."""

    onset: float
    sounding: float
    guess: tuple[float, ...] = ()


@dataclass
class Answer:
    """What the network says of a frame: probabilities ``onsets`` (heads, PITCHES), ``sounding`` (PITCHES,), where in
    the semitone (``cents``, -0.5 to 0.5) and in the frame (``place``, the same) it is, and ``levels`` in dB (PLACES,).
    """

    onsets: np.ndarray
    sounding: np.ndarray
    cents: np.ndarray
    place: np.ndarray
    levels: np.ndarray


def audible(levels: np.ndarray, pitch: int) -> bool:
    """Whether one of a pitch's lowest partials is in reach of the loudest place; levels in dB (PLACES,)."""
    places = 1 + PER_SEMITONE * pitch + LOWEST_PARTIALS
    places = places[places < PLACES]
    return bool(levels[places].max(initial=-np.inf) > levels.max() - INAUDIBLE_DB)


def partial_of_another(levels: np.ndarray, pitch: int, frame: int, began: np.ndarray) -> bool:
    """Whether a pitch is a partial of a note that began just now; ``began``: frame of every pitch's newest onset."""
    lower = pitch - PARTIAL_SEMITONES
    if not (frame - began[lower[lower >= 0]] <= TOGETHER_FRAMES).any():
        return False
    places = 1 + PER_SEMITONE * pitch + np.array([SHIFTS[2], *OWN_PARTIALS])
    fundamental, *own = levels[places[places < PLACES]]
    return bool(own) and max(own) < fundamental - BARE_DB


class LiveDecoder:
    """Answers of the newest frame -> events; the head of ``delay`` frames decides."""

    def __init__(self, layout: Layout, thresholds: Thresholds, delay: int):
        self._layout, self._thresholds, self._delay = layout, thresholds, delay
        self._rest = max(2, round(MIN_REPEAT_SECONDS / layout.frame_seconds))
        self.sounding = Sounding(layout, thresholds.sounding)
        self.reset()

    def reset(self) -> None:
        """No notes."""
        self.sounding.reset()
        self._last = np.full(PITCHES, -1000)
        self._guesses: dict[int, tuple[int, Note]] = {}
        self._frame = -1

    def process(self, answer: Answer) -> list[Event]:
        """What one more answer of the network tells.

        Parameters
        ----------
        answer : Answer
            For the newest frame.

        Returns
        -------
        list of Event
            Notes that begin, change or end.
        """
        self._frame += 1
        sample = (self._frame + 1) * self._layout.frame
        events = self._decide(answer, sample)
        events += self._guess(answer, sample)
        news = self.sounding.follow(
            self._frame, answer.onsets.max(axis=0), answer.sounding, answer.cents, answer.levels
        )
        return events + [Event(kind, sample, note) for kind, note in news]

    def _decide(self, answer: Answer, sample: int) -> list[Event]:
        frame, events = self._frame - self._delay, []
        decided = answer.onsets[self._delay]
        for pitch in np.nonzero(decided > self._thresholds.onset)[0].tolist():
            if frame - self._last[pitch] < self._rest or not audible(answer.levels, pitch):
                continue
            if partial_of_another(answer.levels, pitch, frame, self._last):
                continue
            self._last[pitch] = frame
            guessed = self._guesses.pop(pitch)[1] if pitch in self._guesses else None
            events += [Event("off", sample, note) for note in self.sounding.struck_again(pitch, frame)]
            onset = (frame + 0.5 + float(answer.place[pitch])) * self._layout.frame_seconds
            note = self.sounding.begin(pitch, onset, float(decided[pitch]), guessed)
            events.append(Event("on", sample, note))
        for pitch, (guessed_at, note) in list(self._guesses.items()):
            if guessed_at <= frame:
                del self._guesses[pitch]
                events.append(Event("withdrawn", sample, note))
        return events

    def _guess(self, answer: Answer, sample: int) -> list[Event]:
        events = []
        for delay, threshold in list(enumerate(self._thresholds.guess))[: self._delay]:
            frame = self._frame - delay
            for pitch in np.nonzero(answer.onsets[delay] > threshold)[0].tolist():
                if pitch in self._guesses or frame - self._last[pitch] < self._rest:
                    continue
                onset = max(0.0, (frame + 0.5) * self._layout.frame_seconds)
                note = self.sounding.guessed(pitch, onset, float(answer.onsets[delay, pitch]))
                self._guesses[pitch] = (frame, note)
                events.append(Event("guess", sample, note))
        return events


class StudioDecoder:
    """Answers of consecutive frames -> events; a frame is decided ``look_ahead`` frames after it was answered."""

    look_ahead = CONFIRM_FRAMES

    def __init__(self, layout: Layout, thresholds: Thresholds, answered_late: int):
        self._layout, self._thresholds, self._late = layout, thresholds, answered_late
        self._rest = max(2, round(MIN_REPEAT_SECONDS / layout.frame_seconds))
        self.sounding = Sounding(layout, thresholds.sounding)
        self.reset()

    def reset(self) -> None:
        """No notes."""
        self.sounding.reset()
        self._last = np.full(PITCHES, -1000)
        self._answers: deque[Answer] = deque(maxlen=PEAK_FRAMES + 1 + CONFIRM_FRAMES)
        self._frame = -1 - CONFIRM_FRAMES

    def process(self, answer: Answer) -> list[Event]:
        """What one more answer of the network tells.

        Parameters
        ----------
        answer : Answer
            For the frame `STUDIO_AHEAD` frames ago.

        Returns
        -------
        list of Event
            Notes that begin, change or end.
        """
        self._answers.append(answer)
        self._frame += 1
        if self._frame < 0:
            return []
        sample = (self._frame + self.look_ahead + self._late + 1) * self._layout.frame
        answers = list(self._answers)
        centre = len(answers) - 1 - CONFIRM_FRAMES
        here = answers[centre]
        events = self._decide(answers, centre, sample)
        news = self.sounding.follow(
            self._frame, here.onsets[0], here.sounding, here.cents, answers[centre + 1].levels
        )
        return events + [Event(kind, sample, note) for kind, note in news]

    def _decide(self, answers: list[Answer], centre: int, sample: int) -> list[Event]:
        here, events = answers[centre], []
        around = answers[max(0, centre - PEAK_FRAMES) : centre + PEAK_FRAMES + 1]
        peak = np.max([answer.onsets[0] for answer in around], axis=0)
        proof = np.max([answer.sounding for answer in answers[centre:]], axis=0)
        begins = (here.onsets[0] >= peak) & (here.onsets[0] > self._thresholds.onset)
        for pitch in np.nonzero(begins & (proof > self._thresholds.sounding))[0].tolist():
            if self._frame - self._last[pitch] < self._rest or not audible(answers[centre + 1].levels, pitch):
                continue
            if partial_of_another(answers[centre + 1].levels, pitch, self._frame, self._last):
                continue
            self._last[pitch] = self._frame
            events += [Event("off", sample, note) for note in self.sounding.struck_again(pitch, self._frame)]
            onset = max(0.0, (self._frame + 0.5 + float(here.place[pitch])) * self._layout.frame_seconds)
            note = self.sounding.begin(pitch, onset, float(here.onsets[0, pitch]))
            events.append(Event("on", sample, note))
        return events
