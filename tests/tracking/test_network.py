"""The network at play time is the network that was trained: same inputs, same answers, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylefx.learn.pretraining.tracker import network as trained
from stylefx.learn.pretraining.tracker.batches import references
from stylefx.learn.pretraining.tracker.train import as_arrays
from stylefx.tracking import network as played
from stylefx.tracking.layout import (
    HARMONICS,
    PER_SEMITONE,
    PITCHES,
    PLACES,
    SHIFTS,
    layout_for,
    place_frequencies,
)
from stylefx.tracking.levels import LOWEST_DB, Levels
from stylefx.tracking.shape import HIDDEN

FRAMES = 100
LAYOUT = layout_for(44_100)


@pytest.fixture(scope="module")
def some_network() -> trained.Network:
    torch.manual_seed(0)
    network = trained.Network()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return network


def test_frame_by_frame_is_all_at_once(some_network):
    stored = np.random.default_rng(0).integers(0, 200, (FRAMES, 2, PLACES)).astype(np.uint8)
    levels = stored.astype(np.float32) * 0.5 + LOWEST_DB
    relative = (levels - references(stored)[:, None, None]).astype(np.float32)
    with torch.no_grad():
        live, studio = (answer[0].numpy() for answer in some_network(torch.from_numpy(relative)[None]))
    inputs, trunk = played.Inputs(LAYOUT.frame_seconds), played.Trunk(as_arrays(some_network.state_dict()))
    for frame in range(FRAMES):
        trunk.process(inputs.process(levels[frame]))
        heard, ahead = trunk.live().T, trunk.studio().T
        if frame >= trained.PAST:
            np.testing.assert_allclose(heard, live[:, frame - trained.PAST], atol=1e-4)
        if frame >= trained.PAST + 2 * trained.STUDIO_AHEAD:
            np.testing.assert_allclose(
                ahead, studio[:, frame - trained.PAST - 2 * trained.STUDIO_AHEAD], atol=1e-4
            )


def test_shifts_lie_at_the_partials():
    wanted = 12 * PER_SEMITONE * np.log2(HARMONICS)
    np.testing.assert_allclose(SHIFTS, wanted, atol=0.5)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("pitch", [33, 57, 81])
def test_a_sine_reads_its_level_at_its_place(rate, pitch):
    place = 1 + PER_SEMITONE * (pitch - 21)
    time = np.arange(rate // 2) / rate
    stage = Levels()
    stage.prepare(layout_for(rate))
    sine = (0.1 * np.sin(2 * np.pi * place_frequencies()[place] * time)).astype(np.float32)
    for levels in stage.process(sine):
        newest = levels
    # In the bass a place is a fraction of a bin: the nearest bin is half a bin off at most.
    half_a_bin_hz = 0.5 * rate / layout_for(rate).windows[-1]
    loudest_hz = place_frequencies()[newest[0].argmax()]
    assert abs(loudest_hz - place_frequencies()[place]) <= max(half_a_bin_hz, 1e-6)
    assert newest[0].max() == pytest.approx(-20, abs=2.5)


def test_what_lies_above_the_rate_is_silent():
    stage = Levels()
    stage.prepare(layout_for(8_000))
    noise = np.random.default_rng(0).standard_normal(8_000).astype(np.float32)
    for levels in stage.process(noise):
        newest = levels
    assert (newest[:, place_frequencies() > 4_100] == np.float32(LOWEST_DB)).all()
    assert (newest[:, place_frequencies() < 3_500] > -60).all()


def test_weights_that_ship_are_small():
    from stylefx.tracking.tracker import WEIGHTS, shipped_weights

    assert WEIGHTS.stat().st_size <= 1_000_000
    assert shipped_weights()["register"].shape == (HIDDEN, PITCHES)
