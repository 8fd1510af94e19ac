"""Keys, OSC and MIDI: what they send reaches the parameters, what they cannot do is a sentence."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from stylefx import StyleTransfer
from stylefx.errors import StylefxError
from stylefx.live.control.keys import DOWN, HELP_TEXT, NUDGES, SWITCHES, UP, Keys
from stylefx.live.control.knobs import Knob, Knobs, default_path
from stylefx.live.control.osc import HOST, PACKETS_PER_TICK, Osc
from stylefx.params import PARAMETERS

PATIENCE_SECONDS = 10.0


@pytest.fixture
def effect(bright_style) -> StyleTransfer:
    """Two styles to choose from."""
    return StyleTransfer([bright_style, bright_style], names=["one", "two"], device="cpu")


def wait_until(condition) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.01)


# Keys ------------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(effect) -> Keys:
    """Keys whose answers are kept."""
    said: list[str] = []
    keys = Keys(effect, threading.Event(), said.append, echo=True)
    keys.said = said  # type: ignore[attr-defined]
    return keys


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("mmm", {"mix": 0.85}),
        ("mmM", {"mix": 0.95}),
        ([DOWN, DOWN, UP], {"mix": 0.95}),
        ("b", {"bypass": True}),
        ("ffbb", {"freeze": False, "bypass": False}),
        ("2PPP", {"style": 2, "morph_style": 1, "morph": 0.15}),
        ("x", {"style": 2, "morph_style": 1}),
        ("ooI", {"gain_out_db": -2.0, "gain_in_db": 1.0}),
        ("7", {"style": 1}),
        ("zZ0 \n\t", {}),
    ],
)
def test_keys_play_the_parameters(keys, effect, typed, expected):
    for key in typed:
        keys.press(key)
    defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
    assert effect.settings.as_dict() == {**defaults, **expected}


def test_keys_answer(keys):
    for key in ("?", "7", "b", "l", "c"):
        keys.press(key)
    assert keys.said == [
        HELP_TEXT,
        "slot 7 holds no style, there are 2",
        "bypass on",
        "no MIDI: start with --midi PORT-NAME",
        "no capture was prepared: start with --capture 10",
    ]
    for key in [*NUDGES, *SWITCHES]:
        if len(key) == 1:
            assert f" {key}" in HELP_TEXT or f"/{key}" in HELP_TEXT


PROGRAM = """
import sys, threading, time
from stylefx.live.control.keys import Keys

class Effect:
    from stylefx.params import Controls
    controls, bank = Controls(), [1, 2, 3]

stop = threading.Event()
assert Keys.usable()
with Keys(Effect(), stop, print, echo=False) as keys:
    keys.begin(None)
    print("ready", flush=True)
    while not stop.wait(0.02):
        if Effect.controls.settings.style == 3:
            raise SystemExit(7)
        print(Effect.controls.settings.mix, Effect.controls.settings.morph, flush=True)
    keys.poll()
    time.sleep(0.5)
