"""However a stream is cut into blocks, the samples are the same, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylefx import StyleTransfer
from tests.support.sounds import in_chunks

RATE = 44_100
HOP = 256


@pytest.fixture(scope="module")
def effect(bright_style):
    return StyleTransfer(bright_style, device="cpu")


@pytest.fixture(scope="module")
def at_once(effect, guitar_audio):
    audio = guitar_audio[:30_000]
    effect.prepare(RATE, 1, 1 << 16)
    return audio, effect.process(audio)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 17, HOP - 1, HOP, HOP + 1, 509, 44_100])
def test_equal_blocks(effect, at_once, size):
    audio, whole = at_once
    effect.reset()
    assert np.array_equal(in_chunks(effect, audio, [size]), whole)


@pytest.mark.slow
@pytest.mark.parametrize("latency", ["low", "lowest"])
def test_every_latency(bright_style, guitar_audio, latency):
    effect = StyleTransfer(bright_style, device="cpu", latency=latency)
    effect.prepare(RATE, 1, 1 << 16)
    whole = effect.process(guitar_audio[:20_000])
    for sizes in ([HOP // 2], [1, 127, 129, 4_000, 333]):
        effect.reset()
        assert np.array_equal(in_chunks(effect, guitar_audio[:20_000], sizes), whole)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 4000), min_size=1, max_size=30))
def test_random_blocks(effect, at_once, sizes):
    audio, whole = at_once
    effect.reset()
    assert np.array_equal(in_chunks(effect, audio, [*sizes, 1000]), whole)


def test_two_channels(bright_style, guitar_audio):
    audio = np.stack([guitar_audio[:20_000, 0], guitar_audio[5_000:25_000, 0]], axis=1)
    effect = StyleTransfer(bright_style, device="cpu")
    effect.prepare(48_000, 2, 1 << 16)
    whole = effect.process(audio)
    effect.reset()
    assert np.array_equal(in_chunks(effect, audio, [17, 4000, 333]), whole)


def test_a_parameter_moves_alike_in_any_chunks(effect, at_once):
    audio, _ = at_once
    outputs = []
    for size in (HOP, 100):
        effect.reset()
        effect.mix = 1.0
        first = in_chunks(effect, audio[:9_900], [size])
        effect.mix = 0.2
        outputs.append(np.concatenate([first, in_chunks(effect, audio[9_900:], [size])]))
    effect.mix = 1.0
    assert np.array_equal(outputs[0], outputs[1])
