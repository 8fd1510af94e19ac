"""After a foreign sound, or a sample that is no sound, the engine is soon itself again."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.artefacts.recovery import errors_db, recovery_db
from stylefx import StyleTransfer
from tests.support.sounds import melody, rms_db

RATE = 44_100
PITCHES = (57, 61, 64, 69, 66, 62)
PARTIALS = (1.0, 0.6, 0.4, 0.3, 0.2, 0.1)


@pytest.fixture(scope="module")
def effect(dull_style) -> StyleTransfer:
    """What a foreign sound teaches, it teaches the filter."""
    return StyleTransfer(dull_style, device="cpu", notes=False)


def octaves_db(audio: np.ndarray) -> np.ndarray:
    """Levels of the octaves from 100 Hz to 6.4 kHz."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE)
    return 10 * np.log10([power[(hz >= low) & (hz < 2 * low)].sum() for low in 100 * 2.0 ** np.arange(6)])


@pytest.mark.slow
@pytest.mark.parametrize("value", [1e18, -3e38, 1e300, np.nan, np.inf])
def test_an_absurd_sample_is_over_after_the_latency_and_a_tenth(effect, value):
    content = melody(PITCHES[:3], 1.2, PARTIALS).astype(np.float64)
    clean = effect(content, RATE)
    place = RATE // 4
    content[place] = value
    played = effect(content, RATE)
    assert np.isfinite(played).all()
    assert np.abs(played).max() <= 1
    after = slice(place + effect.latency_samples + RATE // 10, None)
    assert abs(rms_db(played[after]) - rms_db(clean[after])) < 0.5
    found, wanted = octaves_db(played[after]), octaves_db(clean[after])
    assert np.abs(found - wanted)[wanted > wanted.max() - 25].max() < 2


@pytest.mark.slow
def test_what_follows_a_foreign_sound_is_as_loud_as_without_it(effect):
    """Within 2 dB half a second after it, and within 1 dB after a second."""
    music = melody(2 * PITCHES, 9.2, PARTIALS)
    found = errors_db(lambda audio: effect(audio, RATE), music, RATE)
    assert max(abs(soon) for soon, _ in found.values()) < 2, found
    assert max(abs(late) for _, late in found.values()) < 1, found


@pytest.mark.slow
def test_the_figure_sees_a_gain_that_lags():
    """A gain that follows in three seconds reads wrong, one that does not move reads nothing."""
    music = melody(PITCHES, 4.6, PARTIALS)
    assert recovery_db(lambda audio: audio, music, RATE) <= 0

    def lagging(audio):
        level = np.sqrt(np.convolve(audio**2, np.ones(3 * RATE) / (3 * RATE))[: len(audio)] + 1e-9)
        return audio / level

    assert recovery_db(lagging, music, RATE) > 5
