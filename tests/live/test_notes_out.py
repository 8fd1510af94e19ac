"""Notes out of `live`: what is played arrives at a MIDI port, through a real JACK server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import mido
import numpy as np
import pytest

from stylefx.cli.main import main
from stylefx.io.midi_file import LOUDEST_VELOCITY
from stylefx.live.control.notes_out import CENTRE, LOUDEST_DB, NoteMessages
from stylefx.tracking.notes import Event, Note
from tests.support.jack_server import CHANNELS, RATE, JackServer, Live, Patchbay, require_jack
from tests.support.tunes import SCALE, tune

PERIOD = 1024
ATTEMPTS = 3


def decoded(messages: list[list[int]]) -> list[mido.Message]:
    return [mido.Message.from_bytes(message) for message in messages]


def a_note(number: int, pitch: float, bent_to: float | None = None) -> Note:
    return Note(
        number, 0.0, pitch, LOUDEST_DB, 1.0, track=[(0.0, pitch if bent_to is None else bent_to, -12.0)]
    )


def test_notes_begin_and_end():
    messages, note = NoteMessages(), a_note(1, 60.2)
    (begun, _) = decoded(messages.of([Event("on", 0, note)], [note]))
    assert (begun.type, begun.note, begun.velocity) == ("note_on", 60, LOUDEST_VELOCITY)
    ended = decoded(messages.of([Event("off", 0, note)], []))
    assert (ended[0].type, ended[0].note) == ("note_off", 60)
    assert messages.end_all() == []


def test_guesses_are_not_sent():
    note = a_note(1, 60)
    assert NoteMessages().of([Event("guess", 0, note), Event("withdrawn", 0, note)], []) == []


def test_a_note_struck_again_is_not_stopped_by_the_end_of_the_first():
    messages = NoteMessages()
    first, second = a_note(1, 60), a_note(2, 60)
    messages.of([Event("on", 0, first)], [first])
    kinds = [m.type for m in decoded(messages.of([Event("on", 0, second), Event("off", 0, first)], [second]))]
    assert kinds == ["note_on"]
    assert [m.type for m in decoded(messages.end_all())] == ["note_off"]


def test_a_single_note_bends_and_two_do_not():
    messages = NoteMessages()
    glide = a_note(1, 60, bent_to=61.0)
    bends = [
        m.pitch for m in decoded(messages.of([Event("on", 0, glide)], [glide])) if m.type == "pitchwheel"
    ]
    assert bends == [CENTRE // 2]
    other = a_note(2, 67)
    bends = [
        m.pitch
        for m in decoded(messages.of([Event("on", 0, other)], [glide, other]))
        if m.type == "pitchwheel"
    ]
    assert bends == [0]


def test_a_port_that_is_not_there_is_named(capsys, bright_style, trumpet, tmp_path):
    bright_style.save(tmp_path / "style.npz")
    options = ["--input", trumpet, "--output", tmp_path / "out.wav", "--midi-out", "no such port"]
    assert main(["live", "--style", str(tmp_path / "style.npz"), *map(str, options)]) == 3
    assert "no such port" in capsys.readouterr().err


def played_to_a_port(server: JackServer, style_path) -> tuple[list[mido.Message], dict]:
    """One session: the messages that arrived, and its report."""
    audio = np.repeat(tune(SCALE, 2.5, RATE)[:, None], CHANNELS, axis=1)
    synth = mido.Backend("mido.backends.rtmidi/UNIX_JACK").open_input(
        "keys", virtual=True, client_name="synth"
    )
    options = ["--style", style_path, "-i", "system", "-o", "system", "--iterations", 0]
    live = Live(server, [*options, "--midi-out", "synth", "--json"])
    patchbay = Patchbay(server)
    try:
        live.wait_until_playing()
        patchbay.connect()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(patchbay.exchange, audio, 0).result()
        time.sleep(0.3)
        messages = list(synth.iter_pending())
        assert live.finish() == 0
        return messages, live.report()
    finally:
        live.kill()
        patchbay.close()
        synth.close()


@pytest.mark.slow
def test_a_scale_arrives_at_a_jack_port(bright_style, tmp_path, monkeypatch):
    require_jack()
    bright_style.save(tmp_path / "bright.npz")
    with JackServer(PERIOD) as server:
        monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
        monkeypatch.setenv("JACK_NO_START_SERVER", "1")
        # The first of a few sessions in which the machine did not hold up the program: a lost block is a click.
        for _ in range(ATTEMPTS):
            messages, report = played_to_a_port(server, tmp_path / "bright.npz")
            if report["stalls"] == 0 and report["lost_frames"] == 0:
                break
    begun = [message.note for message in messages if message.type == "note_on"]
    ended = [message.note for message in messages if message.type == "note_off"]
    assert begun == [pitch for _, pitch in SCALE]
    assert set(ended) <= set(begun)
    assert all(message.velocity > 20 for message in messages if message.type == "note_on")


@pytest.fixture(autouse=True)
def _own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
