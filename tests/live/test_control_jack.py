"""A session as on stage, through a real stream: keys, OSC and MIDI change the sound while it plays, without a click."""

from __future__ import annotations

import os
import pty
import socket
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from tests.support.jack_server import CHANNELS, RATE, JackServer, Live, Patchbay, require_jack
from tests.support.sounds import rms_db, splash_db, tone

pytestmark = pytest.mark.slow

PERIOD = 1024
NOTE_HZ = 330.0
SEGMENT_SECONDS = 0.6
ATTEMPTS = 3
ANSWER_SECONDS = 5.0
# A sound between two changes is looked at this long after the first: its delay and its fade are over by then.
SETTLED_SECONDS = 0.35
# `stylefx live` in a terminal of its own.
IN_A_TERMINAL = (
    "-c",
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "from stylefx.cli.main import main; sys.exit(main(['live', *sys.argv[1:]]))",
)


class Surface:
    """The three surfaces of one running program."""

    def __init__(self, live: Live, keyboard: int, pedals):
        self._live, self._keyboard, self._pedals = live, keyboard, pedals
        (line,) = [line for line in live.said if line.startswith("OSC")]
        self._osc = ("127.0.0.1", int(line.split(":")[-1]))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(ANSWER_SECONDS)

    def key(self, key: str, answer: str) -> None:
        """Press a key, and wait for the line that says what it did."""
        said = len(self._live.said)
        os.write(self._keyboard, key.encode())
        give_up = time.monotonic() + ANSWER_SECONDS
        while not any(answer in line for line in self._live.said[said:]):
            assert time.monotonic() < give_up, self._live.said
            time.sleep(0.005)

    def osc(self, name: str, value) -> None:
        """Set a parameter, and wait for the answer that it is set."""
        builder = OscMessageBuilder(address=f"/stylefx/{name}")
        builder.add_arg(value)
        self._socket.sendto(builder.build().dgram, self._osc)
        while True:
            message = OscPacket(self._socket.recv(4096)).messages[0].message
            assert message.address != "/stylefx/error", message.params
            if message.address == f"/stylefx/{name}" and message.params == [pytest.approx(value)]:
                return

    def knob(self, value: int) -> None:
        """PendingBlock the one knob."""
        import mido

        self._pedals.send(mido.Message("control_change", channel=2, control=21, value=value))


# What happens, in order: each is heard for SEGMENT_SECONDS.
SCRIPT = {
    "styled": lambda surface: None,
    "bypassed": lambda surface: surface.key("b", "bypass on"),
    "styled again": lambda surface: surface.key("b", "bypass off"),
    "other style": lambda surface: surface.key("2", "style 2: dull"),
    "half way back": lambda surface: surface.osc("morph", 0.5),
    "no strength": lambda surface: surface.osc("strength", 0.0),
    "all strength": lambda surface: surface.osc("strength", 1.0),
    "knob learned": lambda surface: (surface.osc("learn", "mix"), surface.knob(0)),
    "knob turned": lambda surface: surface.knob(127),
}


@pytest.fixture
def styles(bright_style, dull_style, tmp_path) -> list[object]:
    """``--style bright.npz --style dull.npz``."""
    options: list[object] = []
    for name, style in (("bright", bright_style), ("dull", dull_style)):
        style.save(tmp_path / f"{name}.npz")
        options += ["--style", tmp_path / f"{name}.npz"]
    return options


