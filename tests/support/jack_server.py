"""A sound card without hardware: a JACK dummy server, a patchbay to play and record, `stylefx live` in between.

Sound goes out of the patchbay, through the program under test at the real clock, and back, exact to the sample.
Every wait has an end, and whatever was started is killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
RATE = 48_000
CHANNELS = 2
START_SECONDS = 60.0  # loading and compiling the engine on a busy machine
STOP_SECONDS = 15.0
SERVER_PRIORITY = 10
LIVE = ("-m", "stylefx", "live")


def require_jack() -> None:
    """Skip where JACK is not installed, except in CI, where that is a failure."""
    missing = [name for name in ("jackd", "jack_wait") if shutil.which(name) is None]
    try:
        import jack  # noqa: F401
    except (ImportError, OSError):
        missing.append("JACK-Client")
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)} (apt: jackd2 libportaudio2; pip: JACK-Client)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def scheduling() -> list[str]:
    """Real-time threads for the server and its clients where the system allows it: other load is not the test."""
    if not hasattr(os, "sched_setscheduler"):
        return ["--no-realtime"]
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(SERVER_PRIORITY))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        return ["--no-realtime"]
    return ["--realtime", "--realtime-priority", str(SERVER_PRIORITY)]


class JackServer:
    """``jackd`` with the dummy driver, under a name of its own; use it in a ``with`` statement."""

    def __init__(self, period: int, rate: int = RATE):
        self.name = f"stylefx-{os.getpid()}-{period}-{time.monotonic_ns()}"
        self._period, self._rate = period, rate
        self.environment = {
            **os.environ,
            "JACK_DEFAULT_SERVER": self.name,
            "JACK_NO_START_SERVER": "1",
            "JACK_NO_AUDIO_RESERVATION": "1",
        }

    def __enter__(self) -> JackServer:
        driver = f"--sync -d dummy --rate {self._rate} --period {self._period}".split()
        self._process = subprocess.Popen(
            ["jackd", "--name", self.name, *scheduling(), *driver],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait = ["jack_wait", "--server", self.name, "--wait", "--timeout", "20"]
            subprocess.run(wait, env=self.environment, check=True, timeout=30, capture_output=True)
        except subprocess.SubprocessError:
            end(self._process, signal.SIGTERM)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGCONT)
        end(self._process, signal.SIGTERM)
        for left in Path("/dev/shm").glob(f"jack_sem.*_{self.name}_*"):  # of clients that it did not outlive
            left.unlink()

    def signal(self, how: signal.Signals) -> None:
        """Let the server go wrong: SIGTERM and it leaves its clients, SIGSTOP and it stands still.

        Not SIGKILL: JACK remembers eight servers, and one that was killed is never forgotten.
        """
        self._process.send_signal(how)


def end(process: subprocess.Popen, how: signal.Signals) -> None:
    """Signal a process, kill it if that does not help, and wait for it."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


class Take:
    """One signal to play, and what is heard meanwhile; swapped into the patchbay as a whole."""

    def __init__(self, audio: np.ndarray):
        self.played, self.heard = audio, np.zeros_like(audio)
        self.position = 0
        self.done = threading.Event()


