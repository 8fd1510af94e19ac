"""Pretraining: makes the decoder's weights from MIT SoundFonts and a seed.

    python -m stylefx.learn.pretraining.decoder.train *.sf2 *.sf3 -o large.npz
    python -m stylefx.learn.pretraining.decoder.train *.sf2 *.sf3 --distil large.npz -o decoder.npz

Same score, many instruments (:mod:`stylefx.learn.pretraining.decoder.synthetic_scores`), augmented
(:mod:`stylefx.learn.pretraining.decoder.pair_sampler`); the network learns to answer the content's frames with the
target's levels, given the style clip. The instruments of the benchmark's cases are left out of every font, so the
cases measure what is not known by heart. Muon (Jordan 2024) on the matrices and Adam on the rest; the rate is
constant, then falls linearly to 0; the shipped weights are a running mean of the last steps.

The weights that ship were made by these two commands from the two fonts (Debian's fluid-soundfont-gm and
musescore-general-soundfont) with nothing else said: 280 CPU seconds of rendering and 1070 of training (in bfloat16, on
a processor with AMX), then 330 of distillation (with AVX2), on 8 GB of disk. Another processor may round differently; a
new run then repeats the procedure, not the bits.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from stylefx.learn.network import PLACES, Network, answer, distance
from stylefx.learn.pretraining.decoder.pair_sampler import PairSampler
from stylefx.learn.pretraining.decoder.synthetic_scores import render_scores
from stylefx.learn.training_examples import TrainingExample, drawn_frames

SEED, SCORES, PLAYERS = 11, 64, 36
# Units a layer; what is played is half of them (stylefx/learn/pretraining/decoder/distillation.py).
LARGE_HIDDEN = 192
STEPS, COOL_DOWN, WARM_UP = 5000, 0.5, 50
ITEMS, FRAMES_EACH = 8, 8
# An example stays until this many newer ones have come, and is drawn about eight times.
POOL, POOL_FIRST = 192, 16
MUON_RATE, ADAM_RATE, MOMENTUM = 8e-3, 2e-3, 0.95
# Newton-Schulz iteration to the nearest orthogonal matrix (Jordan 2024).
QUINTIC, NEWTON_STEPS = (3.4445, -4.7750, 2.0315), 5
MEAN_DECAY = 0.995
STYLE_DROPOUT = 0.2
PROFILE_NOISE_DB = 2.0
# (bank, program) of the benchmark's instruments.
LEFT_OUT = frozenset(
    {(0, program) for program in (0, 6, 10, 11, 12, 19, 21, 24, 25, 40, 42, 46, 48, 52, 53, 56, 61)}
    | {(0, program) for program in (68, 70, 71, 73, 79, 104, 105)}
    | {(8, 24)}
)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal: every direction of a matrix learns at the same rate."""

    def __init__(self, parameters: Iterable[torch.Tensor], lr: float):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update."""
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                momentum = state.setdefault("momentum", torch.zeros_like(weight))
                momentum.mul_(MOMENTUM).add_(weight.grad)
                update = orthogonal(weight.grad + MOMENTUM * momentum)
                rows, columns = weight.shape
                weight.add_(update, alpha=-group["lr"] * max(1, rows / columns) ** 0.5)


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """The matrix with its singular values brought near 1."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    a, b, c = QUINTIC
    for _ in range(NEWTON_STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


def optimisers(network: Network) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices, Adam for the rest."""
    matrices = [
        weight
        for name, weight in network.named_parameters()
        if weight.ndim == 2 and name != "decoder4.weight"
    ]
    known = {id(weight) for weight in matrices}
    rest = [weight for weight in network.parameters() if id(weight) not in known]
    return [Muon(matrices, MUON_RATE), torch.optim.Adam(rest, ADAM_RATE, betas=(0.9, 0.99))]


def example_loss(network: Network, examples: list[TrainingExample], rng: np.random.Generator) -> torch.Tensor:
    """The distance on some frames of each example."""
    answers, targets, floors = [], [], []
    styles = network.encode(torch.stack([torch.from_numpy(item.samples) for item in examples]))
    # Forgetting parts of the vector keeps it from naming the few hundred instruments it is trained on.
    styles = functional.dropout(styles, STYLE_DROPOUT)
    drawn = [drawn_frames(rng, item, FRAMES_EACH) for item in examples]
    features = [torch.from_numpy(item.features[frames]) for item, frames in zip(examples, drawn)]
    heard = network.listen(torch.cat(features)).split(FRAMES_EACH)
    for item, style, frames, seen, gathered in zip(examples, styles, drawn, features, heard):
        static = torch.from_numpy(item.static)
        # The first columns are the place code, which is exact.
        static = static + PROFILE_NOISE_DB / 10 * torch.randn(static.shape[1]) * (
            torch.arange(static.shape[1]) >= PLACES
        )
        answers.append(answer(network.folded(style), network.skip, seen, gathered, static))
        targets.append(torch.from_numpy(item.target[frames]))
        floors.append(torch.from_numpy(item.floor[frames]))
    return distance(torch.stack(answers), torch.stack(targets), torch.stack(floors))


def train(
    pairs: PairSampler,
    steps: int,
    seed: int,
    report: Callable[[str], None] = print,
    save: Callable[[dict[str, np.ndarray]], None] | None = None,
) -> dict[str, np.ndarray]:
    """Train a new network; ``save(weights)`` is called now and then. Returns the weights' running mean."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(LARGE_HIDDEN)
    rates = [(optimiser, optimiser.param_groups[0]["lr"]) for optimiser in optimisers(network)]
    mean = {name: weight.clone() for name, weight in network.state_dict().items()}
    pool = [pairs.draw(rng) for _ in range(POOL_FIRST)]
    running, start = 0.0, time.process_time()
    for step in range(steps):
        pool.append(pairs.draw(rng))
        if len(pool) > POOL:
            pool.pop(int(rng.integers(len(pool) - 1)))
        chosen = [pool[index] for index in rng.choice(len(pool), ITEMS, replace=False)]
        rate = min(1, step / WARM_UP, (1 - step / steps) / COOL_DOWN)
        _step(network, rates, rate, loss := example_loss(network, chosen, rng))
        decay = min(MEAN_DECAY, (step + 1) / (step + 21))
        with torch.no_grad():
            for name, weight in network.state_dict().items():
                mean[name].lerp_(weight, 1 - decay)
        running += (float(loss.detach()) - running) * max(0.01, 1 / (step + 1))
        if step % 250 == 249:
            report(
                f"step {step + 1} of {steps}: loss {10 * running:.3f} dB, {time.process_time() - start:.0f} CPU s"
            )
            if save:
                save(as_arrays(mean))
    return as_arrays(mean)


def _step(
    network: Network, rates: list[tuple[torch.optim.Optimizer, float]], rate: float, loss: torch.Tensor
) -> None:
    network.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optimiser, full_rate in rates:
        optimiser.param_groups[0]["lr"] = full_rate * rate
        optimiser.step()


def as_arrays(weights: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Names as .npz members, float32."""
    return {name.replace(".", "_"): weight.numpy() for name, weight in weights.items()}


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("soundfonts", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--distil", type=Path, metavar="LARGE", help="make the small network from this one")
    parser.add_argument("--scores", type=int, default=SCORES)
    parser.add_argument("--players", type=int, default=PLAYERS, help="instruments that play each score")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    from stylefx.learn.pretraining.decoder import (
        distillation as distil,  # which is made of this module's parts
    )

    torch.set_num_threads(1)

    def save(weights: dict[str, np.ndarray]) -> None:
        np.savez(options.output, allow_pickle=False, **weights)

    def report(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        stored, renderings = render_scores(
            options.soundfonts, Path(folder) / "scores.u8", options.scores, options.players, options.seed
        )
        report(f"{len(renderings)} renderings, {time.process_time():.0f} CPU s")
        pairs = PairSampler(stored, renderings, LEFT_OUT)
        if options.distil is None:
            save(train(pairs, options.steps or STEPS, options.seed, report, save))
        else:
            distil.distil(pairs, options.distil, options.steps or distil.STEPS, options.seed, report, save)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
