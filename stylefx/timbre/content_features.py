"""Features of the content, once per frame, for every decoder that plays: they do not depend on the style.

So a second style costs its network alone, and a style that starts in the middle of a tune knows all of it.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.timbre.features import FEATURES, SLOW, State, frame_features
from stylefx.timbre.layout import Plan


class ContentFeatures:
    """``process`` a frame, then read ``features``, ``own``, ``envelope`` (see `frame_features`) and the levels."""

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid and forget the past."""
        self.plan = Plan(grid)
        self.state, self._aside = State(self.plan, grid), State(self.plan, grid)
        positions = len(self.plan.frequencies_hz)
        self.features = np.zeros((positions, FEATURES), np.float32)
        self.own, self.envelope = np.zeros((2, positions), np.float32)
        self.level = self.slow_level = 0.0
        self.usual = self.state.usual

    def reset(self) -> None:
        """Forget all frames."""
        self.state.reset()

    def process(self, magnitude: np.ndarray) -> None:
        """Take in one frame.

        Parameters
        ----------
        magnitude : float32 (bins,)
            The content's.
        """
        self.level = frame_features(magnitude, self.plan, self.state, self.features, self.own, self.envelope)
        self.slow_level = self.state.level[SLOW]

    def peek(self, magnitude: np.ndarray) -> None:
        """Read the levels of a frame between two that are taken in, without its features; nothing is remembered."""
        self._aside.copy(self.state)
        nothing = self.features[:0]
        self.level = frame_features(magnitude, self.plan, self._aside, nothing, self.own, self.envelope)
        self.slow_level = self._aside.level[SLOW]
