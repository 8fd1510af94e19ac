"""Above 4 kHz nothing sounds that neither the content nor the clip has."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.artefacts.haze import haze_db
from stylefx import StyleTransfer
from stylefx.analysis.grid import grid_for
from stylefx.timbre.adaptive_eq import answer_level
from stylefx.timbre.ceiling import FROM_HZ, MIDDLE, Ceiling
from stylefx.timbre.features import FLOOR_DB
from stylefx.timbre.layout import position_frequencies
from tests.support.sounds import melody, rms_db, tone

RATE = 44_100
DULL = (1.0, 0.3, 0.2, 0.1, 0.05)


@pytest.fixture(scope="module")
def dull_clip() -> np.ndarray:
    """What `dull_style` was learnt from: nothing above 2.2 kHz."""
    return melody((57, 60, 64, 69), 2.0, DULL)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [RATE, 48_000])
@pytest.mark.parametrize("latency", ["normal", "lowest"])
def test_a_dull_clip_and_content_give_no_haze(dull_style, dull_clip, rate, latency):
    """The network answers at -80 dB in every bin of the top octave; together that was -50 dB."""
    content = tone(330, 3.0, rate, tuple(1 / k for k in range(1, 10)))
    played = StyleTransfer(dull_style, device="cpu", latency=latency)(content, rate)[rate // 2 :]
    assert haze_db(played, content, dull_clip, rate) < 3
    assert abs(rms_db(played) - rms_db(content)) < 2


@pytest.mark.parametrize("bright", ["content", "clip"])
def test_the_ceiling_is_the_higher_of_content_and_clip(bright):
    """What either has stays; where both have nothing the answer is brought down to nothing."""
    grid, frequencies = grid_for(RATE), position_frequencies()
    high, slow_level = frequencies > 4100, 0.0
    answer = np.where(high, -4.0, -1.0).astype(np.float32)
    full, empty = answer.copy(), np.where(high, slow_level - FLOOR_DB / 10, -1.0).astype(np.float32)
    none = np.full(len(answer), -14.0, np.float32)
    for has_sound in (True, False):
        own = full if has_sound and bright == "content" else empty
        clip = answer - answer_level(answer, MIDDLE) if has_sound and bright == "clip" else none
        ceiling = Ceiling(clip)
        ceiling.prepare(grid)
        heard = answer.copy()
        for _ in range(5):
            heard[:] = answer
            ceiling.process(heard, own, slow_level)
        lowered = (answer - heard)[frequencies > 4500]
        assert lowered.max() < 0.1 if has_sound else lowered.min() > 6
        assert np.array_equal(heard[frequencies < FROM_HZ], answer[frequencies < FROM_HZ])


def test_the_figure_sees_a_haze(guitar_audio):
    guitar = guitar_audio[:, 0]
    noise = np.random.default_rng(0).standard_normal(len(guitar)).astype(np.float32)
    above = np.fft.rfftfreq(len(noise), 1 / RATE) > 12_000
    haze = np.fft.irfft(np.fft.rfft(noise) * above, len(noise))
    assert haze_db(guitar, guitar, guitar, RATE) <= 0
    assert haze_db(0.5 * guitar, guitar, guitar, RATE) == pytest.approx(0, abs=0.1)
    level = np.sqrt(np.mean(guitar**2)) / np.sqrt(np.mean(haze**2))
    assert haze_db(guitar + 10 ** (-70 / 20) * level * haze, guitar, guitar, RATE) < 3
    assert haze_db(guitar + 10 ** (-35 / 20) * level * haze, guitar, guitar, RATE) > 6
