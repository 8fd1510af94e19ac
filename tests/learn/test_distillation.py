"""Distillation: the small network begins as a part of the large one, and learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylefx.learn.network import HIDDEN, Network, answer
from stylefx.learn.pretraining.decoder.distillation import distilled_loss, pruned
from stylefx.learn.spectra import PLAN, mean_level, observe_style
from stylefx.learn.training_examples import training_example


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(3):
        power = rng.random((240, PLAN.bins), np.float32) ** 4
        power /= mean_level(power)
        static, samples, _ = observe_style(power, rng, 16, 8)
        found.append(training_example(rng, power.copy(), power.copy(), static, samples, wanted=16))
    return found


def answers(network, item):
    features = torch.from_numpy(item.features).float()
    with torch.no_grad():
        layers = network.folded(network.encode(torch.from_numpy(item.samples).float()))
        return answer(layers, network.skip, features, network.listen(features), torch.from_numpy(item.static))


def test_pruning_to_the_same_size_changes_nothing(examples):
    torch.manual_seed(0)
    large = Network(24)
    small = pruned(large, examples, 24)
    torch.testing.assert_close(answers(small, examples[0]), answers(large, examples[0]), rtol=1e-4, atol=1e-4)


def test_the_units_that_say_most_are_kept(examples):
    """Units whose outputs go nowhere go first."""
    torch.manual_seed(0)
    large = Network(24)
    with torch.no_grad():
        for after in (large.decoder2, large.decoder3, large.decoder4):
            after.weight[:, ::2] = 0
    small = pruned(large, examples, 12)
    torch.testing.assert_close(answers(small, examples[0]), answers(large, examples[0]), rtol=1e-4, atol=1e-4)


def test_the_loss_falls_along_its_slope(examples):
    torch.manual_seed(0)
    large, small = Network(24), Network(12)
    learning = [small.decoder4.weight, small.decoder4.bias]

    def loss():
        torch.manual_seed(1)
        return distilled_loss(large, small, examples, np.random.default_rng(1))

    first = loss()
    slopes = torch.autograd.grad(first, learning)
    with torch.no_grad():
        for weight, slope in zip(learning, slopes):
            weight -= 1e-3 * slope / slope.norm()
    assert loss().item() < first.item()


def test_the_shipped_network_is_the_small_one():
    from stylefx.learn.decoder import load_network

    assert load_network().decoder2.weight.shape == (HIDDEN, HIDDEN)
