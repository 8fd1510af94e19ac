"""The screen of `stylefx live`: what it shows, on terminals of any size, and that it gives the terminal back."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from stylefx.live.monitor.latency import Latency, Line
from stylefx.live.monitor.levels import HOLD_SECONDS, PeakMeter, Watch
from stylefx.live.monitor.meters import Meters
from stylefx.live.observer import Playing
from stylefx.live.quality import QualityGovernor
from stylefx.live.screen.layout import Layout
from stylefx.live.screen.process import newest_lines, paint
from stylefx.live.screen.snapshot import Snapshot
from tests.support.live_engines import Delay

RATE = 48_000
LABELS = ("stylefx", "in", "out", "CPU", "late", "delay", "style", "sound", "capture", "spectrum", "Hz")
README = (Path(__file__).parents[2] / "README.md").read_text()
COLOUR = re.compile(r"\x1b\[[\d;]*3\d[\d;]*m")


def sine(hz: float, level: float, frames: int = 8192) -> np.ndarray:
    """Stereo, float32 (frames, 2)."""
    wave = level * np.sin(2 * np.pi * hz * np.arange(frames) / RATE)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


@pytest.fixture
def playing() -> Playing:
    """A session at its first second: half scale in, a tenth out, 25 and then 75 % of the time used, 3 blocks late."""
    meters = Meters(RATE, 1024, 2)
    meters.count_sound(sine(440, 0.5), sine(1000, 0.1))
    for part in (0.25, 0.75):
        meters.count_work(part * 1024 / RATE, 1024)
    meters.blocks, meters.late, meters.lost_frames = 47, 3, 2048
    latency = Latency(RATE, (Line("block", 1024), Line("engine", 2560)))
    return Playing("system", RATE, 2, 1024, latency, Delay(), meters, QualityGovernor(Delay()))


def snapshot_of(playing: Playing) -> Snapshot:
    """As a watch from before the sound would have it."""
    sound = playing.meters.input.newest(8192), playing.meters.output.newest(8192)
    watch = Watch(playing)
    watch.look()
    playing.meters.count_sound(*sound)
    status = [("style", "piano.wav"), ("sound", "mix 1.00"), ("capture", "done")]
    return watch.look(status, ["12:00:00 late: 3 blocks"])


def drawn(snapshot: Snapshot, columns: int, rows: int, ascii_only: bool = False) -> list[str]:
    """The screen's lines."""
    return Layout(columns, rows, ascii_only).draw(snapshot).plain.split("\n")


def row(lines: list[str], label: str) -> str:
    """The one that begins with ``label``."""
    return next(line for line in lines if line.split() and line.split()[0] == label)


def test_it_shows_levels_load_losses_delay_and_what_was_said(playing):
    lines = drawn(snapshot_of(playing), 80, 24)
    assert "-6.0 dB" in row(lines, "in")
    assert "-20.0 dB" in row(lines, "out")
    assert re.search(r"worst +75.0", row(lines, "CPU"))
    assert "3 of 47 blocks, 2048 samples lost" in row(lines, "late")
    assert "74.7 ms" in row(lines, "delay")
    assert "0:01  system, 48000 Hz" in row(lines, "stylefx")
    assert row(lines, "style").endswith("piano.wav")
    assert "12:00:00 late: 3 blocks" in lines
    assert row(lines, "in").count("█") > row(lines, "out").count("█") > 10


@pytest.mark.parametrize("hz", [100, 1000, 10_000])
def test_a_tone_stands_in_the_spectrum_above_its_frequency(playing, hz):
    watch = Watch(playing)
    playing.meters.count_sound(sine(440, 0.5), sine(hz, 0.5))
    lines = drawn(watch.look(), 100, 40)
    first = lines.index(row(lines, "spectrum"))
    tallest = next(line for line in lines[first:] if any(bar in line[9:] for bar in "▁▂▃▄▅▆▇█"))
    place = 9 + min(tallest[9:].find(bar) for bar in "▁▂▃▄▅▆▇█" if bar in tallest[9:])
    label = f"{hz // 1000}k" if hz >= 1000 else str(hz)
    assert row(lines, "Hz").index(label) == pytest.approx(place, abs=2)


def test_mean_load_is_that_of_the_last_seconds(playing):
    watch = Watch(playing)
    watch.look()
    for _ in range(10):
        playing.meters.count_work(0.3 * 1024 / RATE, 1024)
    assert watch.look().mean_load == pytest.approx(30)


def test_a_peak_falls_slowly_and_its_mark_is_held(playing):
    tape = playing.meters.output
    meter = PeakMeter(tape)
    tape.write(sine(440, 0.5, 1024))
    assert meter.look(100.0).now_db == pytest.approx(-6, abs=0.1)
    tape.write(sine(440, 0.01, 1024))
    reading = meter.look(100.0 + HOLD_SECONDS / 2)
    assert -18 < reading.now_db < -12
    assert reading.hold_db == pytest.approx(-6, abs=0.1)
    tape.write(sine(440, 1.0, 1024))
    assert meter.look(101.0).clipped
    tape.write(sine(440, 0.01, 1024))
    for second in range(102, 108):
        reading = meter.look(float(second))
    assert reading.now_db < -39
    assert reading.hold_db < -39
    assert reading.clipped


@pytest.mark.parametrize(
    ("columns", "rows"), [(200, 60), (80, 24), (60, 12), (40, 8), (20, 4), (10, 2), (1, 1)]
)
def test_it_fits_into_any_terminal_and_keeps_the_input_meter_to_the_last(playing, columns, rows):
    lines = drawn(snapshot_of(playing), columns, rows)
    assert len(lines) <= rows
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("in"[:columns]) for line in lines)


