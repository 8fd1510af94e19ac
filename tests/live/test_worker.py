"""The worker's promises, on the fast clock of the files backend: every run is the same."""

from __future__ import annotations

import threading
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stylefx.errors import StylefxError
from stylefx.live.io.files import FastClock, FileDuplex
from stylefx.live.io.simulate import Faults
from stylefx.live.monitor.report import Report
from stylefx.live.session import Bypass, play
from stylefx.live.worker import Engine
from tests.support.live_engines import Delay, Slow

RATE = 48_000
LATENCY = 2560
SECONDS = 4


def sine(frames: int = SECONDS * RATE, channels: int = 2) -> np.ndarray:
    """A quiet low tone: no sample is far from its neighbour, so a click shows."""
    phase = 2 * np.pi * 110 / RATE * np.arange(frames)[:, None] + np.arange(channels)
    fade = np.minimum(np.arange(frames) / RATE, 1)[:, None]
    return (0.5 * fade * np.sin(phase)).astype(np.float32)


def noise(frames: int = SECONDS * RATE, channels: int = 2) -> np.ndarray:
    """No sample is like another, so a shift shows."""
    return np.random.default_rng(1).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def played(
    folder: Path, engine: Engine, clock: FastClock, audio: np.ndarray, block: int = 1024
) -> tuple[np.ndarray, Report]:
    """What a loudspeaker would have played, and the report."""
    soundfile.write(folder / "in.wav", audio, RATE, subtype="FLOAT")
    duplex = FileDuplex(folder / "in.wav", folder / "out.wav", block, clock, overwrite=True)
    report = play(engine, duplex, threading.Event(), lambda text: None)
    return soundfile.read(folder / "out.wav", dtype="float32", always_2d=True)[0], report


def shifted(audio: np.ndarray, delay: int) -> np.ndarray:
    """The audio ``delay`` frames later, nothing cut off."""
    return np.concatenate([np.zeros((delay, audio.shape[1]), np.float32), audio])


