"""The offline references: known phases give the signal back, iterations and momentum help, PGHI starts well."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.analysis.window import GAUSS_GAMMA, gauss_window
from stylefx.published.griffin_lim import griffin_lim, pghi, spectrogram
from tests.support.phase_streams import (
    NOMINAL,
    clip,
    convergence_of_samples,
    prepared,
    samples_of,
    stft,
    stream,
)

N_FFT, HOP = 1024, 128
WINDOW = np.hanning(N_FFT + 1)[:-1]
GAMMA = GAUSS_GAMMA * NOMINAL.window_length**2


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return clip("trumpet_solo", 1.0)[: 300 * HOP]


def distance_db(samples, magnitude):
    found = np.abs(spectrogram(samples, N_FFT, HOP, WINDOW))
    return 20 * np.log10(np.linalg.norm(found - magnitude) / np.linalg.norm(magnitude))


def test_true_phases_give_the_signal_back(samples):
    spectrum = spectrogram(samples, N_FFT, HOP, WINDOW)
    for iterations in (0, 3):
        back = griffin_lim(
            np.abs(spectrum), N_FFT, HOP, WINDOW, iterations, 0, initial_phase=np.angle(spectrum)
        )
        assert back.shape == (300 * HOP,)
        assert back.dtype == np.float32
        # The last hop is only covered by windows that end there.
        assert np.abs(back - samples)[:-HOP].max() < 1e-5


def test_iterations_and_momentum_each_help(samples):
    magnitude = np.abs(spectrogram(samples, N_FFT, HOP, WINDOW))
    few, many = (distance_db(griffin_lim(magnitude, N_FFT, HOP, WINDOW, n, 0), magnitude) for n in (5, 40))
    fast = distance_db(griffin_lim(magnitude, N_FFT, HOP, WINDOW, 40, 0, momentum=0.99), magnitude)
    assert many < few - 4
    assert fast < many - 3
    assert fast < -22


def test_the_seed_decides(samples):
    magnitude = np.abs(spectrogram(samples, N_FFT, HOP, WINDOW))[:, :60]
    one, same, other = (griffin_lim(magnitude, N_FFT, HOP, WINDOW, 2, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", ["singing_male", "guitar_solo"])
def test_pghi_beats_a_hundred_griffin_lims_and_the_stream_is_no_worse_for_seeing_less(name):
    content = stft(clip(name, 1.0))
    targets = np.abs(content)
    window = np.pad(gauss_window(NOMINAL.window_length), 1024)
    start = pghi(targets.T, NOMINAL.n_fft, NOMINAL.hop, GAMMA)
    integrated = griffin_lim(targets.T, NOMINAL.n_fft, NOMINAL.hop, window, 0, 0, initial_phase=start)
    whole = convergence_of_samples(targets, integrated)
    streamed = convergence_of_samples(targets, samples_of(stream(prepared("rtpghi", 0), targets, content)))
    refined = convergence_of_samples(targets, samples_of(stream(prepared("rtpghi", 4), targets, content)))
    assert whole < -33
    assert whole < streamed + 1.0
    assert refined < whole - 1.0


def test_pghi_of_silence_is_finite():
    phase = pghi(np.zeros((257, 10)), 512, 64, GAUSS_GAMMA * 512**2)
    assert phase.shape == (257, 10)
    assert np.all(np.isfinite(phase))
