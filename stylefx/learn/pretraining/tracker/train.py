"""Train the tracker: makes its weights from MIT SoundFonts and a seed, and can go on from where it stopped.

    python -m stylefx.learn.pretraining.tracker.train *.sf2 *.sf3 -o checkpoint.pt --steps 8000

Pieces are drawn as training goes (:mod:`stylefx.learn.pretraining.tracker.pieces`) and stay in a pool, from which
every step takes random stretches, moved by some semitones and coloured again. Muon on the matrices, Adam on the rest;
the rate is constant and then falls to 0 over the last part; what is kept is a running mean of the weights.
``--continue`` goes on with a checkpoint. The instruments of the benchmark's cases are left out of every font; note
figures on those and on ``--check`` fonts are logged as it goes. ``--device cuda`` trains on a GPU, ``--workers``
processes compose beside it, and ``--seconds`` ends by time instead of steps. The weights that ship took 12,300 steps
of 64 stretches, nine minutes of an H200 with 15 workers (docs/experiments/tracking.md, 12).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from stylefx.compute import compute_device
from stylefx.learn.pretraining.decoder.train import LEFT_OUT, Muon
from stylefx.learn.pretraining.tracker.batches import Stretches
from stylefx.learn.pretraining.tracker.composing import Pieces
from stylefx.learn.pretraining.tracker.network import PAST, STUDIO_AHEAD, Network
from stylefx.learn.pretraining.tracker.pieces import NONE, UNSAID, Composer
from stylefx.learn.pretraining.tracker.players import FontPlayer
from stylefx.learn.pretraining.tracker.validate import Checks
from stylefx.tracking.shape import LIVE_DELAYS

CPU = torch.device("cpu")
SEED, STEPS, COOL_DOWN, WARM_UP = 23, 8000, 0.4, 100
BATCH = 4
# A new piece every so many steps; the pool holds so many.
STEPS_A_PIECE, POOL_FIRST, POOL = 3, 24, 900
# Steps between two reports of the loss.
REPORT = 100
MUON_RATE, ADAM_RATE, MEAN_DECAY = 1e-2, 2e-3, 0.997
# An onset that is missed weighs this much more than one too many.
ONSET_WEIGHT = 3.0


def losses(network: Network, batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    """The parts of the loss, each by its name."""
    levels, onset, unsaid, sounding, cents = batch
    live, studio = (answer.float() for answer in network(levels))
    delays = len(LIVE_DELAYS)
    found = {}
    for index, delay in enumerate(LIVE_DELAYS):
        frames = slice(PAST - delay, PAST - delay + live.shape[2])
        found[f"onset{delay}"] = _onset_loss(live[:, index], onset[:, frames], unsaid[:, frames])
    now = slice(PAST, PAST + live.shape[2])
    last = slice(PAST - LIVE_DELAYS[-1], PAST - LIVE_DELAYS[-1] + live.shape[2])
    found["sounding"] = _sounding_loss(live[:, delays], sounding[:, now])
    found["cents"] = _cents_loss(live[:, delays + 1], sounding[:, now], cents[:, now])
    found["place"] = _place_loss(live[:, delays + 2], onset[:, last], unsaid[:, last])
    middle = slice(PAST + STUDIO_AHEAD, PAST + STUDIO_AHEAD + studio.shape[2])
    found["studio onset"] = _onset_loss(studio[:, 0], onset[:, middle], unsaid[:, middle])
    found["studio sounding"] = _sounding_loss(studio[:, 1], sounding[:, middle])
    found["studio cents"] = _cents_loss(studio[:, 2], sounding[:, middle], cents[:, middle])
    found["studio place"] = _place_loss(studio[:, 3], onset[:, middle], unsaid[:, middle])
    return found


WEIGHTS = {"onset0": 1.0, "onset1": 1.0, "onset2": 1.0, "onset3": 1.5, "studio onset": 1.5}
WEIGHTS |= {"sounding": 1.5, "studio sounding": 1.5, "cents": 0.15, "studio cents": 0.15}
WEIGHTS |= {"place": 0.15, "studio place": 0.15}


def _onset_loss(logits: torch.Tensor, onset: torch.Tensor, unsaid: torch.Tensor) -> torch.Tensor:
    wanted = (onset != NONE).float()
    said = (~unsaid).float() * (1 + (ONSET_WEIGHT - 1) * wanted)
    each = functional.binary_cross_entropy_with_logits(logits, wanted, weight=said, reduction="sum")
    return each / (logits.shape[0] * logits.shape[1])


def _sounding_loss(logits: torch.Tensor, sounding: torch.Tensor) -> torch.Tensor:
    said = (sounding != UNSAID).float()
    wanted = (sounding == 1).float()
    each = functional.binary_cross_entropy_with_logits(logits, wanted, weight=said, reduction="sum")
    return each / (10 * logits.shape[0] * logits.shape[1])


def _cents_loss(answer: torch.Tensor, sounding: torch.Tensor, cents: torch.Tensor) -> torch.Tensor:
    there = (sounding == 1).float()
    return ((answer - cents.float() / 50).abs() * there).sum() / (there.sum() + 10)


def _place_loss(answer: torch.Tensor, onset: torch.Tensor, unsaid: torch.Tensor) -> torch.Tensor:
    there = ((onset != NONE) & ~unsaid).float()
    return ((answer - onset.float() / 100).abs() * there).sum() / (there.sum() + 1)


class Training:
    """A network, its optimisers and the running mean of its weights; on a GPU it computes in bfloat16."""

    def __init__(self, seed: int, device: torch.device = CPU):
        torch.manual_seed(seed)
        self.device = device
        self.network = Network().to(device)
        matrices = [
            weight
            for name, weight in self.network.named_parameters()
            if weight.ndim == 2 and name not in ("live.weight", "studio.weight", "register")
        ]
        known = {id(weight) for weight in matrices}
        rest = [weight for weight in self.network.parameters() if id(weight) not in known]
        self.optimisers = [Muon(matrices, MUON_RATE), torch.optim.Adam(rest, ADAM_RATE, betas=(0.9, 0.99))]
        self.mean = {name: weight.clone() for name, weight in self.network.state_dict().items()}
        self.step, self.seconds = 0, 0.0

    def learn(self, batch: Any, rate: float) -> dict[str, torch.Tensor]:
        """One step; returns the parts of the loss."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            parts = losses(self.network, batch)
        loss = torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()
        self.network.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        for optimiser, full in zip(self.optimisers, (MUON_RATE, ADAM_RATE)):
            optimiser.param_groups[0]["lr"] = full * rate
            optimiser.step()
        self.step += 1
        decay = min(MEAN_DECAY, (self.step + 1) / (self.step + 21))
        with torch.no_grad():
            for name, weight in self.network.state_dict().items():
                self.mean[name].lerp_(weight, 1 - decay)
        return {name: part.detach() for name, part in parts.items()}

    def save(self, path: Path) -> None:
        """Everything that is needed to go on."""
        state = {
            "network": self.network.state_dict(), "mean": self.mean, "step": self.step, "seconds": self.seconds,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
        }  # fmt: skip
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        self.network.load_state_dict(state["network"])
        self.mean, self.step, self.seconds = state["mean"], state["step"], state["seconds"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)


