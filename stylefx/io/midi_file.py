"""Notes as a MIDI file, through mido: a type 0 file at 120 beats a minute, times to about a millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stylefx.errors import StylefxError, UsageError
from stylefx.io.output import check_output, replacing
from stylefx.tracking.notes import Note

SUFFIXES = (".mid", ".midi")
TICKS_A_BEAT, BEATS_A_SECOND = 480, 2.0
# A General MIDI player is 40 dB quieter at a tenth of the velocity; the loudest note of a file plays at this one.
LOUDEST_VELOCITY, DECIBELS_A_TENTH = 112, 40.0


def velocity_of(level_db: float, loudest_db: float) -> int:
    """MIDI velocity (1 to 127) of a note so loud, where the loudest is ``LOUDEST_VELOCITY``."""
    return int(np.clip(round(LOUDEST_VELOCITY * 10 ** ((level_db - loudest_db) / DECIBELS_A_TENTH)), 1, 127))


def check_midi(path: str | Path, overwrite: bool) -> None:
    """Refuse a MIDI file that could not be written, before the work is done."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} is no name for a MIDI file: end it in {' or '.join(SUFFIXES)}")
    check_output(path, overwrite)


def write_midi(path: str | Path, notes: Sequence[Note], overwrite: bool = False) -> None:
    """Write ended notes; keys are the nearest to the pitch. StylefxError where the file cannot be written."""
    from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

    check_midi(path, overwrite)
    file, track = MidiFile(type=0, ticks_per_beat=TICKS_A_BEAT), MidiTrack()
    file.tracks.append(track)
    track.append(MetaMessage("set_tempo", tempo=bpm2tempo(60 * BEATS_A_SECOND)))
    now = 0
    for tick, starts, key, velocity in _messages(notes):
        kind = "note_on" if starts else "note_off"
        track.append(Message(kind, note=key, velocity=velocity, time=tick - now))
        now = tick
    try:
        with replacing(Path(path), overwrite) as temporary:
            file.save(file=temporary)
    except OSError as error:
        raise StylefxError(f"{path} cannot be written: {error.strerror or error}") from error


def _messages(notes: Sequence[Note]) -> list[tuple[int, int, int, int]]:
    """(tick, 1 starts or 0 ends, key, velocity), ends before starts."""
    loudest = max((note.level_db for note in notes), default=0.0)
    messages = []
    for note in notes:
        key = int(np.clip(round(note.pitch), 0, 127))
        end = note.onset if note.offset is None else note.offset
        first = round(note.onset * BEATS_A_SECOND * TICKS_A_BEAT)
        last = max(first + 1, round(end * BEATS_A_SECOND * TICKS_A_BEAT))
        messages += [(first, 1, key, velocity_of(note.level_db, loudest)), (last, 0, key, 0)]
    return sorted(messages)
