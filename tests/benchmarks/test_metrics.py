"""The benchmark's metrics on known answers: identity, gain, a semitone, white noise, the true target."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("librosa")

from benchmarks.cases.cases import Case
from benchmarks.metrics import notes as note_model
from benchmarks.metrics import paired as metrics
from benchmarks.metrics import real as real_metrics

RATE = 44_100
SECONDS = 4.0
SEMITONE = 2 ** (1 / 12)
TUNE = [(0.1, 0.9, 60), (1.0, 1.9, 64), (2.0, 2.9, 67), (3.0, 3.9, 72)]

needs_model = pytest.mark.skipif(
    not (pytest.importorskip("importlib.util").find_spec("basic_pitch")),
    reason="basic-pitch is not installed",
)


def tones(notes, partials, decay_s=0.6, shift=1.0) -> np.ndarray:
    """A plucked tone with the given partial amplitudes at every note, float32 at 44.1 kHz."""
    audio = np.zeros(int(SECONDS * RATE))
    for on_s, off_s, pitch in notes:
        time_s = np.arange(int((off_s - on_s) * RATE)) / RATE
        hertz = 440 * 2 ** ((pitch - 69) / 12) * shift
        wave = sum(a * np.sin(2 * np.pi * (k + 1) * hertz * time_s) for k, a in enumerate(partials))
        first = int(on_s * RATE)
        audio[first : first + len(time_s)] += wave * np.exp(-time_s / decay_s) * np.minimum(1, time_s / 0.005)
    return (0.2 * audio).astype(np.float32)


@pytest.fixture(scope="module")
def case() -> Case:
    other = [(on, off, pitch - 5) for on, off, pitch in TUNE]
    return Case(
        name="rich -> plain",
        content=tones(TUNE, [1, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]),
        style=tones(other, [1, 0.1], decay_s=0.2),
        target=tones(TUNE, [1, 0.1], decay_s=0.2),
        sample_rate=RATE,
        notes=TUNE,
    )


@pytest.mark.slow
@needs_model
def test_target_reads_one_and_content_reads_zero(case):
    best = metrics.paired_metrics(case.target, case)
    worst = metrics.paired_metrics(case.content, case)
    assert best["mel"] < 1e-3
    assert best["lsd"] < 1e-3
    assert best["timbre"] < 1e-5
    assert best["onset"] > 0.999
    assert best["mel_closed"] == pytest.approx(1, abs=1e-3)
    assert best["timbre_closed"] == pytest.approx(1, abs=1e-3)
    assert best["pitch_kept"] == pytest.approx(1)
    assert worst["mel_closed"] == pytest.approx(0)
    assert worst["timbre_closed"] == pytest.approx(0)
    assert worst["mel"] > 2


@needs_model
def test_a_gain_changes_nothing(case):
    plain, louder = (metrics.paired_metrics(g * case.content, case) for g in (1.0, 3.0))
    for name in ("mel", "lsd", "timbre", "onset", "copy"):
        assert louder[name] == pytest.approx(plain[name], rel=0.02, abs=0.01), name


@needs_model
def test_a_semitone_up_loses_the_pitch_and_keeps_the_timbre(case):
    moved = metrics.paired_metrics(tones(TUNE, [1, 0.1], decay_s=0.2, shift=SEMITONE), case)
    assert moved["pitch_kept"] < 0.2
    assert moved["timbre_closed"] > 0.8
    assert moved["onset"] > 0.9


@needs_model
def test_white_noise_keeps_nothing(case):
    noise = np.random.default_rng(0).standard_normal(len(case.content)).astype(np.float32) * 0.1
    read = metrics.paired_metrics(noise, case)
    assert read["mel_closed"] < 0
    assert read["timbre_closed"] < 0.5
    assert read["pitch_kept"] < 0.2
    assert abs(read["onset"]) < 0.3
    assert read["copy"] < 0.2


@needs_model
def test_the_style_clip_itself_is_found_out(case):
    assert metrics.paired_metrics(case.style, case)["copy"] > 0.99


@needs_model
def test_shorter_outputs_are_compared_over_their_own_length(case):
    half = metrics.raw_metrics(case.target[: len(case.target) // 2], case)
    assert half["mel"] < 0.2


@needs_model
def test_silence_has_numbers_too(case):
    read = metrics.paired_metrics(np.zeros_like(case.content), case)
    assert all(np.isfinite(value) for value in read.values())
    assert read["pitch"] == 0
    assert read["copy"] == 0


@needs_model
def test_notes_are_heard_where_they_are(case):
    roll = note_model.piano_roll(TUNE, len(note_model.sounding(case_audio(case))))
    heard = note_model.sounding(case_audio(case))
    middle = [round((on + 0.2) * note_model.SAMPLE_RATE / note_model.HOP) for on, _, _ in TUNE]
    for frame, (_, _, pitch) in zip(middle, TUNE):
        assert heard[frame, pitch - note_model.LOWEST_KEY]
        assert roll[frame].sum() == 1


@needs_model
def test_long_audio_is_framed_like_short_audio(case):
    audio = case_audio(case)
    whole = note_model.note_activity(np.concatenate([audio, audio]))
    first = note_model.note_activity(audio)
    agree = np.abs(whole[100:250] - first[100:250]).max()
    assert agree < 0.05


@pytest.mark.slow
@needs_model
def test_real_metrics_of_content_and_style(case):
    real = Case("pair", case.content, case.style, None, RATE)
    same, styled = (real_metrics.real_metrics(audio, real) for audio in (case.content, case.style))
    assert same["style_closed"] == pytest.approx(0, abs=1e-6)
    assert same["pitch_jaccard"] == pytest.approx(1)
    assert same["loudness"] == pytest.approx(1)
    assert styled["style_closed"] == pytest.approx(1, abs=1e-2)
    assert styled["pitch_jaccard"] < 0.2


@pytest.mark.slow
@needs_model
def test_real_metrics_of_a_gain_a_semitone_and_white_noise(case):
    real = Case("pair", case.content, case.style, None, RATE)
    partials = [1, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    noise = np.random.default_rng(0).standard_normal(len(case.content)).astype(np.float32) * 0.1
    louder, moved, hiss = (
        real_metrics.real_metrics(audio, real)
        for audio in (3 * case.content, tones(TUNE, partials, shift=SEMITONE), noise)
    )
    assert louder["style_closed"] == pytest.approx(0, abs=0.02)
    assert louder["pitch_jaccard"] > 0.9
    assert louder["loudness"] == pytest.approx(1)
    assert moved["pitch_jaccard"] < 0.2
    assert abs(moved["style_closed"]) < 0.5
    assert moved["loudness"] > 0.95
    assert hiss["pitch_jaccard"] < 0.1
    assert hiss["style_closed"] < 0.2
    assert abs(hiss["loudness"]) < 0.3


def test_mel_forgives_twelve_decibels_of_spectrum_wide_gain_only():
    rng = np.random.default_rng(1)
    audio = rng.standard_normal(RATE).astype(np.float32)
    assert metrics.mel_distance(audio, audio * 0.01) < 1e-3
    spike = audio.copy()
    spike[RATE // 2] = 4000  # its own maximum now stands far above the rest
    assert metrics.mel_distance(spike, audio) > 5


def case_audio(case) -> np.ndarray:
    return metrics.at_rate(case.target, RATE, metrics.SAMPLE_RATE)
