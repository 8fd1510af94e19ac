"""`stylefx live --capture`: what is played for some seconds is learned meanwhile, and is what one then sounds like."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from benchmarks.timing.longrun import Probe
from stylefx.engine.transfer import StyleTransfer
from stylefx.live.capture.capture import BEFORE_SECONDS, Capture
from stylefx.live.capture.fitter import Fitter
from stylefx.live.concealment import FADE_SECONDS
from stylefx.live.monitor.latency import Latency
from stylefx.live.monitor.meters import Meters
from stylefx.live.observer import Playing
from stylefx.live.quality import QualityGovernor
from stylefx.style.style import Style
from tests.support.jack_server import CHANNELS, RATE, JackServer, Live, Patchbay, require_jack, scheduling

pytestmark = pytest.mark.slow

BLOCK, PERIOD = 256, 1024
ATTEMPTS = 3
SECONDS = 2.0
FIT_SECONDS = 120.0


def at_rate(path: Path, seconds: float) -> np.ndarray:
    """The beginning of a clip at 48 kHz in stereo, float32 (frames, 2)."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(audio[:, 0], rate, RATE)[: round(seconds * RATE)]
    return np.repeat(mono[:, None], CHANNELS, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def fitter() -> Iterator[Fitter]:
    """One process for all, ready to learn."""
    with Fitter() as process:
        process.stand_in = process.rehearse()  # type: ignore[attr-defined]
        yield process


class Session:
    """A capture without a sound card: what is played is written to the tape, and the main thread looks at once."""

    def __init__(self, fitter: Fitter, save: Path | None = None):
        self.said: list[str] = []
        self.engine = StyleTransfer(fitter.stand_in)  # type: ignore[attr-defined]
        self.engine.prepare(RATE, CHANNELS, BLOCK)
        self.engine.controls.change(bypass=True)
        self.capture = Capture(SECONDS, fitter, self.said.append, placeholder=True, save=save)
        frames = round(self.capture.ring_seconds * RATE)
        self.meters = Meters(RATE, BLOCK, CHANNELS, frames)
        nothing = Latency(RATE, ())
        self.capture.begin(
            Playing(
                "tape", RATE, CHANNELS, BLOCK, nothing, self.engine, self.meters, QualityGovernor(self.engine)
            )
        )

    def play(self, audio: np.ndarray) -> None:
        """Block by block, with a look after every tenth."""
        for number, start in enumerate(range(0, len(audio), BLOCK)):
            block = audio[start : start + BLOCK]
            self.meters.count_sound(block, block)
            if number % 10 == 0:
                self.capture.poll()
        self.capture.poll()

    def wait_for(self, words: str) -> None:
        """Look until it has said so."""
        give_up = time.monotonic() + FIT_SECONDS
        while not any(words in line for line in self.said):
            assert time.monotonic() < give_up, self.said
            self.capture.poll()
            time.sleep(0.02)


def silence(seconds: float) -> np.ndarray:
    return np.zeros((round(seconds * RATE), CHANNELS), np.float32)


def test_it_waits_for_sound_and_says_so_once(fitter):
    session = Session(fitter)
    hiss = np.random.default_rng(0).normal(0, 1e-3, (RATE, CHANNELS)).astype(np.float32)
    session.play(np.concatenate([silence(3 * SECONDS), hiss]))
    assert session.said == ["capture: waiting for sound: play"]
    assert session.capture.status == "waiting for sound"


def test_too_little_sound_is_not_learned(fitter, trumpet):
    session = Session(fitter)
    session.play(np.concatenate([at_rate(trumpet, 0.3), silence(SECONDS)]))
    assert "s of sound in 2 s, listening again: play on" in session.said[-1]
    assert session.capture.status == "waiting for sound"
    assert session.engine.settings.bypass


def test_what_was_played_is_learned_refined_and_saved_and_so_is_the_next_instrument(
    fitter, trumpet, guitar, tmp_path
):
    session = Session(fitter, save=tmp_path / "now.npz")
    played = np.concatenate([silence(1), at_rate(trumpet, 3)])
    session.play(played)
    assert session.engine.settings.bypass
    session.wait_for("playing in the sound")
    assert not session.engine.settings.bypass
    assert session.engine.bank.names[0].startswith("captured at ")
    (source,) = session.engine.bank.styles[0].meta["sources"]
    first = np.flatnonzero(np.abs(played).max(axis=1) > 0.0056)[0] - round(BEFORE_SECONDS * RATE)
    heard = played[first : first + round(source["seconds"] * RATE)]
    assert source["seconds"] == pytest.approx(SECONDS, abs=0.01)
    assert source["sha256"] == hashlib.sha256(heard.tobytes()).hexdigest()

    session.wait_for("refined")
    session.wait_for("(normal)")
    saved = Style.load(tmp_path / "now.npz")
    assert saved.meta["quality"] == "normal"
    assert np.array_equal(saved.arrays["gram"], session.engine.bank.styles[0].arrays["gram"])

    (tmp_path / "now-2.npz").write_bytes(b"something else")
    session.capture.start()
    session.play(at_rate(guitar, 3))
    session.wait_for("now-2.npz exists")
    assert session.engine.settings.style == len(session.engine.bank) == 2
    assert (tmp_path / "now-2.npz").read_bytes() == b"something else"


def test_a_fitter_that_dies_is_a_sentence_and_the_sound_goes_on(fitter, trumpet):
    """The last one that uses it."""
    session = Session(fitter)
    fitter._process.kill()
    session.play(at_rate(trumpet, 3))
    session.wait_for("has ended")
    assert session.engine.settings.bypass


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--style STYLE.npz, or --capture 10"),
        (["--style", "s.npz", "--capture-save", "x.npz"], 2, "add --capture 10"),
        (["--capture", "0.2"], 2, "from 1 to 30"),
        (["--capture", "10", "--bypass"], 2, "choose one"),
        (["--capture", "10", "--capture-save", "x.wav"], 2, "does not end in .npz"),
        (["--capture", "10", "--capture-save", "none/x.npz"], 1, "does not exist"),
    ],
)
def test_what_cannot_be_captured_is_said_at_once(stylefx_command, tmp_path, arguments, code, words):
    done = stylefx_command("live", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert words in done.stderr


def test_a_file_that_ends_soon_still_leaves_its_style(stylefx_command, trumpet, tmp_path):
    take = np.concatenate([silence(0.5), at_rate(trumpet, 2)])
    soundfile.write(tmp_path / "take.wav", take, RATE, subtype="FLOAT")
    files = ["--input", "take.wav", "--output", "heard.wav", "--speed", "fast"]
    done = stylefx_command(
        "live", *files, "--capture", 1, "--capture-save", "now.npz", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["captured"][0].startswith("captured at ")
    (source,) = Style.load(tmp_path / "now.npz").meta["sources"]
    assert source["seconds"] == pytest.approx(1, abs=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["heard.wav", "now.npz", "take.wav"]


def timbre(audio: np.ndarray) -> np.ndarray:
    """Long-term spectrum in thirds of an octave from 300 Hz to 10 kHz, in dB: most notes are below."""
    frames = np.lib.stride_tricks.sliding_window_view(audio[:, 0], 4096)[::1024] * np.hanning(4096)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)
    edges = np.round(4096 / RATE * 300 * 2 ** (np.arange(16) / 3)).astype(int)
    bands_db = 10 * np.log10(np.add.reduceat(power, edges)[:-1] / np.diff(edges) + 1e-12)
    return np.maximum(bands_db - bands_db.max(), -60)


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    """The sound card."""
    require_jack()
    with JackServer(PERIOD) as running:
        yield running


@contextmanager
def watched() -> Iterator[list[float]]:
    """The seconds for which an idle core of this machine stood still meanwhile, where it lets one look."""
    hitches: list[float] = []
    if "--realtime" not in scheduling():
        yield hitches
        return
    began = time.monotonic()
    probes = [Probe(core) for core in sorted(os.sched_getaffinity(0))]
    try:
        yield hitches
    finally:
        found = [probe.finish(began, time.monotonic()) for probe in probes]
        hitches += [length for core in found for _, length in core if length > PERIOD / 2 / RATE]


def played_through(
    server: JackServer, clip: np.ndarray, song: np.ndarray
) -> tuple[dict, np.ndarray, np.ndarray]:
    """Capture from ``clip``, then play ``song``: the report, and what came back of each, in time with it."""
    live = Live(server, ["--capture", 3, "-i", "system", "-o", "system", "--blocksize", PERIOD, "--json"])
    patchbay = Patchbay(server)
    try:
        live.wait_until_playing()
        patchbay.connect()
        before = patchbay.exchange(clip, after=RATE // 2)
        live.wait_for("playing in the sound", FIT_SECONDS)
        after = patchbay.exchange(song, after=RATE // 2)
        assert live.finish(signal.SIGINT) == 0
    finally:
        patchbay.close()
        live.kill()
    report = live.report()
    delay = report["latency"]["samples"] + PERIOD
    return report, before[delay:], after[delay:]


def test_through_a_real_stream_one_plays_on_in_the_sound_that_was_heard(server, trumpet, guitar):
    clip, song = at_rate(trumpet, 4), at_rate(guitar, 7)
    for _ in range(ATTEMPTS):
        with watched() as hitches:
            report, before, after = played_through(server, clip, song)
        if report["lost_frames"] == 0:
            break
        assert hitches, f"{report['lost_frames']} frames were lost, and the machine never stood still"
    assert len(report["captured"]) == 1
    # As it came, while there is no style; where an answer was late there is a fade to the dry sound and one back.
    differs = (before[:RATE] != clip[:RATE]).any(axis=1)
    assert differs.sum() <= report["late"] * 2 * FADE_SECONDS * RATE
    assert np.abs(after[: len(song)]).max() > 0.1
    aim, start, end = timbre(clip), timbre(song), timbre(after)
    assert np.std(end - aim) < 0.6 * np.std(start - aim)
