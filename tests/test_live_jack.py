"""`stylefx live` through a real full-duplex stream: a JACK dummy server, at the real clock, exact to the sample."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from jack_server import CHANNELS, RATE, JackServer, Live, Patchbay, delay_between, require_jack

PERIOD = 1024
# From a client to a program and back again takes JACK one period more than through the program alone.
CLIENT_LOOP = PERIOD
STALLING = str(Path(__file__).with_name("live_stalling.py"))
DEVICES = ["-i", "system", "-o", "system"]

Start = Callable[..., Live]


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    """One server for the tests that leave it as it was."""
    require_jack()
    with JackServer(PERIOD) as running:
        yield running


@pytest.fixture
def patchbay(server: JackServer) -> Iterator[Patchbay]:
    """A fresh client for every test."""
    client = Patchbay(server)
    yield client
    client.close()


@pytest.fixture
def start(server: JackServer) -> Iterator[Start]:
    """Starts programs, and kills them at the end."""
    programs = []

    def begin(*arguments: object, script: str | None = None) -> Live:
        programs.append(Live(server, arguments, script))
        return programs[-1]

    yield begin
    for program in programs:
        program.kill()


def noise(seconds: float) -> np.ndarray:
    """No sample is like another, and the channels differ."""
    size = (round(seconds * RATE), CHANNELS)
    return np.random.default_rng(5).uniform(-0.5, 0.5, size).astype(np.float32)


def measured_delay(patchbay: Patchbay, seconds: float = 2.0) -> int:
    """The delay, after checking that every sample came back as it was."""
    patchbay.connect()
    audio = noise(seconds)
    heard = patchbay.exchange(audio, after=RATE // 2)
    delay = delay_between(audio, heard)
    expected = np.zeros_like(heard)
    expected[delay : delay + len(audio)] = audio
    wrong = np.flatnonzero((heard != expected).any(axis=1))
    assert len(wrong) == 0, f"{len(wrong)} of {len(heard)} frames differ, from {wrong[:1]} to {wrong[-1:]}"
    return delay


@pytest.fixture(scope="module")
def style(trumpet_style_path: Path) -> Path:
    """What the command line needs."""
    return trumpet_style_path


@pytest.mark.parametrize("blocksize", [["--blocksize", 1024], ["--blocksize", 256], []])
def test_bypass_comes_back_bit_exact_with_the_declared_delay(start, patchbay, style, blocksize):
    live = start("--style", style, *DEVICES, *blocksize, "--bypass", "--json")
    live.wait_until_playing()
    delay = measured_delay(patchbay)
    assert live.finish(signal.SIGINT) == 0
    report = live.report()
    assert (report["late"], report["lost_frames"], report["ended"]) == (0, 0, "stopped")
    lines = {line["name"]: line["samples"] for line in report["latency"]["lines"]}
    assert lines["engine"] == 0
    assert lines["block"] + lines["worker"] == PERIOD
    assert delay == report["latency"]["samples"] + CLIENT_LOOP


def test_the_engine_adds_exactly_the_latency_that_it_declares(start, patchbay, style):
    delays, declared = [], []
    for how in (["--bypass"], ["--mix", 0, "--iterations", 0]):
        # Long blocks, so that a busy machine is not what this tests.
        live = start("--style", style, *DEVICES, "--blocksize", 4 * PERIOD, *how, "--json")
        live.wait_until_playing()
        delays.append(measured_delay(patchbay))
        assert live.finish(signal.SIGINT) == 0
        lines = {line["name"]: line["samples"] for line in live.report()["latency"]["lines"]}
        declared.append(lines["engine"])
    assert declared[0] == 0
    assert 0 < declared[1] <= 2560
    assert delays[1] - delays[0] == declared[1]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_with_a_report(start, patchbay, style, how):
    live = start("--style", style, *DEVICES, "--bypass")
    live.wait_until_playing()
    assert live.finish(how) == 0
    assert live.said[0].startswith("system: 48000 Hz, 2 channels")
    assert any("delay" in line and "ms" in line for line in live.said)


def test_seconds_end_it_by_itself(start, server, style):
    live = start("--style", style, *DEVICES, "--bypass", "--seconds", 1, "--json")
    assert live.finish(None, timeout=60) == 0
    report = live.report()
    assert report["ended"] == "time is up"
    assert 1.0 <= report["seconds"] < 1.1


def test_a_stall_of_a_second_is_reported_and_the_delay_is_nominal_again_within_200_ms(start, patchbay):
    live = start(script=STALLING)
    live.wait_until_playing()
    patchbay.connect()
    audio = noise(4.0)
    heard = patchbay.exchange(audio, after=RATE)
    assert live.finish(signal.SIGINT) == 0
    report = live.report()
    stalled = report["stalled_seconds"]
    assert stalled >= 1.0
    assert report["stalls"] >= 1
    assert report["late"] >= RATE // PERIOD
    assert report["lost_frames"] >= 0.9 * RATE
    delay = report["latency"]["samples"] + CLIENT_LOOP
    expected = np.zeros_like(heard)
    expected[delay : delay + len(audio)] = audio
    wrong = np.flatnonzero((heard != expected).any(axis=1))
    assert 0.9 * RATE < wrong[-1] - wrong[0] < (stalled + 0.2) * RATE


def test_an_unknown_device_is_answered_with_the_candidates(start, server, style):
    live = start("--style", style, "-i", "no such thing", "--bypass")
    assert live.finish(None, timeout=60) == 3
    assert "'no such thing'" in live.said[-1]
    assert "system" in live.said[-1]


def test_devices_lists_the_server(server, stylefx_command):
    done = stylefx_command("devices", env=server.environment)
    assert done.returncode == 0
    assert "system, JACK Audio Connection Kit: 2 in, 2 out, 48000 Hz" in done.stdout


@pytest.mark.parametrize("fault", [signal.SIGTERM, signal.SIGSTOP])
def test_a_device_that_disappears_or_hangs_ends_it_with_a_sentence(style, fault):
    require_jack()
    with JackServer(PERIOD) as doomed:
        live = Live(doomed, ["--style", style, *DEVICES, "--bypass"])
        try:
            live.wait_until_playing()
            doomed.signal(fault)
            assert live.finish(None, timeout=30) == 3
        finally:
            live.kill()
    assert any("system has stopped bringing audio" in line for line in live.said), live.said
    assert not any("Traceback" in line for line in live.said)
