"""Loudness: the styled sound is as loud as the player, tune by tune.

The gain is the root of the ratio of both mean energies over the last seconds of sound: longer than a note, so that the
attack, the decay and the swell that the style puts on one are kept, while no style is louder or softer than another
(the energy terms of Verma & Smith 2018 as a constraint instead of a loss). Rests do not count. What lies below hearing
does not either (the low cut of ITU-R BS.1770), so that an offset is not answered with sound. What follows a loud note
is held within `HEADROOM_DB` of the player's last moment, or a note that ends would leave behind what was raised under
it. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

MEMORY_SECONDS, MOMENT_SECONDS = 2.0, 0.08
# The content sounds while it is this near its loudest, which is forgotten by so much a second.
SOUNDING_DB, FALL_DB = 20.0, 8.0
TINY = 1e-12
# What a style has nothing for is not pulled up beyond this.
LIMIT_DB = 50.0
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
        self._rate = grid.hop_seconds / MEMORY_SECONDS
        self._fall = 10 ** (-FALL_DB / 10 * grid.hop_seconds)
        # Energies of the content and of the target in the frames of the last moment.
        self._moment = np.zeros((2, max(1, round(MOMENT_SECONDS / grid.hop_seconds))))
        self._mean, self._loudest, self._counted = np.zeros(2), np.zeros(1), np.zeros(1, np.int64)
        self.memory = self._mean, self._loudest, self._counted
        self.reset()

    def reset(self) -> None:
        """Forget all energies."""
        for array in (*self.memory, self._moment):
            array[:] = 0

    def process(self, content: np.ndarray, target: np.ndarray) -> np.ndarray:
        """One frame.

        Parameters
        ----------
        content, target : float32 (bins,)
            Magnitudes.

        Returns
        -------
        float32 (bins,)
            The target's at the content's loudness.
        """
        now = np.array([np.dot(frame * frame, self._weights) for frame in (content, target)])
        self._loudest[0] = max(now[0], self._fall * self._loudest[0])
        if now[0] > 10 ** (-SOUNDING_DB / 10) * self._loudest[0]:
            self._counted += 1
            self._mean += max(self._rate, 1 / self._counted[0]) * (now - self._mean)
        self._moment[:, :-1] = self._moment[:, 1:]
        self._moment[:, -1] = now
        limit = 10 ** (LIMIT_DB / 10)
        ratio = min(max(self._mean[0], TINY) / max(self._mean[1], TINY), limit)
        wanted, found = self._moment.sum(axis=1)
        most = 10 ** (HEADROOM_DB / 10) * wanted / max(found, TINY)
        return target * np.float32(np.sqrt(min(ratio, most)))
