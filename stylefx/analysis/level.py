"""Levels lately: the loudest bin, so that a loud take and a quiet one look alike; powers that clicks leave alone."""

from __future__ import annotations

import numpy as np

from stylefx.jit import compiled

# Slow enough that the decay of a note is seen as a decay.
FADE_SECONDS = 2.0
# Log magnitude of what is not there, relative to the reference: -140 dB.
TINY = 1e-7
# What rises by more than JUMP and is back within BACK of the power before after this time is a click (a plug, a knock).
CLICK_SECONDS, JUMP, BACK = 0.08, 10.0, 10**0.5


class Reference:
    """Running peak of magnitudes, fading by 1/e in `FADE_SECONDS`."""

    def __init__(self, step_seconds: float):
        self._fade = float(np.exp(-step_seconds / FADE_SECONDS))
        self.level = 0.0

    def follow(self, magnitude: np.ndarray) -> float:
        """Hear one frame (bins,); return the reference level."""
        self.level = max(self.level * self._fade, float(magnitude.max()))
        return self.level


def log_relative(magnitude: np.ndarray, level: float) -> np.ndarray:
    """Natural log of ``magnitude`` over ``level``, float32; never below log of `TINY`."""
    return np.log(magnitude / np.float32(level) + np.float32(TINY), dtype=np.float32)


class SlowPower:
    """Peak powers (channels,) that fall by ``fall_db`` a second; of a click nothing stays when it is over."""

    def __init__(self, channels: int, fall_db: float, hop_seconds: float):
        self.fall = 10 ** (-fall_db / 10 * hop_seconds)
        self._click_hops = CLICK_SECONDS / hop_seconds
        # The powers, those that a rise began from, and the hops in which it may still prove to be a click.
        self.power, self._before, self._left = np.zeros((3, channels))

    def reset(self) -> None:
        """As after a long silence."""
        for state in (self.power, self._before, self._left):
            state[:] = 0

    def follow(self, power: np.ndarray, silence: float = 0.0) -> np.ndarray:
        """The followers after one frame of powers (channels,); at ``silence`` or below nothing is remembered."""
        _follow(power, silence, self.fall, self._click_hops, self.power, self._before, self._left)
        return self.power


@compiled
def _follow(power, silence, fall, click_hops, followed, before, left):
    for c in range(len(power)):
        fallen = followed[c] * fall
        before[c] *= fall
        over = left[c] > 0 and power[c] < BACK * before[c]
        rises = left[c] <= 0 and power[c] > JUMP * fallen
        left[c] -= 1
        followed[c] = max(power[c], before[c] if over else fallen)
        if over:
            left[c] = 0
        if rises:
            before[c], left[c] = fallen, click_hops
        if power[c] <= silence:
            followed[c] = 0
