"""The low cut: what is not heard makes no sound, what is heard stays."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import in_chunks, melody, rms_db
from test_property_denormals import denormals

from stylefx import StyleTransfer, fit
from stylefx.analysis.low_cut import LowCut, without_rumble
from stylefx.decode.positions import position_frequencies

RATE = 44_100


def level_of(hz: float) -> float:
    """Gain at a frequency in dB."""
    wave = np.sin(2 * np.pi * hz * np.arange(2 * RATE) / RATE).astype(np.float32)
    return rms_db(without_rumble(wave, RATE)[RATE:]) - rms_db(wave[RATE:])


def test_its_response():
    assert level_of(8) < -15
    assert -4 < level_of(20) < -2
    assert level_of(41.2) > -0.7
    assert level_of(82.4) > -0.1
    offset = without_rumble(np.full(RATE, 0.5, np.float32), RATE)
    assert np.abs(offset[RATE // 4 :]).max() < 1e-6


def test_any_chunks_and_a_reset():
    audio = np.random.default_rng(0).standard_normal((5000, 2)).astype(np.float32)
    stage = LowCut()
    stage.prepare(RATE, 2)
    whole = stage.process(audio)
    for sizes in ([1, 7, 500], [256], [4999]):
        stage.reset()
        assert np.array_equal(in_chunks(stage, audio, sizes), whole)


def test_a_rest_leaves_no_denormal_numbers():
    stage = LowCut()
    stage.prepare(RATE, 1)
    played = stage.process(np.r_[np.ones((100, 1)), np.zeros((4 * RATE, 1))].astype(np.float32))
    assert denormals({"out": played, "stage": stage}, "low cut", set()) == []
    assert not np.any((np.abs(stage._state) > 0) & (np.abs(stage._state) < 1e-300))


@pytest.mark.parametrize(
    ("rumble", "most_db"),
    [(lambda time_s: 0.1 + 0 * time_s, -80), (lambda time_s: 0.3 * np.sin(2 * np.pi * 8 * time_s), -50)],
    ids=["offset", "8 Hz"],
)
def test_what_is_not_heard_makes_no_sound(dull_style, rumble, most_db):
    """A floor of -82 dBFS rose to -41 and to -29."""
    time_s = np.arange(int(1.5 * RATE)) / RATE
    floor = 1e-4 * np.random.default_rng(0).standard_normal(len(time_s))
    effect = StyleTransfer(dull_style, device="cpu")
    plain, swayed = (effect(audio, RATE)[RATE // 2 :] for audio in (floor, floor + rumble(time_s)))
    heard = [without_below(audio, 100) for audio in (plain, swayed)]
    assert rms_db(heard[1]) < max(rms_db(heard[0]) + 6, most_db)


def without_below(audio: np.ndarray, hz: float) -> np.ndarray:
    """What lies above a frequency, the edges faded."""
    spectrum = np.fft.rfft(audio * np.hanning(len(audio)))
    spectrum[np.fft.rfftfreq(len(audio), 1 / RATE) < hz] = 0
    return np.fft.irfft(spectrum)


def test_a_clip_with_an_offset_is_learned_as_without():
    clip = melody((57, 60, 64, 69), 2.0, (1.0, 0.3, 0.2, 0.1))
    plain, offset = (fit(clip + level, RATE, quality="draft").arrays for level in (0.0, 0.05))
    heard = position_frequencies() > 50
    for name in ("decoder_envelope", "decoder_mean_levels"):
        assert np.abs(plain[name] - offset[name])[heard].max() < 0.1, name
