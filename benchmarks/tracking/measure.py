"""Every method on every piece: counts of note figures, delays of naming, and CPU seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.tracking.music import Music
from benchmarks.tracking.rivals import RIVALS, SINGLE_LINES, SLOW
from stylefx.analysis.grid import NOMINAL_RATE
from stylefx.learn.pretraining.tracker.figures import counts, figures, match
from stylefx.tracking.notes import Event, Note
from stylefx.tracking.tracker import Tracker

BLOCK = 256


@dataclass
class Row:
    """``counts`` of every piece by number of voices; ``delays`` in seconds; CPU seconds per second of sound."""

    counts: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def add(self, voices: str, found: dict[str, float]) -> None:
        """The counts of one piece."""
        self.counts.setdefault(voices, []).append(found)

    def figures(self, voices: str | None = None) -> dict[str, float]:
        """Of pieces of so many voices, or of all."""
        if voices is not None:
            return figures(self.counts[voices])
        return figures([each for of_voices in self.counts.values() for each in of_voices])

    @property
    def cpu(self) -> float:
        """CPU seconds per second."""
        return self.cpu_seconds / max(self.seconds, 1e-9)


def rivals_rows(pieces: dict[str, list[Music]], quick: bool, report) -> dict[str, Row]:
    """The rows to beat; ``quick`` leaves the slow ones out."""
    rows = {}
    for name, method in (RIVALS | SINGLE_LINES).items():
        if quick and name in SLOW:
            continue
        row = rows[name] = Row()
        for voices, of_voices in pieces.items():
            for piece in of_voices if name in RIVALS or voices == "1" else ():
                begun = time.process_time()
                notes = method(piece.audio, NOMINAL_RATE)
                row.cpu_seconds += time.process_time() - begun
                row.seconds += len(piece.audio) / NOMINAL_RATE
                row.add(voices, counts(notes, piece.notes))
        report(f"  {name}: {row.figures()['f50']:.3f}")
    return rows


def tracker_rows(pieces: dict[str, list[Music]], profiles: Sequence[str], report) -> dict[str, Row]:
    """The tracker's profiles."""
    rows = {}
    for profile in profiles:
        row = rows[f"tracker, {profile}"] = Row()
        tracker = Tracker(profile)
        tracker.prepare(NOMINAL_RATE)
        for voices, of_voices in pieces.items():
            for piece in of_voices:
                begun = time.process_time()
                events = heard(tracker, piece.audio)
                row.cpu_seconds += time.process_time() - begun
                row.seconds += len(piece.audio) / NOMINAL_RATE
                notes = [event.note for event in events if event.kind == "on"]
                row.add(voices, counts(notes, piece.notes))
                row.delays += naming_delays(events, notes, piece)
        report(f"  tracker, {profile}: {row.figures()['f50']:.3f}")
    return rows


def heard(tracker: Tracker, audio: np.ndarray) -> list[Event]:
    """All events of a piece, heard in the engine's hops."""
    tracker.reset()
    events = []
    for start in range(0, len(audio), BLOCK):
        events += tracker.process(audio[start : start + BLOCK])
    return events + tracker.flush()


def naming_delays(events: list[Event], notes: list[Note], piece: Music) -> list[float]:
    """Seconds from the true onset of every hit to when it was first reported: a guess that was confirmed counts."""
    first: dict[int, int] = {}
    for event in events:
        if event.kind in ("guess", "on"):
            first.setdefault(event.note.number, event.sample)
    return [
        first[notes[i].number] / NOMINAL_RATE - piece.notes[j].onset
        for i, j in match(notes, piece.notes, 0.05)
    ]
