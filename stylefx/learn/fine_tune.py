"""Steps on the clip itself: the folded decoder learns to rebuild the clip from augmented copies of it.

The clip is the target; the content is a copy that was moved in pitch together with it and augmented (a spectral form
of denoising, Vincent et al. 2008). The ear does not learn, so an example goes through it once. The gradient is
written out: a taped one takes half as long again and twice the memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from stylefx import interruption
from stylefx.learn import augmentation
from stylefx.learn.network import HEARD, LONG_ENVELOPE, OWN_LEVEL, Layers, Network, distance
from stylefx.learn.spectra import BIN_HZ, POSITIONS
from stylefx.learn.training_examples import TrainingExample, drawn_frames, training_example
from stylefx.timbre.decoder import EQUALISER_LIMIT_DB, look
from stylefx.timbre.features import FEATURES
from stylefx.timbre.layout import heard_places

CHUNK, FIRST_WANTED, WANTED = 230, 30, 32
ITEMS, FRAMES_EACH, POOL, POOL_FIRST, STEPS_PER_EXAMPLE = 3, 8, 16, 4, 2
RATE, WARM_UP = 1e-3, 8
MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.98, 1e-8
# Between the pretrained weights, which know other instruments, and the fine-tuned ones, which know the clip
# (weight-space ensembles, Wortsman et al. 2022).
TUNED_RATIO = 0.6
SHIFT_SEMITONES = 9.0
EQUALISER_STRENGTH = 2.0
POLYPHONIC = 0.5
ENVELOPE_SMOOTHING = 40
# What of the first layer's inputs changes from frame to frame; the rest describes the style.
VARYING = FEATURES + HEARD


class ClipSampler:
    """Training examples made of the clip alone: pieces of it, moved in pitch, sometimes two at once, augmented."""

    def __init__(self, power: np.ndarray, static: np.ndarray):
        self._power, self._static = power, static
        self._noise = augmentation.NoiseFloor()
        width = 2 * ENVELOPE_SMOOTHING + 1
        window = np.hanning(width) / np.hanning(width).sum()
        level = np.log10(power.mean(axis=0) + 1e-9)
        self._envelope = np.convolve(np.pad(level, ENVELOPE_SMOOTHING, mode="edge"), window, "valid")

    def draw(self, rng: np.random.Generator) -> TrainingExample:
        """One training example."""
        target = self._piece(rng)
        if rng.random() < POLYPHONIC:
            target += self._piece(rng)
        content = target * augmentation.equaliser(rng, EQUALISER_STRENGTH)
        if rng.random() < 0.6:
            augmentation.flatten(content, float(rng.uniform(0.2, 1)), int(rng.integers(3, 25)))
        if rng.random() < 0.35:
            augmentation.room(rng)(content)
        if rng.random() < 0.6:
            self._noise.add(rng, content, rng.uniform(10, 60), augmentation.noise_colour(rng))
        nothing = np.zeros((0, 0))
        return training_example(rng, content, target, self._static, nothing, WANTED, FIRST_WANTED)

    def _piece(self, rng: np.random.Generator) -> np.ndarray:
        """CHUNK frames from anywhere in the clip, shifted; its envelope moves with it, or stays, or in between."""
        start = int(rng.integers(0, max(1, len(self._power) - CHUNK)))
        frames = np.arange(start, start + CHUNK) % len(self._power)
        piece = self._power[frames]
        ratio = np.float32(2 ** (rng.uniform(-SHIFT_SEMITONES, SHIFT_SEMITONES) / 12))
        augmentation.warp(piece, np.full(CHUNK, ratio, np.float32))
        moved = np.interp(BIN_HZ / ratio, BIN_HZ, self._envelope)
        stay = rng.uniform(0, 1) * (self._envelope - moved)
        return piece * (10 ** np.clip(stay, -3, 3)).astype(np.float32)


class Heard(NamedTuple):
    """A training example through the network's first layers: float16 (frames, positions, VARYING), float32 (frames,
    positions) and (frames,)."""

    seen: torch.Tensor
    target: torch.Tensor
    floor: torch.Tensor
    item: TrainingExample


def fine_tune(
    network: Network,
    layers: Layers,
    power: np.ndarray,
    static: np.ndarray,
    steps: int,
    rng: np.random.Generator,
) -> Layers:
    """The folded ``layers`` after ``steps`` on the clip.

    Parameters
    ----------
    network
        Whose ear hears, and whose decoder was folded.
    layers
        From `Network.folded`; they stay as they are.
    power
        Power spectrogram of the clip, float32 (frames, bins).
    static
        What `style_static` says of it, float32 (positions, STATIC).
    """
    tuned = [(weight.detach().clone(), bias.detach().clone()) for weight, bias in layers]
    weights = [array for layer in tuned for array in layer]
    optimiser = Adam(weights)
    gradient = Gradient(network.skip.detach(), torch.from_numpy(static))
    sampler = ClipSampler(power, static)
    examples = [_heard(network, sampler.draw(rng)) for _ in range(POOL_FIRST)]
    for step in range(steps):
        if step % STEPS_PER_EXAMPLE == 0:
            examples = [*examples, _heard(network, sampler.draw(rng))][-POOL:]
        interruption.check()
        chosen = [examples[index] for index in rng.choice(len(examples), ITEMS, replace=False)]
        rate = RATE * min(1, (step + 1) / WARM_UP) * (1 - step / steps)
        optimiser.step(gradient(tuned, chosen, rng), rate)
    with torch.no_grad():
        for weight, old in zip(weights, (array for layer in layers for array in layer)):
            weight.lerp_(old, 1 - TUNED_RATIO)
    return tuned


def _heard(network: Network, item: TrainingExample) -> Heard:
    # torch's conversions: numpy's of float16 take ten times as long.
    features = torch.from_numpy(item.features).float()
    with torch.no_grad():
        channels = network.channels(features).numpy()
    index, between = heard_places()
    lanes, seen = (0,) * channels.shape[2], np.empty((*channels.shape[:2], VARYING), np.float32)
    for here, its_channels, its_seen in zip(features.numpy(), channels, seen):
        look(here, its_channels, index, between, lanes, 0, 1, its_seen)
    return Heard(
        torch.from_numpy(seen).half(),
        torch.from_numpy(item.target),
        torch.from_numpy(item.floor),
        item,
    )


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1) on ``weights``, in place; torch's own loads its compiler at the first step,
    which takes seconds."""

    def __init__(self, weights: list[torch.Tensor]):
        self._weights, self._count = weights, 0
        self._means = [torch.zeros_like(weight) for weight in weights]
        self._squares = [torch.zeros_like(weight) for weight in weights]

    @torch.no_grad()
    def step(self, slopes: list[torch.Tensor], rate: float) -> None:
        """One step at a rate."""
        self._count += 1
        whole_mean, whole_square = 1 - MEAN_DECAY**self._count, 1 - SQUARE_DECAY**self._count
        for weight, slope, mean, square in zip(self._weights, slopes, self._means, self._squares):
            mean.lerp_(slope, 1 - MEAN_DECAY)
            square.mul_(SQUARE_DECAY).addcmul_(slope, slope, value=1 - SQUARE_DECAY)
            weight.addcdiv_(mean, (square / whole_square).sqrt_().add_(EPSILON), value=-rate / whole_mean)


