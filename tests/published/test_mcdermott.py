"""Auditory texture statistics against numpy, the filters against the paper, and what descending them does."""

import numpy as np
import pytest
import scipy.signal
import soundfile
import soxr
import torch

from stylefx import fit
from stylefx.published.grinstein import GrinsteinMcDermott
from stylefx.published.mcdermott import CORRELATED, McDermott, distance, padded, statistics
from stylefx.published.nets import cochlea
from tests.support.sounds import melody

RATE = cochlea.SAMPLE_RATE
SOUND = padded(melody((60, 64, 67), 1.5, (1.0, 0.7, 0.5, 0.4, 0.3), RATE))


@pytest.fixture(scope="module")
def net():
    net = cochlea.Net(torch.device("cpu"))
    net.prepare(len(SOUND))
    return net


@pytest.fixture(scope="module")
def style():
    return fit(SOUND, RATE, method="mcdermott")


def envelopes_by_numpy(sound):
    """Hilbert envelopes at full rate, compressed, then 400 Hz by scipy's resampling."""
    gains = cochlea.cochlear_filters(np.fft.rfftfreq(len(sound), 1 / RATE))
    bands = np.fft.irfft(np.fft.rfft(sound) * gains, len(sound))
    envelopes = np.abs(scipy.signal.hilbert(bands, axis=1))
    floor = 1e-6 * (envelopes**2).mean(axis=1, keepdims=True) + 1e-12
    return scipy.signal.resample((envelopes**2 + floor) ** 0.15, len(sound) // 50, axis=1)


def test_filters_are_as_published():
    centres = cochlea.cochlear_centres_hz()
    assert len(centres) == 30
    assert centres[[0, -1]] == pytest.approx([52, 8844])
    assert np.allclose(np.diff(cochlea.erb_rate(centres)), np.diff(cochlea.erb_rate(centres))[0])
    hz = np.linspace(100, 8000, 500)
    assert np.allclose((cochlea.cochlear_filters(hz) ** 2).sum(axis=0), 1)  # neighbours share the power
    modulations = cochlea.modulation_centres_hz()
    assert len(modulations) == 20
    assert modulations[[0, -1]] == pytest.approx([0.5, 200])
    assert cochlea.octave_centres_hz() == pytest.approx([3.125, 6.25, 12.5, 25, 50, 100])
    gain = cochlea.modulation_filters(hz := np.linspace(0, 200, 20_001), np.array([20.0]), 2.0)[0]
    passed = hz[gain >= 0.5**0.5 - 1e-9]
    assert passed[-1] - passed[0] == pytest.approx(20 / 2, abs=0.05)  # constant Q


def test_envelopes_are_the_hilbert_envelopes(net):
    found, expected = net.envelopes(torch.from_numpy(SOUND)).numpy(), envelopes_by_numpy(SOUND)
    assert found.shape == (30, len(SOUND) // 50)
    active = expected.mean(axis=1) > 0.01
    assert active.sum() > 20
    error = np.abs(found - expected)[active].mean(axis=1) / expected[active].mean(axis=1)
    assert error.max() < 0.02  # what compression adds beyond 1 kHz


def test_statistics_are_those_of_numpy(net):
    envelopes = net.envelopes(torch.from_numpy(SOUND)).double().numpy()
    found = {name: values.numpy() for name, values in statistics(net, torch.from_numpy(SOUND)).items()}
    deviation = envelopes.std(axis=1)
    unit = (envelopes - envelopes.mean(axis=1, keepdims=True)) / deviation[:, None]
    expected = np.stack(
        [
            envelopes.mean(axis=1),
            deviation / envelopes.mean(axis=1),
            (unit**3).mean(axis=1),
            (unit**4).mean(axis=1),
        ],
        1,
    )
    assert np.allclose(found["marginals"], expected, rtol=1e-3, atol=1e-3)
    correlations = np.corrcoef(envelopes)
    pairs = np.concatenate([np.diag(correlations, distance) for distance in CORRELATED])
    assert np.allclose(found["correlations"], pairs, atol=1e-3)
    assert found["modulation_power"].shape == (30, 20)
    assert found["c1"].shape == (6, 29 + 28)
    assert found["c2"].shape == (30, 5, 2)
    assert np.abs(found["c2"]).max() <= 1.001


def test_a_modulated_tone_shows_in_its_modulation_band_and_in_c1(net):
    time = np.arange(len(SOUND)) / RATE
    rate = cochlea.modulation_centres_hz()[12]
    tone = (1 + 0.8 * np.sin(2 * np.pi * rate * time)) * np.sin(2 * np.pi * 1000 * time)
    found = statistics(net, torch.from_numpy(padded(0.1 * tone)))
    band = int(np.abs(cochlea.cochlear_centres_hz() - 1000).argmin())
    assert int(found["modulation_power"][band].argmax()) == 12
    # Neighbouring cochlear bands hear the same modulation.
    assert float(found["c1"].reshape(6, -1)[2, band]) > 0.9


def test_its_gradient_is_that_of_its_loss(style):
    method = McDermott(style, 1, "cpu")
    objective = method.objective(len(SOUND))
    sound = torch.from_numpy(method.start(SOUND)).float()
    _, slope = objective(sound)
    direction = slope / slope.norm()
    step = 1e-3 * float(sound.norm())
    ahead, behind = (float(objective(sound + side * step * direction)[0]) for side in (1, -1))
    assert (ahead - behind) / (2 * step) == pytest.approx(float(slope.norm()), rel=0.1)


@pytest.mark.slow
def test_noise_and_content_take_on_the_statistics_of_a_recording(trumpet, guitar):
    """Each class to 10 dB of the clip's in sixty steps; one begins with noise, the other with the content."""
    clip, content = (soundfile.read(path, dtype="float32")[0][:66_150] for path in (trumpet, guitar))
    style = fit(clip, 44_100, method="mcdermott")
    heard = padded(soxr.resample(content, 44_100, RATE))
    for cls in (McDermott, GrinsteinMcDermott):
        method = cls(style, 60, "cpu")
        assert np.array_equal(method.start(heard), heard) is (cls is GrinsteinMcDermott)
        played = method.transform(content, 44_100)
        assert played.shape == content.shape
        found = statistics(method._net, torch.from_numpy(padded(soxr.resample(played, 44_100, RATE))))
        for name, wanted in method.targets.items():
            parts = 4 if name == "marginals" else 1  # four moments
            assert float(distance(found[name], wanted, name)) < 0.1 * parts, name


def test_what_lies_above_its_filters_stays_the_contents():
    time = np.arange(66_150) / 44_100
    content = (0.1 * np.sin(2 * np.pi * 500 * time) + 0.1 * np.sin(2 * np.pi * 15_000 * time)).astype(
        np.float32
    )
    method = GrinsteinMcDermott(fit(SOUND, RATE, method="grinstein-mcdermott"), 0, "cpu")
    spectrum, before = (np.abs(np.fft.rfft(audio)) for audio in (method.transform(content, 44_100), content))
    hz = np.fft.rfftfreq(len(content), 1 / 44_100)
    assert spectrum[hz > 14_000].max() == pytest.approx(before[hz > 14_000].max(), rel=0.03)