@pytest.mark.slow
@pytest.mark.parametrize("block", [64, 256, 300, 1024, 5000])
@pytest.mark.parametrize("frames", [1, 255, 1024, 48_000])
def test_in_time_it_is_the_engines_output_with_the_declared_delay(tmp_path, block, frames):
    audio = noise(frames)
    out, report = played(tmp_path, Delay(LATENCY), FastClock(), audio, block)
    assert np.array_equal(out, shifted(audio, report.latency.samples))
    assert report.latency.samples == LATENCY + max(block, -(-256 // block) * block)
    assert (report.meters.late, report.meters.lost_frames, report.ended) == (0, 0, "end of input")


@pytest.mark.slow
def test_bypass_has_the_workers_delay_alone(tmp_path):
    audio = noise(10_000)
    out, report = played(tmp_path, Bypass(), FastClock(), audio)
    assert np.array_equal(out, shifted(audio, 1024))
    assert report.latency.samples == 1024


@pytest.mark.slow
@pytest.mark.parametrize("load", [0, 0.6])
@pytest.mark.parametrize("block", [256, 1024])
def test_when_all_hangs_for_a_second_the_nominal_delay_is_back_within_200_ms(tmp_path, block, load):
    clock, audio = FastClock(), noise()
    always = round(load * block)
    engine = Slow(clock, [(RATE, RATE)], always, halting=True, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio, block)
    expected = shifted(audio, report.latency.samples)
    assert len(out) == len(expected)
    assert report.meters.stalls == 1
    assert report.meters.late >= RATE // block
    assert RATE - block < report.meters.lost_frames < RATE + 3 * block
    assert np.array_equal(out[:RATE], -expected[:RATE])
    back = 2 * RATE + RATE // 5
    assert np.array_equal(out[back:], -expected[back:])


@pytest.mark.slow
@pytest.mark.parametrize("load", [0, 0.6])
@pytest.mark.parametrize("block", [64, 256, 1024])
def test_while_the_engine_hangs_the_dry_sound_plays_in_its_place(tmp_path, block, load):
    clock, audio = FastClock(), noise()
    always = round(load * block)
    engine = Slow(clock, [(RATE, RATE)], always, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio, block)
    expected = shifted(audio, report.latency.samples)
    assert report.meters.lost_frames == 0
    assert report.meters.stalls == 1
    assert report.meters.late >= RATE // block
    sounding = (expected != 0).all(axis=1)
    dry = np.flatnonzero((out == expected).all(axis=1) & sounding)
    wet = np.flatnonzero((out == -expected).all(axis=1) & sounding)
    fade = round(0.010 * RATE)
    assert len(dry) == dry[-1] - dry[0] + 1  # one piece
    assert len(dry) > RATE - fade
    assert wet[wet > dry[-1]][0] - dry[-1] <= fade + 1
    assert len(wet) + len(dry) >= sounding.sum() - 2 * fade - block
    back = 2 * RATE + RATE // 5
    assert np.array_equal(out[back:], -expected[back:])


@pytest.mark.slow
def test_the_gap_of_a_long_halt_ends_with_the_dry_signal_in_place(tmp_path):
    clock, audio = FastClock(), noise()
    engine = Slow(clock, [(RATE, RATE)], halting=True, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio)
    expected = shifted(audio, report.latency.samples)
    dry = np.flatnonzero((out == expected).all(axis=1) & (expected != 0).all(axis=1))
    wet = np.flatnonzero((out == -expected).all(axis=1) & (expected != 0).all(axis=1))
    assert 0 < len(dry) <= LATENCY + 2 * 1024
    assert len(dry) == dry[-1] - dry[0] + 1  # one piece
    assert wet[wet > dry[-1]][0] - dry[-1] <= 0.010 * RATE + 1  # joined by a fade of 10 ms
    assert len(wet) > len(expected) - 1.3 * RATE


@pytest.mark.slow
@pytest.mark.parametrize("halting", [False, True])
def test_a_short_stall_leaves_nothing_out_and_is_over_at_once(tmp_path, halting):
    clock, audio = FastClock(), noise()
    engine = Slow(clock, [(RATE, 2000)], 100, halting, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio)
    if halting:
        assert 0 < report.meters.lost_frames <= 2 * 1024
    else:
        assert report.meters.lost_frames == 0
    assert (report.meters.drops, engine.resets) == (0, 2)
    back = RATE + 2000 + 4 * 1024
    assert np.array_equal(out[back:], -shifted(audio, report.latency.samples)[back:])


@pytest.mark.slow
@pytest.mark.parametrize("stall", [1500, 4000, RATE])
@pytest.mark.parametrize("load", [0.1, 0.7, 0.9])
@pytest.mark.parametrize("halting", [False, True])
def test_whatever_is_heard_is_wet_or_dry_at_its_own_time_or_a_short_fade(tmp_path, stall, load, halting):
    clock, audio = FastClock(), noise()
    always = round(load * 1024)
    engine = Slow(clock, [(RATE, stall)], always, halting, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio)
    expected = shifted(audio, report.latency.samples)
    known = (out == 0) | (out == expected) | (out == -expected)
    fades = np.flatnonzero(~known.all(axis=1))
    assert len(fades) <= 3 * 480
    assert np.array_equal(out[3 * RATE :], -expected[3 * RATE :])


@pytest.mark.slow
@pytest.mark.parametrize("stall", [1200, 6000, RATE])
@pytest.mark.parametrize("halting", [False, True])
def test_covering_never_clicks(tmp_path, stall, halting):
    clock, audio = FastClock(), sine()
    stalls = [(RATE, stall), (2 * RATE, stall)]
    engine = Slow(clock, stalls, 200, halting, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio)
    assert report.meters.stalls >= 1
    steps = np.abs(np.diff(out, axis=0)).max(axis=1)
    allowed = 0.5 / 480 * 2 + np.abs(np.diff(audio, axis=0)).max()
    # The start of a silence cannot be foreseen: that is the one step that stays, when all hangs.
    assert halting or report.meters.lost_frames == 0
    cut = [k for k in np.flatnonzero(steps > allowed) if np.any(out[k + 1])]
    assert cut == []


@pytest.mark.slow
def test_an_engine_that_is_always_too_slow_plays_dry_without_a_gap(tmp_path):
    clock, audio = FastClock(), noise()
    engine = Slow(clock, [], always=1300, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio)
    expected = shifted(audio, report.latency.samples)
    assert report.meters.lost_frames <= 2 * 1024
    same = (out == expected).all(axis=1)[2 * RATE // 10 :]
    assert same.mean() > 0.95


class Counted(Delay):
    """An engine with a quality, that remembers with how many iterations it worked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.iterations = 4
        self.done: list[int] = []

    def process(self, block: np.ndarray) -> np.ndarray:
        if self.resets > 1:  # after the warm-up
            self.done.append(self.iterations)
        return super().process(block)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "lowest"), [(1.1, 2), (1.8, 0)])
def test_overload_costs_iterations_until_the_engine_keeps_up_and_they_come_back(tmp_path, load, lowest):
    """Another program takes the machine from the second to the sixth second: dry sound, then fewer iterations."""
    audio, engine = noise(45 * RATE, 1), Counted(LATENCY, -1.0)
    soundfile.write(tmp_path / "in.wav", audio, RATE, subtype="FLOAT")
    busy = Faults(load=load, load_from=2.0, load_to=6.0)
    duplex = FileDuplex(tmp_path / "in.wav", tmp_path / "out.wav", 1024, FastClock(), faults=busy)
    report = play(engine, duplex, threading.Event(), lambda text: None)
    out = soundfile.read(tmp_path / "out.wav", dtype="float32", always_2d=True)[0]
    expected = shifted(audio, report.latency.samples)
    assert [k for k, _ in groupby(engine.done)] == {2: [4, 2, 4], 0: [4, 2, 1, 0, 1, 2, 4]}[lowest]
    assert (report.iterations, report.lowest_iterations) == (4, lowest)
    assert report.meters.lost_frames == 0
    wet = (out == -expected)[:, 0]
    assert wet[: 2 * RATE].all()
    assert wet[4 * RATE : 6 * RATE].all(), "with so few iterations it keeps up"
    assert wet[6 * RATE :].all()
    assert not wet[2 * RATE : 4 * RATE].all()


@pytest.mark.slow
@pytest.mark.parametrize("work", [1300, 3000])
def test_after_a_second_of_too_much_work_the_wet_sound_comes_back(tmp_path, work):
    clock, audio = FastClock(), noise()
    too_much = [(RATE + k * 1024, work) for k in range(RATE // work)]
    engine = Slow(clock, too_much, latency_samples=LATENCY, gain=-1)
    out, report = played(tmp_path, engine, clock, audio)
    assert report.meters.drops > 0
    back = 3 * RATE
    assert np.array_equal(out[back:], -shifted(audio, report.latency.samples)[back:])


class Sick(Delay):
    """One NaN, once, like an optimiser that has run away."""

    def process(self, block: np.ndarray) -> np.ndarray:
        wet = super().process(block)
        if self.resets == 2:  # prepared and warmed up
            wet[:, 0] = np.nan
        return wet


@pytest.mark.slow
def test_a_wet_signal_that_is_no_number_is_counted_covered_and_cured_by_a_reset(tmp_path):
    audio = noise()
    out, report = played(tmp_path, Sick(LATENCY), FastClock(), audio)
    assert report.meters.bad_output > 0
    assert np.isfinite(out).all()
    assert np.array_equal(out[RATE:], shifted(audio, report.latency.samples)[RATE:])


class Broken(FileDuplex):
    """A source with infinities and NaN, which a file reader would refuse."""

    def read(self) -> tuple[int, np.ndarray] | None:
        taken = super().read()
        if taken is not None and taken[0] == 10 * self.block:
            taken[1][7, 0], taken[1][8, 1] = np.nan, -np.inf
        return taken


def test_input_that_is_no_number_becomes_silence(tmp_path):
    audio = noise()
    soundfile.write(tmp_path / "in.wav", audio, RATE, subtype="FLOAT")
    duplex = Broken(tmp_path / "in.wav", tmp_path / "out.wav", 1024, FastClock())
    report = play(Delay(LATENCY), duplex, threading.Event(), lambda text: None)
    audio[10 * 1024 + 7, 0] = audio[10 * 1024 + 8, 1] = 0
    out = soundfile.read(tmp_path / "out.wav", dtype="float32")[0]
    assert report.meters.bad_input == 2
    assert np.array_equal(out, shifted(audio, report.latency.samples))


class Failing(Delay):
    """A fault in the engine."""

    def process(self, block: np.ndarray) -> np.ndarray:
        if self.resets == 2:
            raise ZeroDivisionError("a fault")
        return super().process(block)


def test_a_fault_in_the_engine_ends_the_session_and_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError, match="a fault"):
        played(tmp_path, Failing(LATENCY), FastClock(), noise(10_000))
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


@pytest.mark.slow
def test_an_engine_that_nobody_can_play_to_is_refused(tmp_path):
    with pytest.raises(StylefxError, match=r"answers after 1\.0 s"):
        played(tmp_path, Delay(RATE), FastClock(), noise(10_000))
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_stopping_keeps_what_was_played(tmp_path):
    clock, audio, stop = FastClock(), noise(), threading.Event()

    class Stopping(Delay):
        def process(self, block: np.ndarray) -> np.ndarray:
            if clock.frames() >= RATE:
                stop.set()
            return super().process(block)

    soundfile.write(tmp_path / "in.wav", audio, RATE, subtype="FLOAT")
    duplex = FileDuplex(tmp_path / "in.wav", tmp_path / "out.wav", 1024, clock)
    report = play(Stopping(LATENCY), duplex, stop, lambda text: None)
    out = soundfile.read(tmp_path / "out.wav", dtype="float32")[0]
    assert report.ended == "stopped"
    assert RATE <= len(out) <= RATE + 3 * 1024
    assert np.array_equal(out, shifted(audio, report.latency.samples)[: len(out)])
