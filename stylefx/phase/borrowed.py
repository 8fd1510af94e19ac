"""Target magnitudes on the content's phase, made consistent with the signal before them: what the engine plays.

A target that is the content's magnitude gives the content, as soon as the frames before it are over. Every other frame
is made to agree with the overlap-add signal that it continues (RTISI, Beauregard, Zhu & Wyse 2005, started with the
phase of the mixture as in Magron & Virtanen's online spectrogram inversion, 2020). On styled targets this reads like
integrating the gradients of the magnitude (`stylefx.phase.stage`) on renders, keeps more of the notes of recordings,
whose chords and noise those gradients do not tell apart, works under any window and waits for no later frame.

Latency: none. A hop spent on a longer synthesis window is worth more than one of look-ahead.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.jit import compiled
from stylefx.phase.refine import impose, make_room, place, refine_plan, refine_state, update
from stylefx.phase.stage import REFINE_ITERATIONS, clean

# Powers this near to the content's are the content's (0.0004 dB).
SAME = np.float32(1e-4)


class BorrowedPhase:
    """``prepare(grid)``, then one ``process(target, content)`` per hop."""

    latency_samples = 0

    def __init__(self, refine_iterations: int = REFINE_ITERATIONS) -> None:
        self.refine_iterations = refine_iterations

    def prepare(self, grid: Grid) -> None:
        """Allocate everything for a grid, compile, and forget the past."""
        self._grid, self._plan = grid, refine_plan(grid)
        self._magnitude = np.zeros(grid.bins, np.float32)
        self._content = np.zeros((2, grid.bins), np.float32)
        self._frame = np.zeros(grid.bins, np.complex64)
        self.reset()
        self.process(self._magnitude, self._frame)
        self.reset()

    def reset(self) -> None:
        """Forget the past: the same as a new one."""
        self._state = refine_state(self._grid)

    def process(self, target: np.ndarray, content: np.ndarray) -> np.ndarray:
        """The complex frame; see `stylefx.phase.stage.Phase.process`. The next call writes over it."""
        target = np.ascontiguousarray(target, np.float32)
        content = np.ascontiguousarray(content, np.complex64)
        clean(target, content, self._magnitude, self._content)
        _advance(self._plan, self._state, self.refine_iterations, self._magnitude, self._content, self._frame)
        return self._frame


@compiled
def _advance(plan, state, iterations, magnitude, content, frame):
    make_room(plan, state)
    last = state.frames.shape[0] - 1
    state.target[last] = magnitude
    newest = state.frames[last]
    impose(magnitude, content[0], content[1], newest[0], newest[1])
    if iterations > 0:
        place(plan, state)
        # The content's own frames agree with each other, not with styled ones that sounded before them.
        for _ in range(0 if _is_content(magnitude, content) else iterations):
            update(plan, state, last)
    pairs = frame.view(np.float32)
    re, im = newest[0], newest[1]
    for m in range(frame.shape[0]):
        pairs[2 * m] = re[m]
        pairs[2 * m + 1] = im[m]


@compiled
def _is_content(magnitude, content):
    """Whether these are the content's magnitudes."""
    re, im = content[0], content[1]
    for m in range(magnitude.shape[0]):
        power = re[m] * re[m] + im[m] * im[m]
        if abs(magnitude[m] * magnitude[m] - power) > SAME * power:
            return False
    return True
