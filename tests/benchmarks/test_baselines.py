"""The benchmark's rivals where their answer is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("librosa")

from benchmarks.metrics import paired as metrics
from benchmarks.systems.baselines import copies, musaicing, spectral, ulyanov_cifka

RATE = 22_050
ROWS = [
    copies.copy_content,
    copies.copy_style,
    spectral.eq_match,
    spectral.cepstral_envelope,
    musaicing.musaicing,
    ulyanov_cifka.ulyanov_cifka,
]


def melody(pitches, partials, seconds=2.0) -> np.ndarray:
    """Tones of equal length with the given partial amplitudes, float32."""
    time_s = np.arange(int(seconds / len(pitches) * RATE)) / RATE
    notes = []
    for pitch in pitches:
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        tone = sum(a * np.sin(2 * np.pi * (k + 1) * hertz * time_s) for k, a in enumerate(partials))
        notes.append(tone * np.exp(-3 * time_s))
    return (0.2 * np.concatenate(notes)).astype(np.float32)


@pytest.fixture(scope="module")
def content() -> np.ndarray:
    return melody([60, 64, 67, 72], [1, 0.8, 0.7, 0.6, 0.5])


@pytest.fixture(scope="module")
def style() -> np.ndarray:
    return melody([55, 57, 59, 60], [1, 0.1])


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_rows_answer_with_as_many_finite_samples_and_the_same_every_time(row, content, style):
    first, second = (row(content, style, RATE) for _ in range(2))
    assert first.shape == content.shape
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, second)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_rows_survive_silence_in_the_content(row, style):
    silent = np.zeros(RATE, np.float32)
    assert np.isfinite(row(silent, style, RATE)).all()


@pytest.mark.parametrize("row", [spectral.eq_match, spectral.cepstral_envelope])
def test_nothing_to_change_changes_little(row, content):
    # A clip's own spectrum is the goal already.
    assert metrics.mel_distance(row(content, content, RATE), content) < 2.5


@pytest.mark.parametrize("row", [spectral.eq_match, spectral.cepstral_envelope])
def test_no_strength_is_no_change(row, content, style):
    assert np.abs(row(content, style, RATE, strength=0.0) - content).max() < 1e-3


def test_musaicing_finds_the_frames_that_made_the_target():
    rng = np.random.default_rng(0)
    templates = rng.random((200, 30)) ** 8
    order = np.arange(5, 25)
    found = musaicing.activate(templates[:, order], templates, repetition=3, polyphony=3, continuity=3)
    assert np.mean(found.argmax(axis=0) == order) > 0.8


def test_musaicing_uses_at_most_the_allowed_voices():
    rng = np.random.default_rng(1)
    templates, target = rng.random((100, 40)), rng.random((100, 25))
    found = musaicing.activate(templates @ rng.random((40, 25)) + target, templates, 3, 2, 0)
    assert ((found > 1e-9 * found.max()).sum(axis=0) <= 2).all()


def test_tuned_optimisation_without_style_gives_the_content_back(content, style):
    kept = ulyanov_cifka.ulyanov_cifka(content, style, RATE, style_weight=0.0)
    low = metrics.mel_distance(*(metrics.at_rate(audio, RATE, 11_025) for audio in (kept, content)))
    assert low < 4
    assert metrics.onset_correlation(kept, content) > 0.9


@pytest.mark.slow
def test_tuned_optimisation_with_all_style_forgets_the_content(content, style):
    forgot = ulyanov_cifka.ulyanov_cifka(content, style, RATE, style_weight=1e4)
    kept = ulyanov_cifka.ulyanov_cifka(content, style, RATE)
    assert metrics.mel_distance(forgot, content) > 2 * metrics.mel_distance(kept, content)
