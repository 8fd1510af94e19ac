"""A clip -> the decoder of its style: the pretrained network's answer, then steps on the clip itself.

``draft`` is the pretrained network, conditioned on the clip (0.4 s). ``normal`` and ``best`` go on: the clip is the
target; the content is a copy that was moved in pitch together with it and disguised (a spectral form of denoising);
and the folded weights follow for some seconds. What helps on recordings, whose rooms and noises no SoundFont has.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import torch

from stylefx import interruption
from stylefx.analysis.grid import NOMINAL_RATE
from stylefx.decode.equaliser import level_statistics
from stylefx.errors import StylefxError, UsageError
from stylefx.learn import disguise
from stylefx.learn.decay import decay_rates
from stylefx.learn.examples import (
    BIN_HZ,
    GRID,
    mean_level,
    observe_style,
    power_spectrogram,
    sounding_frames,
)
from stylefx.learn.lessons import Lesson, drawn_frames, lesson
from stylefx.learn.network import Layers, Network, answer, distance, stored

WEIGHTS = "decoder.npz"
# Steps on the clip; a step costs about 40 ms of one CPU core.
STEPS = {"draft": 0, "normal": 150, "best": 500}
STYLE_FRAMES, STYLE_POSITIONS = 256, 16
# More of a clip than this teaches nothing new, and costs memory.
MAX_SECONDS = 30.0
CHUNK, FIRST_WANTED, WANTED = 260, 30, 32
ITEMS, FRAMES_EACH, POOL, POOL_FIRST, STEPS_PER_LESSON = 3, 12, 16, 4, 2
RATE, WARM_UP = 1e-3, 8
# Between the pretrained weights, which know other instruments, and the practised ones, which know the clip
# (weight-space ensembles, Wortsman et al. 2022).
PRACTISED_SHARE = 0.6
SHIFT_SEMITONES = 9.0
EQUALISER_STRENGTH = 2.0
POLYPHONIC = 0.5
# A clip this quiet holds nothing to learn (-120 dB of full scale, summed over a frame's bins).
SILENT_POWER = 1e-9
ENVELOPE_SMOOTHING = 40


def fit_decoder(
    audio: np.ndarray, sample_rate: int, quality: str = "normal", seed: int = 0
) -> dict[str, np.ndarray]:
    """Learn the decoder of a style.

    Parameters
    ----------
    audio
        Float (frames,) or (frames, channels) at ``sample_rate`` Hz; the first 30 s are used.
    quality
        ``draft``, ``normal`` or ``best``.
    seed
        The same seed gives the same arrays on the same machine.

    Returns
    -------
    dict
        float32 arrays for :class:`stylefx.decode.decoder.Decoder`, 0.9 MB.

    Raises
    ------
    UsageError
        The quality is not known.
    StylefxError
        The clip is silent, or the package lacks its weights.
    """
    if quality not in STEPS:
        raise UsageError(f"quality {quality!r} is not known: use one of {', '.join(STEPS)}")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _fit(_power(audio, sample_rate), STEPS[quality], np.random.default_rng(seed))
    finally:
        torch.set_num_threads(threads)


def _fit(power: np.ndarray, steps: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    network = load_network()
    static, samples, seen = observe_style(power, rng, STYLE_FRAMES, STYLE_POSITIONS)
    with torch.no_grad():
        layers = network.folded(network.encode(torch.from_numpy(samples)))
    layers = [(weight.detach().clone(), bias.detach().clone()) for weight, bias in layers]
    skip = network.skip.detach()
    if steps:
        _practise(network, layers, skip, Rehearsal(power, static), steps, rng)
    means, spreads = level_statistics(seen.own[sounding_frames(seen)])
    return {
        **stored(network, layers, torch.from_numpy(static)),
        "decoder_mean_levels": means,
        "decoder_level_spreads": spreads,
        "decoder_decay_rates": decay_rates(seen.own, seen.slow_level, GRID.hop_seconds),
    }


def load_network(path: Path | None = None) -> Network:
    """The network with the shipped weights, or with those that pretraining wrote to ``path``."""
    source = path or resources.files("stylefx.learn") / "weights" / WEIGHTS
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            network = Network(len(arrays["decoder2_bias"]))
            weights = {
                name: torch.from_numpy(arrays[name.replace(".", "_")]) for name in network.state_dict()
            }
        network.load_state_dict(weights)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise StylefxError(
            f"the decoder's weights {source} cannot be read ({error}): install stylefx again"
        ) from error
    return network


def _power(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Power spectrogram of the clip at 44.1 kHz, rms over channels, mean level 1."""
    channels = np.asarray(audio, np.float32).reshape(len(audio), -1)[: int(MAX_SECONDS * sample_rate)]
    if sample_rate != NOMINAL_RATE:
        import soxr

        channels = soxr.resample(channels, sample_rate, NOMINAL_RATE, "HQ").reshape(-1, channels.shape[1])
    power = np.stack([power_spectrogram(channel) for channel in channels.T]).mean(axis=0)
    level = mean_level(power)
    if not level > SILENT_POWER:
        raise StylefxError("the clip is silent: choose one with sound")
    return np.asarray(power / level, np.float32)


