"""Loudness: the player's level, phrase by phrase, whatever the style makes of the energy."""

import numpy as np
import pytest

from stylefx.spectral.loudness import HEADROOM_DB, Loudness
from tests.support.phase_streams import NOMINAL

HZ = np.arange(NOMINAL.bins) * NOMINAL.bin_hz
HOPS_PER_SECOND = round(1 / NOMINAL.hop_seconds)


@pytest.fixture
def loudness():
    stage = Loudness()
    stage.prepare(NOMINAL)
    return stage


def partials(hz, level):
    return np.where(np.isin(np.arange(len(HZ)), np.round(np.array(hz) / NOMINAL.bin_hz)), level, 0.0).astype(
        np.float32
    )


def level_db(frame):
    return 20 * np.log10(np.linalg.norm(frame) + 1e-12)


def test_a_style_that_is_louder_or_softer_comes_out_alike(loudness):
    content = partials([300, 600], 10.0)
    for factor in (0.5, 30.0):
        loudness.reset()
        played = [loudness.process(content, factor * partials([300, 900, 3000], 1.0)) for _ in range(50)]
        assert abs(level_db(played[-1]) - level_db(content)) < 0.2


def test_the_decay_of_the_style_is_kept(loudness):
    content = partials([300], 10.0)
    levels = [level_db(loudness.process(content, content * np.float32(0.98**k))) for k in range(60)]
    assert levels[0] - levels[-1] > 0.4 * -20 * np.log10(0.98**59)


def test_an_offset_is_not_answered_with_sound(loudness):
    offset = partials([0], 1000.0)
    content, target = partials([300], 1.0) + offset, partials([300, 600], 1.0)
    for _ in range(HOPS_PER_SECOND):
        played = loudness.process(content, target)
    assert abs(level_db(played) - level_db(partials([300], 1.0))) < 0.5


def test_what_stays_after_a_loud_note_is_held_near_the_player(loudness):
    """The style's answer falls by 20 dB where the player falls by 60."""
    loud, quiet = partials([300], 100.0), partials([300], 0.1)
    for _ in range(HOPS_PER_SECOND):
        loudness.process(loud, loud)
    for _ in range(HOPS_PER_SECOND // 2):
        played = loudness.process(quiet, partials([300], 10.0))
    assert level_db(played) - level_db(quiet) < HEADROOM_DB + 1
