"""A limit under the lowest partial: where the content has no note, the answer is no louder than the clip is there.

The network is unsure of the bins under a high note and answers there at -30 dB, by a guitar whose own low strings it
has seen: a rumble over a content and a clip that have none. So it is measured in the clip what lies at a frequency
while nothing at or below it sounds. Frame by frame the answer is held under that, or a little above what the content
has itself. A frequency at which the clip sounds in every frame, a drum's, is free. All over the positions of
:mod:`stylefx.timbre.layout`, levels as log10 of power. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.jit import compiled
from stylefx.timbre.adaptive_eq import WIDTH, answer_level
from stylefx.timbre.layout import LINEAR_STEP_HZ, position_frequencies

# Above, it is no rumble.
TOP_HZ = 1000.0
# A partial's main lobe reaches so far below it.
LOBE_HZ = 43.0
# All up to a position over the whole frame: from the first share on it may be rumble, at the second it is nothing else.
FROM_DB, WHOLE_DB = -30.0, -40.0
# The answer may lie this far above the content's own, and anything below the last is not heard.
RAISED_DB, INAUDIBLE_DB = 10.0, -70.0
# What the clip shows for less than this share of its sounding frames is not known.
KNOWN_SHARE = 0.02
TINY = 1e-20


def _count(top_hz: float) -> int:
    return int(np.searchsorted(position_frequencies(), top_hz))


PLACES = _count(TOP_HZ)
LOBE = round(LOBE_HZ / LINEAR_STEP_HZ)


class RumbleLimit:
    """``levels`` (positions,): the clip's, from :func:`rumble_levels`."""

    def __init__(self, levels: np.ndarray):
        self._levels = np.ascontiguousarray(levels[:PLACES], np.float32)
        self._share = np.zeros(PLACES, np.float32)

    def process(self, answer: np.ndarray, own: np.ndarray) -> None:
        """Lower a frame in place.

        Parameters
        ----------
        answer : float32 (positions,)
            Levels of the answer, of any reference.
        own : float32 (positions,)
            The content's.
        """
        whole = _shares(own, WIDTH, LOBE, FROM_DB / 10, WHOLE_DB / 10, self._share)
        _lower(answer, own, whole, self._levels, self._share, WIDTH, RAISED_DB / 10, INAUDIBLE_DB / 10)


def rumble_levels(own: np.ndarray) -> np.ndarray:
    """What lies at each position while nothing at or below it sounds, over the frame's level.

    Parameters
    ----------
    own : float32 (frames, positions)
        A clip's sounding frames.

    Returns
    -------
    float32 (positions,)
        Log10 of mean power; 0 where the clip does not tell.
    """
    share, power = np.zeros((2, len(own), PLACES), np.float32)
    for frame, here, kept in zip(own, power, share):
        whole = _shares(frame, WIDTH, LOBE, FROM_DB / 10, WHOLE_DB / 10, kept)
        here[:] = 10.0 ** (frame[:PLACES] - whole)
    weight = share.sum(axis=0)
    levels = np.zeros(own.shape[1], np.float32)
    known = np.flatnonzero(weight > KNOWN_SHARE * len(own))
    levels[known] = np.log10((share * power).sum(axis=0)[known] / weight[known] + TINY)
    return levels


@compiled
def _shares(
    own: np.ndarray, width: np.ndarray, lobe: int, first: float, whole: float, share: np.ndarray
) -> np.floating:
    """Fill in how far each position lies under the lowest partial, 0 to 1; the frame's level."""
    level = answer_level(own, width)
    below = np.float32(0)
    for p in range(lobe):
        below += np.float32(10) ** (own[p] - level)
    for p in range(len(share)):
        below += np.float32(10) ** (own[p + lobe] - level)
        share[p] = min(max((np.log10(below) - first) / (whole - first), np.float32(0)), np.float32(1))
    return level


@compiled
def _lower(
    answer: np.ndarray,
    own: np.ndarray,
    level: float,
    levels: np.ndarray,
    share: np.ndarray,
    width: np.ndarray,
    raised: float,
    inaudible: float,
) -> None:
    """Draw the answer to its limit by its share."""
    mine = answer_level(answer, width)
    for p in range(len(share)):
        limit = mine + max(levels[p], own[p] - level + np.float32(raised), np.float32(inaudible))
        if answer[p] > limit:
            answer[p] -= share[p] * (answer[p] - limit)
