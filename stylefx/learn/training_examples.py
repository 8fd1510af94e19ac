"""A training example of the decoder: what it sees of a content, and what it should answer, at some frames of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stylefx.learn.spectra import mean_level, observe, targets_at

FIRST_WANTED = 60
WANTED = 36
# Frames are learnt in pairs, this far apart (23 ms).
PAIR_HOPS = 4


@dataclass
class TrainingExample:
    """float16 features (frames, positions, FEATURES), samples (count, FEATURES + STATIC); float32 targets and
    floor relative to the content's level (frames, positions), (frames,), static (positions, STATIC)."""

    features: np.ndarray
    target: np.ndarray
    floor: np.ndarray
    static: np.ndarray
    samples: np.ndarray


def training_example(
    rng: np.random.Generator, content: np.ndarray, target: np.ndarray, static: np.ndarray, samples: np.ndarray,
    wanted: int = WANTED, first: int = FIRST_WANTED,
) -> TrainingExample:  # fmt: skip
    """What the decoder sees of ``content`` and should answer, at ``wanted`` frames, in pairs; scales both in place."""
    content /= max(mean_level(content), 1e-12)
    target /= max(mean_level(target), 1e-12)
    starts = rng.choice(
        np.arange(first, len(content) - 2 * PAIR_HOPS, 2 * PAIR_HOPS), wanted // 2, replace=False
    )
    frames = (np.sort(starts)[:, None] + np.array([0, PAIR_HOPS])).ravel()
    seen = observe(content, frames)
    own, slow = targets_at(target, frames)
    level = seen.level[frames]
    return TrainingExample(
        seen.features.astype(np.float16),
        (own - level[:, None]).astype(np.float32),
        (slow - level).astype(np.float32),
        static,
        samples.astype(np.float16),
    )


def drawn_frames(rng: np.random.Generator, item: TrainingExample, count: int) -> np.ndarray:
    """Indices of ``count`` frames of an example, whole pairs."""
    pairs = rng.choice(len(item.features) // 2, count // 2, replace=False)
    return (2 * pairs[:, None] + np.arange(2)).ravel()
