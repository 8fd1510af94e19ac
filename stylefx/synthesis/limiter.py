"""Limiter: a styled hop that would go over full scale is turned down before it does, all channels alike.

Overlap-add already holds all but the newest frames of the samples that come next, so their peak is known to a few
percent a hop ahead and no delay is needed: the gain falls over one hop before a peak and returns in `RELEASE_SECONDS`.
What the newest frame adds unforeseen is left to the soft knee in `mix`; a note's attack, which is not foreseen at all,
turns the gain down as soon as it is over full scale, in `SHORTEST_SECONDS` at least. A stream that stays below full
scale is returned untouched. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

RELEASE_SECONDS, SHORTEST_SECONDS = 0.15, 0.001
# A gain this close to 1 counts as 1: the stream is untouched again.
WHOLE = 0.9999


class Limiter:
    """Stage: hops (hop, channels) float32 in and out."""

    latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Fit the release to ``grid`` and forget the past."""
        self._return = 1 - float(np.exp(-grid.hop_seconds / RELEASE_SECONDS))
        self._places = np.arange(1, grid.hop + 1, dtype=np.float32)
        self._shortest = SHORTEST_SECONDS * grid.sample_rate
        self.reset()

    def reset(self) -> None:
        """The gain is 1."""
        self._gain = 1.0

    def process(self, hop: np.ndarray, coming: np.ndarray, ceiling: float) -> np.ndarray:
        """One hop.

        Parameters
        ----------
        hop : float32 (hop, channels)
            Finished samples.
        coming : float32, any shape
            What is known of the next hop.
        ceiling : float
            The largest sample that may leave.

        Returns
        -------
        float32 (hop, channels)
        """
        peak = max(float(np.abs(hop).max()), float(np.abs(coming).max()))
        before = self._gain
        released = before + self._return * (1 - before)
        self._gain = min(released if released < WHOLE else 1.0, ceiling / max(peak, ceiling))
        if before == 1 and self._gain == 1:
            return hop
        return hop * self._moved(before, hop, ceiling)[:, None]

    def _moved(self, before: float, hop: np.ndarray, ceiling: float) -> np.ndarray:
        """From the gain before to the one now, in a whole hop or until the first sample that would be over, (hop,)."""
        change = np.float32(self._gain - before)
        gains = np.float32(before) + change * self._places / len(self._places)
        over = np.abs(hop).max(axis=1) * gains > ceiling
        if over.any():
            length = max(float(np.argmax(over)), self._shortest)
            gains = np.float32(before) + change * np.minimum(self._places / np.float32(length), 1)
        return gains
