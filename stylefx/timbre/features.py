"""What the decoder sees of a frame: features of each position, from the magnitudes so far (numba, bare loops).

All levels are log10 of power (1 is 10 dB) and relative, so that neither the gain of the content nor its slow
envelope changes what is seen. Everything is causal; the memory is a handful of running averages in ``State``.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.jit import compiled
from stylefx.timbre.layout import OFFSETS_HZ, RATIOS, SMOOTH_OFFSETS_HZ, SMOOTH_RATIOS, Plan
from stylefx.timbre.outliers import Rollback, UsualLevel

# Time constants of a position's own history and of the level's: attack, note, phrase.
HISTORY_SECONDS = (0.012, 0.04, 0.12, 0.4, 1.5)
SMOOTH_SECONDS = 0.06
LONG_SECONDS = 4.0
# The slow level falls by this much a second after a peak: phrases keep their dynamics, gains do not matter.
SLOW_FALL_DB = 8.0
# What lies further below the slow level is silence.
FLOOR_DB = 80.0
# The long-term envelope learns only while the level is this near the slow level.
ACTIVE_DB = 30.0
# A frame at this level holds nothing but zeros, and nothing is learnt from it.
SILENCE_DB = -239.0
CLIP_DB = 50.0
TINY_POWER = 1e-24
# Log10 of power below which a decaying state is at rest.
INAUDIBLE = 1e-20

GATHERED = len(OFFSETS_HZ) + len(RATIOS)
SMOOTHED = len(SMOOTH_OFFSETS_HZ) + len(SMOOTH_RATIOS)
HISTORY = len(HISTORY_SECONDS)
LOCAL = 6
FEATURES = LOCAL + GATHERED + SMOOTHED + 2 * HISTORY

# Places in State.level after the level's own history.
SLOW, COUNTED, SEEN = HISTORY, HISTORY + 1, HISTORY + 2
# log10(1 + m) / m on [0, 1), least squares on Chebyshev nodes.
POLY1 = 0.43429093
POLY2 = -0.21687476
POLY3 = 0.14127388
POLY4 = -0.09132939
POLY5 = 0.04408091
POLY6 = -0.01041420


class State:
    """Running averages that survive a frame, and the scratch arrays of one frame."""

    def __init__(self, plan: Plan, grid: Grid):
        positions = len(plan.frequencies_hz)
        seconds = np.array([*HISTORY_SECONDS, SMOOTH_SECONDS, LONG_SECONDS])
        self.rates = (1 - np.exp(-grid.hop_seconds / seconds)).astype(np.float32)
        self.fall = np.float32(SLOW_FALL_DB / 10 * grid.hop_seconds)
        self.history = np.zeros((HISTORY, positions), np.float32)
        self.smooth = np.zeros(plan.bins, np.float32)
        self.long = np.zeros(positions + 1, np.float64)
        self.level = np.zeros(HISTORY + 3, np.float64)
        self.usual = UsualLevel(grid.hop_seconds)
        self.rollback = Rollback(grid.hop_seconds, *self._lasting())
        self.sums = np.zeros((2, plan.bins + 1), np.float64)
        self.spectra = np.zeros((3, plan.bins + 1), np.float32)
        self.bands = np.zeros((2, positions), np.float32)

    def reset(self) -> None:
        """Forget all frames."""
        for array in self._lasting():
            array[:] = 0
        self.usual.reset()
        self.rollback.reset()

    def copy(self, other: State) -> None:
        """Remember what ``other`` remembers."""
        self.usual.copy(other.usual)
        self.rollback.copy(other.rollback)
        for array, its in zip(self._lasting(), other._lasting()):
            array[:] = its

    def _lasting(self) -> tuple[np.ndarray, ...]:
        return self.history, self.smooth, self.long, self.level


def frame_features(
    magnitude: np.ndarray,
    plan: Plan,
    state: State,
    features: np.ndarray,
    own: np.ndarray,
    long_envelope: np.ndarray,
) -> float:
    """Take in one frame (bins,) float32; return its level, log10 of power.

    Filled: ``features`` (positions, FEATURES), left out when it is empty; ``own`` (positions,), each position's
    level, log10 of power; ``long_envelope`` (positions,), the long-term envelope relative to the long-term level.
    """
    level = _levels(magnitude, plan.level_weight, state.sums)
    state.usual.process(level, state.level[SLOW])
    state.rollback.follow(state.usual)
    _follow(level, state.level, state.rates, state.fall)
    floor = state.level[SLOW] - FLOOR_DB / 10
    _spectra(magnitude, plan.envelope_low, plan.envelope_high, floor, state.sums[1], state.spectra)
    _positions(
        plan.own, plan.band_low, plan.band_high, floor, level, state.sums[0], state.spectra, state.level,
        state.rates, state.long, state.history, state.bands, own, long_envelope,
    )  # fmt: skip
    _smooth(state.spectra[2], state.rates[HISTORY], state.smooth)
    if len(features):
        _gather(
            plan.gather, plan.gather_smooth, level, state.level, state.spectra[2], state.smooth,
            state.history, state.bands, own, long_envelope, features,
        )  # fmt: skip
    state.level[SEEN] = 1
    return level


@compiled
def log10_in_place(values: np.ndarray) -> None:
    """log10 of positive float32 values to 3e-6: exponent and a polynomial in the mantissa, so that it vectorises."""
    bits = values.view(np.int32)
    for i in range(len(values)):
        exponent = np.float32((bits[i] >> 23) - 127)
        bits[i] = (bits[i] & 0x7FFFFF) | 0x3F800000
        m = values[i] - np.float32(1)
        p = np.float32(POLY6)
        p = p * m + np.float32(POLY5)
        p = p * m + np.float32(POLY4)
        p = p * m + np.float32(POLY3)
        p = p * m + np.float32(POLY2)
        p = p * m + np.float32(POLY1)
        values[i] = exponent * np.float32(0.30102999566) + p * m


@compiled
def maximum(values: np.ndarray) -> float:
    """The largest of some values; numpy's own way takes three seconds to compile."""
    found = values[0]
    for i in range(1, len(values)):
        found = max(found, values[i])
    return found


