"""Outliers: a sound far louder than the last seconds is played, but what it taught is undone when it ends.

A click, a clap, a passing drum or mains hum would fill every running mean for as long as that mean remembers, and what
follows would be played by what the noise has taught. So the means are copied when such a sound begins, go on learning
(it may be the first note after a quiet room), and are put back when it ends. What lasts longer than `LONGEST_SECONDS`
is the new music and is kept.
"""

from __future__ import annotations

import numpy as np

from stylefx.jit import compiled

# An outlier begins this far above the usual level and ends closer to it.
CREST_DB, END_DB = 7.0, 4.0
# It ends after so long below that, or every gap between drum strokes would end one; the longest one is accepted.
GAP_SECONDS, LONGEST_SECONDS = 0.1, 3.5
# It ends as well where the level has stayed so far below its own mean for so long: what follows may be louder music.
DROP_DB, DROP_SECONDS = 5.0, 0.2
# Usual is the median of the levels of the last seconds that are near those exceeded for so long in all.
USUAL_SECONDS, EXCEEDED_SECONDS, NEAR_DB = 4.0, 1.0, 20.0
# Levels are counted in steps of this, from the lowest on.
STEP_DB, LOWEST_DB, STEPS = 2.0, -240.0, 180
# Seconds below which a level is as good as never heard.
NEVER = 1e-9


class UsualLevel:
    """Tells outliers by their level, log10 of any power; ``loud`` says whether the last one was."""

    def __init__(self, hop_seconds: float):
        self._hop_seconds, self._keep = hop_seconds, np.exp(-hop_seconds / USUAL_SECONDS)
        self._heard = np.zeros(STEPS)
        self.reset()

    def reset(self) -> None:
        """Forget all levels."""
        self._heard[:] = 0
        self.loud, self.over, self._before = False, False, np.inf
        self._lasted_seconds = self._below_seconds = self._dropped_seconds = self._own = 0.0

    def copy(self, other: UsualLevel) -> None:
        """Remember what ``other`` remembers."""
        self._heard[:] = other._heard
        self.loud, self.over, self._before = other.loud, other.over, other._before
        self._lasted_seconds, self._below_seconds = other._lasted_seconds, other._below_seconds
        self._dropped_seconds, self._own = other._dropped_seconds, other._own

    def process(self, level: float) -> None:
        """Count in the level of a frame, and set ``loud`` and ``over``.

        ``loud``: it is an outlier. ``over``: the last outlier has ended; it has become usual otherwise.

        Parameters
        ----------
        level : float
            Log10 of power.
        """
        usual = _count(
            level, self._heard, self._keep, self._hop_seconds, EXCEEDED_SECONDS, NEVER,
            round(NEAR_DB / STEP_DB), STEP_DB / 10, LOWEST_DB / 10,
        )  # fmt: skip
        if self.loud:
            # Measured against the level before it: it must not become usual by its own duration.
            self._lasted_seconds += self._hop_seconds
            accepted = self._lasted_seconds > LONGEST_SECONDS
            below = level <= (usual if accepted else self._before) + END_DB / 10
            self._below_seconds = self._below_seconds + self._hop_seconds if below else 0.0
            share = self._hop_seconds / self._lasted_seconds
            self._own += share * (level - self._own)
            dropped = level < self._own - DROP_DB / 10
            self._dropped_seconds = self._dropped_seconds + self._hop_seconds if dropped else 0.0
            if self._below_seconds > GAP_SECONDS or self._dropped_seconds > DROP_SECONDS:
                self.loud, self.over = False, not accepted
        elif level > usual + CREST_DB / 10:
            self.loud, self._before = True, usual
            self._lasted_seconds = self._below_seconds = self._dropped_seconds = 0.0


class Rollback:
    """Arrays that are put back to what they were before an outlier, once it is over."""

    def __init__(self, *arrays: np.ndarray):
        self._arrays = arrays
        self._copies = [array.copy() for array in arrays]
        self._loud = False

    def follow(self, loud: bool, over: bool) -> None:
        """Before anything is learnt of a frame: see `UsualLevel`."""
        if loud and not self._loud:
            for copy, array in zip(self._copies, self._arrays):
                copy[:] = array
        elif self._loud and not loud and over:
            for copy, array in zip(self._copies, self._arrays):
                array[:] = copy
        self._loud = loud

    def copy(self, other: Rollback) -> None:
        """Be ready to put back what ``other`` would."""
        for copy, its in zip(self._copies, other._copies):
            copy[:] = its
        self._loud = other._loud


@compiled
def _count(
    level: float,
    heard: np.ndarray,
    keep: float,
    hop_seconds: float,
    exceeded_seconds: float,
    never: float,
    near: int,
    step: float,
    lowest: float,
) -> float:
    """Count a level in; the usual one, infinity while too little has been heard."""
    for k in range(len(heard)):
        heard[k] = heard[k] * keep if heard[k] > never else 0.0
    heard[min(max(int((level - lowest) / step), 0), len(heard) - 1)] += hop_seconds
    first, exceeded = len(heard), 0.0
    while first > 0 and exceeded < exceeded_seconds:
        first -= 1
        exceeded += heard[first]
    if exceeded < exceeded_seconds:
        return np.inf
    first = max(first - near, 0)
    half = 0.0
    for k in range(first, len(heard)):
        half += heard[k] / 2
    while half > heard[first]:
        half -= heard[first]
        first += 1
    return lowest + step * (first + half / heard[first])
