"""Ramps: parameters that move sample by sample or hop by hop, so that no change of one is heard as a click.

A ramp counts what it was asked for, not the time: any chunking of the stream moves it alike.
"""

from __future__ import annotations

import numpy as np


class Ramp:
    """A parameter that moves linearly over ``samples`` values from where it is to what is asked for."""

    def __init__(self, samples: int):
        self._samples = max(1, samples)
        self.reset()

    def reset(self) -> None:
        """The next target is reached at once."""
        self._start = self._target = np.nan
        self._elapsed = 0

    def rests_at(self, target: float) -> bool:
        """Whether every value towards ``target`` would be ``target``."""
        return target == self._target and (self._elapsed == self._samples or self._start == target)

    def towards(self, target: float, length: int) -> np.ndarray:
        """The next ``length`` values on the way to ``target``, float32."""
        if target != self._target:
            self._start = target if np.isnan(self._target) else float(self._values(np.array([0]))[0])
            self._target, self._elapsed = target, 0
        values = self._values(np.arange(1, length + 1))
        self._elapsed = min(self._elapsed + length, self._samples)
        return values.astype(np.float32)

    def _values(self, ahead: np.ndarray) -> np.ndarray:
        part = np.minimum(self._elapsed + ahead, self._samples) / self._samples
        # Exact at both ends: mix 0 and mix 1 must be bit-true once reached.
        return self._start * (1 - part) + self._target * part


class Gain:
    """Stage: samples (frames, channels) times a level in dB that moves over ``samples`` samples."""

    def __init__(self, samples: int):
        self._ramp = Ramp(samples)

    def reset(self) -> None:
        """The next level is reached at once."""
        self._ramp.reset()

    def process(self, block: np.ndarray, level_db: float) -> np.ndarray:
        """The next block; untouched at 0 dB."""
        level = 10 ** (level_db / 20)
        if level == 1 and self._ramp.rests_at(1.0):
            return block
        return block * self._ramp.towards(level, len(block))[:, None]
