"""Small real engines to play through where a test is about the worker, not about the sound."""

from __future__ import annotations

import numpy as np

from stylefx.live.io.files import FastClock
from stylefx.ring import Fifo


class Delay:
    """Gives everything back ``latency_samples`` later, times ``gain``; takes no time."""

    def __init__(self, latency_samples: int = 2560, gain: float = 1.0):
        self.latency_samples = latency_samples
        self.gain = np.float32(gain)
        self.resets = 0

    def prepare(self, sample_rate: int, channels: int, max_block: int) -> None:
        self._fifo = Fifo(channels, self.latency_samples + 2 * max_block)
        self.reset()

    def process(self, block: np.ndarray) -> np.ndarray:
        self._fifo.put(block)
        return self.gain * self._fifo.take(len(block))

    def reset(self) -> None:
        self.resets += 1
        self._fifo.fill(self.latency_samples)


class Slow(Delay):
    """A delay that takes time on ``clock``: ``always`` frames per block, and more at the ``stalls``.

    ``stalls`` are pairs: from which frame of the clock on, and for how many frames, once each. With ``halting``
    the whole program hangs for them, not the engine alone.
    """

    def __init__(
        self,
        clock: FastClock,
        stalls: list[tuple[int, int]],
        always: int = 0,
        halting: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._clock, self._stalls, self._always = clock, list(stalls), always
        self._hang = clock.halt if halting else clock.let_by

    def process(self, block: np.ndarray) -> np.ndarray:
        if self._stalls and self._clock.frames() >= self._stalls[0][0]:
            self._hang(self._stalls.pop(0)[1])
        self._clock.let_by(self._always)
        return super().process(block)
