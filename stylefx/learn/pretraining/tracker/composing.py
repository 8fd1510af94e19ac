"""Pieces as training asks for them: drawn in this process, or by several beside it.

Every process draws from its own seed and they are taken in turn, so that a run repeats for a given number of them.
They are forked, so that the SoundFonts are in memory once and loops are compiled once: on systems that can fork, and
before a GPU is used.
"""

from __future__ import annotations

import multiprocessing
import queue
from typing import Any

import numpy as np

from stylefx.learn.pretraining.tracker.pieces import Composer, Piece

# Pieces that a process may be ahead, and how long it may take for one.
AHEAD, PATIENCE_SECONDS = 4, 120.0


class Pieces:
    """Drawn by ``workers`` processes, by this one where there are none."""

    def __init__(self, composer: Composer, seed: list[int], workers: int = 0):
        self._composer, self._rng = composer, np.random.default_rng(seed)
        self._turn = 0
        context: Any = multiprocessing.get_context("fork") if workers else None
        self._queues = [context.Queue(AHEAD) for _ in range(workers)]
        for worker, waiting in enumerate(self._queues):
            context.Process(target=_compose, args=(composer, [*seed, worker], waiting), daemon=True).start()

    def take(self) -> Piece:
        """The next one, when it is ready."""
        if not self._queues:
            return self._composer.draw(self._rng)
        self._turn = (self._turn + 1) % len(self._queues)
        return self._queues[self._turn].get(timeout=PATIENCE_SECONDS)

    def ready(self) -> list[Piece]:
        """Those that are ready now, at most one of each process."""
        found = []
        for waiting in self._queues:
            try:
                found.append(waiting.get_nowait())
            except queue.Empty:
                continue
        return found


def _compose(composer: Composer, seed: list[int], waiting: Any) -> None:
    rng = np.random.default_rng(seed)
    while True:
        waiting.put(composer.draw(rng))
