"""What no one hears, an offset and a rumble, makes no sound; music passes the low cut bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
from scipy.signal import butter, sosfilt

from stylefx import StyleTransfer, fit
from stylefx.analysis.low_cut import CORNER_HZ, LowCut, _butterworth, without_rumble
from stylefx.clips import CREDITS, clip_path
from tests.support.sounds import melody, rms_db, tone

RATE = 44_100
SECONDS = np.arange(3 * RATE) / RATE
INAUDIBLE = {
    "offset 0.01": np.full(3 * RATE, 0.01),
    "offset 0.1": np.full(3 * RATE, 0.1),
    "8 Hz": 0.3 * np.sin(2 * np.pi * 8 * SECONDS),
    "20 Hz": 0.1 * np.sin(2 * np.pi * 20 * SECONDS),
}


def floor() -> np.ndarray:
    """Noise at -80 dB under full scale."""
    return 1e-4 * np.random.default_rng(0).standard_normal(3 * RATE)


def low_cut(channels: int = 1, rate: int = RATE) -> LowCut:
    stage = LowCut()
    stage.prepare(rate, channels)
    return stage


@pytest.mark.parametrize("rate", [8000, RATE, 192_000])
@pytest.mark.parametrize("kind", ["low", "high"])
def test_the_filters_are_scipys(rate, kind):
    b0, b1, b2, a1, a2 = _butterworth(rate, kind).T
    mine = np.stack([b0, b1, b2, np.ones(3), a1, a2], axis=1)
    noise = np.random.default_rng(1).standard_normal(rate)
    theirs = butter(6, CORNER_HZ, kind, fs=rate, output="sos")
    assert np.allclose(sosfilt(mine, noise), sosfilt(theirs, noise), atol=1e-9)


@pytest.mark.parametrize("name", CREDITS)
def test_music_passes_bit_for_bit(name):
    audio, rate = sf.read(clip_path(name), dtype="float32", always_2d=True)
    assert low_cut(audio.shape[1], rate).process(audio) is audio


def test_an_impulse_and_a_low_note_out_of_silence_pass_bit_for_bit():
    impulse = np.zeros((RATE, 1), np.float32)
    impulse[RATE // 2] = 1
    note = np.concatenate([impulse * 0, tone(41.2, 1.0, RATE, (1, 0.5, 0.3))[:, None]])
    for audio in (impulse, note):
        assert np.array_equal(low_cut().process(audio), audio)


@pytest.mark.parametrize("disturbance", INAUDIBLE)
def test_what_nobody_hears_is_taken_out(disturbance):
    added = INAUDIBLE[disturbance]
    cut = low_cut().process((floor() + added)[:, None].astype(np.float32))[RATE:]
    remains_db = {"20 Hz": -36, "8 Hz": -73}.get(disturbance, -79)
    assert rms_db(cut) < remains_db


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disturbance", "most_db"), [("offset 0.01", -75), ("offset 0.1", -60), ("8 Hz", -60), ("20 Hz", -48)]
)
def test_what_nobody_hears_makes_no_sound(dull_style, disturbance, most_db):
    """It came out at -60, -41, -28 and -34 dBFS."""
    played = StyleTransfer(dull_style, device="cpu")(
        (floor() + INAUDIBLE[disturbance]).astype(np.float32), RATE
    )
    audible = sosfilt(butter(6, [100, 15_000], "band", fs=RATE, output="sos"), played)[RATE : -RATE // 2]
    assert rms_db(audible) < most_db


def test_it_takes_over_and_gives_back_without_a_step():
    """Rumble comes and goes under a note: no sample of the added signal jumps."""
    note = 0.03 * tone(440, 3.0, RATE, (1.0,)).astype(np.float64)
    swell = np.clip(np.minimum(SECONDS - 0.5, 2.5 - SECONDS) / 0.4, 0, 1)
    cut = low_cut().process((note + swell * INAUDIBLE["8 Hz"])[:, None].astype(np.float32))[:, 0]
    # Second differences of 0.3 at 8 Hz and 0.009 at 440 Hz are below 0.00004; a step of 0.001 would be 25 times that.
    assert np.abs(np.diff(cut, 2)).max() < 0.0001


@pytest.mark.parametrize("channels", [1, 2])
def test_any_chunking_gives_the_same_samples(channels):
    audio = (floor() + INAUDIBLE["8 Hz"])[:, None].astype(np.float32) * np.linspace(
        0.2, 1, channels, dtype=np.float32
    )
    whole, stage, generator = low_cut(channels).process(audio), low_cut(channels), np.random.default_rng(2)
    cuts = np.sort(generator.integers(0, len(audio), 200))
    assert np.array_equal(np.concatenate([stage.process(part) for part in np.split(audio, cuts)]), whole)
    stage.reset()
    assert np.array_equal(stage.process(audio), whole)


def test_a_long_rest_leaves_no_denormal_numbers():
    stage = low_cut()
    stage.process((floor() + 0.1)[:, None].astype(np.float32))
    stage.process(np.zeros((30 * RATE, 1), np.float32))
    assert not stage._state.any()
    assert not stage._powers.any()


@pytest.mark.slow
def test_the_offset_of_a_clip_is_not_learnt():
    clip = melody((57, 60, 64, 69), 2.0, (1.0, 0.3, 0.2, 0.1, 0.05))
    without, with_offset = (fit(clip + np.float32(offset), RATE, quality="draft") for offset in (0.0, 0.01))
    content = tone(330, 2.0, RATE, (0.3, 0.1))
    low = butter(6, 60, "low", fs=RATE, output="sos")
    rumble = [rms_db(sosfilt(low, StyleTransfer(style)(content, RATE))) for style in (without, with_offset)]
    assert rumble[1] < rumble[0] + 1


def test_a_rumble_in_a_clip_is_taken_out():
    note = 0.3 * tone(440, 3.0, RATE, (1.0,))
    clip = (note + INAUDIBLE["8 Hz"]).astype(np.float32)[:, None]
    cut = without_rumble(clip, RATE)[:, 0]
    assert rms_db(sosfilt(butter(6, 60, "low", fs=RATE, output="sos"), cut)) < rms_db(note) - 40
    assert abs(rms_db(cut) - rms_db(note)) < 0.1
