"""The quality governor: less work per hop while the engine is often late, more when it is not.

One stall (another program, a page from disk) changes nothing. A second one soon after steps down, and so does one
that does not end because the engine is too slow to come back: half the optimiser's iterations, then none, and at
last the engine's economy, which takes two thirds of the time. Below that the worker plays the dry signal.
"""

from __future__ import annotations

from typing import Any

# Two stalls within this time are no accident.
SOON_SECONDS = 5.0
# Time without a stall before a better quality is tried; doubled whenever it did not last, up to the longest.
TRIAL_SECONDS = 10.0
LONGEST_TRIAL_SECONDS = 300.0


class QualityGovernor:
    """Sets ``engine.iterations`` and ``engine.economy`` when told to apply; an engine without either is left alone."""

    def __init__(self, engine: Any):
        self._engine = engine
        most = getattr(engine, "iterations", None) or 0
        # Iterations, and whether to economise.
        self._levels = [(most, False)]
        while self._levels[-1][0] > 0:
            self._levels.append((self._levels[-1][0] // 2, False))
        if hasattr(engine, "economy"):
            self._levels.append((self._levels[-1][0], True))
        self._level = self.lowest_level = 0
        self._last_stall = self._last_change = self._last_climb = float("-inf")
        self._trial_seconds = TRIAL_SECONDS

    @property
    def iterations(self) -> int:
        """Iterations per hop now."""
        return self._levels[self._level][0]

    @property
    def lowest_iterations(self) -> int:
        """The fewest so far."""
        return self._levels[self.lowest_level][0]

    @property
    def economised(self) -> bool:
        """Whether the lowest level so far economises."""
        return self._levels[self.lowest_level][1]

    @property
    def at_lowest(self) -> bool:
        """Whether there is no lower level."""
        return self._level + 1 == len(self._levels)

    @property
    def quality(self) -> float:
        """Share of the best level's iterations."""
        return self.iterations / self._levels[0][0] if self._levels[0][0] else 1.0

    def apply(self) -> None:
        """Between two blocks: set the engine to the current level."""
        iterations, economy = self._levels[self._level]
        if self._levels[0][0] > 0 and self._engine.iterations != iterations:
            self._engine.iterations = iterations
        if self._levels[-1][1] and self._engine.economy != economy:
            self._engine.economy = economy

    def start_at_lowest(self) -> None:
        """Begin at the lowest level: the engine was too slow before anything played."""
        self._level = self.lowest_level = len(self._levels) - 1
        self._trial_seconds = LONGEST_TRIAL_SECONDS
        self.apply()

    def stalled(self, now: float) -> None:
        """The engine was late at ``now`` (seconds)."""
        soon = now - self._last_stall < SOON_SECONDS
        self._last_stall = now
        if soon and not self.at_lowest:
            if now - self._last_climb < self._trial_seconds:
                self._trial_seconds = min(2 * self._trial_seconds, LONGEST_TRIAL_SECONDS)
            self._last_climb = float("-inf")
            self._step(self._level + 1, now)
            self.lowest_level = max(self.lowest_level, self._level)

    def kept_up(self, now: float) -> None:
        """The engine was in time at ``now`` (seconds)."""
        quiet_since = max(self._last_stall, self._last_change)
        if self._level > 0 and now - quiet_since > self._trial_seconds:
            self._step(self._level - 1, now)
            self._last_climb = now

    def _step(self, level: int, now: float) -> None:
        self._level, self._last_change = level, now
