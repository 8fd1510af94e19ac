"""Training the tracker: batches hold what the pieces hold, and a checkpoint goes on as if it had not stopped."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.cases.soundfonts import find_soundfont
from stylefx.learn.pretraining.tracker import train
from stylefx.learn.pretraining.tracker.batches import FRAMES_SEEN, STRETCH, Stretches, moved, references
from stylefx.learn.pretraining.tracker.composing import Pieces
from stylefx.learn.pretraining.tracker.network import PAST, STUDIO_AHEAD
from stylefx.learn.pretraining.tracker.pieces import NONE, Composer
from stylefx.learn.pretraining.tracker.players import FontPlayer
from stylefx.tracking.layout import PER_SEMITONE, PLACES

pytestmark = pytest.mark.slow

SEED = [4, 0]


@pytest.fixture(scope="module")
def composer() -> Composer:
    """Of the font that is small enough for a test."""
    return Composer(FontPlayer([find_soundfont("TimGM6mb")], frozenset()))


@pytest.fixture
def stretches(composer) -> Stretches:
    """Three places, two pieces."""
    made = Stretches(np.random.default_rng(4), 3, train.CPU)
    pieces = Pieces(composer, SEED)
    for _ in range(2):
        made.add(pieces.take())
    return made


def test_instruments_left_out_are_not_played():
    path = find_soundfont("TimGM6mb")
    left_out = frozenset({(0, 0), (0, 40)})
    played = {(bank, program) for _, bank, program in FontPlayer([path], left_out).instruments}
    others = {
        (bank, program) for _, bank, program in FontPlayer([path], left_out, only_left_out=True).instruments
    }
    assert played & left_out == set()
    assert others == left_out


def test_truth_moves_with_the_levels():
    places = torch.arange(PLACES, dtype=torch.float32).repeat(2, 1)
    pitches = torch.arange(88).repeat(2, 1)
    up = np.array([2, -3])
    assert moved(places, up * PER_SEMITONE, -1.0)[:, 50].tolist() == [
        50 - 2 * PER_SEMITONE,
        50 + 3 * PER_SEMITONE,
    ]
    assert moved(pitches, up, NONE)[:, 50].tolist() == [48, 53]
    assert moved(pitches, up, NONE)[0, 1] == moved(pitches, up, NONE)[1, 87] == NONE


def test_two_stretches_at_once_are_no_quieter_than_one(stretches):
    """A quarter of a batch is two: their levels and their notes together."""
    levels, onset, unsaid, sounding, cents = stretches.batch(8)
    assert levels.shape[:2] == (8, FRAMES_SEEN)
    assert torch.isfinite(levels).all()
    # No bin lies far over the running maximum, which is that of both.
    assert levels.amax() < 30
    assert onset.shape == unsaid.shape == sounding.shape == cents.shape
    assert ((sounding == 1).sum(dim=(1, 2)) > 0).any()


def test_a_batch_repeats(composer):
    piece, batches = Pieces(composer, SEED).take(), []
    for _ in range(2):
        made = Stretches(np.random.default_rng(4), 3, train.CPU)
        made.add(piece)
        batches.append(made.batch(4))
    for first, second in zip(*batches):
        assert torch.equal(first, second)


def test_workers_compose_what_their_seeds_say(composer):
    """Each in its turn, the same in every run."""
    drawn = []
    for _ in range(2):
        pieces = Pieces(composer, SEED, workers=2)
        drawn.append([pieces.take() for _ in range(2)])
    for first, second in zip(*drawn):
        np.testing.assert_array_equal(first.levels, second.levels)
    assert not np.array_equal(drawn[0][0].levels, drawn[0][1].levels)


def test_the_reference_never_rises_before_the_sound():
    levels = np.zeros((400, 2, PLACES), np.uint8)
    levels[100:110, 0, 40] = 200
    reference = references(levels)
    assert (reference[:100] == reference[0]).all()
    assert reference[100] == 200 * 0.5 - 110
    assert reference[200] < reference[110]


def test_a_checkpoint_goes_on_as_if_it_had_not_stopped(stretches, tmp_path):
    torch.set_num_threads(1)
    batch = stretches.batch(4)
    assert batch[0].shape[1] == PAST + STRETCH + 2 * STUDIO_AHEAD
    first = train.Training(1)
    before = sum(first.learn(batch, 0.5).values())
    first.save(tmp_path / "checkpoint.pt")
    second = train.Training(2)
    second.load(tmp_path / "checkpoint.pt")
    losses = [sum(training.learn(batch, 0.5).values()) for training in (first, second)]
    assert losses[0] == losses[1]
    assert losses[0] < before
    for name, weight in first.network.state_dict().items():
        assert torch.equal(weight, second.network.state_dict()[name]), name


def test_the_rate_rises_stays_and_falls_to_nothing():
    rates = [train.rate_at(step, step / 1000) for step in (0, 50, 100, 500, 800, 999)]
    assert rates[0] < rates[1] < rates[2] == rates[3] == 1
    assert rates[3] > rates[4] > rates[5] > 0
    assert train.rate_at(1000, 1.0) == 0


def test_a_run_may_end_after_a_time():
    by_steps, by_time = (train.Plan(1000, seconds, 4, 500) for seconds in (None, 60.0))
    assert by_steps.done(250, 999.0) == 0.25
    assert by_time.done(250, 45.0) == 0.75
    assert by_steps.done(1000, 0.0) == by_time.done(0, 61.0) == 1
