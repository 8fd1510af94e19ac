"""Train the tracker: makes its weights from MIT SoundFonts and a seed, and can go on from where it stopped.

    python -m stylefx.learn.pretraining.train FluidR3_GM.sf2 MuseScore_General_Full.sf3 -o checkpoint.pt --steps 8000

Pieces are drawn as training goes (:mod:`stylefx.learn.pretraining.pieces`) and stay in a pool, from which every step
takes random stretches, moved by some semitones and coloured anew. Muon on the matrices, Adam on the rest; the rate is
constant and then falls to 0 over the last part; what is kept is a running mean of the weights. ``--continue`` goes on
with a checkpoint. The instruments of the benchmark's cases are left out of every font; note figures on those and on
``--check`` fonts are logged as it goes. The weights that ship took 1850 steps and 1650 CPU seconds, in three runs
(benchmarks/TRACKING-NOTES.md).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from stylefx.learn.pretrain import LEFT_OUT, Muon
from stylefx.learn.pretraining.network import PAST, STUDIO_AHEAD, Network
from stylefx.learn.pretraining.pieces import LAYOUT, NONE, STORED_STEP_DB, UNSAID, Composer, Piece
from stylefx.learn.pretraining.players import FontPlayer
from stylefx.learn.pretraining.validate import Checks
from stylefx.tracking.inputs import FALL_DB_PER_SECOND, SILENT_DB
from stylefx.tracking.layout import PER_SEMITONE
from stylefx.tracking.levels import LOWEST_DB
from stylefx.tracking.shape import LIVE_DELAYS

SEED, STEPS, COOL_DOWN, WARM_UP = 23, 8000, 0.4, 100
STRETCH, BATCH = 112, 4
FRAMES_SEEN = PAST + STRETCH + 2 * STUDIO_AHEAD
# A new piece every so many steps; the pool holds so many.
STEPS_A_PIECE, POOL_FIRST, POOL = 3, 24, 900
MUON_RATE, ADAM_RATE, MEAN_DECAY = 1e-2, 2e-3, 0.997
TRANSPOSED = 5
# An onset that is missed weighs this much more than one too many.
ONSET_WEIGHT = 3.0


def references(levels: np.ndarray) -> np.ndarray:
    """The slow maximum in dB of every frame of uint8 levels, (frames,)."""
    loudest = levels[:, 0].max(axis=1) * STORED_STEP_DB + LOWEST_DB
    fall = FALL_DB_PER_SECOND * LAYOUT.frame_seconds
    steps = np.arange(len(loudest)) * fall
    return np.maximum(np.maximum.accumulate(loudest + steps) - steps, SILENT_DB)


class Stretches:
    """A pool of pieces, and batches of stretches out of it."""

    def __init__(self, composer: Composer, rng: np.random.Generator):
        self._composer, self._rng = composer, rng
        self._pool: list[tuple[Piece, np.ndarray]] = []

    def add(self) -> None:
        """One more piece; the oldest goes."""
        piece = self._composer.draw(self._rng)
        self._pool.append((piece, references(piece.levels)))
        if len(self._pool) > POOL:
            self._pool.pop(0)

    def batch(self) -> tuple[torch.Tensor, ...]:
        """Levels relative to the reference (BATCH, FRAMES_SEEN, 2, PLACES), onset, unsaid, sounding, cents."""
        drawn = [self._stretch(*self._pool[self._rng.integers(len(self._pool))]) for _ in range(BATCH)]
        return tuple(torch.from_numpy(np.stack(parts)) for parts in zip(*drawn))

    def _stretch(self, piece: Piece, reference: np.ndarray):
        rng = self._rng
        start = int(rng.integers(0, len(piece.levels) - FRAMES_SEEN + 1))
        frames = slice(start, start + FRAMES_SEEN)
        levels = piece.levels[frames].astype(np.float32) * STORED_STEP_DB + LOWEST_DB
        levels -= reference[frames, None, None]
        if rng.random() < 0.6:
            levels += _colour(rng, levels.shape[2])
        truth = [piece.onset[frames], piece.unsaid[frames], piece.sounding[frames], piece.cents[frames]]
        up = int(rng.integers(-TRANSPOSED, TRANSPOSED + 1)) if rng.random() < 0.6 else 0
        if up:
            levels = _moved(levels, up * PER_SEMITONE, -200.0)
            fills = (NONE, False, 0, 0)
            truth = [_moved(array, up, fill) for array, fill in zip(truth, fills)]
        return levels, *truth


def _colour(rng: np.random.Generator, places: int) -> np.ndarray:
    curve = np.interp(np.arange(places), np.linspace(0, places, 10), rng.normal(0, rng.uniform(0, 5), 10))
    return (curve - curve.max() / 2).astype(np.float32)


def _moved(array: np.ndarray, steps: int, fill) -> np.ndarray:
    """The last axis moved up by ``steps``."""
    moved = np.full_like(array, fill)
    if steps > 0:
        moved[..., steps:] = array[..., :-steps]
    else:
        moved[..., :steps] = array[..., -steps:]
    return moved


def losses(network: Network, batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    """The parts of the loss, each by its name."""
    levels, onset, unsaid, sounding, cents = batch
    live, studio = network(levels)
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


WEIGHTS = {"onset0": 0.5, "onset1": 0.7, "onset2": 1.0, "onset3": 1.0, "studio onset": 1.5}
WEIGHTS |= {"sounding": 1.5, "studio sounding": 1.5, "cents": 0.15, "studio cents": 0.15}
WEIGHTS |= {"place": 0.15, "studio place": 0.15}


def _onset_loss(logits, onset, unsaid):
    wanted = (onset != NONE).float()
    said = (~unsaid).float() * (1 + (ONSET_WEIGHT - 1) * wanted)
    each = functional.binary_cross_entropy_with_logits(logits, wanted, weight=said, reduction="sum")
    return each / (logits.shape[0] * logits.shape[1])


def _sounding_loss(logits, sounding):
    said = (sounding != UNSAID).float()
    wanted = (sounding == 1).float()
    each = functional.binary_cross_entropy_with_logits(logits, wanted, weight=said, reduction="sum")
    return each / (10 * logits.shape[0] * logits.shape[1])


def _cents_loss(answer, sounding, cents):
    there = (sounding == 1).float()
    return ((answer - cents.float() / 50).abs() * there).sum() / (there.sum() + 10)


def _place_loss(answer, onset, unsaid):
    there = ((onset != NONE) & ~unsaid).float()
    return ((answer - onset.float() / 100).abs() * there).sum() / (there.sum() + 1)


class Training:
    """A network, its optimisers and the running mean of its weights."""

    def __init__(self, seed: int):
        torch.manual_seed(seed)
        self.network = Network()
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

    def learn(self, batch, rate: float) -> dict[str, float]:
        """One step; returns the parts of the loss."""
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
        return {name: float(part.detach()) for name, part in parts.items()}

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
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean, self.step, self.seconds = state["mean"], state["step"], state["seconds"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)


def rate_at(step: int, steps: int) -> float:
    """Share of the full rate."""
    return min(1.0, (step + 1) / WARM_UP, max(0.0, 1 - step / steps) / COOL_DOWN)


def train(training: Training, stretches: Stretches, steps: int, every: int, report, check, save) -> None:
    """Until ``steps`` in all; ``check()`` and ``save()`` after every ``every``-th."""
    for _ in range(POOL_FIRST):
        stretches.add()
    mean: dict[str, float] = {}
    while training.step < steps:
        begun = time.process_time()
        if training.step % STEPS_A_PIECE == 0:
            stretches.add()
        parts = training.learn(stretches.batch(), rate_at(training.step, steps))
        training.seconds += time.process_time() - begun
        for name, part in parts.items():
            mean[name] = mean.get(name, part) + 0.02 * (part - mean.get(name, part))
        if training.step % 100 == 0:
            told = " ".join(f"{name} {value:.3f}" for name, value in mean.items())
            report(f"step {training.step} of {steps}, {training.seconds:.0f} CPU s: {told}")
        if training.step % every == 0 or training.step == steps:
            save()
            report(check())


def as_arrays(weights: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Names as members of the weights' file, float32."""
    return {name.replace(".", "_"): weight.numpy().astype(np.float32) for name, weight in weights.items()}


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
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    training = Training(options.seed)
    if options.going_on:
        training.load(options.output)
    rng = np.random.default_rng([options.seed, training.step])
    stretches = Stretches(Composer(FontPlayer(options.soundfonts, LEFT_OUT)), rng)
    checks = Checks(options.soundfonts[0], options.check)

    def report(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def save() -> None:
        training.save(options.output)
        np.savez(options.output.with_suffix(".npz"), allow_pickle=False, **as_arrays(training.mean))

    def check() -> str:
        network = Network()
        network.load_state_dict(training.mean)
        return checks.report(network)

    train(training, stretches, options.steps, options.every, report, check, save)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
