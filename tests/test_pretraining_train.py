"""Training the tracker: batches hold what the pieces hold, and a checkpoint goes on as if it had not stopped."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.soundfonts import find_soundfont
from stylefx.learn.pretraining import train
from stylefx.learn.pretraining.network import PAST, STUDIO_AHEAD
from stylefx.learn.pretraining.pieces import NONE, Composer
from stylefx.learn.pretraining.players import FontPlayer
from stylefx.tracking.layout import PER_SEMITONE, PLACES


@pytest.fixture(scope="module")
def stretches() -> train.Stretches:
    """Two pieces, of the font that is small enough for a test."""
    composer = Composer(FontPlayer([find_soundfont("TimGM6mb")], frozenset()))
    made = train.Stretches(composer, np.random.default_rng(4))
    for _ in range(2):
        made.add()
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
    places, pitches = np.arange(PLACES)[None].astype(np.float32), np.arange(88)[None]
    assert train._moved(places, 2 * PER_SEMITONE, -1.0)[0, 50] == 50 - 2 * PER_SEMITONE
    assert train._moved(pitches, 2, NONE)[0, 50] == 48
    assert train._moved(pitches, -3, NONE)[0, 87] == NONE


def test_the_reference_never_rises_before_the_sound():
    levels = np.zeros((400, 2, PLACES), np.uint8)
    levels[100:110, 0, 40] = 200
    reference = train.references(levels)
    assert (reference[:100] == reference[0]).all()
    assert reference[100] == 200 * 0.5 - 110
    assert reference[200] < reference[110]


def test_a_checkpoint_goes_on_as_if_it_had_not_stopped(stretches, tmp_path):
    torch.set_num_threads(1)
    batch = stretches.batch()
    assert batch[0].shape[1] == PAST + train.STRETCH + 2 * STUDIO_AHEAD
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
    rates = [train.rate_at(step, 1000) for step in (0, 50, 100, 500, 800, 999)]
    assert rates[0] < rates[1] < rates[2] == rates[3] == 1
    assert rates[3] > rates[4] > rates[5] > 0
    assert train.rate_at(1000, 1000) == 0
