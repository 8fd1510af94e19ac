"""Loudness: the player's level, phrase by phrase, whatever the style makes of the energy."""

import numpy as np
import pytest
from phase_streams import NOMINAL

from stylefx.synthesis.loudness import HEADROOM_DB, Loudness

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


def played_db(loudness, seconds, content, target):
    """Level of the answer under the content's after frames of each for so long."""
    for _ in range(round(seconds * HOPS_PER_SECOND)):
        played = loudness.process(content, target)
    return level_db(played) - level_db(content)


@pytest.mark.parametrize("clip_db", [-30, 30])
def test_a_click_does_not_move_the_gain(loudness, clip_db):
    """The style answers a click by 30 dB less, or more, than a note."""
    note, click = partials([300], 1.0), partials([300, 5000], 1000.0)
    played_db(loudness, 2, note, 0.1 * note)
    played_db(loudness, 0.05, click, 0.1 * 10 ** (-clip_db / 20) * click)
    assert abs(played_db(loudness, 0.5, note, 0.1 * note)) < 2
    assert abs(played_db(loudness, 0.5, note, 0.1 * note)) < 1


@pytest.mark.parametrize("foreign_db", [-20, 0, 20])
def test_after_a_foreign_sound_the_gain_is_back_within_a_second(loudness, foreign_db):
    """Two seconds of what the style has little for, then a note again: 2 dB after half a second, 1 dB after one."""
    note = partials([300], 1.0)
    foreign = 10 ** (foreign_db / 20) * partials([5000], 1.0)
    played_db(loudness, 2, note, 0.1 * note)
    played_db(loudness, 2, foreign, 0.003 * foreign)
    assert abs(played_db(loudness, 0.5, note, 0.1 * note)) < 2
    assert abs(played_db(loudness, 0.5, note, 0.1 * note)) < 1


def test_strokes_are_no_louder_than_what_is_held(loudness):
    """The answer has its energy in a fifth of the frames, as a drum's has."""
    note = partials([300], 1.0)
    played = [loudness.process(note, note * np.float32(1.0 if k % 20 < 4 else 0.1)) for k in range(1000)]
    energy = np.mean([np.square(frame).sum() for frame in played[500:]])
    assert 10 * np.log10(energy / np.square(note).sum()) < 6


def test_an_answer_that_dies_away_is_not_raised(loudness):
    """A note held for a second whose answer falls by 30 dB in it keeps most of that."""
    note = partials([300], 1.0)
    fall = 10 ** (-30 / 20 * np.arange(HOPS_PER_SECOND) / HOPS_PER_SECOND)
    levels = [[level_db(loudness.process(note, np.float32(f) * note)) for f in fall] for _ in range(4)]
    assert levels[-1][5] - levels[-1][-5] > 18