@compiled
def _levels(magnitude: np.ndarray, weight: np.ndarray, sums: np.ndarray) -> float:
    """Prefix sums of power and magnitude; returns the level."""
    power_sum, magnitude_sum = sums[0], sums[1]
    total = TINY_POWER
    for q in range(len(weight)):
        power = np.float64(magnitude[q]) * magnitude[q]
        total += power * weight[q]
        power_sum[q + 1] = power_sum[q] + power
        magnitude_sum[q + 1] = magnitude_sum[q] + magnitude[q]
    return np.log10(total)


@compiled
def _follow(level: float, level_state: np.ndarray, rates: np.ndarray, fall: float) -> None:
    """The slow follower of the level, and its history."""
    first = level_state[SEEN] == 0
    slow = level if first else max(level, level_state[SLOW] - fall)
    level_state[SLOW] = slow
    for k in range(HISTORY):
        before = slow - FLOOR_DB / 10 if first else level_state[k]
        level_state[k] = max(before + rates[k] * (level - before), slow - FLOOR_DB / 10)
    if level > slow - ACTIVE_DB / 10 and level > SILENCE_DB / 10:
        level_state[COUNTED] += 1


@compiled
def _spectra(
    magnitude: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    floor: float,
    magnitude_sum: np.ndarray,
    spectra: np.ndarray,
) -> None:
    """Rows: envelope power, then its log, and the whitened log spectrum, relative to the floor (0 or more)."""
    scale = np.float32(10.0 ** (-floor))
    power_of_envelope, envelope, whitened = spectra[0], spectra[1], spectra[2]
    bins = len(low)
    for q in range(bins):
        mean = (magnitude_sum[high[q]] - magnitude_sum[low[q]]) / (high[q] - low[q])
        power_of_envelope[q] = np.float32(mean * mean) * scale + np.float32(1)
        envelope[q] = power_of_envelope[q]
        whitened[q] = magnitude[q] * magnitude[q] * scale + np.float32(1)
    envelope[bins] = whitened[bins] = power_of_envelope[bins] = 1
    log10_in_place(envelope)
    log10_in_place(whitened)
    for q in range(bins):
        whitened[q] -= envelope[q]


@compiled
def _smooth(whitened: np.ndarray, rate: float, smooth: np.ndarray) -> None:
    for q in range(len(smooth)):
        value = smooth[q] + rate * (whitened[q] - smooth[q])
        # A long rest would leave denormal numbers, on which a processor takes several times as long.
        smooth[q] = value if abs(value) > INAUDIBLE else 0.0