def play(server: JackServer, styles: list[object]) -> tuple[dict, np.ndarray, np.ndarray, dict[str, int]]:
    """One session: its report, what was played and heard, and from which frame on each part of the script is."""
    import mido

    note = tone(NOTE_HZ, SEGMENT_SECONDS * (len(SCRIPT) + 1), RATE, tuple(1 / k for k in range(1, 20)))
    audio = np.repeat(note[:, None], CHANNELS, axis=1)
    keyboard, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
    pedals = backend.open_output("pedals", virtual=True, client_name="board")
    options = ["-i", "system", "-o", "system", "--iterations", 0, "--osc", 0, "--midi", "pedals", "--json"]
    live = Live(server, [*styles, *options], IN_A_TERMINAL, stdin=terminal)
    patchbay = Patchbay(server)
    try:
        live.wait_until_playing()
        patchbay.connect()
        surface = Surface(live, keyboard, pedals)
        starts = {}
        with ThreadPoolExecutor(1) as pool:
            playing = pool.submit(patchbay.exchange, audio, 0)
            for name, act in SCRIPT.items():
                act(surface)
                starts[name] = patchbay.position
                time.sleep(SEGMENT_SECONDS)
            heard = playing.result()
        os.write(keyboard, b"q")
        assert live.finish(None) == 0
        assert termios.tcgetattr(terminal) == before
        return live.report(), audio, heard, starts
    finally:
        live.kill()
        patchbay.close()
        pedals.close()
        os.close(keyboard)
        os.close(terminal)


@pytest.fixture
def session(styles, tmp_path, monkeypatch):
    """The first of a few sessions in which the machine did not hold up the program."""
    require_jack()
    with JackServer(PERIOD) as server:
        server.environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
        monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
        monkeypatch.setenv("JACK_NO_START_SERVER", "1")
        for _ in range(ATTEMPTS):
            report, *rest = play(server, styles)
            if report["stalls"] == 0:
                return report, *rest
    raise AssertionError(f"late in {ATTEMPTS} of {ATTEMPTS} sessions: {report}")


def with_a_hole(sound: np.ndarray, place: int) -> np.ndarray:
    """The beginning of ``sound``, with one period lost there."""
    holed = sound[: RATE // 4].copy()
    holed[RATE // 8 + place :][:PERIOD] = 0
    return holed


def brightness_hz(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    return float((np.fft.rfftfreq(len(sound), 1 / RATE) * power).sum() / power.sum())


def test_a_session_with_keys_osc_and_midi(session, tmp_path: Path):
    report, audio, heard, starts = session
    assert (report["late"], report["lost_frames"], report["ended"]) == (0, 0, "stopped")
    delay = report["latency"]["samples"] + PERIOD
    settled, length = round(SETTLED_SECONDS * RATE), round((SEGMENT_SECONDS - SETTLED_SECONDS) * RATE)
    part = {name: slice(start + settled, start + length + settled) for name, start in starts.items()}
    sound = {name: heard[where, 0] for name, where in part.items()}

    # No click and no gap, anywhere. What a lost block would leave is known: 20 dB more.
    whole = heard[starts["styled"] + settled : part["knob turned"].stop, 0]
    assert splash_db(whole, RATE) < -45
    assert max(splash_db(with_a_hole(whole, place), RATE) for place in range(0, 400, 50)) > -40
    levels = np.array([rms_db(piece) for piece in whole[: len(whole) // 480 * 480].reshape(-1, 480)])
    assert (
        levels.min() > rms_db(audio) - 6
    )  # 10 ms of a cross-fade may catch both sounds in a beat; a gap is silence
    assert levels.max() < rms_db(audio) + 4
    for name, piece in sound.items():
        assert abs(rms_db(piece) - rms_db(audio)) < 2, name

    # Every surface was heard, and brought what it should.
    for name in ("bypassed", "knob learned"):
        dry = audio[part[name].start - delay : part[name].stop - delay, 0]
        assert np.array_equal(sound[name], dry), name
    plain = audio[part["no strength"].start - delay : part["no strength"].stop - delay, 0]
    assert rms_db(sound["no strength"] - plain) < rms_db(plain) - 80
    bright = brightness_hz(sound["styled"])
    assert brightness_hz(sound["styled again"]) == pytest.approx(bright, rel=0.15)
    dull = brightness_hz(sound["other style"])
    assert dull < 0.7 * bright
    between = brightness_hz(sound["half way back"])
    assert 1.1 * dull < between < 0.9 * bright
    for name in ("all strength", "knob turned"):
        assert brightness_hz(sound[name]) == pytest.approx(between, rel=0.15)
    assert (tmp_path / "config" / "stylefx" / "midi.json").exists()
