"""Distillation: the large pretrained network becomes the small one that is played.

    python -m stylefx.learn.pretraining.decoder.train *.sf2 *.sf3 -o large.npz
    python -m stylefx.learn.pretraining.decoder.train *.sf2 *.sf3 --distil large.npz -o decoder.npz

A processor without matrix units spends most of a hop in the decoder's layers, and steps on a clip take nearly all of
a fit; half as many hidden units need a third of the products. Trained from scratch a small network learns as much of
the random scores only after many more steps. So it begins as the large one without its least important units
(structured pruning, Li et al. 2017), and learns from two teachers at once, the true targets and what the large one
answers, which are free of the chance that single frames hold (Hinton, Vinyals & Dean 2015). Ear and encoder are taken
over and do not learn.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from stylefx.learn.decoder import load_network
from stylefx.learn.network import HIDDEN, PLACES, Layers, Network, answer, distance
from stylefx.learn.pretraining.decoder.pair_sampler import PairSampler
from stylefx.learn.pretraining.decoder.train import (
    ADAM_RATE,
    FRAMES_EACH,
    ITEMS,
    MEAN_DECAY,
    MUON_RATE,
    POOL,
    POOL_FIRST,
    PROFILE_NOISE_DB,
    Muon,
    as_arrays,
)
from stylefx.learn.training_examples import TrainingExample, drawn_frames

# The rate falls towards 0 at the end of the schedule; the instruments left out were nearest before that.
STEPS, SCHEDULE, WARM_UP = 800, 1500, 50
# The pruned network is near its end already: it needs less of a push than a random one.
RATE_RATIO = 0.5
# Examples by which the importance of units is judged.
JUDGED = 12
SMALL_LAYERS = ("decoder1", "decoder2", "decoder3")


def pruned(large: Network, examples: list[TrainingExample], hidden: int = HIDDEN) -> Network:
    """A network of ``hidden`` units per layer: those of ``large`` that say most on ``examples``."""
    kept = [torch.sort(torch.topk(scores, hidden).indices).values for scores in _importance(large, examples)]
    state, size = large.state_dict(), large.decoder2.weight.shape[0]
    for name, units in zip(SMALL_LAYERS, kept):
        state[f"{name}.weight"] = state[f"{name}.weight"][units]
        state[f"{name}.bias"] = state[f"{name}.bias"][units]
    state["decoder_heard.weight"] = state["decoder_heard.weight"][kept[0]]
    state["decoder2.weight"] = state["decoder2.weight"][:, kept[0]]
    state["decoder3.weight"] = state["decoder3.weight"][:, kept[1]]
    state["decoder4.weight"] = state["decoder4.weight"][:, kept[2]]
    # Gains and shifts of the three layers, in turn.
    rows = torch.cat([part * size + kept[part // 2] for part in range(6)])
    state["film.weight"], state["film.bias"] = state["film.weight"][rows], state["film.bias"][rows]
    small = Network(hidden)
    small.load_state_dict(state)
    return small


def _importance(large: Network, examples: list[TrainingExample]) -> list[torch.Tensor]:
    """Of every unit of every layer: its mean output times the sum of the weights that listen to it."""
    scores = [torch.zeros(large.decoder2.weight.shape[0]) for _ in SMALL_LAYERS]
    with torch.no_grad():
        for item in examples:
            layers = large.folded(large.encode(torch.from_numpy(item.samples)))
            features = torch.from_numpy(item.features[::4])
            static = torch.from_numpy(item.static).expand(len(features), -1, -1)
            seen = torch.cat([features.float(), large.listen(features), static], dim=-1)
            for score, (weight, bias), (after, _) in zip(scores, layers, layers[1:]):
                seen = torch.relu(seen @ weight.T + bias)
                score += seen.mean((0, 1)) * after.abs().sum(0)
    return scores


def distilled_loss(
    large: Network, small: Network, examples: list[TrainingExample], rng: np.random.Generator
) -> torch.Tensor:
    """The mean of the small network's distances to the targets and to the large network's answers."""
    with torch.no_grad():
        styles = large.encode(torch.stack([torch.from_numpy(item.samples) for item in examples]))
        drawn = [drawn_frames(rng, item, FRAMES_EACH) for item in examples]
        features = [torch.from_numpy(item.features[frames]) for item, frames in zip(examples, drawn)]
        heard = large.listen(torch.cat(features)).split(FRAMES_EACH)
        statics = [_blurred(torch.from_numpy(item.static)) for item in examples]
    inputs = list(zip(styles, features, heard, statics))

    def answers(network: Network) -> torch.Tensor:
        return torch.stack([_answer(network, *item) for item in inputs])

    targets = torch.stack([torch.from_numpy(item.target[frames]) for item, frames in zip(examples, drawn)])
    floors = torch.stack([torch.from_numpy(item.floor[frames]) for item, frames in zip(examples, drawn)])
    with torch.no_grad():
        taught = answers(large)
    learned = answers(small)
    return 0.5 * (distance(learned, targets, floors) + distance(learned, taught, floors))


def _blurred(static: torch.Tensor) -> torch.Tensor:
    """The description of a style with a little noise, but for its place code, which is exact."""
    noise = torch.randn(static.shape[1]) * (torch.arange(static.shape[1]) >= PLACES)
    return static + PROFILE_NOISE_DB / 10 * noise


def _answer(
    network: Network, style: torch.Tensor, features: torch.Tensor, heard: torch.Tensor, static: torch.Tensor
) -> torch.Tensor:
    layers: Layers = network.folded(style)
    return answer(layers, network.skip, features, heard, static)


def distil(
    pairs: PairSampler,
    weights: Path,
    steps: int,
    seed: int,
    report: Callable[[str], None],
    save: Callable[[dict[str, np.ndarray]], None],
) -> None:
    """Train the small network from the large one's ``weights``; ``save`` gets its running mean now and then."""
    torch.manual_seed(seed)
    large = load_network(weights)
    rng = np.random.default_rng(seed)
    pool = [pairs.draw(rng) for _ in range(POOL_FIRST)]
    small = pruned(large, pool[:JUDGED])
    learning = [
        weight for name, weight in small.named_parameters() if name.startswith(("decoder", "film", "skip"))
    ]
    matrices = [weight for weight in learning if weight.ndim == 2 and weight.shape[0] > 1]
    known = {id(weight) for weight in matrices}
    rest = [weight for weight in learning if id(weight) not in known]
    optimisers: list[tuple[torch.optim.Optimizer, float]] = [
        (Muon(matrices, MUON_RATE), MUON_RATE),
        (torch.optim.Adam(rest, ADAM_RATE, betas=(0.9, 0.99)), ADAM_RATE),
    ]
    mean = {name: weight.clone() for name, weight in small.state_dict().items()}
    running, start = 0.0, time.process_time()
    for step in range(steps):
        pool.append(pairs.draw(rng))
        if len(pool) > POOL:
            pool.pop(int(rng.integers(len(pool) - 1)))
        chosen = [pool[index] for index in rng.choice(len(pool), ITEMS, replace=False)]
        loss = distilled_loss(large, small, chosen, rng)
        small.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        for optimiser, full_rate in optimisers:
            optimiser.param_groups[0]["lr"] = (
                full_rate * RATE_RATIO * min(1, step / WARM_UP, 1 - step / SCHEDULE)
            )
            optimiser.step()
        decay = min(MEAN_DECAY, (step + 1) / (step + 21))
        with torch.no_grad():
            for name, weight in small.state_dict().items():
                mean[name].lerp_(weight, 1 - decay)
        running += (float(loss.detach()) - running) * max(0.01, 1 / (step + 1))
        if step % 100 == 99 or step + 1 == steps:
            spent = time.process_time() - start
            report(f"step {step + 1} of {steps}: loss {10 * running:.3f} dB, {spent:.0f} CPU s")
            save(as_arrays(mean))
