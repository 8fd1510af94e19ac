"""Outliers: a sound far louder than the last seconds is played, but what it taught is undone when it ends.

A click, a clap, a passing drum or mains hum would fill every running mean for as long as that mean remembers, and what
follows would be played by what the noise has taught. So the means are copied when such a sound begins, go on
learning, and are put back when it ends. What lasts longer than `LONGEST_SECONDS` is the new music and is kept.

What is louder by `BEGIN_DB` or more may be the first note after a quiet room, and a room is no music: the means begin
again with it instead of going on from the noise. If it was a click, the room's are put back. What lies further than
`ROOM_DB` above a room is the music as soon as it has lasted for `ROOM_SECONDS` in all.
"""

from __future__ import annotations

from collections.abc import Iterable

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
# Beside what is so far above and has lasted so long in all, what lasts longer is a room and not usual.
ROOM_DB, ROOM_SECONDS = 30.0, 0.3
# What was learnt so far below an outlier is not true of it.
BEGIN_DB = 20.0
# What is put back is so old at least: the length of a frame.
EARLIER_SECONDS = 0.05
# Levels are counted in steps of this, from the lowest on.
STEP_DB, LOWEST_DB, STEPS = 2.0, -240.0, 180
# Seconds below which a level is as good as never heard.
NEVER = 1e-9


class UsualLevel:
    """Tells outliers by their level, log10 of any power: ``loud``, ``began`` and ``over``, see `process`."""

    def __init__(self, hop_seconds: float):
        self._hop_seconds, self._keep = hop_seconds, np.exp(-hop_seconds / USUAL_SECONDS)
        self._heard = np.zeros(STEPS)
        self.reset()

    def reset(self) -> None:
        """Forget all levels."""
        self._heard[:] = 0
        self.loud, self.began, self.over = False, False, False
        self._before, self._learnt, self._begun = np.inf, np.inf, False
        self._lasted_seconds = self._below_seconds = self._dropped_seconds = self._own = 0.0

    def copy(self, other: UsualLevel) -> None:
        """Remember what ``other`` remembers."""
        self._heard[:] = other._heard
        self.loud, self.began, self.over = other.loud, other.began, other.over
        self._before, self._learnt, self._begun = other._before, other._learnt, other._begun
        self._lasted_seconds, self._below_seconds = other._lasted_seconds, other._below_seconds
        self._dropped_seconds, self._own = other._dropped_seconds, other._own

    def process(self, level: float, slow_level: float) -> None:
        """Count in the level of a frame, and set ``loud``, ``began`` and ``over``.

        ``loud``: it is an outlier. ``began``: so far above all before that nothing learnt there is true of it.
        ``over``: the last outlier has ended; it has become usual otherwise.

        Parameters
        ----------
        level : float
            Log10 of power.
        slow_level : float
            The slow level before it: nothing is learnt from what lies far below.
        """
        usual = _count(
            level, self._heard, self._keep, self._hop_seconds, EXCEEDED_SECONDS, ROOM_SECONDS,
            round(ROOM_DB / STEP_DB), NEVER, round(NEAR_DB / STEP_DB), STEP_DB / 10, LOWEST_DB / 10,
        )  # fmt: skip
        self.began = False
        if self.loud:
            # Measured against the level before it: it must not become usual by its own duration.
            self._lasted_seconds += self._hop_seconds
            accepted = self._lasted_seconds > LONGEST_SECONDS or usual > self._before + ROOM_DB / 10
            below = level <= (usual if accepted else self._before) + END_DB / 10
            self._below_seconds = self._below_seconds + self._hop_seconds if below else 0.0
            share = self._hop_seconds / self._lasted_seconds
            self._own += share * (level - self._own)
            dropped = level < self._own - DROP_DB / 10
            self._dropped_seconds = self._dropped_seconds + self._hop_seconds if dropped else 0.0
            if self._below_seconds > GAP_SECONDS or self._dropped_seconds > DROP_SECONDS:
                self.loud, self.over = False, not accepted
        elif level > usual + CREST_DB / 10:
            self.loud, self._before, self._learnt, self._begun = True, usual, max(usual, slow_level), False
            self._lasted_seconds = self._below_seconds = self._dropped_seconds = 0.0
        if self.loud and not self._begun and level > self._learnt + BEGIN_DB / 10:
            self.began = self._begun = True


class Rollback:
    """Arrays that are put back to what they were before an outlier, once it is over.

    Before means `EARLIER_SECONDS` or up to twice as long: an outlier's first frames, in whose window it has hardly
    begun, are below any crest, but a low hum is in them already.
    """

    def __init__(self, hop_seconds: float, *arrays: np.ndarray):
        self._every = max(1, round(EARLIER_SECONDS / hop_seconds))
        self._arrays = arrays
        # The older copies are put back.
        self._newer, self._older = ([array.copy() for array in arrays] for _ in range(2))
        self.reset()

    def reset(self) -> None:
        """Nothing has been heard, and the arrays are as they were made."""
        self._loud = self._began = False
        self._frames = 0

    def follow(self, usual: UsualLevel) -> None:
        """Before anything is learnt of a frame, and after ``usual`` has counted it in."""
        if not usual.loud:
            if self._loud and usual.over:
                _copy(self._older, self._arrays)
            if self._frames % self._every == 0:
                self._newer, self._older = self._older, self._newer
                _copy(self._arrays, self._newer)
                if self._frames == 0:
                    _copy(self._arrays, self._older)
            self._frames += 1
        # A frame between two answers may read the same verdict again.
        if usual.began and not self._began:
            for array in self._arrays:
                array[:] = 0
        self._loud, self._began = usual.loud, usual.began

    def copy(self, other: Rollback) -> None:
        """Be ready to put back what ``other`` would."""
        _copy(other._newer, self._newer)
        _copy(other._older, self._older)
        self._loud, self._began, self._frames = other._loud, other._began, other._frames


def _copy(these: Iterable[np.ndarray], those: Iterable[np.ndarray]) -> None:
    for this, that in zip(these, those):
        that[:] = this


@compiled
def _count(
    level: float,
    heard: np.ndarray,
    keep: float,
    hop_seconds: float,
    exceeded_seconds: float,
    room_seconds: float,
    room: int,
    never: float,
    near: int,
    step: float,
    lowest: float,
) -> float:
    """Count a level in; the usual one, infinity while too little has been heard."""
    for k in range(len(heard)):
        heard[k] = heard[k] * keep if heard[k] > never else 0.0
    heard[min(max(int((level - lowest) / step), 0), len(heard) - 1)] += hop_seconds
    first, loud, exceeded = len(heard), 0, 0.0
    while first > 0 and exceeded < exceeded_seconds:
        first -= 1
        exceeded += heard[first]
        if exceeded >= room_seconds and loud == 0:
            loud = first
    if exceeded < exceeded_seconds:
        return np.inf
    if loud - first > room:
        first = loud
    first = max(first - near, 0)
    half = 0.0
    for k in range(first, len(heard)):
        half += heard[k] / 2
    while half > heard[first]:
        half -= heard[first]
        first += 1
    return lowest + step * (first + half / heard[first])
