"""Analysis and overlap-add without change give the signal back; axis, ramp and limiter do what they say."""

import numpy as np
import pytest

from stylefx.analysis.axis import Reader, Writer, axis_hz
from stylefx.analysis.frames import Analysis, reference_spectrum
from stylefx.analysis.grid import PROFILES, grid_for
from stylefx.errors import StylefxError
from stylefx.ramp import Ramp
from stylefx.synthesis.mix import KNEE, limit
from stylefx.synthesis.overlap_add import OverlapAdd
from tests.support.sounds import rms_db

RATES = [4_000, 8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]


@pytest.mark.parametrize("latency", PROFILES)
@pytest.mark.parametrize("rate", RATES)
def test_analysis_then_overlap_add_is_the_identity(rate, latency):
    grid = grid_for(rate, latency)
    analysis, overlap_add = Analysis(), OverlapAdd()
    analysis.prepare(grid, 2)
    overlap_add.prepare(grid, 2)
    audio = np.random.default_rng(rate).normal(0, 0.2, (10 * grid.window_length, 2)).astype(np.float32)
    played = np.concatenate([overlap_add.process(spectrum) for spectrum in analysis.process(audio)])
    late = grid.played_length - grid.hop
    difference = played[late:] - audio[: len(played) - late]
    assert rms_db(difference) < rms_db(audio) - 120
    assert analysis.latency_samples + overlap_add.latency_samples == grid.played_length


@pytest.mark.parametrize("rate", RATES)
def test_a_frame_lasts_about_the_same_at_every_rate(rate):
    grid = grid_for(rate)
    assert 0.038 < grid.window_length / rate < 0.056
    assert grid.window_length == 8 * grid.hop == grid.n_fft // 2


@pytest.mark.parametrize("rate", [0, -1, 3_999, 10**9])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(StylefxError, match="sample rate"):
        grid_for(rate)


def test_the_reference_keeps_the_energy_of_all_channels():
    random = np.random.default_rng(0)
    spectrum = (random.normal(size=(3, 100)) + 1j * random.normal(size=(3, 100))).astype(np.complex64)
    energy = np.mean(np.abs(spectrum) ** 2, axis=0)
    assert np.allclose(np.abs(reference_spectrum(spectrum)) ** 2, energy, rtol=1e-4)
    opposite = np.stack([spectrum[0], -spectrum[0]])
    assert np.allclose(reference_spectrum(opposite), spectrum[0], rtol=1e-4)


def test_reading_and_writing_the_axis():
    grid, hz = grid_for(44_100), axis_hz()
    bins_hz = np.arange(grid.bins) * grid.bin_hz
    assert np.allclose(Reader(grid, hz).read(bins_hz.astype(np.float32)), hz, rtol=1e-5)
    inside = (bins_hz > hz[0]) & (bins_hz < hz[-1])
    assert np.allclose(Writer(grid, hz).write(hz)[inside], bins_hz[inside], rtol=1e-5)
    assert not Reader(grid_for(8_000), hz).read(np.ones(grid_for(8_000).bins, np.float32))[hz > 4_000].any()


def test_a_ramp_reaches_its_target_exactly_and_without_a_step():
    ramp = Ramp(100)
    assert (ramp.towards(0.25, 10) == 0.25).all()
    values = np.concatenate([ramp.towards(1.0, 30), ramp.towards(1.0, 100)])
    assert values[-1] == 1.0
    assert np.abs(np.diff(values)).max() < 1.51 * 0.75 / 100


def test_a_ramp_that_is_turned_on_the_way_keeps_its_speed():
    ramp = Ramp(100)
    ramp.towards(0.0, 1)
    values = np.concatenate([ramp.towards(1.0, 50), ramp.towards(0.2, 100)])
    assert values[-1] == np.float32(0.2)
    assert np.abs(np.diff(values, 2)).max() < 0.0025  # a line that turns here bends by 0.02, a step by 1


def test_the_limiter_leaves_quiet_alone_and_holds_loud():
    audio = np.linspace(-3, 3, 1001, dtype=np.float32)[:, None]
    held = limit(audio)
    quiet = np.abs(audio) <= KNEE
    assert np.array_equal(held[quiet], audio[quiet])
    assert np.abs(held).max() <= 1
    assert (np.diff(held[:, 0]) >= 0).all()