class Patchbay:
    """A JACK client that plays a signal into the program and records what comes back, cycle by cycle."""

    def __init__(self, server: JackServer):
        import jack

        self._client = jack.Client("patchbay", servername=server.name, no_start_server=True)
        self._send = [self._client.outports.register(f"send_{k}") for k in range(CHANNELS)]
        self._hear = [self._client.inports.register(f"hear_{k}") for k in range(CHANNELS)]
        self._take = Take(np.zeros((0, CHANNELS), np.float32))
        self._client.set_process_callback(self._exchange)
        self._prepare(self._client)
        self._client.activate()

    def _prepare(self, client: Any) -> None:
        """For other callbacks."""

    def _exchange(self, frames: int) -> None:
        take = self._take
        start, stop = take.position, min(take.position + frames, len(take.played))
        for channel in range(CHANNELS):
            sent = self._send[channel].get_array()
            sent[:] = 0
            sent[: stop - start] = take.played[start:stop, channel]
            take.heard[start:stop, channel] = self._hear[channel].get_array()[: stop - start]
        take.position = stop
        if stop == len(take.played):
            take.done.set()

    def connect(self) -> None:
        """Both ways with the one program that is called stylefx."""
        ins = [port.name for port in self._client.get_ports("^stylefx:", is_input=True)]
        outs = [port.name for port in self._client.get_ports("^stylefx:", is_output=True)]
        assert len(ins) == len(outs) == CHANNELS, f"ports of the program: {ins + outs}"
        for channel in range(CHANNELS):
            self._client.connect(self._send[channel].name, sorted(ins)[channel])
            self._client.connect(sorted(outs)[channel], self._hear[channel].name)

    def connect_to_itself(self) -> None:
        """What the program plays is what it hears."""
        for channel, out in enumerate(
            sorted(p.name for p in self._client.get_ports("^stylefx:", is_output=True))
        ):
            ins = sorted(port.name for port in self._client.get_ports("^stylefx:", is_input=True))
            self._client.connect(out, ins[channel])

    @property
    def position(self) -> int:
        """Frames of the audio that have been played."""
        return self._take.position

    def exchange(self, audio: np.ndarray, after: int) -> np.ndarray:
        """Play ``audio`` (frames, channels) and what is heard during it and ``after`` frames more."""
        self._take = take = Take(np.concatenate([audio, np.zeros((after, CHANNELS), np.float32)]))
        assert take.done.wait(30 + 3 * len(take.played) / RATE), "the JACK server stands still"
        return take.heard

    def close(self) -> None:
        """Leave the server; it may be dead."""
        closing = threading.Thread(target=self._client.close, daemon=True)
        closing.start()
        closing.join(STOP_SECONDS)


class Live:
    """A program that plays, started and ended like a musician would: ``stylefx live``, or what Python is told.

    ``stdin`` may be a terminal's descriptor; the program then has a session of its own.
    """

    def __init__(
        self,
        server: JackServer,
        arguments: Sequence[object],
        program: Sequence[str] = LIVE,
        stdin: int | None = None,
    ):
        self._process = subprocess.Popen(
            [sys.executable, *program, *map(str, arguments)],
            cwd=ROOT,  # where `-m tests.support...` is found
            env=server.environment,
            text=True,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=stdin is not None,
        )
        assert self._process.stderr is not None
        self.said: list[str] = []
        self._playing = threading.Event()
        self._reader = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def _listen(self, stream: Any) -> None:
        for line in stream:
            self.said.append(line)
            if line.startswith("playing"):
                self._playing.set()
        self._playing.set()  # it ended

    def wait_until_playing(self) -> None:
        """Return when the program has said so."""
        assert self._playing.wait(START_SECONDS), f"not playing: {self.said}"
        assert self._process.poll() is None, f"ended at once: {self.said}"

    def wait_for(self, words: str, seconds: float) -> None:
        """Return when a line with these words was said."""
        give_up = time.monotonic() + seconds
        while not any(words in line for line in self.said):
            assert time.monotonic() < give_up, f"{words!r} was not said: {self.said}"
            assert self._process.poll() is None, f"ended: {self.said}"
            time.sleep(0.05)

    def finish(self, how: signal.Signals | None = signal.SIGINT, timeout: float = STOP_SECONDS) -> int:
        """Signal the program (or let it end by itself), wait, and return its exit code."""
        if how is not None:
            self._process.send_signal(how)
        self._process.wait(timeout)
        self._reader.join(timeout)
        return self._process.returncode

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    def report(self) -> dict[str, Any]:
        """The JSON object that it left on stdout."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.read())

    def kill(self) -> None:
        """For the teardown: gone, whatever happened."""
        end(self._process, signal.SIGKILL)


def delay_between(audio: np.ndarray, heard: np.ndarray) -> int:
    """By how many frames ``heard`` comes after ``audio``: the peak of the cross-correlation."""
    size = 1 << (len(audio) + len(heard)).bit_length()
    spectrum = np.fft.rfft(heard[:, 0], size) * np.conj(np.fft.rfft(audio[:, 0], size))
    return int(np.argmax(np.fft.irfft(spectrum)[: len(heard)]))
