"""The classic start: the content itself (Grinstein et al. 2017), for comparison."""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid


class ContentStart:
    """Stage: every frame's magnitude as it is."""

    latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Nothing to allocate."""

    def reset(self) -> None:
        """Nothing is remembered."""

    def process(self, magnitude: np.ndarray) -> np.ndarray:
        """One frame.

        Parameters
        ----------
        magnitude : float32 (bins,)
            The content's.

        Returns
        -------
        float32 (bins,)
            The same.
        """
        return magnitude

    hold = process