def test_without_block_characters_it_is_ascii(playing):
    lines = drawn(snapshot_of(playing), 80, 24, ascii_only=True)
    assert all(line.isascii() for line in lines)
    assert row(lines, "in").count("#") > row(lines, "out").count("#") > 10


def test_what_is_said_is_wrapped_and_the_newest_stays_longest(playing):
    said = ["12:00:00 " + "many words " * 12, "12:00:01 the newest"]
    lines = drawn(Watch(playing).look(said=said), 60, 24)
    assert " ".join(" ".join(lines).split()).count("many words") == 12
    assert lines.index("12:00:01 the newest") == len(lines) - 2
    assert "12:00:01 the newest" in drawn(Watch(playing).look(said=said), 60, 8)


def test_a_name_cannot_move_the_cursor(playing):
    snapshot = Watch(playing).look([("style", "a\x1b[2Jb\nc")], ["\x1b[31mred"])
    assert "\x1b" not in "".join(drawn(snapshot, 80, 24))
    assert len(drawn(snapshot, 80, 24)) <= 24


@pytest.mark.parametrize("no_colour", [True, False])
def test_no_color_is_heeded(playing, no_colour):
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, color_system="standard", no_color=no_colour, width=80, height=24
    )
    paint(console, iter([snapshot_of(playing).to_line()]))
    assert bool(COLOUR.search(out.getvalue())) != no_colour


def test_of_snapshots_that_wait_only_the_newest_is_drawn(playing):
    line = snapshot_of(playing).to_line()
    read, write = os.pipe()
    os.write(write, b"old\n" + line[:50])
    os.write(write, line[50:] + b"half of one")
    os.close(write)
    assert list(newest_lines(read)) == [line.rstrip()]
    os.close(read)


class Terminal:
    """Runs a command with standard error on a pseudo-terminal, which may change its size."""

    def __init__(self, columns: int, rows: int, *arguments: object, **environment: str):
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stylefx", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=slave,
            text=True,
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )
        os.close(slave)
        self.seen = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def resize(self, columns: int, rows: int) -> None:
        """As if the window's corner were dragged."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # no one holds the other end any more
            while piece := os.read(self._master, 1 << 16):
                self.seen += piece.decode(errors="replace")

    def wait_for(self, text: str, after: int = 0) -> None:
        """Return when it was written."""
        give_up = time.monotonic() + 60
        while text not in self.seen[after:]:
            assert time.monotonic() < give_up, self.seen
            assert self.process.poll() is None, self.seen
            time.sleep(0.02)

    def finish(self) -> str:
        """Wait for the end; returns standard output."""
        out = self.process.communicate(timeout=60)[0]
        self._reader.join(10)
        os.close(self._master)
        return out


@pytest.fixture
def playing_file(tmp_path) -> list[object]:
    """Arguments that play three seconds of a tone."""
    soundfile.write(tmp_path / "tone.wav", sine(440, 0.5, 3 * RATE), RATE)
    return ["--input", tmp_path / "tone.wav", "--output", tmp_path / "heard.wav", "--bypass"]


@pytest.mark.slow
def test_on_a_terminal_it_is_drawn_follows_the_size_and_leaves_the_terminal_as_it_was(
    playing_file, trumpet_style_path
):
    terminal = Terminal(80, 24, "live", "--style", trumpet_style_path, *playing_file)
    terminal.wait_for("-6.0 dB")
    wide = len(terminal.seen)
    assert "peak" in terminal.seen
    terminal.resize(40, 6)
    terminal.wait_for("\x1b[H", after=wide)
    time.sleep(0.3)
    narrow = len(terminal.seen)
    terminal.wait_for(" dB", after=narrow)
    out = terminal.finish()
    assert "peak" not in terminal.seen[narrow:]
    before, page, after = re.split(r"\x1b\[\?1049[hl]", terminal.seen)
    assert "from input to output" in before
    assert all(label in page for label in ("stylefx", "CPU", "late", "spectrum"))
    assert terminal.seen.rindex("\x1b[?25h") > terminal.seen.rindex("\x1b[?25l")  # the cursor is there again
    assert re.search(r"\d\d:\d\d:\d\d playing", after)
    assert out.startswith("end of input after 3.")


@pytest.mark.slow
@pytest.mark.parametrize(("options", "environment"), [(["--plain"], {}), ([], {"TERM": "dumb"})])
def test_plain_lines_where_they_are_asked_for_or_the_terminal_can_do_nothing_else(
    playing_file, trumpet_style_path, options, environment
):
    terminal = Terminal(
        80,
        24,
        "live",
        "--style",
        trumpet_style_path,
        *playing_file,
        "--seconds",
        0.3,
        *options,
        **environment,
    )
    assert terminal.finish().startswith("end of input after 0.")
    assert "\x1b" not in terminal.seen
    assert "playing, Ctrl-C ends" in terminal.seen


def test_the_readme_shows_what_is_drawn(playing):
    (shown,) = re.findall(r"```text\n(stylefx .*?)```", README, re.DOTALL)
    assert [line.split()[0] for line in shown.splitlines() if line[:1].isalpha()] == [*LABELS, "Ctrl-C"]
    lines = drawn(snapshot_of(playing), 80, 24)
    assert [line.split()[0] for line in lines if line[:1].isalpha()] == [*LABELS, "Ctrl-C"]
