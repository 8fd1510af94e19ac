"""What is usual, and what a sound that is not leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.timbre.outliers import DROP_SECONDS, GAP_SECONDS, LONGEST_SECONDS, Rollback, UsualLevel

HOP_SECONDS = 0.0058


@pytest.fixture
def usual() -> UsualLevel:
    return UsualLevel(HOP_SECONDS)


def hear(usual: UsualLevel, level: float, seconds: float) -> list[bool]:
    """Whether each frame was an outlier."""
    found = []
    for _ in range(round(seconds / HOP_SECONDS)):
        usual.process(level)
        found.append(usual.loud)
    return found


def test_the_first_second_of_a_stream_has_no_outliers(usual):
    assert not any(hear(usual, -6.0, 0.3) + hear(usual, 2.0, 0.5))


@pytest.mark.parametrize("seconds", [0.001, 0.8, 3.0])
@pytest.mark.parametrize("over", [1.2, 4.0])
def test_a_loud_sound_of_up_to_three_seconds_is_over(usual, over, seconds):
    hear(usual, 1.0, 2.0)
    assert all(hear(usual, 1.0 + over, max(seconds, HOP_SECONDS)))
    hear(usual, 1.0, GAP_SECONDS)
    assert not any(hear(usual, 1.0, 0.1))
    assert usual.over


def test_a_row_of_strokes_is_one_sound(usual):
    hear(usual, 1.0, 2.0)
    for _ in range(5):
        assert all(hear(usual, 3.0, 0.1) + hear(usual, 1.0, 0.9 * GAP_SECONDS))
    assert not hear(usual, 1.0, 0.1)[-1]
    assert usual.over


def test_louder_music_after_it_is_not_part_of_it(usual):
    """The music goes on 6 dB louder than before, which alone would be within the outlier."""
    hear(usual, 1.0, 2.0)
    assert all(hear(usual, 3.0, 0.8))
    assert not hear(usual, 1.6, DROP_SECONDS + 0.1)[-1]
    assert usual.over


def test_the_longest_sound_does_not_excuse_itself(usual):
    """Sparse strokes, whose median a hum would raise before it ends."""
    for _ in range(6):
        hear(usual, 1.0, 0.05)
        hear(usual, -0.5, 0.2)
    assert all(hear(usual, 2.5, 2.0))
    hear(usual, -0.5, 0.2)
    assert usual.over


def test_accents_are_usual(usual):
    hear(usual, 1.0, 2.0)
    assert not any(hear(usual, 1.6, 0.5))


def test_what_goes_on_becomes_usual(usual):
    """Music after a quiet room; 30 dB lie beyond what counts as the same music."""
    hear(usual, -3.0, 3.0)
    found = hear(usual, 0.0, 5.0)
    assert found[0]
    assert not any(found[round((LONGEST_SECONDS + 0.2) / HOP_SECONDS) :])
    assert not usual.over


def test_silence_and_absurd_levels_are_levels(usual):
    for level in (-24.0, 300.0, -24.0, 1.0):
        hear(usual, level, LONGEST_SECONDS + 1.0)
    assert not usual.loud


def test_a_reset_forgets(usual):
    hear(usual, 1.0, 3.0)
    usual.reset()
    assert not any(hear(usual, 4.0, 0.5))


def test_only_what_an_outlier_left_is_taken_back():
    memory = np.array([1.0])
    rollback = Rollback(memory)
    rollback.follow(loud=False, over=False)
    memory[:] = 2
    for _ in range(3):
        rollback.follow(loud=True, over=False)
        memory += 10
    rollback.follow(loud=False, over=True)
    assert memory == 2
    memory[:] = 3
    rollback.follow(loud=False, over=True)
    assert memory == 3


def test_what_became_usual_is_kept():
    memory = np.array([1.0])
    rollback = Rollback(memory)
    rollback.follow(loud=True, over=False)
    memory[:] = 9
    rollback.follow(loud=False, over=False)
    assert memory == 9
