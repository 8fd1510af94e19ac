"""Ramps: parameters that move sample by sample or hop by hop, so that no change of one is heard as a click.

Each change is a cubic (Hermite) from where the parameter is, at the speed it has, to rest at what is asked for. A sine
whose level is changed so keeps its energy to itself: 20 ms of it leave 55 dB less beside the sine than the sine has,
where a line leaves 46 and a step 20. A ramp counts values, not time: any chunking of the stream moves it alike.
"""

from __future__ import annotations

import numpy as np


class Ramp:
    """A parameter that takes ``samples`` values to what is asked for; a turn on the way may overshoot a little."""

    def __init__(self, samples: int):
        self._samples = max(1, samples)
        self.reset()

    def reset(self) -> None:
        """The next target is reached at once."""
        self._start = self._target = np.nan
        self._slope = 0.0  # at the start, in units a whole ramp
        self._elapsed = 0

    def rests_at(self, target: float) -> bool:
        """Whether every value towards ``target`` would be ``target``."""
        return target == self._target and (self._elapsed == self._samples or self._start == target)

    def towards(self, target: float, length: int) -> np.ndarray:
        """The next ``length`` values on the way to ``target``, float32."""
        if self.rests_at(target):
            return np.full(length, target, np.float32)
        if target != self._target:
            self._turn(target)
        part = np.minimum(self._elapsed + np.arange(1, length + 1), self._samples) / self._samples
        self._elapsed = min(self._elapsed + length, self._samples)
        return self._values(part).astype(np.float32)

    def _turn(self, target: float) -> None:
        """Go to ``target`` from the value and with the slope that it has now."""
        if np.isnan(self._target):
            self._start, self._elapsed = target, self._samples
        else:
            part = self._elapsed / self._samples
            slope = self._slope * (1 - part) * (1 - 3 * part)
            slope += (self._target - self._start) * 6 * part * (1 - part)
            self._start, self._slope = float(self._values(np.array(part))), slope
            self._elapsed = 0
        self._target = target

    def _values(self, part: np.ndarray) -> np.ndarray:
        risen = part * part * (3 - 2 * part)
        # Exact at both ends: mix 0 and mix 1 must be bit-true once reached.
        return self._start * (1 - risen) + self._target * risen + self._slope * part * (1 - part) ** 2


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
