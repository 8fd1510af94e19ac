"""Under the lowest partial nothing sounds that the clip has not there."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.artefacts.rumble import rumble_db
from stylefx import StyleTransfer, fit
from stylefx.timbre.layout import position_frequencies
from stylefx.timbre.rumble import LOBE, PLACES, RAISED_DB, RumbleLimit, rumble_levels
from tests.support.sounds import melody, tone

RATE = 44_100
POSITIONS = position_frequencies()
LOWS = (POSITIONS > 60) & (POSITIONS < 150)


def frame(low: float, partial_hz: float = 400.0) -> np.ndarray:
    """Levels of one partial and all above it, over ``low`` below."""
    return np.where(partial_hz <= POSITIONS, -1.0, low).astype(np.float32)


def test_the_clip_tells_what_lies_under_its_notes():
    high, deep = np.tile(frame(-6.0), (50, 1)), np.tile(frame(-3.0, 40.0), (50, 1))
    levels = rumble_levels(np.concatenate([high, deep]))
    total = np.log10(np.sum(10.0 ** high[0] * np.gradient(POSITIONS) / 10.77))
    assert levels[LOWS] == pytest.approx(-6.0 - total, abs=0.1)
    # Never silent below: a drum's own band.
    assert not rumble_levels(deep)[LOWS].any()


@pytest.mark.parametrize(
    ("clip", "content", "wanted"),
    [
        (-4.5, -8.0, -4.5),  # the clip's
        (-8.0, -5.0, -5.0 + RAISED_DB / 10),  # a little above the content's
        (0.0, -8.0, -2.0),  # the clip does not tell
    ],
)
def test_the_answer_is_held_under_the_clip_or_a_little_above_the_content(clip, content, wanted):
    answer, own = frame(-2.0), frame(content)
    total = np.log10(np.sum(10.0 ** frame(-9.0) * np.gradient(POSITIONS) / 10.77))
    levels = np.full(len(POSITIONS), clip - (total if clip else 0), np.float32)
    RumbleLimit(levels).process(answer, own)
    assert answer[LOWS] == pytest.approx(wanted, abs=0.15)
    assert np.array_equal(answer[POSITIONS > 400], frame(-2.0)[POSITIONS > 400])


def test_a_partial_of_the_content_is_left_alone():
    """Also the bins that its main lobe reaches, and all above it."""
    own = frame(-8.0, 100.0)
    own[np.argmax(POSITIONS >= 100.0)] = 1.0
    answer = frame(-2.0)
    RumbleLimit(np.full(len(POSITIONS), -7.0, np.float32)).process(answer, own)
    lowest = int(np.argmax(POSITIONS >= 100.0))
    assert np.array_equal(answer[lowest - LOBE :], frame(-2.0)[lowest - LOBE :])
    assert LOBE < lowest < PLACES


@pytest.mark.slow
def test_a_high_melody_by_a_low_clip_has_no_rumble():
    """The network has seen the clip's low notes, and answered -30 dB under the melody's."""
    partials = tuple(1 / k for k in range(1, 12))
    clip = melody((40, 45, 76, 79), 4.0, partials)
    content = np.concatenate([tone(f, 0.5, RATE, partials[:5]) for f in (660, 880, 784, 740)])
    style = fit(clip, RATE, quality="draft")
    played = StyleTransfer(style, notes=False)(content, RATE)
    assert rumble_db(played, content, content, RATE) < 6
    del style.arrays["decoder_rumble"]
    without = StyleTransfer(style, notes=False)(content, RATE)
    assert rumble_db(without, content, content, RATE) > rumble_db(played, content, content, RATE) + 6


def test_the_figure_sees_a_rumble(guitar_audio):
    guitar = guitar_audio[:, 0]
    rumble = np.random.default_rng(0).standard_normal(len(guitar))
    low = np.fft.rfftfreq(len(rumble), 1 / RATE) < 60
    rumble = np.fft.irfft(np.fft.rfft(rumble) * low, len(rumble)).astype(np.float32)
    rumble *= np.sqrt(np.mean(guitar**2) / np.mean(rumble**2))
    assert rumble_db(guitar, guitar, guitar, RATE) <= 0
    assert rumble_db(0.5 * guitar, guitar, guitar, RATE) == pytest.approx(0, abs=0.1)
    assert rumble_db(guitar + 10 ** (-50 / 20) * rumble, guitar, guitar, RATE) < 6
    assert rumble_db(guitar + 10 ** (-20 / 20) * rumble, guitar, guitar, RATE) > 6
