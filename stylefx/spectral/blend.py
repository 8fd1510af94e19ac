"""Blend: the target magnitudes of several styles, and the content's, become one: the mean of their powers.

All have the same phase and their partials at the same places, so no bin lies outside of what it is made of, and every
frame is exactly as loud as they are, at every share. (A mean in decibels is weaker than either where they differ; given
its energy back, it raises what both have in common, and half way is further from the style than no way at all.)
Latency: none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


def blend(parts: Iterable[tuple[np.ndarray, float]]) -> np.ndarray:
    """One spectrum of magnitudes float32 (bins,) from pairs of such a spectrum and its share; shares sum to 1."""
    parts = [(magnitude, share) for magnitude, share in parts if share > 0]
    if len(parts) == 1:
        return parts[0][0]
    return np.sqrt(sum(np.float32(share) * magnitude**2 for magnitude, share in parts))


class Crossfade(Generic[T]):
    """Shares of what is to sound, moving linearly, hop by hop, to what is asked for."""

    def __init__(self, hops: int):
        self._hops = max(1, hops)
        self.reset()

    def reset(self) -> None:
        """The next shares are reached at once."""
        self._start: Mapping[T, float] = {}
        self._wanted: Mapping[T, float] = {}
        self._elapsed = 0

    def towards(self, wanted: Mapping[T, float]) -> dict[T, float]:
        """The next hop's shares on the way to ``wanted``; what has none is left out."""
        if wanted != self._wanted:
            self._start = self._now() if self._wanted else wanted
            self._wanted, self._elapsed = wanted, 0
        self._elapsed = min(self._elapsed + 1, self._hops)
        return self._now()

    def _now(self) -> dict[T, float]:
        if self._elapsed == self._hops:
            return dict(self._wanted)
        part = self._elapsed / self._hops
        shares = {key: (1 - part) * share for key, share in self._start.items()}
        for key, share in self._wanted.items():
            shares[key] = shares.get(key, 0.0) + part * share
        return {key: share for key, share in shares.items() if share > 0}
