"""The phase stage as the engine uses it: content comes back, magnitudes are kept, figures of merit hold."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from benchmarks.phase_methods.stage import METHODS, Phase
from stylefx.analysis.grid import grid_for
from stylefx.analysis.window import GAUSS_GAMMA
from stylefx.errors import UsageError
from stylefx.published.griffin_lim import griffin_lim, pghi
from tests.support.phase_streams import (
    NOMINAL,
    SMALL,
    blend,
    clip,
    convergence,
    convergence_of_samples,
    difference_db,
    prepared,
    samples_of,
    stft,
    stream,
    synthetic,
)


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    return stft(clip("singing_male"))


@pytest.fixture(scope="module")
def trumpet() -> np.ndarray:
    return stft(clip("trumpet_solo"))


@pytest.mark.parametrize("iterations", [0, 4])
@pytest.mark.parametrize("method", ["mixed", "borrowed"])
def test_the_content_comes_back_when_its_magnitudes_are_asked_for(voice, method, iterations):
    frames = stream(prepared(method, iterations), np.abs(voice), voice)
    assert difference_db(frames, voice) < -110


@pytest.mark.parametrize("sample_rate", [8_000, 32_000, 96_000])
def test_the_content_comes_back_at_other_rates(sample_rate):
    grid = grid_for(sample_rate)
    content = stft(synthetic("chirp", grid, 0.5), grid)
    frames = stream(prepared("mixed", 4, grid), np.abs(content), content, grid)
    assert difference_db(frames, content) < -110


@pytest.mark.parametrize("iterations", [0, 1, 3])
@pytest.mark.parametrize("method", METHODS)
def test_magnitudes_come_out_two_hops_later(method, iterations):
    phase = prepared(method, iterations, SMALL)
    assert phase.latency_samples == 2 * SMALL.hop
    content = stft(synthetic("chirp", SMALL, 0.4), SMALL)
    targets = blend(np.abs(content), np.abs(content[::-1]), 0.5)
    out = [phase.process(*pair).copy() for pair in zip(targets, content)]
    np.testing.assert_allclose(np.abs(out[2:]), targets[:-2], rtol=1e-4, atol=1e-6)
    assert not np.any(out[:2])


@pytest.mark.slow
# Measured: -56, -58, -52, -54 and -23 dB integrated, -63, -67, -63, -65 and -34 refined.
@pytest.mark.parametrize(
    ("name", "integrated_db", "refined_db"),
    [
        ("tone", -53, -59),
        ("chirp", -54, -61),
        ("three tones", -48, -57),
        ("impulses", -49, -60),
        ("noise", -21, -31),
    ],
)
def test_phase_from_magnitudes_alone(name, integrated_db, refined_db):
    content = stft(synthetic(name, NOMINAL, 1.0))
    targets = np.abs(content)
    for iterations, limit_db in ((0, integrated_db), (4, refined_db)):
        frames = stream(prepared("rtpghi", iterations), targets, content)
        assert convergence(targets, frames, edge=30) < limit_db


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "limit_db"), [("singing_male", -43), ("guitar_solo", -38), ("trumpet_solo", -41)]
)
def test_recordings_from_magnitudes_alone(name, limit_db):
    content = stft(clip(name))
    targets = np.abs(content)
    reached = [convergence(targets, stream(prepared("rtpghi", n), targets, content)) for n in (0, 1, 4)]
    assert reached[2] < limit_db
    assert reached[2] < reached[1] < reached[0] - 1
    assert reached[0] < -31


@pytest.mark.slow
def test_two_hops_of_the_future_come_near_what_hundred_passes_over_everything_reach(voice, trumpet):
    frames = min(len(voice), len(trumpet))
    content = voice[:frames]
    targets = blend(np.abs(content), np.abs(trumpet[:frames]), 0.5)
    ours = convergence(targets, stream(prepared("mixed", 4), targets, content))
    window = np.pad(np.exp(-np.pi * (np.arange(2048) - 1024) ** 2 / (GAUSS_GAMMA * 2048**2)), 1024)
    random_start = griffin_lim(targets.T, 4096, 256, window, 32, 0)
    start = pghi(targets.T, 4096, 256, GAUSS_GAMMA * 2048**2)
    floor = griffin_lim(targets.T, 4096, 256, window, 50, 0, 0.99, start)
    assert ours < convergence_of_samples(targets, random_start) - 0.5
    assert ours < convergence_of_samples(targets, floor) + 2.0


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_leaning_on_the_content_costs_nothing_where_it_is_no_help(voice, trumpet, share):
    frames = min(len(voice), len(trumpet))
    content = trumpet[:frames]
    targets = blend(np.abs(content), np.abs(voice[:frames]), share)
    mixed, alone, borrowed = (
        convergence(targets, stream(prepared(method, 4), targets, content)) for method in METHODS
    )
    assert mixed < alone + 2.0
    assert mixed < borrowed - 1.0


def test_leaning_on_the_content_helps_under_a_slow_equaliser(trumpet):
    hz = np.arange(NOMINAL.bins) * NOMINAL.bin_hz
    targets = np.abs(trumpet) * 10 ** (6 * np.sin(2 * np.pi * hz / 8000) / 20)
    mixed, alone, _ = (
        convergence(targets, stream(prepared(method, 4), targets, trumpet)) for method in METHODS
    )
    assert mixed < alone - 3.0


def test_the_content_is_back_soon_after_the_style_is_turned_off(voice, trumpet):
    targets = np.abs(voice)
    targets[:100] = np.abs(trumpet[:100])
    out = stream(prepared("mixed", 4), targets, voice)
    assert difference_db(out[80:100], voice[80:100]) > -10
    assert difference_db(out[200:240], voice[200:240]) < -50


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_a_frame_that_is_no_number_is_a_frame_of_silence(voice, value):
    spoilt, targets = voice.copy(), np.abs(voice)
    spoilt[100], targets[100] = value, value
    out = stream(prepared("mixed", 4), targets, spoilt)
    assert np.all(np.isfinite(out))
    assert not np.any(out[100])
    assert difference_db(out[:95], voice[:95]) < -90
    assert difference_db(out[200:240], voice[200:240]) < -60


@pytest.mark.parametrize("method", METHODS)
def test_silence_onset_silence(method):
    phase = prepared(method, 4, SMALL)
    content = stft(synthetic("three tones", SMALL, 0.2), SMALL)
    nothing = np.zeros((40, SMALL.bins), np.complex64)
    contents = np.concatenate((nothing, content, nothing))
    out = stream(phase, np.abs(contents), contents, SMALL)
    assert np.all(np.isfinite(out))
    assert not np.any(out[:40])
    assert not np.any(out[-40:])
    assert np.linalg.norm(out) == pytest.approx(np.linalg.norm(content), rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_reset_is_as_new(method):
    content = stft(synthetic("noise", SMALL, 0.2), SMALL)
    targets = blend(np.abs(content), np.abs(content[::-1]), 0.5)
    new = stream(prepared(method, 2, SMALL), targets, content, SMALL)
    used = prepared(method, 2, SMALL)
    stream(used, targets[::-1], content, SMALL)
    used.reset()
    np.testing.assert_array_equal(stream(used, targets, content, SMALL), new)


def test_two_streams_in_two_threads_do_not_meet():
    signals = [stft(synthetic(name, SMALL, 1.0), SMALL) for name in ("chirp", "noise")]
    targets = [blend(np.abs(a), np.abs(b), 0.5) for a, b in (signals, signals[::-1])]
    alone = [stream(prepared("rtpghi", 4, SMALL), t, c, SMALL) for t, c in zip(targets, signals)]
    together: list[np.ndarray | None] = [None, None]

    def work(k):
        together[k] = stream(prepared("rtpghi", 4, SMALL), targets[k], signals[k], SMALL)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(together, alone):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_twenty_thousand_frames_of_a_tone_do_not_wear_it_out():
    # A whole number of cycles in seven hops: seven frames are all there is.
    period = np.sin(2 * np.pi * 5 * np.arange(7 * SMALL.hop) / (7 * SMALL.hop) + 0.3)
    cycle = stft(np.tile(period, 30), SMALL)[70:77]
    frames = np.resize(np.arange(7), 20_000)
    phase = prepared("rtpghi", 4, SMALL)
    magnitudes = np.abs(cycle)
    out = np.array([phase.process(magnitudes[k], cycle[k]).copy() for k in frames])
    # It wanders between -52 and -69 dB with the random phases of the quiet bins, early and late alike.
    for start in (702, 1402, 17_502, 18_202, 18_902, 19_602):
        assert convergence(magnitudes[frames[:300]], out[start : start + 300], SMALL) < -50


def test_the_first_samples_out_never_change():
    """The overlap-add inside the stage and the one outside are the same signal, so what is played was refined."""
    phase = prepared("rtpghi", 4, SMALL)
    content = stft(synthetic("three tones", SMALL, 0.5), SMALL)
    targets = np.abs(content)
    out = np.array([phase.process(*pair).copy() for pair in zip(targets, content)])
    outside = samples_of(out[2:], SMALL)
    inside = phase._refinement.signal
    # The inner signal starts with the frame that came out last; its first hop has no later frame to wait for.
    start = (len(out) - 3) * SMALL.hop - SMALL.window_length // 2
    np.testing.assert_allclose(
        inside[: SMALL.hop], outside[start : start + SMALL.hop], atol=1e-5 * np.abs(outside).max()
    )


@pytest.mark.parametrize(("method", "iterations", "word"), [("pghi", 4, "mixed"), ("mixed", -1, "0 or more")])
def test_wrong_settings_say_what_is_right(method, iterations, word):
    with pytest.raises(UsageError, match=word):
        Phase(method, iterations)