@dataclass(frozen=True)
class Plan:
    """When to stop: after ``steps`` in all, or where it is given, after so many ``seconds`` of this run."""

    steps: int
    seconds: float | None
    batch: int
    every: int

    def done(self, step: int, elapsed: float) -> float:
        """Share of the way, 1 at its end."""
        return min(1.0, step / self.steps if self.seconds is None else elapsed / self.seconds)


def rate_at(step: int, done: float) -> float:
    """Share of the full rate, when this share of the way is done."""
    return min(1.0, (step + 1) / WARM_UP, (1 - done) / COOL_DOWN)


def train(
    training: Training,
    pieces: Pieces,
    stretches: Stretches,
    plan: Plan,
    report: Callable[[str], None],
    check: Callable[[], str],
    save: Callable[[], None],
) -> None:
    """As planned; ``check()`` and ``save()`` after every ``every``-th step.

    Where the steps are planned, pieces come at certain steps and are waited for, so that a run repeats. Where the time
    is, all that are ready are taken.
    """
    for _ in range(POOL_FIRST):
        stretches.add(pieces.take())
    added, begun, before, total = POOL_FIRST, time.perf_counter(), training.seconds, None
    while (done := plan.done(training.step, time.perf_counter() - begun)) < 1:
        came = pieces.ready() if plan.seconds else []
        if not plan.seconds and training.step % STEPS_A_PIECE == 0:
            came = [pieces.take()]
        for piece in came:
            stretches.add(piece)
        added += len(came)
        parts = training.learn(stretches.batch(plan.batch), rate_at(training.step, done))
        values = torch.stack(list(parts.values()))
        total = values if total is None else total + values
        training.seconds = before + time.perf_counter() - begun
        if training.step % REPORT == 0:
            losses_text = " ".join(
                f"{name} {value:.3f}" for name, value in zip(parts, (total / REPORT).tolist())
            )
            report(f"step {training.step}, {added} pieces, {training.seconds:.0f} s: {losses_text}")
            total = None
        if training.step % plan.every == 0:
            save()
            report(check())
    save()
    report(check())


