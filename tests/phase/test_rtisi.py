"""The phase stage that the engine plays: content comes back, magnitudes are kept, frames agree with each other."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.analysis.grid import Grid, grid_for
from stylefx.phase.rtisi import ITERATIONS, Rtisi
from tests.support.phase_streams import (
    NOMINAL,
    SMALL,
    blend,
    clip,
    convergence,
    difference_db,
    stft,
    stream,
    synthetic,
)

ODD_VALUES = (-1.0, np.nan, np.inf, -np.inf, 1e-45, 3e38)


def prepared(iterations: int = ITERATIONS, grid: Grid = NOMINAL) -> Rtisi:
    """A stage ready for a grid."""
    stage = Rtisi(iterations)
    stage.prepare(grid)
    return stage


@pytest.mark.parametrize("latency", ["normal", "low", "lowest"])
def test_a_target_that_is_the_content_gives_the_content(latency):
    grid = grid_for(8_000, latency)
    contents = stft(synthetic("three tones", grid, 0.5), grid)
    frames = stream(prepared(grid=grid), np.abs(contents), contents, grid)
    assert difference_db(frames, contents) < -120


def test_frames_have_the_magnitude_asked_for():
    contents = stft(synthetic("chirp", SMALL, 0.5), SMALL)
    targets = np.abs(stft(synthetic("noise", SMALL, 0.5), SMALL))
    frames = stream(prepared(grid=SMALL), targets, contents, SMALL)
    np.testing.assert_allclose(np.abs(frames), targets, rtol=1e-4, atol=1e-6)


def test_every_pass_makes_frames_agree_better_with_each_other():
    contents = stft(clip("guitar_solo"))
    other = np.abs(stft(clip("trumpet_solo")))[: len(contents)]
    contents = contents[: len(other)]
    targets = blend(np.abs(contents), other, 0.5)
    found = [
        convergence(targets, stream(prepared(passes), targets, contents)) for passes in (0, 1, ITERATIONS)
    ]
    assert found[1] < found[0] - 0.3
    assert found[2] < found[1] - 0.5


def test_reset_is_like_new():
    contents = stft(synthetic("noise", SMALL, 0.3), SMALL)
    targets = np.abs(contents)[::-1].copy()
    stage = prepared(grid=SMALL)
    first = stream(stage, targets, contents, SMALL)
    stage.reset()
    np.testing.assert_array_equal(stream(stage, targets, contents, SMALL), first)


@pytest.mark.parametrize("value", ODD_VALUES)
def test_odd_values_count_as_nothing_and_are_forgotten(value):
    contents = stft(synthetic("three tones", SMALL, 0.5), SMALL)
    targets = np.abs(contents) * np.float32(0.5)
    damaged, damaged_contents = targets.copy(), contents.copy()
    damaged[10, 5:50] = value
    damaged_contents[11, 60:90] = complex(value, value)
    frames = stream(prepared(grid=SMALL), damaged, damaged_contents, SMALL)
    assert np.isfinite(frames).all()
    assert np.abs(frames[10, 5:50]).max() <= (1e-3 if value > 0 else 0)
    # A window later nothing is left of it.
    later = 12 + SMALL.window_length // SMALL.hop
    expected = stream(prepared(grid=SMALL), targets, contents, SMALL)
    np.testing.assert_allclose(np.abs(frames[later:]), np.abs(expected[later:]), rtol=1e-5, atol=1e-6)


def test_silence_stays_silent():
    nothing = np.zeros((20, SMALL.bins), np.complex64)
    assert not stream(prepared(grid=SMALL), np.abs(nothing), nothing, SMALL).any()
