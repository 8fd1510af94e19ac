"""What Python callers may get wrong: a sentence of a `StylefxError`, whatever it was; and what they may hand in."""

# mypy: disable-error-code="arg-type, list-item, call-overload"
from __future__ import annotations

import numpy as np
import pytest

from stylefx import Style, StyleTransfer, fit, render
from stylefx.errors import LONGEST_SENTENCE, StylefxError, UsageError, one_line

RATE = 44_100
HALF_SECOND = RATE // 2


@pytest.fixture(scope="module")
def audio(guitar_audio) -> np.ndarray:
    """A third of a second, mono."""
    return guitar_audio[10_000 : 10_000 + RATE // 3, 0]


def prepared(style, *stream):
    effect = StyleTransfer(style, device="cpu")
    effect.prepare(*stream)
    return effect


WRONG = {
    "no style": lambda style, audio: StyleTransfer(None),
    "no file": lambda style, audio: StyleTransfer("nowhere.npz"),
    "no list of styles": lambda style, audio: StyleTransfer([style, 3]),
    "an empty list": lambda style, audio: StyleTransfer([]),
    "a name too many": lambda style, audio: StyleTransfer([style], names=["one", "two"]),
    "mix of text": lambda style, audio: StyleTransfer(style, mix="1"),
    "mix of nothing": lambda style, audio: StyleTransfer(style, mix=None),
    "mix beyond": lambda style, audio: StyleTransfer(style, mix=1.5),
    "mix not a number": lambda style, audio: StyleTransfer(style, mix=float("nan")),
    "iterations of text": lambda style, audio: StyleTransfer(style, iterations="three"),
    "iterations below": lambda style, audio: StyleTransfer(style, iterations=-1),
    "device": lambda style, audio: StyleTransfer(style, device=["cpu"]),
    "start": lambda style, audio: StyleTransfer(style, start=None),
    "latency": lambda style, audio: StyleTransfer(style, latency=["low"]),
    "half a slot": lambda style, audio: StyleTransfer(style).controls.change(style=1.5),
    "no parameter": lambda style, audio: StyleTransfer(style).controls.change(loudness=1),
    "no parameter to nudge": lambda style, audio: StyleTransfer(style).controls.nudge("loudness", 1),
    "no switch": lambda style, audio: StyleTransfer(style).controls.toggle("mix"),
    "rate of nothing": lambda style, audio: StyleTransfer(style)(audio, None),
    "rate of text": lambda style, audio: StyleTransfer(style)(audio, "44100"),
    "rate not a number": lambda style, audio: StyleTransfer(style)(audio, float("nan")),
    "rate of 1 Hz": lambda style, audio: StyleTransfer(style)(audio, 1),
    "a single number": lambda style, audio: StyleTransfer(style)(np.float32(1), RATE),
    "three dimensions": lambda style, audio: StyleTransfer(style)(audio[None, None], RATE),
    "complex samples": lambda style, audio: StyleTransfer(style)(audio + 0j, RATE),
    "64-bit integers": lambda style, audio: StyleTransfer(style)(audio.astype("i8"), RATE),
    "switches": lambda style, audio: StyleTransfer(style)(audio > 0, RATE),
    "text": lambda style, audio: StyleTransfer(style)(["a", "b"], RATE),
    "ragged lists": lambda style, audio: StyleTransfer(style)([[0.0], [0.0, 1.0]], RATE),
    "a path for audio": lambda style, audio: StyleTransfer(style)("take.wav", RATE),
    "max_block 0": lambda style, audio: prepared(style, RATE, 1, 0),
    "max_block -1": lambda style, audio: prepared(style, RATE, 1, -1),
    "max_block 1.5": lambda style, audio: prepared(style, RATE, 1, 1.5),
    "channels of nothing": lambda style, audio: prepared(style, RATE, None, 64),
    "no channels": lambda style, audio: prepared(style, RATE, 0, 64),
    "1000 channels": lambda style, audio: prepared(style, RATE, 1000, 64),
    "a flat block": lambda style, audio: prepared(style, RATE, 1, 64).process(audio[:64]),
    "no block": lambda style, audio: prepared(style, RATE, 1, 64).process(None),
    "fit of a path": lambda style, audio: fit("piano.wav", RATE),
    "fit without a rate": lambda style, audio: fit(np.tile(audio, 3), None),
    "fit with a seed of text": lambda style, audio: fit(np.tile(audio, 3), RATE, seed="x"),
    "fit with a seed below": lambda style, audio: fit(np.tile(audio, 3), RATE, seed=-1),
    "fit with no quality": lambda style, audio: fit(np.tile(audio, 3), RATE, quality=["best"]),
    "fit with no method": lambda style, audio: fit(np.tile(audio, 3), RATE, method=None),
    "fit of nothing": lambda style, audio: fit(np.zeros((0, 1)), RATE),
    "load of nothing": lambda style, audio: Style.load(None),
    "save to nothing": lambda style, audio: style.save(None),
    "render of nothing": lambda style, audio: render(None, style, "out.wav"),
    "render to nothing": lambda style, audio: render("in.wav", style, None),
    "render without a style": lambda style, audio: render("in.wav", None, "out.wav"),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_argument_is_a_sentence(call, dull_style, audio):
    with pytest.raises(StylefxError) as raised:
        call(dull_style, audio)
    assert 20 < len(str(raised.value)) <= LONGEST_SENTENCE
    assert str(raised.value).isprintable()


def test_a_wrong_argument_is_a_value_error():
    with pytest.raises(ValueError, match="expected"):
        StyleTransfer(None)


def test_a_path_for_audio_names_the_cure():
    with pytest.raises(UsageError, match=r"soundfile\.read\('piano\.wav'\)"):
        fit("piano.wav", RATE)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "scale"), [("i1", 2**7), ("i2", 2**15), ("i4", 2**31)])
def test_integer_samples_are_scaled(kind, scale, dull_style, audio):
    integers = np.round(audio * (scale - 1)).astype(kind)
    effect = StyleTransfer(dull_style, device="cpu")
    assert np.array_equal(effect(integers, RATE), effect((integers / scale).astype(np.float32), RATE))
    unsigned = (integers.astype(int) + 128).astype("u1") if kind == "i1" else integers
    assert np.array_equal(effect(unsigned, RATE), effect(integers, RATE))


def test_a_style_may_be_a_path(dull_style, audio, tmp_path):
    dull_style.save(tmp_path / "dull.npz")
    played = StyleTransfer(str(tmp_path / "dull.npz"), device="cpu")(audio, RATE)
    assert np.array_equal(played, StyleTransfer(dull_style, device="cpu")(audio, RATE))


def test_a_clip_a_sample_short_is_told_so(audio):
    with pytest.raises(StylefxError, match=r"lasts 0\.49998 s, a clip needs 0\.5 s"):
        fit(np.resize(audio, HALF_SECOND - 1), RATE)


@pytest.mark.slow
def test_a_style_is_one_line_and_a_picture(dull_style, made_up_style):
    assert repr(dull_style) == "<Style of audio: harmonic, draft, 44100 Hz, 0.7 MB>"
    assert dull_style._repr_png_().startswith(b"\x89PNG")
    assert made_up_style._repr_png_() is None


def test_a_sentence_is_fit_for_a_terminal():
    assert str(StylefxError("a \x1b]0;title\x07 \udce9\nb")) == "a \\x1b]0;title\\x07 \\udce9\\nb"
    assert one_line("é ü 音") == "é ü 音"
    long = str(StylefxError("x" * 5000 + ": try .wav"))
    assert len(long) == LONGEST_SENTENCE
    assert long.endswith(": try .wav")