"""


@pytest.fixture
def terminal():
    """A program with `Keys` in a terminal: what to type into, what it prints, and the program."""
    ours, its = pty.openpty()
    before = termios.tcgetattr(its)
    begin = f"import os, fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{PROGRAM}"
    program = subprocess.Popen(
        [sys.executable, "-c", begin], stdin=its, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    yield ours, its, before, program
    program.kill()
    program.wait()
    os.close(ours)
    os.close(its)


def line_that(program, condition) -> str:
    give_up = time.monotonic() + PATIENCE_SECONDS
    for line in program.stdout:
        if condition(line):
            return line
        assert time.monotonic() < give_up
    raise AssertionError("the program ended")


@pytest.mark.slow
@pytest.mark.parametrize(("end", "code"), [("q", 0), ("3", 7), ("\x03", -signal.SIGINT)])
def test_keys_work_in_a_terminal_and_give_it_back(terminal, end, code):
    ours, its, before, program = terminal
    line_that(program, lambda line: line == "ready\n")
    assert termios.tcgetattr(its)[3] & (termios.ICANON | termios.ECHO) == 0
    os.write(ours, b"mm\x1b[B\x1b[CP")
    line_that(program, lambda line: line == "0.85 0.1\n")
    os.write(ours, end.encode())
    if end == "q":  # given back as soon as the end is asked for, not when it has come
        wait_until(lambda: termios.tcgetattr(its) == before)
        assert program.poll() is None
    assert program.wait(PATIENCE_SECONDS) in (code, 1 if end == "\x03" else code)
    assert termios.tcgetattr(its) == before


# OSC -------------------------------------------------------------------------------------------------------


class Remote:
    """Another program that speaks OSC."""

    def __init__(self, port: int):
        self._to = (HOST, port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE_SECONDS)

    def send(self, address: str, *values) -> None:
        builder = OscMessageBuilder(address=address)
        for value in values:
            builder.add_arg(value)
        self.socket.sendto(builder.build().dgram, self._to)

    def answer(self) -> tuple[str, list]:
        message = OscPacket(self.socket.recv(65_536)).messages[0].message
        return message.address, message.params

    def ask(self, address: str, *values) -> tuple[str, list]:
        self.send(address, *values)
        return self.answer()


@pytest.fixture
def osc(effect):
    """A running server."""
    said: list[str] = []
    with Osc(effect, 0, said.append) as server:
        server.begin(None)  # type: ignore[arg-type]
        assert said == [f"OSC: listening on 127.0.0.1:{server.port}"]
        yield server


@pytest.fixture
def remote(osc):
    """Somebody to talk to it."""
    remote = Remote(osc.port)
    yield remote
    remote.socket.close()


def test_osc_sets_and_answers(remote, effect):
    assert remote.ask("/stylefx/mix", 0.25) == ("/stylefx/mix", [0.25])
    assert effect.settings.mix == 0.25
    assert remote.ask("/stylefx/mix") == ("/stylefx/mix", [0.25])
    assert remote.ask("/stylefx/gain_out_db", -300) == ("/stylefx/gain_out_db", [-40.0])
    assert remote.ask("/stylefx/bypass", 1.0) == ("/stylefx/bypass", [1])
    assert remote.ask("/stylefx/toggle", "bypass") == ("/stylefx/bypass", [0])
    assert remote.ask("/stylefx/style", 2) == ("/stylefx/style", [2])
    assert remote.ask("/stylefx/exchange") == ("/stylefx/style", [1])
    assert remote.answer() == ("/stylefx/morph_style", [2])
    remote.send("/stylefx/state")
    state = dict(remote.answer() for _ in range(len(PARAMETERS) + 1))
    assert state.pop("/stylefx/styles") == ["one", "two"]
    assert state == {
        f"/stylefx/{name}": [pytest.approx(float(value))] for name, value in effect.settings.as_dict().items()
    }


@pytest.mark.parametrize(
    ("address", "values", "sentence"),
    [
        ("/stylefx/style", [3], "slot 3 holds no style, there are 2"),
        ("/stylefx/loudness", [1.0], "not known"),
        ("/other/mix", [1.0], "expected /stylefx/NAME"),
        ("/stylefx/mix", ["much"], "'much', expected a number"),
        ("/stylefx/mix", [float("nan")], "nan, expected 0 to 1"),
        ("/stylefx/toggle", ["mix"], "expected bypass or freeze"),
        ("/stylefx/learn", ["mix"], "no MIDI"),
    ],
)
def test_osc_says_what_cannot_be_done(remote, effect, address, values, sentence):
    before = effect.settings
    kind, answer = remote.ask(address, *values)
    assert kind == "/stylefx/error"
    assert sentence in answer[0]
    assert effect.settings is before


def test_osc_survives_what_is_no_osc(remote, osc):
    random = np.random.default_rng(3)
    for size in (0, 1, 4, 60, 500):
        for start in (b"", b"/", b"#bundle\0", b"/stylefx/mix\0\0\0\0,f\0\0"):
            remote.socket.sendto(start + random.bytes(size), (HOST, osc.port))
    remote.socket.settimeout(0.3)
    with suppress(TimeoutError):
        while True:
            remote.socket.recv(65_536)
    remote.socket.settimeout(PATIENCE_SECONDS)
    assert remote.ask("/stylefx/freeze") == ("/stylefx/freeze", [0])


def bundle(*elements: bytes, size: int | None = None) -> bytes:
    """An OSC bundle, with an element size that lies where ``size`` is given."""
    sized = [struct.pack(">i", len(each) if size is None else size) + each for each in elements]
    return b"#bundle\0" + struct.pack(">Q", 1) + b"".join(sized)


def nested(depth: int) -> bytes:
    packet = b"/stylefx/mix\0\0\0\0,\0\0\0"
    for _ in range(depth):
        packet = bundle(packet)
    return packet


@pytest.mark.parametrize(
    "packet",
    [
        bundle(b"/a\0\0", size=-4),
        bundle(b"/a\0\0", size=0),
        bundle(b"/a\0\0", size=2**31 - 1),
        bundle(b"/a\0\0", size=3),
        bundle(b"/a\0\0")[:-5],
        bundle(*[b"/a\0\0,\0\0\0"] * 500),
        nested(6),
        nested(2500),
        b"/stylefx/learn\0\0,s\0\0\xff\xfe\xfd\0",
        b"/stylefx/\xff\xfe\xfd\0,\0\0\0",
        b"/stylefx/mix\0\0\0\0,[[[[\0\0\0",
        b"/stylefx/mix\0\0\0\0,b\0\0" + struct.pack(">i", -8),
    ],
    ids=lambda packet: repr(packet[:24]),
)
def test_osc_answers_a_hostile_packet_with_an_error(remote, osc, packet):
    """The first of these sent python-osc round for ever, at real-time priority."""
    remote.socket.sendto(packet, (HOST, osc.port))
    assert remote.answer()[0] == "/stylefx/error"
    assert remote.ask("/stylefx/freeze") == ("/stylefx/freeze", [0])


def test_osc_reads_bundles_within_bundles(remote, osc):
    remote.socket.sendto(nested(3), (HOST, osc.port))
    assert remote.answer() == ("/stylefx/mix", [1.0])


def test_osc_names_a_style_whose_name_is_no_utf8(remote, osc, effect, bright_style):
    effect.bank.replace(2, bright_style, os.fsdecode(b"caf\xe9.npz"))
    remote.send("/stylefx/state")
    state = dict(remote.answer() for _ in range(len(PARAMETERS) + 1))
    assert state["/stylefx/styles"] == ["one", "caf?.npz"]


def test_osc_obeys_a_few_packets_at_a_time(effect):
    """A flood leaves the time to the music: the rest waits, or is lost."""
    with Osc(effect, 0, print) as server:
        flood = Remote(server.port)
        for part in range(1, 3 * PACKETS_PER_TICK):
            flood.send("/stylefx/mix", part / 100)
        server.listen()
        assert effect.settings.mix == pytest.approx(PACKETS_PER_TICK / 100)
        server.listen()
        assert effect.settings.mix == pytest.approx(2 * PACKETS_PER_TICK / 100)
        flood.socket.close()


def test_osc_tells_everybody_of_changes_from_elsewhere(remote, osc, effect):
    other = Remote(osc.port)
    assert other.ask("/stylefx/freeze") == ("/stylefx/freeze", [0])
    assert remote.ask("/stylefx/mix", 0.5) == ("/stylefx/mix", [0.5])
    effect.controls.nudge("strength", -2)
    osc.poll()
    assert [other.answer(), other.answer()] == [
        ("/stylefx/mix", [0.5]),
        ("/stylefx/strength", [pytest.approx(0.9)]),
    ]
    other.socket.close()


def test_osc_says_that_a_port_is_taken(effect, osc):
    with pytest.raises(StylefxError, match=f"port {osc.port} is taken"):
        Osc(effect, osc.port, print)


# What is not installed, and MIDI's memory --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "options", "command"),
    [
        ("pythonosc", ["--osc", 0], "pip install 'stylefx[osc]'"),
        ("rtmidi", ["--midi", "knobs"], "pip install 'stylefx[midi]'"),
        ("mido", ["--midi", "knobs"], "pip install 'stylefx[midi]'"),
    ],
)
def test_a_missing_extra_is_one_sentence(module, options, command):
    without = (
        f"import sys; sys.modules[{module!r}] = None; from stylefx.cli.main import main; sys.exit(main())"
    )
    arguments = ["live", "--style", "any.npz", *map(str, options)]
    done = subprocess.run(
        [sys.executable, "-c", without, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert command in done.stderr
    assert done.stderr.count("\n") == 1


def test_knobs_are_remembered(tmp_path):
    path = tmp_path / "new" / "midi.json"
    knobs = Knobs(path)
    knobs.learn("mix", Knob(0, 21))
    knobs.learn("morph", Knob(3, 22))
    knobs.learn("strength", Knob(0, 21))  # takes it from mix
    again = Knobs(path)
    assert again.learned == {"morph": Knob(3, 22), "strength": Knob(0, 21)}
    assert again.parameters_of(Knob(0, 21)) == ["strength"]
    assert again.parameters_of(Knob(1, 21)) == []
    assert json.loads(path.read_text())["morph"] == {"channel": 4, "control": 22}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"mix": 3}',
        '{"loudness": {"channel": 1, "control": 1}}',
        '{"mix": {"channel": 17, "control": 1}}',
    ],
)
def test_a_broken_memory_of_knobs_is_a_sentence(tmp_path, text):
    (tmp_path / "midi.json").write_text(text)
    with pytest.raises(StylefxError, match="learn the knobs again"):
        Knobs(tmp_path / "midi.json")


def test_the_memory_of_knobs_is_in_the_users_folder(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    assert default_path() == Path("/somewhere/stylefx/midi.json")
