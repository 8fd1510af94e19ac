"""What is usual, and what a sound that is not leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.timbre.outliers import Rollback, UsualLevel

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


@pytest.mark.parametrize("over_bels", [1.2, 4.0])
def test_a_short_loud_sound_is_over(usual, over_bels):
    hear(usual, 1.0, 2.0)
    assert all(hear(usual, 1.0 + over_bels, 0.8))
    assert not any(hear(usual, 1.0, 0.1))
    assert usual.over


def test_accents_are_usual(usual):
    hear(usual, 1.0, 2.0)
    assert not any(hear(usual, 1.8, 0.5))


def test_what_goes_on_becomes_usual(usual):
    """Music after a quiet room; 3 bels lie beyond what counts as the same music."""
    hear(usual, -3.0, 3.0)
    found = hear(usual, 0.0, 3.0)
    assert found[0]
    assert not any(found[round(1.3 / HOP_SECONDS) :])
    assert not usual.over


def test_silence_and_absurd_levels_are_levels(usual):
    for level in (-24.0, 300.0, -24.0, 1.0):
        hear(usual, level, 2.0)
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
