"""After a foreign sound, or a sample that is no sound, the engine is soon itself again."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import melody, rms_db

from benchmarks.artefacts.recovery import errors_db, recovery_db
from stylefx import StyleTransfer
from stylefx.analysis.level import SlowPower

RATE = 44_100
PITCHES = (57, 61, 64, 69, 66, 62)
PARTIALS = (1.0, 0.6, 0.4, 0.3, 0.2, 0.1)


@pytest.fixture(scope="module")
def effect(dull_style) -> StyleTransfer:
    return StyleTransfer(dull_style, device="cpu")


def octaves_db(audio: np.ndarray) -> np.ndarray:
    """Levels of the octaves from 100 Hz to 6.4 kHz."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE)
    return 10 * np.log10([power[(hz >= low) & (hz < 2 * low)].sum() for low in 100 * 2.0 ** np.arange(6)])


@pytest.mark.parametrize("value", [1e18, -3e38, 1e300, np.nan, np.inf, 999.0])
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


def test_foreign_sounds_leave_the_level_alone(effect):
    """Divided as mean energies over 4 s, it was 5 to 16 dB too loud for as many seconds.

    The aim after a second is 1 dB (`LIMITS` of the figure); drums of 0.8 s leave 1.4 in this style.
    """
    music = melody(PITCHES, 4.6, PARTIALS)
    errors = errors_db(lambda audio: effect(audio, RATE), music, RATE)
    worst = np.abs(list(errors.values())).max(axis=0)
    assert (worst < (2.0, 1.5)).all(), errors


def test_the_figure_sees_a_gain_that_lags():
    """A gain that follows in three seconds reads wrong, one that does not move reads nothing."""
    music = melody(PITCHES, 4.6, PARTIALS)
    assert recovery_db(lambda audio: audio, music, RATE) <= 0

    def lagging(audio):
        level = np.sqrt(np.convolve(audio**2, np.ones(3 * RATE) / (3 * RATE))[: len(audio)] + 1e-9)
        return audio / level

    assert recovery_db(lagging, music, RATE) > 5


def test_a_click_leaves_no_peak():
    powers = np.r_[np.full(50, 1.0), np.full(9, 1e4), np.full(20, 1.0)]
    follower = SlowPower(1, 8.0, 0.0058)
    followed = np.array([follower.follow(np.array([power]))[0] for power in powers])
    assert followed[55] == 1e4
    assert followed[60] < 1.5
    # What lasts is no click.
    follower.reset()
    lasting = [
        follower.follow(np.array([power]))[0] for power in np.r_[np.full(50, 1.0), np.full(30, 1e4), 1.0]
    ]
    assert lasting[-1] > 9e3
