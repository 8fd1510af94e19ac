"""Loudness: the styled sound is as loud as the player, phrase by phrase.

The gain is the root of the ratio of both energies over the last second, so that the attack and the decay that the
style puts on a note are kept, while no style is louder or softer than another (the energy terms of Verma & Smith 2018
as a constraint instead of a loss). What lies below hearing does not count (the low cut of ITU-R BS.1770), so that an
offset is not answered with sound. What follows a loud note is held within `HEADROOM_DB` of the player's last moment, or
a note that ends would leave behind what was raised under it. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

MEMORY_SECONDS, MOMENT_SECONDS = 0.5, 0.08
TINY = 1e-12
# A note that the style decays to nothing is not pulled back up beyond this.
LIMIT_DB = 30.0
# A bowed style sustains what a plucked content lets decay by this much, and no further.
HEADROOM_DB = 15.0
# BS.1770's low cut, of second order.
LOW_HZ = 38.0


class Loudness:
    """Stage: target magnitude (bins,) -> the same at the content's level, float32."""

    latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Fit the memory to ``grid`` and forget the past."""
        hz = np.arange(grid.bins) * grid.bin_hz
        self._weights = (hz**4 / (hz**4 + LOW_HZ**4)).astype(np.float32)
        self._keep = float(np.exp(-grid.hop_seconds / MEMORY_SECONDS))
        # Energies of the content and of the target in the frames of the last moment.
        self._moment = np.zeros((2, max(1, round(MOMENT_SECONDS / grid.hop_seconds))))
        self.reset()

    def reset(self) -> None:
        """Forget all energies."""
        self._wanted = self._found = 0.0
        self._moment[:] = 0

    def process(self, content: np.ndarray, target: np.ndarray) -> np.ndarray:
        """One frame of magnitudes (bins,): the content's and the target's."""
        now = [float(np.dot(frame * frame, self._weights)) for frame in (content, target)]
        self._wanted = self._keep * self._wanted + now[0]
        self._found = self._keep * self._found + now[1]
        self._moment[:, :-1] = self._moment[:, 1:]
        self._moment[:, -1] = now
        limit = 10 ** (LIMIT_DB / 10)
        ratio = min(max(self._wanted, TINY) / max(self._found, TINY), limit)
        wanted, found = self._moment.sum(axis=1)
        most = 10 ** (HEADROOM_DB / 10) * wanted / max(found, TINY)
        return target * np.float32(np.sqrt(min(ratio, most)))
