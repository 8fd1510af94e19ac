"""The noise under the content: empty bins that a target raises sound like noise, not like a pulse in every frame."""

import numpy as np
import pytest
import scipy.signal

from stylefx.spectral.noise_floor import NoiseFloor
from tests.support.phase_streams import NOMINAL, prepared, samples_of, stft, stream
from tests.support.sounds import tone

RATE, HOP = 44_100, NOMINAL.hop
UPPER = np.arange(NOMINAL.bins) * NOMINAL.bin_hz > 8_000


def ready(channels: int = 1) -> NoiseFloor:
    noise_floor = NoiseFloor()
    noise_floor.prepare(NOMINAL, channels)
    return noise_floor


def hop_rate_db(audio):
    """How much louder the upper octave is at the loudest place in a hop than at the quietest."""
    band = scipy.signal.butter(4, (10_000, 18_000), "band", fs=RATE, output="sos")
    high = scipy.signal.sosfiltfilt(band, audio)[8_192:-8_192]
    places = (high[: len(high) // HOP * HOP] ** 2).reshape(-1, 16, HOP // 16).mean(axis=(0, 2))
    return float(10 * np.log10(places.max() / places.min()))


@pytest.mark.parametrize(("with_noise", "least", "most"), [(True, 0.0, 1.0), (False, 3.0, 99.0)])
def test_raised_bins_do_not_buzz_at_the_hop_rate(with_noise, least, most):
    contents, noise_floor = stft(tone(300, 2.0)), ready()
    targets, carriers = [], []
    for content in contents:
        # What a decoder says that fills the upper octaves.
        target = np.where(UPPER, np.float32(1), np.abs(content))
        raised = noise_floor.process(content[None], float(with_noise))[0]
        targets.append(
            noise_floor.textured(target, np.abs(content), np.abs(raised)) if with_noise else target
        )
        carriers.append(raised)
    played = samples_of(stream(prepared(), np.array(targets), np.array(carriers)))
    assert least <= hop_rate_db(played) <= most


def test_without_strength_there_is_no_noise():
    content = stft(tone(300, 0.2))[10:11]
    assert np.array_equal(ready().process(content, 0.0), content)


def test_silence_stays_silence():
    nothing, noise_floor = np.zeros((1, NOMINAL.bins), np.complex64), ready()
    assert not noise_floor.process(nothing, 1.0).any()
    noise_floor.process(stft(tone(300, 0.2))[10:11], 1.0)
    assert not noise_floor.process(nothing, 1.0).any()


@pytest.mark.parametrize("right", [1.0, 0.25, -1.0, 0.0])
def test_the_noise_stands_where_the_sound_stands(right):
    noise_floor, left = ready(2), stft(tone(300, 0.2))[10]
    stereo = np.stack([left, right * left])
    for _ in range(3):
        noise = noise_floor.process(stereo, 1.0) - stereo
    np.testing.assert_allclose(noise[1], right * noise[0], atol=1e-4 * np.abs(noise[0]).max())
    assert np.abs(noise[0]).max() < 10 ** (-65 / 20) * np.linalg.norm(left)
