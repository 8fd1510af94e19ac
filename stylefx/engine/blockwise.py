"""The offline path: methods that optimise whole clips, run over long overlapping blocks with cross-fades.

The same interface as the streaming path, so `render` does not know the difference; the latency is a whole block. A clip
that fits one block is optimised at once, as published. Blocks are cut by the sample count alone, so any chunking of the
stream gives the same samples.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from stylefx.params import Settings
from stylefx.style.methods import METHODS
from stylefx.style.style import Style

BLOCK_SECONDS, FADE_SECONDS = 10.5, 0.5


class Method(Protocol):
    """An offline method: mono audio in, styled mono audio of the same length out."""

    iterations: int
    # Called with the fraction of a block's steps done, 0 to 1.
    watch: Callable[[float], None] | None

    def transform(self, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """float32 (samples,) at a rate in Hz -> float32 (samples,)."""


def offline_path(style: Style, iterations: int | None, device: str) -> BlockwisePath:
    """The path for a style of an offline method; None takes the method's own number of steps."""
    method = METHODS[style.method]
    steps = method.iterations if iterations is None else int(iterations)
    return BlockwisePath(method.load()(style, steps, device))


class BlockwisePath:
    """Samples in, styled samples out, one block late; every channel is optimised on its own."""

    economy = False  # a whole block is never late

    def __init__(self, method: Method):
        self._method = method
        self._on_progress: Callable[[float], None] | None = None
        self.stage_seconds: dict[str, float] = {"optimise": 0.0}

    def prepare(self, sample_rate: int, channels: int) -> None:
        """Allocate one block for a rate in Hz and a number of channels."""
        self._sample_rate = sample_rate
        self._length, self._fade = round(BLOCK_SECONDS * sample_rate), round(FADE_SECONDS * sample_rate)
        self.hop = self._length - self._fade  # samples that leave with every block
        self.latency_samples = self.lead_in = self._length
        self._block = np.zeros((self._length, channels), np.float32)
        self._tail = np.zeros((self._fade, channels), np.float32)
        rise = np.sin(np.linspace(0, np.pi / 2, self._fade, dtype=np.float32)) ** 2
        self._rise = rise[:, None]
        self.reset()

    def reset(self) -> None:
        """Forget every sample, as new."""
        self._block[:] = 0
        self._tail[:] = 0
        # The first block has nothing before it to fade from.
        self._filled, self._first = 0, True
        self.stage_seconds["optimise"] = 0.0

    @property
    def iterations(self) -> int:
        """Optimiser steps per block; may be set between blocks."""
        return self._method.iterations

    @iterations.setter
    def iterations(self, steps: int) -> None:
        self._method.iterations = steps

    def watch(self, on_progress: Callable[[float], None]) -> None:
        """Have ``told`` step by step which part of the running block's work is done, 0 to 1."""
        self._on_progress = on_progress

    def process(self, block: np.ndarray, settings: Settings) -> Iterator[np.ndarray]:
        """Yield ``hop`` samples (hop, channels) for every block that ``block`` (frames, channels) fills."""
        start = 0
        while start < len(block):
            take = min(self._length - self._filled, len(block) - start)
            self._block[self._filled : self._filled + take] = block[start : start + take]
            self._filled += take
            start += take
            if self._filled == self._length:
                yield self._finish(settings.strength)

    def _finish(self, strength: float) -> np.ndarray:
        started = time.perf_counter()
        styled = np.stack([self._styled(number) for number in range(self._block.shape[1])], axis=1)
        styled = strength * styled + (1 - strength) * self._block
        if not self._first:
            styled[: self._fade] = self._rise * styled[: self._fade] + (1 - self._rise) * self._tail
        self._tail[:] = styled[self.hop :]
        self._block[: self._fade] = self._block[self.hop :].copy()
        self._filled, self._first = self._fade, False
        self.stage_seconds["optimise"] += time.perf_counter() - started
        return styled[: self.hop]

    def _styled(self, number: int) -> np.ndarray:
        """Channel ``number``; the silence around the sound (the end of the stream, say) is not optimised with it."""
        channel, channels = self._block[:, number], self._block.shape[1]
        on_progress = self._on_progress
        if on_progress is not None:
            self._method.watch = lambda part: on_progress((number + part) / channels)
        sounding = np.flatnonzero(channel)
        if len(sounding) == 0:
            return np.zeros_like(channel)
        part = slice(sounding[0], sounding[-1] + 1)
        styled = np.zeros_like(channel)
        found = self._method.transform(channel[part], self._sample_rate)
        # Whatever a style says, what is played are numbers.
        styled[part] = np.nan_to_num(found, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return styled