class Rehearsal:
    """Lessons made of the clip alone: pieces of it, moved in pitch, sometimes two at once, disguised."""

    def __init__(self, power: np.ndarray, static: np.ndarray):
        self._power, self._static = power, static
        self._noise = disguise.NoiseFloor()
        width = 2 * ENVELOPE_SMOOTHING + 1
        window = np.hanning(width) / np.hanning(width).sum()
        level = np.log10(power.mean(axis=0) + 1e-9)
        self._envelope = np.convolve(np.pad(level, ENVELOPE_SMOOTHING, mode="edge"), window, "valid")

    def draw(self, rng: np.random.Generator) -> Lesson:
        """One lesson."""
        target = self._piece(rng)
        if rng.random() < POLYPHONIC:
            target += self._piece(rng)
        content = target * disguise.equaliser(rng, EQUALISER_STRENGTH)
        if rng.random() < 0.6:
            disguise.flatten(content, float(rng.uniform(0.2, 1)), int(rng.integers(3, 25)))
        if rng.random() < 0.35:
            disguise.room(rng)(content)
        if rng.random() < 0.6:
            self._noise.add(rng, content, rng.uniform(10, 60), disguise.noise_colour(rng))
        nothing = np.zeros((0, 0))
        return lesson(rng, content, target, self._static, nothing, WANTED, FIRST_WANTED)

    def _piece(self, rng: np.random.Generator) -> np.ndarray:
        """CHUNK frames from anywhere in the clip, shifted; its envelope moves with it, or stays, or in between."""
        start = int(rng.integers(0, max(1, len(self._power) - CHUNK)))
        frames = np.arange(start, start + CHUNK) % len(self._power)
        piece = self._power[frames]
        ratio = np.float32(2 ** (rng.uniform(-SHIFT_SEMITONES, SHIFT_SEMITONES) / 12))
        disguise.warp(piece, np.full(CHUNK, ratio, np.float32))
        moved = np.interp(BIN_HZ / ratio, BIN_HZ, self._envelope)
        stay_bels = rng.uniform(0, 1) * (self._envelope - moved)
        return piece * (10 ** np.clip(stay_bels, -3, 3)).astype(np.float32)


def _practise(
    network: Network,
    layers: Layers,
    skip: torch.Tensor,
    rehearsal: Rehearsal,
    steps: int,
    rng: np.random.Generator,
) -> None:
    """Descend on the clip's own lessons; ``layers`` change in place."""
    weights = [weight.requires_grad_(True) for layer in layers for weight in layer]
    before = [weight.detach().clone() for weight in weights]
    optimiser = torch.optim.Adam(weights, RATE, betas=(0.9, 0.98))
    pool = [_heard(network, rehearsal.draw(rng)) for _ in range(POOL_FIRST)]
    for step in range(steps):
        if step % STEPS_PER_LESSON == 0:
            pool = [*pool, _heard(network, rehearsal.draw(rng))][-POOL:]
        interruption.check()
        chosen = [pool[index] for index in rng.choice(len(pool), ITEMS, replace=False)]
        loss = _loss(layers, skip, chosen, rng)
        optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / WARM_UP) * (1 - step / steps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        for weight, old in zip(weights, before):
            weight.lerp_(old, 1 - PRACTISED_SHARE)


def _heard(network: Network, item: Lesson) -> tuple[Lesson, torch.Tensor]:
    """A lesson and what the ear, which does not practise, hears of it."""
    with torch.no_grad():
        return item, network.listen(torch.from_numpy(item.features))


def _loss(
    layers: Layers, skip: torch.Tensor, lessons: list[tuple[Lesson, torch.Tensor]], rng: np.random.Generator
) -> torch.Tensor:
    answers, targets, floors = [], [], []
    for item, heard in lessons:
        frames = drawn_frames(rng, item, FRAMES_EACH)
        features, static = torch.from_numpy(item.features[frames]), torch.from_numpy(item.static)
        answers.append(answer(layers, skip, features, heard[torch.from_numpy(frames)], static))
        targets.append(torch.from_numpy(item.target[frames]))
        floors.append(torch.from_numpy(item.floor[frames]))
    return distance(torch.stack(answers), torch.stack(targets), torch.stack(floors))
