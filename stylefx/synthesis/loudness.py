"""Loudness: the styled sound is as loud as the player, phrase by phrase.

The gain is the root of the ratio of both energies over the last second, so that the attack and the decay that the
style puts on a note are kept, while no style is louder or softer than another (the energy terms of Verma & Smith 2018
as a constraint instead of a loss). Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

MEMORY_SECONDS = 0.5
TINY = 1e-12
# A note that the style decays to nothing is not pulled back up beyond this.
LIMIT_DB = 30.0


class Loudness:
    """Stage: target magnitude (bins,) -> the same at the content's level, float32."""

    latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Fit the memory to ``grid`` and forget the past."""
        self._keep = float(np.exp(-grid.hop_seconds / MEMORY_SECONDS))
        self.reset()

    def reset(self) -> None:
        """Forget both energies."""
        self._wanted = self._found = 0.0

    def process(self, content: np.ndarray, target: np.ndarray) -> np.ndarray:
        """One frame of magnitudes (bins,): the content's and the target's."""
        self._wanted = self._keep * self._wanted + float(np.dot(content, content))
        self._found = self._keep * self._found + float(np.dot(target, target))
        limit = 10 ** (LIMIT_DB / 10)
        ratio = min(max(self._wanted, TINY) / max(self._found, TINY), limit)
        return target * np.float32(np.sqrt(ratio))