@compiled
def _interpolate(values: np.ndarray, place: np.ndarray) -> float:
    index = int(place)
    return values[index] + (values[index + 1] - values[index]) * (place - index)


@compiled
def _positions(
    own_place: np.ndarray,
    band_low: np.ndarray,
    band_high: np.ndarray,
    floor: float,
    level: float,
    power_sum: np.ndarray,
    spectra: np.ndarray,
    level_state: np.ndarray,
    rates: np.ndarray,
    long: np.ndarray,
    history: np.ndarray,
    bands: np.ndarray, own: np.ndarray, long_envelope: np.ndarray,
) -> None:  # fmt: skip
    """Level, local envelope, long-term envelope and history of every position."""
    positions = len(own_place)
    scale = np.float32(10.0 ** (-floor))
    here, envelope = bands[0], bands[1]
    for p in range(positions):
        if band_low[p] >= 0:
            low, high = band_low[p], band_high[p]
            mean = (_interpolate(power_sum, high) - _interpolate(power_sum, low)) / (high - low)
            here[p] = np.float32(max(mean, 0.0)) * scale + np.float32(1)
        else:
            logarithm = _interpolate(spectra[1], own_place[p]) + _interpolate(spectra[2], own_place[p])
            here[p] = logarithm
        envelope[p] = _interpolate(spectra[1], own_place[p])
    for p in range(positions):
        if band_low[p] >= 0:
            here[p] = np.log10(here[p])
    _long_term(own_place, floor, level, spectra[0], level_state, rates, long, long_envelope)
    first = level_state[SEEN] == 0
    for p in range(positions):
        own[p] = here[p] + floor
        for k in range(HISTORY):
            before = floor if first else history[k, p]
            history[k, p] = max(before + rates[k] * (own[p] - before), floor)


@compiled
def _long_term(
    own_place: np.ndarray,
    floor: float,
    level: float,
    envelope_power: np.ndarray,
    level_state: np.ndarray,
    rates: np.ndarray,
    long: np.ndarray,
    long_envelope: np.ndarray,
) -> None:
    """Running mean of the envelope's power while the content sounds; its log relative to that of the level."""
    positions = len(own_place)
    floor_power = 10.0**floor
    if level > level_state[SLOW] - ACTIVE_DB / 10 and level > SILENCE_DB / 10:
        rate = max(rates[HISTORY + 1], 1 / max(level_state[COUNTED], 1.0))
        for p in range(positions):
            power = (_interpolate(envelope_power, own_place[p]) - 1) * floor_power
            long[p] += rate * (power - long[p])
        long[positions] += rate * (10.0**level - long[positions])
    scale = 1 / (long[positions] + floor_power)
    for p in range(positions):
        long_envelope[p] = np.float32((long[p] + floor_power) * scale)
    log10_in_place(long_envelope)


@compiled
def _gather(
    places: np.ndarray,
    smooth_places: np.ndarray,
    level: float,
    level_state: np.ndarray,
    whitened: np.ndarray,
    smooth: np.ndarray,
    history: np.ndarray,
    bands: np.ndarray,
    own: np.ndarray,
    long_envelope: np.ndarray,
    features: np.ndarray,
) -> None:
    """Fill the rows of features."""
    # From the arrays, not from the constants: compiled code is cached, and does not notice that those have changed.
    gathered, smoothed = places.shape[1], smooth_places.shape[1]
    for p in range(len(features)):
        row = features[p]
        envelope = bands[1, p] + (level_state[SLOW] - FLOOR_DB / 10) - level
        row[0] = own[p] - level
        row[1] = envelope
        row[2] = bands[0, p] - bands[1, p]
        row[3] = level - level_state[SLOW]
        row[4] = long_envelope[p]
        row[5] = envelope - long_envelope[p]
        for g in range(gathered):
            row[LOCAL + g] = _interpolate(whitened, places[p, g])
        for g in range(smoothed):
            row[LOCAL + gathered + g] = _interpolate(smooth, smooth_places[p, g])
        for k in range(HISTORY):
            row[LOCAL + gathered + smoothed + 2 * k] = own[p] - history[k, p]
            row[LOCAL + gathered + smoothed + 2 * k + 1] = level - level_state[k]
        for c in range(len(row)):
            row[c] = min(max(row[c], np.float32(-CLIP_DB / 10)), np.float32(CLIP_DB / 10))
