"""`stylefx live` through a real full-duplex stream: a JACK dummy server, at the real clock, exact to the sample."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import soundfile

from tests.support.jack_server import (
    CHANNELS,
    LIVE,
    RATE,
    JackServer,
    Live,
    Patchbay,
    delay_between,
    require_jack,
)

pytestmark = pytest.mark.slow

PERIOD = 1024
# From a client to a program and back again takes JACK one period more than through the program alone.
CLIENT_LOOP = PERIOD
STALLING = ("-m", "tests.support.live_stalling")
# ``None`` in ``sys.modules`` makes an import fail.
WITHOUT_RTMIXER = (
    "-c",
    "import sys; sys.modules['rtmixer'] = None; "
    "from stylefx.cli.main import main; sys.exit(main(['live', *sys.argv[1:]]))",
)
DEVICES = ["-i", "system", "-o", "system"]

# No sample is like another, and the channels differ.
LONG_NOISE = np.random.default_rng(5).uniform(-0.5, 0.5, (4 * RATE, CHANNELS)).astype(np.float32)
NOISE = LONG_NOISE[: 2 * RATE]
ATTEMPTS = 3

T = TypeVar("T")
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

    def begin(*arguments: object, program: Sequence[str] = LIVE) -> Live:
        programs.append(Live(server, arguments, program))
        return programs[-1]

    yield begin
    for program in programs:
        program.kill()


def undisturbed(session: Callable[[], tuple[dict[str, Any], T]]) -> tuple[dict[str, Any], T]:
    """The first session in which the machine did not hold up the program; which says so, or the test fails.

    Virtual machines are put aside for tens of milliseconds now and then, real-time priority or not. A program
    that is late without need is late every time.
    """
    for _ in range(ATTEMPTS):
        report, result = session()
        if report["stalls"] == 0:
            return report, result
    raise AssertionError(f"late in {ATTEMPTS} of {ATTEMPTS} sessions: {report}")


def exact_delay(heard: np.ndarray, audio: np.ndarray) -> int:
    """The delay, after checking that every sample came back as it was, and nothing else."""
    delay = delay_between(audio, heard)
    wrong = wrong_frames(heard, audio, delay)
    assert len(wrong) == 0, f"{len(wrong)} of {len(heard)} frames differ, from {wrong[:1]} to {wrong[-1:]}"
    return delay


def wrong_frames(heard: np.ndarray, audio: np.ndarray, delay: int) -> np.ndarray:
    """Where ``heard`` is not ``audio``, ``delay`` frames later, between silence."""
    expected = np.zeros_like(heard)
    expected[delay : delay + len(audio)] = audio
    return np.flatnonzero((heard != expected).any(axis=1))


@pytest.fixture(scope="module")
def style(trumpet_style_path: Path) -> Path:
    """What the command line needs."""
    return trumpet_style_path


@pytest.fixture
def play_noise(start, patchbay, style) -> Callable[..., tuple[dict[str, Any], np.ndarray]]:
    """Play ``NOISE`` through ``stylefx live`` with some options: its report, and what came back."""

    def session(*options: object, program: Sequence[str] = LIVE) -> tuple[dict[str, Any], np.ndarray]:
        live = start("--style", style, *DEVICES, *options, "--json", program=program)
        live.wait_until_playing()
        patchbay.connect()
        heard = patchbay.exchange(NOISE, after=RATE // 2)
        assert live.finish(signal.SIGINT) == 0
        report = live.report()
        assert report["ended"] == "stopped"
        assert (report["late"] > 0) == (report["stalls"] > 0)
        return report, heard

    return session


@pytest.mark.parametrize("blocksize", [["--blocksize", 1024], ["--blocksize", 256], []])
def test_bypass_comes_back_bit_exact_with_the_declared_delay(play_noise, blocksize):
    report, heard = undisturbed(partial(play_noise, "--bypass", *blocksize))
    lines = {line["name"]: line["samples"] for line in report["latency"]["lines"]}
    assert lines["engine"] == 0
    # Who names a block gets no more delay than the server's period needs, others a period in which a hitch fits.
    assert lines["block"] + lines["worker"] == (PERIOD if blocksize else 2 * PERIOD)
    assert exact_delay(heard, NOISE) == report["latency"]["samples"] + CLIENT_LOOP


@pytest.mark.parametrize(("rate", "period"), [(44_100, 256), (96_000, 2048)])
def test_a_server_of_another_rate_plays_as_exactly(style, rate, period):
    require_jack()

    def session() -> tuple[dict[str, Any], np.ndarray]:
        with JackServer(period, rate) as server:
            live, client = Live(server, ["--style", style, *DEVICES, "--bypass", "--json"]), Patchbay(server)
            try:
                live.wait_until_playing()
                client.connect()
                heard = client.exchange(NOISE, after=RATE // 2)
                assert live.finish(signal.SIGINT) == 0
            finally:
                live.kill()
                client.close()
        return live.report(), heard

    report, heard = undisturbed(session)
    assert report["sample_rate"] == rate
    assert report["latency"]["samples"] >= 0.020 * rate, "time for the work, unless a block is asked for"
    assert exact_delay(heard, NOISE) == report["latency"]["samples"] + period


def test_without_rtmixer_a_python_callback_does_the_same(play_noise):
    report, heard = undisturbed(
        partial(play_noise, "--bypass", "--blocksize", 2 * PERIOD, program=WITHOUT_RTMIXER)
    )
    assert exact_delay(heard, NOISE) == report["latency"]["samples"] + CLIENT_LOOP


def test_the_engine_adds_exactly_the_latency_that_it_declares(play_noise):
    delays, declared = [], []
    dry = ["--mix", 0, "--iterations", 0]
    for how in (["--bypass"], dry, [*dry, "--latency", "low"]):
        report, heard = undisturbed(partial(play_noise, "--blocksize", 4 * PERIOD, *how))
        delays.append(exact_delay(heard, NOISE))
        declared += [line["samples"] for line in report["latency"]["lines"] if line["name"] == "engine"]
    assert declared == [0, 2048, 1280]
    assert [delay - delays[0] for delay in delays] == declared


def test_the_delay_that_is_measured_through_the_devices_is_the_declared_one(start, patchbay, style):
    live = start("--style", style, *DEVICES, "--measure", "--latency", "lowest", "--iterations", 0, "--json")
    live.wait_until_playing()
    patchbay.connect_to_itself()
    assert live.finish(None, timeout=60) == 0
    report = live.report()
    assert len(report["found"]) >= 3
    assert report["difference"] == CLIENT_LOOP


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


@pytest.mark.parametrize(("ring_seconds", "what"), [(8.0, "engine"), (8.0, "all"), (0.5, "all")])
def test_a_stall_of_a_second_is_reported_and_the_delay_is_nominal_again_within_200_ms(
    start, patchbay, ring_seconds, what
):
    """Where the engine hangs the dry sound plays on; where all of Python does, nothing can."""

    def session() -> tuple[dict[str, Any], np.ndarray]:
        live = start(ring_seconds, what, program=STALLING)
        live.wait_until_playing()
        patchbay.connect()
        heard = patchbay.exchange(LONG_NOISE, after=RATE)
        assert live.finish(signal.SIGINT) == 0
        report = live.report()
        assert report["stalls"] >= 1, "the stall is not in the report"
        return {**report, "stalls": report["stalls"] - 1}, heard

    report, heard = undisturbed(session)
    stalled, delay = report["stalled_seconds"], report["latency"]["samples"] + CLIENT_LOOP
    assert stalled >= 1.0
    wrong = wrong_frames(heard, -LONG_NOISE, delay)
    assert 0.9 * RATE < wrong[-1] - wrong[0] < (stalled + 0.2) * RATE
    if what == "engine":
        wrong = np.intersect1d(wrong, wrong_frames(heard, LONG_NOISE, delay))
        assert report["lost_frames"] == 0
        assert len(wrong) <= 0.020 * RATE, "the gap is not dry but for two fades"
    elif ring_seconds < 1:
        assert report["xruns"]["input_overflows"] >= 1
    else:
        assert report["late"] >= RATE // PERIOD
        assert report["lost_frames"] >= 0.9 * RATE


def test_an_unknown_device_is_answered_with_the_candidates(start, server, style):
    live = start("--style", style, "-i", "no such thing", "--bypass")
    assert live.finish(None, timeout=60) == 3
    assert "'no such thing'" in live.said[-1]
    assert "system" in live.said[-1]


def test_a_scale_of_a_style_is_played_to_its_end(server, stylefx_command, trumpet_style_path, tmp_path):
    written = stylefx_command("info", trumpet_style_path, "--play", tmp_path / "scale.wav")
    assert written.returncode == 0
    begun = time.monotonic()
    played = stylefx_command("info", trumpet_style_path, "--play", env=server.environment)
    assert (played.returncode, played.stdout) == (0, ""), played.stderr
    assert time.monotonic() - begun > soundfile.info(tmp_path / "scale.wav").duration


def test_info_without_a_loudspeaker_says_so(stylefx_command, trumpet_style_path):
    environment = os.environ | {"JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "nowhere"}
    run = stylefx_command("info", trumpet_style_path, "--play", env=environment)
    assert run.returncode in (0, 3)  # 0 where the machine has a sound card
    assert run.returncode == 0 or "no audio" in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


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
