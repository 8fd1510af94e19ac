"""Loudness: the styled sound is as loud as the player, tune by tune.

The gain is the mean, in dB, of how much louder the player's frames are than the style's answers, over the last seconds
of sound: longer than a note, so that the attack, the decay and the swell that the style puts on one are kept, while no
style is louder or softer than another (the energy terms of Verma & Smith 2018 as a constraint instead of a loss). It
is a mean of ratios: in a mean of energies the loudest frame is all that counts, and a click is heard in the gain for
as long as it takes to be forgotten. Another sound needs another gain at once, so the memory is given up the sooner, the
further the last moment is from it.

What lies below hearing does not count (the low cut of ITU-R BS.1770), rests do not either. What follows a loud note is
held within `HEADROOM_DB` of the player's last moment, or a note that ends would leave behind what was raised under it.
Latency: none.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.analysis.level import SlowPower

MEMORY_SECONDS, MOMENT_SECONDS = 2.0, 0.08
# How long the last moment is, and how soon the memory is given up where it is so far from that; nearer, by the square.
RECENT_SECONDS, AWAY_DB, GIVING_UP_SECONDS = 0.1, 2.0, 0.1
# So much too loud is no note of the same sound any more: the memory moves there, so many times sooner.
FAR_DB, FAR_PACE = 15.0, 4.0
# The other way, what the style says may just be dying away, which is not to be undone.
DYING_PACE = 0.5
# The content sounds while it is this near its loudest, which is forgotten by so much a second.
SOUNDING_DB, FALL_DB = 45.0, 8.0
# What a frame counts: its energy over the loudest, to this power. A frame 40 dB down still counts a fifteenth.
COMPRESSION = 0.3
# What the answer lacks beyond this counts no more: a note that has died away says nothing about the next one.
LACKING_DB = 3.0
TINY = 1e-12
# What a style has nothing for is not pulled up beyond this.
LIMIT_DB = 50.0
# A bowed style sustains what a plucked content lets decay by this much, and no further.
HEADROOM_DB = 15.0
# BS.1770's low cut, of second order.
LOW_HZ = 38.0


class Mean:
    """A running weighted mean that can be made to forget."""

    def __init__(self, hops: float):
        self._keep = math.exp(-1 / hops)
        self.reset()

    def reset(self) -> None:
        """Nothing has been heard."""
        self.weight = self._sum = 0.0

    @property
    def value(self) -> float:
        """The mean; 0 before anything was heard."""
        return self._sum / self.weight if self.weight > 0 else 0.0

    def hear(self, value: float, weight: float) -> None:
        """One more value."""
        self.forget(self._keep)
        self.weight += weight
        self._sum += weight * value

    def take(self, other: Mean) -> None:
        """Remember what ``other`` does, and no more."""
        self.weight, self._sum = other.weight, other._sum

    def move(self, value: float, share: float) -> None:
        """Bring the mean so much of the way to ``value``, as if it had been there for as long."""
        self._sum += share * (self.weight * value - self._sum)

    def forget(self, keep: float) -> None:
        """Let all that was heard count ``keep`` of what it did."""
        self.weight *= keep
        self._sum *= keep


class Loudness:
    """Stage: target magnitude (bins,) -> the same at the content's level, float32."""

    latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Fit the memory to ``grid`` and forget the past."""
        hz = np.arange(grid.bins) * grid.bin_hz
        self._weights = (hz**4 / (hz**4 + LOW_HZ**4)).astype(np.float32)
        self._memory = Mean(MEMORY_SECONDS / grid.hop_seconds)
        self._recent = Mean(RECENT_SECONDS / grid.hop_seconds)
        self._give_up = math.exp(-grid.hop_seconds / GIVING_UP_SECONDS)
        self._loudest = SlowPower(1, FALL_DB, grid.hop_seconds)
        # Energies of the content and of the target in the frames of the last moment.
        self._moment = np.zeros((2, max(1, round(MOMENT_SECONDS / grid.hop_seconds))))
        self.reset()

    def reset(self) -> None:
        """Forget all energies."""
        self._memory.reset()
        self._recent.reset()
        self._loudest.reset()
        self._moment[:] = 0

    def process(self, content: np.ndarray, target: np.ndarray) -> np.ndarray:
        """One frame of magnitudes (bins,): the content's and the target's."""
        now = np.array([np.dot(frame * frame, self._weights) for frame in (content, target)])
        loudest = float(self._loudest.follow(now[:1])[0])
        if now[0] > max(10 ** (-SOUNDING_DB / 10) * loudest, TINY):
            self._learn(float(now[0]), float(now[1]), loudest)
        self._moment[:, :-1] = self._moment[:, 1:]
        self._moment[:, -1] = now
        wanted, found = self._moment.sum(axis=1)
        most = 10 ** (HEADROOM_DB / 10) * wanted / max(found, TINY)
        gain = 10 ** (self._memory.value / 10)
        return target * np.float32(np.sqrt(min(gain, most)))

    def _learn(self, content: float, target: float, loudest: float) -> None:
        """Take in how much louder the content's frame is than the target's, and forget what is no longer so."""
        ratio_db = 10 * math.log10(content / max(target, TINY))
        ratio_db = min(max(ratio_db, -LIMIT_DB), LIMIT_DB)
        memory, recent = self._memory, self._recent
        weight = (content / loudest) ** COMPRESSION
        if memory.weight > 0:
            ratio_db = min(ratio_db, memory.value + LACKING_DB)
        memory.hear(ratio_db, weight)
        recent.hear(ratio_db, weight)
        too_loud_db = memory.value - recent.value
        near = min(abs(too_loud_db) / AWAY_DB, 1.0) ** 2
        memory.forget(self._give_up ** (near if too_loud_db > 0 else DYING_PACE * near))
        if memory.weight < recent.weight:  # the last moment is the least that is remembered
            memory.take(recent)
        if too_loud_db > 0:
            far = FAR_PACE * min(too_loud_db / FAR_DB, 1.0) ** 2
            memory.move(recent.value, 1 - self._give_up**far)
