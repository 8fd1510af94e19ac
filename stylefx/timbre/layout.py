"""Where the decoder looks: centre frequencies in Hz, and the plan that finds them in the bins of any grid.

Nothing here depends on a sample rate but :class:`Plan`, so a style learnt at one rate plays at every other.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

# One position a bin (10.8 Hz at 44.1 kHz) while partials of low notes must be told apart, then 36 an octave,
# which is finer than a mel band up to the top of hearing.
LOW_HZ, LINEAR_UP_TO_HZ, HIGH_HZ = 32.3, 1900.0, 17_500.0
LINEAR_STEP_HZ = 44_100 / 4096
PER_OCTAVE = 36

# The frequency ratios at which the harmonic pattern around a position is gathered: sub-harmonics tell whose
# partial it would be, down to the 20th, the rest tells fifths and fourths from octaves.
RATIOS = (
    *(1 / 20, 1 / 16, 1 / 14, 1 / 12, 1 / 11, 1 / 10, 1 / 9),
    *(1 / 8, 1 / 7, 1 / 6, 1 / 5, 1 / 4, 1 / 3, 2 / 5, 1 / 2, 3 / 5, 2 / 3, 3 / 4),
    *(4 / 3, 3 / 2),
)
OFFSETS_HZ = (-48.0, -32.0, -20.0, -10.0, 0.0, 10.0, 20.0, 32.0, 48.0)
# The same, from the spectrum smoothed over 60 ms: what rings on, with less noise.
SMOOTH_RATIOS = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2, 3)
SMOOTH_OFFSETS_HZ = (-32.0, -16.0, 16.0, 32.0)
# Where the ear's channels are gathered around a position: the same note's other partials, and the neighbours.
HEARD_RATIOS = (
    1 / 10,
    1 / 9,
    1 / 8,
    1 / 7,
    1 / 6,
    1 / 5,
    1 / 4,
    1 / 3,
    1 / 2,
    2 / 3,
    3 / 4,
    4 / 3,
    3 / 2,
    2,
    3,
    4,
)
HEARD_OFFSETS_HZ = (-43.0, -21.5, -10.8, 10.8, 21.5, 43.0)
# The local envelope at f is the mean magnitude from f / ENVELOPE_RATIO - ENVELOPE_HZ to its mirror.
ENVELOPE_RATIO, ENVELOPE_HZ = 1.22, 70.0
# Knots of the hat functions that tell the network its place.
HAT_HZ = np.array([30.0, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 18_000])
LEVEL_KNEE_HZ, LEVEL_TOP_HZ = 150.0, 16_000.0
# Nothing above is read, so that every sample rate from 36 kHz up looks alike.
TOP_HZ = 18_000.0


def position_frequencies() -> np.ndarray:
    """Centre frequencies in Hz, float64 (positions,), rising."""
    linear = np.arange(LOW_HZ, LINEAR_UP_TO_HZ, LINEAR_STEP_HZ)
    octaves = np.log2(HIGH_HZ / linear[-1])
    count = int(octaves * PER_OCTAVE)
    return np.concatenate([linear, linear[-1] * 2 ** (np.arange(1, count + 1) / PER_OCTAVE)])


def hat_functions(frequencies_hz: np.ndarray) -> np.ndarray:
    """Piecewise linear place code on the log-frequency axis, float32 (positions, len(HAT_HZ))."""
    knots = np.log2(HAT_HZ)
    return np.stack(
        [np.interp(np.log2(frequencies_hz), knots, row) for row in np.eye(len(knots))], axis=1
    ).astype(np.float32)


def heard_places() -> tuple[np.ndarray, np.ndarray]:
    """Where each position looks at what the ear hears: positions int32 (positions, places), and the weights of that
    one and the next, float32 (positions, places, 2); 0 beyond the first and the last position."""
    frequencies = position_frequencies()
    ratios = frequencies[:, None] * np.array(HEARD_RATIOS)
    offsets = frequencies[:, None] + np.array(HEARD_OFFSETS_HZ)
    wanted = np.concatenate([ratios, offsets], axis=1)
    place = np.interp(wanted, frequencies, np.arange(len(frequencies)))
    index = np.minimum(place.astype(np.int32), len(frequencies) - 2)
    inside = (wanted >= frequencies[0]) & (wanted <= frequencies[-1])
    after = place - index
    weights = np.stack([1 - after, after], axis=2) * inside[:, :, None]
    return index, weights.astype(np.float32)


class Plan:
    """Bin indices and interpolation weights of every position on one grid."""

    def __init__(self, grid: Grid):
        frequencies = position_frequencies()
        self.frequencies_hz = frequencies
        self.bins = min(grid.bins, int(TOP_HZ / grid.bin_hz) + 1)
        spread = np.gradient(frequencies) / 2
        wide = 2 * spread > 1.5 * grid.bin_hz
        low, high = self._bins(frequencies - spread, grid), self._bins(frequencies + spread, grid)
        wide &= high > low + 0.5  # not above the top bin
        self.band_low = np.where(wide, low, -1.0).astype(np.float32)
        self.band_high = np.where(wide, high, -1.0).astype(np.float32)
        offsets = frequencies[:, None] + np.array(OFFSETS_HZ)
        ratios = frequencies[:, None] * np.array(RATIOS)
        self.gather = self._bins(np.concatenate([offsets, ratios], axis=1), grid)
        offsets = frequencies[:, None] + np.array(SMOOTH_OFFSETS_HZ)
        ratios = frequencies[:, None] * np.array(SMOOTH_RATIOS)
        self.gather_smooth = self._bins(np.concatenate([offsets, ratios], axis=1), grid)
        centre = np.arange(self.bins) * grid.bin_hz
        low = np.floor((centre / ENVELOPE_RATIO - ENVELOPE_HZ) / grid.bin_hz)
        high = np.ceil((centre * ENVELOPE_RATIO + ENVELOPE_HZ) / grid.bin_hz) + 1
        self.envelope_low = np.clip(low, 0, self.bins - 1).astype(np.int32)
        self.envelope_high = np.clip(high, 1, self.bins).astype(np.int32)
        self.own = self._bins(frequencies, grid)
        weight = centre**2 / (centre**2 + LEVEL_KNEE_HZ**2) * (centre <= LEVEL_TOP_HZ)
        self.level_weight = weight.astype(np.float32)
        self._expand(np.arange(grid.bins) * grid.bin_hz)

    def _bins(self, frequencies_hz: np.ndarray, grid: Grid) -> np.ndarray:
        """Fractional bins, float32, kept off the last bin so that the next one can be read."""
        top = np.nextafter(np.float32(self.bins - 1), np.float32(0))
        return np.clip(np.abs(frequencies_hz) / grid.bin_hz, 0, top).astype(np.float32)

    def _expand(self, centre_hz: np.ndarray) -> None:
        """Interpolation from positions back to bins: position index and weight of the next one."""
        place = np.interp(centre_hz, self.frequencies_hz, np.arange(len(self.frequencies_hz)))
        place = np.clip(place, 0, len(self.frequencies_hz) - 1.001)
        self.expand_index = place.astype(np.int32)
        self.expand_weight = (place - self.expand_index).astype(np.float32)
