"""Rows of the clip's notes: told the true ones, and the notes alone, without a filter."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.systems.engine import CODE, fit_clip
from benchmarks.systems.row import Row
from stylefx import StyleTransfer
from stylefx.analysis.grid import STUDIO
from stylefx.engine.streaming import StreamingPath
from stylefx.tracking.notes import Event, Note
from stylefx.tracking.tracker import Tracker, track

TrueNotes = list[tuple[float, float, int]]
# A note of the tracker this near a true one knows its level.
NEAR_SECONDS, NEAR_SEMITONES = 0.08, 0.6
# Where there is none, the level of so much sound from the onset on.
LEVEL_SECONDS = 0.1
# An event is told so long before the tracker would have to.
EARLY_SECONDS = 0.1
TINY = 1e-12


class Told:
    """In the place of the studio tracker: the true notes, on time and for sure, as loud as they are heard."""

    def __init__(self, true: TrueNotes, content: np.ndarray, sample_rate: int):
        heard = track(content, sample_rate, STUDIO)
        self._real = Tracker(STUDIO)
        self._notes = [
            (onset, offset, float(pitch), _level_db(onset, pitch, heard, content, sample_rate))
            for onset, offset, pitch in sorted(true)
        ]

    def prepare(self, sample_rate: int) -> None:
        """Be as late as the tracker."""
        self._real.prepare(sample_rate)
        self.latency_samples = self._real.latency_samples
        self._sample_rate = sample_rate
        self.reset()

    def reset(self) -> None:
        """Nothing has been told."""
        self._heard = self._told = 0
        self._sounding: dict[int, tuple[Note, float]] = {}

    def process(self, block: np.ndarray) -> list[Event]:
        """The notes that begin and end by the time that the tracker would know of them."""
        self._heard += len(block)
        now = (self._heard - self.latency_samples) / self._sample_rate + EARLY_SECONDS
        events = []
        while self._told < len(self._notes) and self._notes[self._told][0] <= now:
            onset, offset, pitch, level_db = self._notes[self._told]
            self._told += 1
            note = Note(self._told, onset, pitch, level_db, 1.0)
            self._sounding[self._told] = note, offset
            events.append(Event("on", self._heard, note))
        for number, (note, offset) in list(self._sounding.items()):
            if offset <= now:
                note.offset = offset
                del self._sounding[number]
                events.append(Event("off", self._heard, note))
        return events


def _level_db(onset: float, pitch: float, heard: list[Note], content: np.ndarray, sample_rate: int) -> float:
    for note in heard:
        if abs(note.onset - onset) < NEAR_SECONDS and abs(note.pitch - pitch) < NEAR_SEMITONES:
            return note.level_db
    part = content[round(onset * sample_rate) : round((onset + LEVEL_SECONDS) * sample_rate)]
    return float(10 * np.log10(2 * np.mean(np.square(part, dtype=np.float64)) + TINY)) if len(part) else -60.0


def _row(name: str, about: str, told: bool = False, alone: bool = False) -> Row:
    """``told``: the true notes; ``alone``: the filter is silent."""

    def learn(clip: np.ndarray, sample_rate: int):
        return fit_clip(clip, sample_rate, quality="normal", seed=0)

    def apply(content: np.ndarray, fitted, sample_rate: int, notes: TrueNotes | None = None) -> np.ndarray:
        effect = StyleTransfer(fitted.style, device="cpu", latency=STUDIO)
        # No options of the public API: parts are exchanged to see what they are worth.
        path = effect._path
        assert isinstance(path, StreamingPath)
        ensemble: Any = path.ensemble
        if told:
            ensemble.tracker = Told(notes or [], content, sample_rate)
        if alone:
            ensemble.kept = lambda targets, shares, magnitude: np.zeros_like(magnitude)
        return effect(content, sample_rate)

    return Row(name, about, apply, (*CODE, "benchmarks/systems/notes_rows.py"), learn, "ablation", True, told)


NOTES_ROWS = (
    _row("notes: true ones", "told the true notes", told=True),
    _row("notes: true, alone", "the same without the filter", told=True, alone=True),
    _row("notes: alone", "without the filter", alone=True),
)
