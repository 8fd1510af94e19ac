"""A ceiling over the decoder's high bands: where neither the content nor the clip has sound, the answer has none.

The network is told of levels down to 80 dB under the frame's and answers hardly lower. In one bin that is inaudible;
in the thousand bins of the top octave it is a haze at -50 dB over a clip and a content that have nothing there. So the
mean amplitude of the answers so far is held, band by band, under the higher of the content's and the clip's, each
against its own amplitude in the middle of hearing. It is a mean over seconds: no attack and no frame is cut by itself.
All over the positions of :mod:`stylefx.timbre.layout`. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.jit import compiled
from stylefx.timbre.adaptive_eq import WIDTH, answer_level
from stylefx.timbre.features import FLOOR_DB, log10_in_place
from stylefx.timbre.layout import PER_OCTAVE, position_frequencies

# From the first frequency to the second the ceiling comes in: below, the tune decides what is there.
FROM_HZ, WHOLE_FROM_HZ = 2800.0, 4000.0
# What amplitudes are measured against; rumble below is no sound, and the bands above are what is judged.
MIDDLE_HZ = (250.0, 4000.0)
SECONDS = 2.0
# Positions to either side that are taken together: an octave would be as high as the highest place of a steep slope.
SPAN = PER_OCTAVE // 12
# Amplitudes below this share of the middle's are no sound.
NOTHING = 1e-7
# Nothing sounds this much over the middle.
MAX_DB = 100.0


def _middle() -> np.ndarray:
    frequencies = position_frequencies()
    return WIDTH * ((frequencies >= MIDDLE_HZ[0]) & (frequencies <= MIDDLE_HZ[1]))


MIDDLE = _middle().astype(np.float32)


class Ceiling:
    """``amplitudes`` (positions,): the clip's mean, log10 of power, from :func:`mean_amplitudes`."""

    def __init__(self, amplitudes: np.ndarray):
        frequencies = position_frequencies()
        self._first = int(np.searchsorted(frequencies, FROM_HZ))
        come_in = np.log2(frequencies[self._first :] / FROM_HZ) / np.log2(WHOLE_FROM_HZ / FROM_HZ)
        self._share = np.clip(come_in, 0, 1).astype(np.float32)
        # Bounded, for a style file may hold any number.
        power_log10 = np.clip(amplitudes[self._first :], 2 * np.log10(NOTHING), MAX_DB / 10)
        self._clip = (10.0 ** (power_log10 / 2)).astype(np.float32)
        self._width = WIDTH[self._first :]

    def prepare(self, grid: Grid) -> None:
        """Time constants of a grid; forget the past."""
        self._rate = grid.hop_seconds / SECONDS
        self._content, self._answered, self._correction = np.zeros((3, len(self._clip)), np.float32)
        self._sums = np.zeros((2, len(self._clip) + 1), np.float32)
        self._middle, self._counted = np.zeros(1, np.float32), np.zeros(1, np.int64)
        self.memory = self._content, self._answered, self._middle, self._counted
        self.reset()

    def reset(self) -> None:
        """Forget all frames."""
        for array in self.memory:
            array[:] = 0

    def process(self, answer: np.ndarray, own: np.ndarray, slow_level: float) -> None:
        """Lower a frame in place.

        Parameters
        ----------
        answer : float32 (positions,)
            Levels of the answer, log10 of power.
        own : float32 (positions,)
            The content's, log10 of power, read over a floor under the ``slow_level``.
        slow_level : float
            The content's over the last seconds, log10 of power.
        """
        self._counted += 1
        rate = np.float32(max(self._rate, 1 / self._counted[0]))
        floor = np.float32(10.0 ** (slow_level - FLOOR_DB / 10))
        level = answer_level(own, MIDDLE)
        # The answer may be far softer than the content: it is made as loud afterwards.
        gain = level - answer_level(answer, MIDDLE)
        self._middle += rate * (np.float32(10.0 ** (level / 2)) - self._middle)
        _learn(answer, gain, own, floor, rate, self._first, self._content, self._answered)
        _lower(
            answer, self._middle[0], self._clip, self._width, self._share, self._first, self._content,
            self._answered, self._sums, self._correction, SPAN, np.float32(NOTHING),
        )  # fmt: skip


def mean_amplitudes(power: np.ndarray, low: np.ndarray, high: np.ndarray, bin_hz: float) -> np.ndarray:
    """Mean amplitude of each position's bins ``low`` to ``high`` in a clip's ``power`` (frames, bins).

    Over that of the middle of hearing, log10 of power: float32 (positions,), 0 where a position is no band.
    """
    sums = np.pad(np.cumsum(power, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    bands = _up_to(sums, high) - _up_to(sums, np.maximum(low, 0))
    amplitudes = np.sqrt(np.maximum(bands, 0) / np.maximum(high - low, 1)).mean(axis=0)
    first, last = (round(hz / bin_hz) for hz in MIDDLE_HZ)
    middle = np.sqrt(power[:, first : last + 1].sum(axis=1)).mean()
    power_log10 = 2 * np.log10(amplitudes / max(middle, NOTHING) + NOTHING)
    return np.where(low >= 0, power_log10, 0).astype(np.float32)


def _up_to(sums: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Prefix sums (frames, bins + 1) at fractional places: (frames, places)."""
    index = np.clip(places.astype(int), 0, sums.shape[1] - 2)
    return sums[:, index] + (sums[:, index + 1] - sums[:, index]) * (places - index)


@compiled
def _learn(
    answer: np.ndarray,
    gain: float,
    own: np.ndarray,
    floor: float,
    rate: float,
    first: int,
    content: np.ndarray,
    answered: np.ndarray,
) -> None:
    """Mean amplitudes: the content's, without the floor that it is read over, and the answer's."""
    for k in range(len(content)):
        heard = np.float32(10) ** own[first + k] - floor
        content[k] += rate * (np.sqrt(max(heard, np.float32(0))) - content[k])
        answered[k] += rate * (np.float32(10) ** ((answer[first + k] + gain) / 2) - answered[k])


@compiled
def _lower(
    answer: np.ndarray,
    middle: float,
    clip: np.ndarray,
    width: np.ndarray,
    share: np.ndarray,
    first: int,
    content: np.ndarray,
    answered: np.ndarray,
    sums: np.ndarray,
    correction: np.ndarray,
    span: int,
    nothing: float,
) -> None:
    """Take from the answer what its mean is over the higher of both."""
    count = len(content)
    for k in range(count):
        known = max(content[k], clip[k] * middle, nothing * middle)
        mine = max(answered[k], nothing * middle)
        sums[0, k + 1] = sums[0, k] + width[k] * known * known
        sums[1, k + 1] = sums[1, k] + width[k] * mine * mine
    for k in range(count):
        low, high = max(k - span, 0), min(k + span + 1, count)
        over = (sums[1, high] - sums[1, low]) / (sums[0, high] - sums[0, low])
        correction[k] = max(over, np.float32(1))
    log10_in_place(correction)
    for k in range(count):
        answer[first + k] -= share[k] * correction[k]
