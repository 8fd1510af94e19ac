"""Notes as MIDI: what is written is what comes back."""

from __future__ import annotations

import mido
import pytest

from stylefx.errors import StylefxError, UsageError
from stylefx.io.midi_file import LOUDEST_VELOCITY, velocity_of, write_midi
from stylefx.tracking.notes import Note
from stylefx.tracking.tracker import track
from tests.support.tunes import RATE, SCALE, tune


def written(path) -> list[tuple[float, str, int, int]]:
    now, found = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if not message.is_meta:
            found.append((round(now, 3), message.type, message.note, message.velocity))
    return found


def test_notes_come_back(tmp_path):
    notes = [Note(1, 0.5, 60.1, -10.0, 1.0, offset=1.0), Note(2, 1.0, 60.0, -20.0, 1.0, offset=1.25)]
    write_midi(tmp_path / "two.mid", notes)
    assert written(tmp_path / "two.mid") == [
        (0.5, "note_on", 60, LOUDEST_VELOCITY),
        # The end of the first comes before the beginning of the second, or it would stop that.
        (1.0, "note_off", 60, 0),
        (1.0, "note_on", 60, velocity_of(-20, -10)),
        (1.25, "note_off", 60, 0),
    ]


def test_no_notes_are_an_empty_track(tmp_path):
    write_midi(tmp_path / "none.midi", [])
    assert written(tmp_path / "none.midi") == []


def test_a_note_without_length_still_sounds(tmp_path):
    write_midi(tmp_path / "short.mid", [Note(1, 0.2, 64.0, -10.0, 1.0, offset=0.2)])
    (first, _, _, _), (last, _, _, _) = written(tmp_path / "short.mid")
    assert last > first


def test_velocities_follow_levels():
    assert velocity_of(-20, 0) == pytest.approx(LOUDEST_VELOCITY / 10**0.5, abs=1)
    assert velocity_of(-300, 0) == 1


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.mid"):
        write_midi(tmp_path / "notes.wav", [])
    with pytest.raises(StylefxError, match="does not exist"):
        write_midi(tmp_path / "nowhere" / "notes.mid", [])


@pytest.mark.slow
def test_a_round_trip_keeps_the_notes(tmp_path):
    """Sound -> notes -> MIDI file -> sound -> notes."""
    once = track(tune(SCALE, 2.0), RATE)
    write_midi(tmp_path / "scale.mid", once)
    played = [(at, note) for at, kind, note, _ in written(tmp_path / "scale.mid") if kind == "note_on"]
    twice = track(tune(played, 2.0), RATE)
    assert (
        [round(note.pitch) for note in twice] == [round(note.pitch) for note in once] == [p for _, p in SCALE]
    )
    for first, second in zip(once, twice):
        assert second.onset == pytest.approx(first.onset, abs=0.02)
