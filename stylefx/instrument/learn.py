"""`fit` hears the clip's notes, takes each out of what sounds beside it and keeps it as a sample."""

from __future__ import annotations

import numpy as np

from stylefx.instrument.loops import looped
from stylefx.instrument.separate import Separated
from stylefx.instrument.table import BEGIN, COLUMNS, MAX_NOTES, MAX_SAMPLES, NOTES, SAMPLES
from stylefx.tracking.notes import Note
from stylefx.tracking.tracker import track

# As much of a clip as its style is learnt from; the samples of 18 s fill the room there is.
MAX_SECONDS = 30.0
# Played from so long before the onset, over which it is faded in.
LEAD_SECONDS, FADE_IN_SECONDS = 0.02, 0.01
# A struck note is kept so long after it was let go.
TAIL_SECONDS, FADE_OUT_SECONDS = 0.25, 0.03
SHORTEST_SECONDS, LONGEST_SECONDS = 0.08, 4.0
# Notes this far under the loudest are whatever the tracker took for notes.
FAINT_DB = 30.0
# A note less sure than this is not kept; of drums, rain or speech none is.
MIN_CONFIDENCE = 0.3
# Peaks of a sample beyond this are no sound of a clip at full scale 1.
MAX_SAMPLE = 8.0


def learn_instrument(mono: np.ndarray, sample_rate: int, struck: bool) -> dict[str, np.ndarray]:
    """The arrays of a clip's instrument, of its first 30 s; none where it has no notes.

    Parameters
    ----------
    mono
        float32 (samples,).
    struck
        Whether the clip's notes die away by themselves; else they are looped.
    """
    mono = mono[: round(MAX_SECONDS * sample_rate)]
    heard = track(mono, sample_rate)
    if len(heard) == 0:
        return {}
    loudest = max(note.level_db for note in heard)
    separated = Separated(mono, sample_rate, heard)
    rows: list[np.ndarray] = []
    pieces: list[np.ndarray] = []
    total = 0
    for index in _best_first(heard, loudest):
        row, audio = _cut(separated, heard, index, sample_rate, struck)
        if row is None or total + len(audio) > MAX_SAMPLES or len(rows) == MAX_NOTES:
            continue
        row[BEGIN] = total
        rows.append(row)
        pieces.append(audio)
        total += len(audio)
    if not rows:
        return {}
    return {NOTES: np.array(rows), SAMPLES: np.concatenate(pieces)}


def _best_first(notes: list[Note], loudest: float) -> list[int]:
    """Notes worth keeping, of every pitch the longest first, so that the room goes to every pitch."""
    worth = [
        index
        for index, note in enumerate(notes)
        if note.level_db > loudest - FAINT_DB
        and note.confidence >= MIN_CONFIDENCE
        and note.offset is not None
        and note.offset - note.onset >= SHORTEST_SECONDS
    ]
    by_pitch: dict[int, int] = {}
    ranks = []
    for index in sorted(worth, key=lambda i: notes[i].onset - notes[i].offset):  # type: ignore[operator]
        key = round(notes[index].pitch)
        by_pitch[key] = by_pitch.get(key, -1) + 1
        ranks.append((by_pitch[key], index))
    return [index for _, index in sorted(ranks)]


def _cut(
    separated: Separated, notes: list[Note], index: int, sample_rate: int, struck: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """The row of a note and its samples; no row where nothing is left of it."""
    note = notes[index]
    seconds = min(note.offset - note.onset, LONGEST_SECONDS)  # type: ignore[operator]
    alone = separated.note(index)
    onset = min(round(LEAD_SECONDS * sample_rate), round(note.onset * sample_rate))
    first = round(note.onset * sample_rate) - onset
    tail = _tail(notes, index) if struck else 0.0
    last = min(len(alone), round((note.onset + seconds + tail) * sample_rate))
    audio = alone[first:last].copy()
    if len(audio) < SHORTEST_SECONDS * sample_rate or np.abs(audio).max() > MAX_SAMPLE or not audio.any():
        return None, audio
    fade = min(onset, round(FADE_IN_SECONDS * sample_rate))
    audio[:fade] *= (np.arange(fade) / max(fade, 1)).astype(np.float32)
    begin = length = 0
    if struck:
        fade = min(len(audio), round(FADE_OUT_SECONDS * sample_rate))
        audio[-fade:] *= (1 - np.arange(1, fade + 1) / fade).astype(np.float32)
    else:
        audio, begin, length = looped(audio, onset, note.pitch, sample_rate)
        if length == 0:
            return None, audio
    row = np.zeros(COLUMNS)
    row[:] = 0, len(audio), onset, note.pitch, note.level_db, note.onset, seconds, begin, length
    return row, audio


def _tail(notes: list[Note], index: int) -> float:
    """How long a struck note may ring on: until it would be struck again."""
    note = notes[index]
    again = [
        other.onset - note.offset  # type: ignore[operator]
        for other in notes[index + 1 :]
        if abs(other.pitch - note.pitch) < 0.7 and other.onset > note.onset + 0.03
    ]
    return max(0.0, min([TAIL_SECONDS, *again]))
