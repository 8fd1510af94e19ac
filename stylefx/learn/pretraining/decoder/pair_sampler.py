"""Training pairs of the decoder: content augmented, target and style from another instrument of the same score.

What is done to the content alone teaches what to ignore; what target and style share (an equaliser, a room, a noise
floor, a second instrument blended in) teaches that the clip's sound is more than its instrument.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from stylefx.learn import augmentation
from stylefx.learn.pretraining.decoder.synthetic_scores import FRAMES, Rendering, dequantise
from stylefx.learn.spectra import mean_level, observe_style
from stylefx.learn.training_examples import TrainingExample, training_example

CHUNK = 480  # frames, 2.8 s
STYLE_FRAMES, STYLE_POSITIONS = 16, 96
STYLE_LENGTHS, STYLE_CHANCES = (200, 400, 700, 1400), (0.15, 0.5, 0.25, 0.1)
SELF_TARGET, AUGMENTED = 0.12, 0.8
SILENT_POWER = 1e-3


class PairSampler:
    """Draws training examples from rendered scores, without the instruments left out."""

    def __init__(self, stored: np.ndarray, renderings: list[Rendering], left_out: frozenset[tuple[int, int]]):
        self._stored, self._renderings = stored, renderings
        self._noise = augmentation.NoiseFloor()
        self._of_score, self._of_instrument = defaultdict(list), defaultdict(list)
        self._allowed = []
        for index, rendering in enumerate(renderings):
            self._of_instrument[rendering.instrument].append(index)
            if (rendering.bank, rendering.program) not in left_out:
                self._allowed.append(index)
                self._of_score[rendering.score].append(index)

    def draw(self, rng: np.random.Generator) -> TrainingExample:
        """One training example."""
        while True:
            content, target, style = self._pick(rng)
            start = int(rng.integers(0, FRAMES - CHUNK))
            length = int(rng.choice(STYLE_LENGTHS, p=STYLE_CHANCES))
            style_start = int(rng.integers(0, FRAMES - length))
            x = self._power(content, start, CHUNK)
            y = self._power(target, start, CHUNK)
            z = self._power(style, style_start, length)
            if min(x.sum(), y.sum(), z.sum()) < SILENT_POWER:
                continue
            for power in (x, y, z):
                power /= mean_level(power)
            if rng.random() < AUGMENTED:
                self._blend(rng, content, style, start, style_start, x, y, z)
                self._augment(rng, x, y, z)
            static, samples, _ = observe_style(z, rng, STYLE_FRAMES, STYLE_POSITIONS)
            return training_example(rng, x, y, static, samples)

    def _pick(self, rng: np.random.Generator) -> tuple[int, int, int]:
        """Content and target of one score; a style of the target's instrument from another score."""
        while True:
            content = int(rng.choice(self._allowed))
            target = int(rng.choice(self._of_score[self._renderings[content].score]))
            if rng.random() < SELF_TARGET:
                target = content
            elsewhere = self._elsewhere(target, content)
            if elsewhere and (content != target or rng.random() < 0.5):
                return content, target, int(rng.choice(elsewhere))

    def _elsewhere(self, rendering: int, than: int) -> list[int]:
        score = self._renderings[than].score
        same = self._of_instrument[self._renderings[rendering].instrument]
        return [other for other in same if self._renderings[other].score != score]

    def _power(self, index: int, start: int, length: int) -> np.ndarray:
        return dequantise(self._stored[index, start : start + length])

    def _blend(
        self,
        rng: np.random.Generator,
        content: int,
        style: int,
        start: int,
        style_start: int,
        x: np.ndarray,
        y: np.ndarray,
        z: np.ndarray,
    ) -> None:
        """Others play along: quietly beside the content, or as a part of target and style alike."""
        fellows = self._of_score[self._renderings[content].score]
        if rng.random() < 0.2:
            other = self._power(int(rng.choice(fellows)), start, len(x)) * augmentation.equaliser(rng)
            x += other * (10 ** rng.uniform(-2, 0) / max(mean_level(other), 1e-9))
        if rng.random() < 0.45:
            fellow = int(rng.choice(fellows))
            style_score = self._renderings[style].score
            same = self._of_instrument[self._renderings[fellow].instrument]
            there = [other for other in same if self._renderings[other].score == style_score]
            if there:
                colour = augmentation.equaliser(rng)
                other = self._power(fellow, start, len(y)) * colour
                gain = 10 ** rng.uniform(-1.5, 0.5) / max(mean_level(other), 1e-6)
                y += other * gain
                z += self._power(there[0], style_start, len(z)) * colour * gain

    def _augment(self, rng: np.random.Generator, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
        if rng.random() < 0.7:
            colour = augmentation.equaliser(rng)
            y *= colour
            z *= colour
        if rng.random() < 0.4:
            amount, half_width = float(rng.uniform(-0.6, 0.8)), int(rng.integers(3, 25))
            augmentation.flatten(y, amount, half_width)
            augmentation.flatten(z, amount, half_width)
        if rng.random() < 0.8:
            x *= augmentation.equaliser(rng)
        if rng.random() < 0.3:
            fixed = np.full(len(x), 2 ** (rng.uniform(-9, 9) / 12), np.float32)
            ratio = augmentation.glide(rng, len(x)) if rng.random() < 0.5 else fixed
            augmentation.warp(x, ratio)
            augmentation.warp(y, ratio)
            if rng.random() < 0.5:
                augmentation.warp(z, np.full(len(z), ratio.mean(), np.float32))
        if rng.random() < 0.15:
            augmentation.flatten(x, float(rng.uniform(0.2, 1)), int(rng.integers(3, 25)))
        if rng.random() < 0.35:
            augmentation.room(rng)(x)
        if rng.random() < 0.3:
            reverberate = augmentation.room(rng)
            reverberate(y)
            reverberate(z)
        if rng.random() < 0.6:
            self._noise.add(rng, x, rng.uniform(8, 70), augmentation.noise_colour(rng))
        if rng.random() < 0.35:
            colour, snr_db = augmentation.noise_colour(rng), rng.uniform(20, 70)
            self._noise.add(rng, y, snr_db, colour)
            self._noise.add(rng, z, snr_db, colour)