def as_arrays(weights: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Names as members of the weights' file, float32."""
    return {
        name.replace(".", "_"): weight.cpu().numpy().astype(np.float32) for name, weight in weights.items()
    }


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("soundfonts", nargs="+", type=Path)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="checkpoint; the weights go beside it as .npz"
    )
    parser.add_argument("--continue", dest="going_on", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--steps", type=int, default=STEPS, help="in all, those done before included")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--check", type=Path, nargs="*", default=[], help="fonts to report figures on, never trained on"
    )
    parser.add_argument("--every", type=int, default=500, help="steps between two reports of note figures")
    parser.add_argument("--seconds", type=float, help="end after so many seconds of this run instead")
    parser.add_argument("--device", default="cpu", help="auto, cpu or cuda (default cpu)")
    parser.add_argument("--workers", type=int, default=0, help="processes that make pieces (default none)")
    parser.add_argument("--batch", type=int, default=BATCH, help=f"stretches a step (default {BATCH})")
    parser.add_argument("--pool", type=int, default=POOL, help=f"pieces that are kept (default {POOL})")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    # Before anything touches a GPU: processes that share one cannot be forked.
    seed = [options.seed, _steps_before(options)]
    pieces = Pieces(Composer(FontPlayer(options.soundfonts, LEFT_OUT)), seed, options.workers)
    checks = Checks(options.soundfonts[0], options.check)
    device = compute_device(options.device)
    torch.backends.cudnn.benchmark = True
    training = Training(options.seed, device)
    if options.going_on:
        training.load(options.output)
    stretches = Stretches(np.random.default_rng(seed), options.pool, device)
    plan = Plan(options.steps, options.seconds, options.batch, options.every)

    def report(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def save() -> None:
        training.save(options.output)
        np.savez(options.output.with_suffix(".npz"), allow_pickle=False, **as_arrays(training.mean))

    def check() -> str:
        network = Network().to(device)
        network.load_state_dict(training.mean)
        return checks.report(network)

    train(training, pieces, stretches, plan, report, check, save)
    return 0


def _steps_before(options: argparse.Namespace) -> int:
    """How many steps the checkpoint has that is gone on with."""
    return (
        torch.load(options.output, weights_only=True, map_location="cpu")["step"] if options.going_on else 0
    )


if __name__ == "__main__":
    raise SystemExit(main())
