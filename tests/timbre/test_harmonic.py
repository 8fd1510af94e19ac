"""The harmonic Gram target: tells timbres apart whatever the pitch, and its gradient is right."""

import numpy as np
import pytest
import torch

from stylefx import fit
from stylefx.learn.gram_target import gram_distance
from stylefx.optimise.harmonic import (
    HarmonicFeatures,
    Moments,
    compress,
    gathered_hz,
    loss_and_slope,
    position_weights,
)
from tests.support.sounds import melody

pytestmark = pytest.mark.slow

RATE = 44_100
TIMBRES = {
    "bright": (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3),
    "dull": (1.0, 0.1, 0.03),
    "hollow": (1.0, 0.0, 0.6, 0.0, 0.4, 0.0, 0.3),
}


@pytest.mark.parametrize("timbre", TIMBRES)
def test_the_same_timbre_is_nearer_than_the_same_melody(timbre):
    high, low = (72, 76, 79, 74), (57, 62, 55, 60)
    style = fit(melody(low, 2.0, TIMBRES[timbre]), RATE)
    same_timbre = gram_distance(style, melody(high, 2.0, TIMBRES[timbre]), RATE)
    others = [
        gram_distance(style, melody(low, 2.0, TIMBRES[other]), RATE) for other in TIMBRES if other != timbre
    ]
    assert same_timbre < min(others)


@pytest.mark.parametrize("gain", [0.01, 0.5])
def test_level_does_not_matter(gain, bright_style, guitar_audio):
    loud = gram_distance(bright_style, guitar_audio[:, 0], RATE)
    quiet = gram_distance(bright_style, gain * guitar_audio[:, 0], RATE)
    assert abs(quiet - loud) < 0.02 * loud


def test_the_rate_matters_little(bright_style):
    notes = (60, 65, 69)
    at_44, at_48 = (melody(notes, 1.5, TIMBRES["dull"], rate) for rate in (44_100, 48_000))
    assert (
        abs(gram_distance(bright_style, at_44, 44_100) / gram_distance(bright_style, at_48, 48_000) - 1) < 0.1
    )


def test_slope_agrees_with_autograd():
    random = torch.Generator().manual_seed(5)
    features = torch.rand(40, 12, generator=random, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(40, generator=random, dtype=torch.float64)
    before = Moments(*(value.double() for value in vars(Moments.zero(12, torch.device("cpu"))).values()))
    before = before.plus(torch.rand(30, 12, generator=random, dtype=torch.float64), torch.ones(30).double())
    target = torch.rand(12, 12, generator=random, dtype=torch.float64)
    target = (target + target.T) / (target + target.T).norm()
    moments = before.plus(features, weights, keep=0.7)
    loss, slope = loss_and_slope(features, weights, moments, target)
    (expected,) = torch.autograd.grad(loss, features)
    assert (slope - expected).norm() < 1e-6 * expected.norm()


def test_compression_slope():
    levels = torch.linspace(-12, 2, 50, dtype=torch.float64, requires_grad=True)
    value, slope = compress(levels)
    (expected,) = torch.autograd.grad(value.sum(), levels)
    assert torch.allclose(slope, expected)
    assert value[0] < 0.01
    assert abs(compress(torch.zeros(1))[0] - 1) < 1e-3


def test_features_depend_on_the_seed_alone():
    one, same, other = (HarmonicFeatures(seed, torch.device("cpu")).weights for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_louder_positions_weigh_more():
    levels = torch.zeros(3, gathered_hz().shape[1])
    levels[1], levels[2] = 0.5, 1.0
    assert np.array_equal(position_weights(levels), [0, 0.25, 1])
