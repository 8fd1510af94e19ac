"""Ensemble: the tracker, the content delayed by what the tracker looks ahead, and the players of the styles that sound.

The tracker of a latency profile answers within the delay that the engine has anyway; for ``studio`` the content waits
for one that looks a third of a second ahead.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np

from stylefx.analysis.grid import STUDIO, Grid
from stylefx.analysis.window import frame_power
from stylefx.engine.style_chain import StyleChain
from stylefx.ramp import Ramp
from stylefx.ring import Ring
from stylefx.spectral.blend import blend
from stylefx.spectral.remainder import Remainder
from stylefx.tracking.tracker import Tracker

# Frames of the tracker by which the content waits longer, so that a note's end and level are known in time.
MARGIN_FRAMES = 9
# What is mixed may have partials in common, whose waves add up or cancel: the mixture is held at the power of its
# parts, over so long, within so many dB.
POWER_SECONDS, MAX_LEVELLED_DB = 0.015, 9.0
TINY = 1e-12


class Ensemble:
    """Stage: hop of content and spectrum in, the delayed spectrum out; then what the filter keeps, then the notes."""

    def __init__(self, latency: str):
        self.tracker = Tracker(latency)
        self._studio = latency == STUDIO
        self._remainder = Remainder()

    def prepare(self, grid: Grid, channels: int, played_late: int, freeze_hops: int) -> None:
        """Allocate; ``played_late`` is the latency of the path without this stage, in samples."""
        self._grid = grid
        self.tracker.prepare(grid.sample_rate)
        self._remainder.prepare(grid)
        frame = 2 * grid.hop
        ahead = self.tracker.latency_samples + MARGIN_FRAMES * frame - played_late if self._studio else 0
        hops = max(0, ahead) // grid.hop
        self.latency_samples = hops * grid.hop
        self._late = played_late + self.latency_samples
        self._waiting = Ring((hops + 1, channels, grid.bins), np.complex64)
        self._level = np.zeros(channels)
        self._power = frame_power(grid)
        self._thawed = Ramp(freeze_hops)
        self._frame_hops = grid.played_length // (2 * grid.hop)
        self._rising = (np.arange(1, grid.hop + 1) / grid.hop).astype(np.float32)
        self._memory = math.exp(-grid.hop_seconds / POWER_SECONDS)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self.tracker.reset()
        self._waiting.reset()
        self._level[:] = 0
        self._thawed.reset()
        self._gains: dict[StyleChain, float] = {}
        self._coming: deque[dict[StyleChain, float]] = deque()
        self._places = np.ones(len(self._level))
        # Mean powers of parts and mixture, and what the mixture is multiplied by.
        self._powers, self._levelled = np.full(2, TINY), 1.0

    def update(self, newest: np.ndarray, spectrum: np.ndarray, chains: list[StyleChain]) -> np.ndarray:
        """Track the next hop, tell the players, and delay the content.

        Parameters
        ----------
        newest : float32 (channels, hop)
            The hop of content that arrived last.
        spectrum : complex64 (channels, bins)
            The frame that it completed.
        chains : list of StyleChain
            All that have a player are told of the notes, whether they sound or not.

        Returns
        -------
        complex64 (channels, bins)
            The frame whose turn it is, `latency_samples` ago.
        """
        events = self.tracker.process(newest.mean(axis=0))
        for chain in chains:
            if chain.player is not None:
                chain.player.update(events, self._now)
                if chain not in self._gains:
                    chain.player.rest()
        self._waiting.write(spectrum[None])
        due = np.empty_like(spectrum[None])
        self._waiting.get(self._waiting.written - len(self._waiting), due)
        return due[0]

    def kept(
        self,
        targets: Mapping[StyleChain, np.ndarray],
        shares: Mapping[StyleChain, float],
        magnitude: np.ndarray,
    ) -> np.ndarray:
        """What the notes leave to the filter.

        Parameters
        ----------
        targets : mapping of StyleChain to float32 (bins,)
            What each chain that sounds has made of the frame.
        shares : mapping of StyleChain to float
            Of each chain in the sound, 0 to 1.
        magnitude : float32 (bins,)
            The content's.

        Returns
        -------
        float32 (bins,)
            Gain of every bin of the blended targets.
        """
        now = self._now + self._grid.played_length // 2
        whole, rest = [], []
        for chain, target in targets.items():
            whole.append((target, shares[chain]))
            left = target
            if chain.player is not None:
                left = self._remainder.process(target, magnitude, chain.player.kept(now, magnitude))
                chain.player.replaced = float(np.dot(target, target) - np.dot(left, left)) * self._power
            rest.append((left, shares[chain]))
        return blend(rest) / (blend(whole) + np.float32(TINY))

    def with_notes(
        self,
        filtered: np.ndarray,
        shares: Mapping[StyleChain, float],
        spectrum: np.ndarray,
        strength: float,
        freeze: bool,
    ) -> np.ndarray:
        """The hop that is played now, notes and all.

        Parameters
        ----------
        filtered : float32 (hop, channels)
            What the filter made of it.
        shares : mapping of StyleChain to float
            Of each chain in the sound, 0 to 1.
        spectrum : complex64 (channels, bins)
            The frame of the content, whose levels place the notes between the channels.
        strength : float
            0 to 1, as power.
        freeze : bool
            Whether the sound stands still: then the notes are silent.

        Returns
        -------
        float32 (hop, channels)
        """
        thawed = float(self._thawed.towards(float(not freeze), 1)[0])
        together, power = np.zeros(self._grid.hop, np.float32), 0.0
        self._coming.append({chain: math.sqrt(share * strength) * thawed for chain, share in shares.items()})
        # A frame of the filter is heard in the middle of its window.
        gains = self._coming.popleft() if len(self._coming) > self._frame_hops else self._coming[0]
        # One that has just gone sounds for one hop more, in which it fades to nothing.
        for chain, gain in {**dict.fromkeys(self._gains, 0.0), **gains}.items():
            if chain.player is not None:
                hop = chain.player.play(self._now)
                chain.player.balance(chain.player.replaced, float(np.mean(hop * hop)))
                hop = hop * self._moved(self._gains.get(chain, 0.0), gain)
                together += hop
                power += float(np.mean(hop * hop))
        several = len(gains.keys() | self._gains.keys()) > 1
        self._gains = gains
        self._level += 0.1 * ((np.abs(spectrum) ** 2).sum(axis=1) - self._level)
        mean = float(self._level.mean())
        before, self._places = self._places, self._placed(mean)
        placed = together[:, None] * self._moved(before[None], self._places[None])
        return self._level_kept(filtered, placed, power, several or 0 < strength < 1)

    def _placed(self, mean: float) -> np.ndarray:
        """How loud the notes are in each channel."""
        return np.sqrt(self._level / mean) if mean > TINY else np.ones(len(self._level))

    def _moved(self, before: float | np.ndarray, after: float | np.ndarray) -> np.ndarray:
        """From one gain to another within the hop, (hop,) or (hop, channels)."""
        rising = self._rising if np.ndim(before) == 0 else self._rising[:, None]
        return (before + (after - before) * rising).astype(np.float32)

    def _level_kept(self, filtered: np.ndarray, placed: np.ndarray, power: float, mixed: bool) -> np.ndarray:
        """The filter's sound and the notes, as loud as both where they are ``mixed``, (hop, channels)."""
        finished = filtered + placed
        parts = float(np.mean(filtered * filtered)) + power
        self._powers *= self._memory
        self._powers += (1 - self._memory) * np.array([parts, float(np.mean(finished * finished))])
        before, limit = self._levelled, 10 ** (MAX_LEVELLED_DB / 20)
        parts, whole = self._powers + TINY
        self._levelled = min(max(math.sqrt(parts / whole), 1 / limit), limit) if mixed else 1.0
        return (
            finished
            if before == self._levelled == 1
            else finished * self._moved(before, self._levelled)[:, None]
        )

    @property
    def _now(self) -> int:
        """Place in the content of the first sample of the hop that is played now."""
        return self._waiting.written * self._grid.hop - self._late
