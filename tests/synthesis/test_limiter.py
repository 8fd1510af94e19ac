"""The limiter: nothing below full scale is touched, what would go over is turned down instead of bent."""

import numpy as np
import pytest

from stylefx import StyleTransfer
from stylefx.analysis.grid import grid_for
from stylefx.synthesis.limiter import Limiter
from stylefx.synthesis.mix import KNEE
from tests.support.sounds import in_chunks, rms_db, tone

RATE = 44_100
GRID = grid_for(RATE)


@pytest.fixture(scope="module")
def effect(bright_style):
    return StyleTransfer(bright_style, strength=0.0, device="cpu")


def distortion_db(audio, hz):
    """Everything but the partial at ``hz`` of a steady tone, under that partial."""
    spectrum = np.abs(np.fft.rfft(audio * np.blackman(len(audio)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(audio), 1 / RATE) - hz) < 20
    return float(10 * np.log10(spectrum[~near].sum() / spectrum[near].sum()))


@pytest.mark.slow
@pytest.mark.parametrize("gain_out_db", [-12.0, 0.0, 6.0])
def test_what_is_too_loud_is_turned_down_and_not_clipped(effect, gain_out_db):
    content = 10 ** (-gain_out_db / 20) * 2.5 * tone(440, 1.0, partials=(1.0,)) / 0.3
    effect.controls.change(gain_out_db=gain_out_db)
    played = effect(content, RATE)
    effect.controls.change(gain_out_db=0.0)
    assert 0.9 < np.abs(played).max() <= 1
    assert distortion_db(played[10_000:40_000], 440) < -50
    # The same by clipping, so that the figure is known to see it.
    assert distortion_db(np.clip(content[10_000:40_000], -1, 1), 440) > -25


def test_what_fits_is_not_touched(effect, guitar_audio):
    audio = guitar_audio * (0.97 / np.abs(guitar_audio).max())
    assert rms_db(effect(audio, RATE) - audio) < rms_db(audio) - 100
    assert KNEE > 0.97


def test_the_level_comes_back_after_a_peak(effect):
    quiet = tone(330, 2.0)
    audio = quiet.copy()
    audio[20_000:22_000] += 2 * tone(990, 2_000 / RATE) / 0.3
    played = effect(audio, RATE)
    assert np.abs(played).max() <= 1
    assert rms_db((played - quiet)[:15_000]) < rms_db(quiet) - 60
    assert rms_db((played - quiet)[70_000:]) < rms_db(quiet) - 60


@pytest.mark.slow
@pytest.mark.parametrize("gains", [{"gain_in_db": 24.0}, {"gain_out_db": 24.0}, {}], ids=str)
@pytest.mark.parametrize("mix", [0.0, 0.3, 0.5, 1.0])
def test_nothing_over_full_scale_leaves(effect, guitar_audio, gains, mix):
    """At a mix of 0.5 and +24 dB in and out a peak of -6 dBFS came out at +33."""
    peak = 2.0 if not gains else 0.5
    loud = guitar_audio[:30_000] * (peak / np.abs(guitar_audio[:30_000]).max())
    effect.controls.change(mix=mix, **gains)
    played = effect(loud, RATE)
    back = np.abs(played).max()
    effect.controls.change(gain_in_db=0.0, gain_out_db=0.0, mix=1.0)
    if mix == 0 and not gains:
        assert np.array_equal(played, loud)
    else:
        assert 0.5 < back <= 1


def test_channels_are_turned_down_alike_in_any_chunks(effect, guitar_audio):
    loud = 4 * guitar_audio[:30_000] / np.abs(guitar_audio).max()
    audio = np.concatenate([loud, 0.1 * loud], axis=1)
    effect.prepare(RATE, 2, len(audio))
    whole = effect.process(audio)
    effect.reset()
    assert np.array_equal(in_chunks(effect, audio, [701]), whole)
    sounding = np.abs(whole[:, 0]) < 0.9 * KNEE
    assert rms_db((whole[:, 1] - 0.1 * whole[:, 0])[sounding]) < rms_db(whole[:, 1]) - 50


@pytest.mark.parametrize("place", [60, 150, 250])
def test_a_peak_that_nothing_announces_is_turned_down_in_time(place):
    """A note's attack: 6 dB over, from one sample on."""
    limiter = Limiter()
    limiter.prepare(GRID)
    hop = np.full((GRID.hop, 1), 0.5, np.float32)
    hop[place:] = 2.0
    limited = limiter.process(hop, np.zeros((1, 1), np.float32), 1.0)
    assert np.abs(limited).max() <= 1.0
    assert np.abs(np.diff(limited[:place, 0])).max() < 0.02