class Gradient:
    """Called with layers and examples it returns the slope of the loss along every weight and bias, in that order."""

    def __init__(self, skip: torch.Tensor, static: torch.Tensor):
        self._skip, self._static = skip, static
        self._seen = torch.zeros(ITEMS * FRAMES_EACH, POSITIONS, VARYING)

    @torch.no_grad()
    def __call__(self, layers: Layers, examples: list[Heard], rng: np.random.Generator) -> list[torch.Tensor]:
        """For some frames of each example."""
        targets, floors = self._gather(examples, rng)
        (weight1, bias1), (weight2, bias2), (weight3, bias3), (weight4, _) = layers
        seen = self._seen.view(-1, VARYING)
        hidden1 = (self._seen @ weight1[:, :VARYING].T).add_(bias1 + self._static @ weight1[:, VARYING:].T)
        hidden1 = hidden1.relu_().view(-1, len(bias1))
        hidden2 = torch.addmm(bias2, hidden1, weight2.T).relu_()
        hidden3 = torch.addmm(bias3, hidden2, weight3.T).relu_()
        slope = self._answer_slope(hidden3 @ weight4[0] + layers[3][1], targets, floors)
        slope3 = torch.outer(slope, weight4[0]).mul_(hidden3 > 0)
        slope2 = (slope3 @ weight3).mul_(hidden2 > 0)
        slope1 = (slope2 @ weight2).mul_(hidden1 > 0)
        at_positions = slope1.view(-1, POSITIONS, len(bias1)).sum(0)
        return [
            torch.cat([slope1.T @ seen, at_positions.T @ self._static], dim=1),
            at_positions.sum(0),
            slope2.T @ hidden1,
            slope2.sum(0),
            slope3.T @ hidden2,
            slope3.sum(0),
            (slope @ hidden3)[None],
            slope.sum()[None],
        ]

    def _gather(self, examples: list[Heard], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Some frames of each example into one batch; their targets (items, frames, positions) and floors."""
        chosen = [torch.from_numpy(drawn_frames(rng, each.item, FRAMES_EACH)) for each in examples]
        for rows, each, frames in zip(self._seen.split(FRAMES_EACH), examples, chosen):
            rows.copy_(each.seen[frames])
        targets = torch.stack([each.target[frames] for each, frames in zip(examples, chosen)])
        return targets, torch.stack([each.floor[frames] for each, frames in zip(examples, chosen)])

    def _answer_slope(self, own: torch.Tensor, targets: torch.Tensor, floors: torch.Tensor) -> torch.Tensor:
        """Slope of the distance along the last layer's output (rows,); see `stylefx.learn.network.answer`."""
        limit = EQUALISER_LIMIT_DB / 10
        equaliser = (self._static[:, -1] - self._seen[..., LONG_ENVELOPE]).clamp_(-limit, limit)
        start = self._skip[0] * self._seen[..., OWN_LEVEL] + self._skip[1] * equaliser
        answers = (own.view_as(start) + start).view_as(targets)
        with torch.enable_grad():
            answers.requires_grad_(True)
            (slope,) = torch.autograd.grad(distance(answers, targets, floors), answers)
        return slope.flatten()
