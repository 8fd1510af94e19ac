"""Reset equals new; engines do not disturb each other; silence stays silent; any length is fine."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylefx import StyleTransfer
from stylefx.errors import UsageError
from tests.support.sounds import rms_db

RATE, HOP = 44_100, 256


def test_reset_equals_new(bright_style, guitar_audio):
    used = StyleTransfer(bright_style, device="cpu")
    used.prepare(RATE, 1, 30_000)
    used.process(guitar_audio[20_000:50_000])
    used.reset()
    fresh = StyleTransfer(bright_style, device="cpu")
    fresh.prepare(RATE, 1, 30_000)
    audio = guitar_audio[:20_000]
    assert np.array_equal(used.process(audio), fresh.process(audio))


def test_preparing_again_equals_new(bright_style, guitar_audio):
    used = StyleTransfer(bright_style, device="cpu")
    used(guitar_audio[:20_000], 48_000)
    fresh = StyleTransfer(bright_style, device="cpu")
    assert np.array_equal(used(guitar_audio, RATE), fresh(guitar_audio, RATE))


def test_two_engines_in_two_threads(bright_style, guitar_audio):
    parts = [guitar_audio[:25_000], guitar_audio[25_000:50_000]]
    alone = [StyleTransfer(bright_style, device="cpu")(part, RATE) for part in parts]
    together: list[np.ndarray] = [np.empty(0), np.empty(0)]

    def play(index):
        together[index] = StyleTransfer(bright_style, device="cpu")(parts[index], RATE)

    threads = [threading.Thread(target=play, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert np.array_equal(together[0], alone[0])
    assert np.array_equal(together[1], alone[1])


@pytest.mark.parametrize("channels", [1, 2])
def test_silence_in_silence_out(bright_style, channels):
    effect = StyleTransfer(bright_style, device="cpu")
    assert not effect(np.zeros((20_000, channels), np.float32), RATE).any()


def test_a_rest_is_as_quiet_as_it_was(bright_style, guitar_audio):
    audio = np.concatenate([guitar_audio[:20_000], np.zeros((20_000, 1), np.float32)])
    played = StyleTransfer(bright_style, device="cpu")(audio, RATE)
    assert rms_db(played[:20_000]) > -40
    assert rms_db(played[25_000:]) < -80
    assert rms_db(played[33_000:]) < -120
    filtered = StyleTransfer(bright_style, device="cpu", notes=False)(audio, RATE)
    assert rms_db(filtered[25_000:]) < -120


@pytest.mark.parametrize("length", [0, 1, HOP - 1, HOP, HOP + 1, 2_559, 2_560, 2_561])
def test_lengths(bright_style, guitar_audio, length):
    audio = guitar_audio[5_000 : 5_000 + length]
    played = StyleTransfer(bright_style, device="cpu")(audio, RATE)
    assert played.shape == audio.shape
    assert played.dtype == np.float32
    assert np.isfinite(played).all()


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    length=st.integers(0, 6_000), channels=st.integers(1, 6), rate=st.sampled_from([8_000, 44_100, 192_000])
)
def test_any_shape_comes_back(bright_style, length, channels, rate):
    audio = np.random.default_rng(length).normal(0, 0.1, (length, channels)).astype(np.float32)
    played = StyleTransfer(bright_style, device="cpu")(audio, rate)
    assert played.shape == audio.shape
    assert np.abs(played).max(initial=0) <= 1


def test_a_broken_sample_does_not_stay(bright_style, guitar_audio):
    audio = guitar_audio[:40_000].copy()
    audio[5_000] = np.nan
    audio[6_000] = np.inf
    effect = StyleTransfer(bright_style, device="cpu")
    effect.prepare(RATE, 1, len(audio))
    played = effect.process(audio)
    assert np.isfinite(played).all()
    assert rms_db(played[20_000:]) > -40


def test_wrong_blocks_are_refused(bright_style):
    effect = StyleTransfer(bright_style, device="cpu")
    with pytest.raises(UsageError, match="call prepare"):
        effect.process(np.zeros((10, 1), np.float32))
    effect.prepare(RATE, 2, 100)
    with pytest.raises(UsageError, match="raise max_block"):
        effect.process(np.zeros((101, 2), np.float32))
    with pytest.raises(UsageError, match="prepared for"):
        effect.process(np.zeros((10, 1), np.float32))


@pytest.mark.parametrize(
    "options", [{"mix": 1.5}, {"strength": -0.1}, {"iterations": -1}, {"device": "tpu"}, {"latency": "none"}]
)
def test_values_out_of_range_are_refused(bright_style, options):
    with pytest.raises(UsageError):
        StyleTransfer(bright_style, **options)
