"""Plucked tones at known times, for what hears notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RATE = 44_100


def plucked(pitch: float, seconds: float, rate: int = RATE, level: float = 0.3) -> np.ndarray:
    """A tone of eight partials that dies away, faster the higher they are."""
    time = np.arange(int(seconds * rate)) / rate
    hz = 440 * 2 ** ((pitch - 69) / 12)
    partials = [np.sin(2 * np.pi * k * hz * time) / k * np.exp(-time * (1.5 + 0.7 * k)) for k in range(1, 9)]
    return (level * np.sum(partials, axis=0) * np.minimum(time / 0.003, 1)).astype(np.float32)


def tune(notes: Sequence[tuple[float, float]], seconds: float, rate: int = RATE) -> np.ndarray:
    """(onset in seconds, pitch), each plucked and let ring."""
    audio = np.zeros(int(seconds * rate), np.float32)
    for onset, pitch in notes:
        start = int(onset * rate)
        audio[start:] += plucked(pitch, seconds, rate)[: len(audio) - start]
    return audio


SCALE = [(0.25, 60), (0.65, 64), (1.05, 67), (1.45, 72)]
