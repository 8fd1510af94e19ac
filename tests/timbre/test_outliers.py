"""What is usual, and what a sound that is not leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.timbre.outliers import (
    DROP_SECONDS,
    EARLIER_SECONDS,
    GAP_SECONDS,
    LONGEST_SECONDS,
    ROOM_DB,
    ROOM_SECONDS,
    Rollback,
    UsualLevel,
)

HOP_SECONDS = 0.0058


@pytest.fixture
def usual() -> UsualLevel:
    return UsualLevel(HOP_SECONDS)


def hear(usual: UsualLevel, level: float, seconds: float, slow_level: float = -24.0) -> list[bool]:
    """Whether each frame was an outlier."""
    found = []
    for _ in range(round(seconds / HOP_SECONDS)):
        usual.process(level, slow_level)
        found.append(usual.loud)
    return found


def follow(
    rollback: Rollback, usual: UsualLevel, loud: bool, over: bool = False, began: bool = False
) -> None:
    """One frame of such a verdict."""
    usual.loud, usual.over, usual.began = loud, over, began
    rollback.follow(usual)


def test_the_first_second_of_a_stream_has_no_outliers(usual):
    assert not any(hear(usual, -6.0, 0.3) + hear(usual, 2.0, 0.5))


@pytest.mark.parametrize("seconds", [0.001, 0.8, 3.0])
@pytest.mark.parametrize("over", [1.2, 0.1 * ROOM_DB - 0.2])
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


def test_a_click_is_over_however_loud_it_is(usual):
    hear(usual, -5.0, 2.0)
    assert all(hear(usual, 5.0, 0.1))
    hear(usual, -5.0, GAP_SECONDS)
    assert not any(hear(usual, -5.0, 0.1))
    assert usual.over


def test_notes_after_a_room_are_soon_usual(usual):
    """Short ones with the room's noise between them: no outliers after a third of a second in all."""
    hear(usual, -5.0, 3.0)
    for _ in range(4):
        hear(usual, -1.0, 0.1)
        hear(usual, -5.0, 0.3)
    assert not usual.over
    assert not any(hear(usual, -1.0, 0.1))


@pytest.mark.parametrize(("slow_level", "begins"), [(-5.0, 1), (-2.5, 0)])
def test_it_begins_once_far_above_all_that_was_learnt(usual, slow_level, begins):
    """After a note that nothing has been learnt under since, it does not."""
    hear(usual, -5.0, 2.0)
    began = []
    for level in np.linspace(-5.0, -1.0, round(ROOM_SECONDS / HOP_SECONDS)):
        usual.process(level, slow_level)
        began.append(usual.began)
    assert sum(began) == begins


def test_an_outlier_is_taken_back_with_the_frames_before_it(usual):
    """Its window reaches into them; what was learnt longer ago stays."""
    memory = np.zeros(1)
    rollback = Rollback(HOP_SECONDS, memory)
    for frame in range(100):
        follow(rollback, usual, loud=False)
        memory[:] = frame + 1
    for _ in range(3):
        follow(rollback, usual, loud=True)
        memory += 1000
    follow(rollback, usual, loud=False, over=True)
    taken = (100 - memory[0]) * HOP_SECONDS
    assert EARLIER_SECONDS - HOP_SECONDS <= taken <= 2 * EARLIER_SECONDS + HOP_SECONDS
    memory[:] = 3
    follow(rollback, usual, loud=False, over=True)
    assert memory == 3


def test_what_became_usual_is_kept(usual):
    memory = np.array([1.0])
    rollback = Rollback(HOP_SECONDS, memory)
    follow(rollback, usual, loud=True)
    memory[:] = 9
    follow(rollback, usual, loud=False)
    assert memory == 9


def test_a_reset_rollback_is_a_new_one(usual):
    """However many frames it had followed: copies are made in step with them."""
    found = []
    for frames in (0, 5):
        memory = np.zeros(1)
        rollback = Rollback(HOP_SECONDS, memory)
        for _ in range(frames):
            follow(rollback, usual, loud=False)
        rollback.reset()
        for frame in range(30):
            follow(rollback, usual, loud=False)
            memory[:] = frame
        follow(rollback, usual, loud=True)
        follow(rollback, usual, loud=False, over=True)
        found.append(memory[0])
    assert found[0] == found[1]


def test_a_beginning_forgets_and_can_be_taken_back(usual):
    memory = np.array([1.0])
    rollback = Rollback(HOP_SECONDS, memory)
    follow(rollback, usual, loud=True)
    follow(rollback, usual, loud=True, began=True)
    assert memory == 0
    memory[:] = 5
    follow(rollback, usual, loud=True, began=True)
    assert memory == 5
    follow(rollback, usual, loud=False, over=True)
    assert memory == 1
