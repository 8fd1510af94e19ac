"""Where the tracker looks and when: frames, windows and the log-frequency axis, at any sample rate.

Three windows end at the newest sample: a very long one for the partials of low notes, a long one for the rest, and a
short one that tells when. The long ones rise slowly and fall fast, so that what is new weighs most (Mauler & Martin
2007 use such a pair for a short delay). Lengths follow the engine's grid, so a frame of the tracker is two of its hops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stylefx.analysis.grid import grid_for

LOWEST_PITCH, PITCHES = 21, 88
# Three places a semitone; place 1 is the lowest pitch, the top one lies at 16 kHz.
PER_SEMITONE, PLACES = 3, 332
FRAME_HOPS, SHORT_HOPS, LONG_HOPS, LONGEST_HOPS = 2, 4, 16, 32
# Share of a long window that lies after its peak; the short one is symmetric.
FALL_SHARE = 0.15
# Below the first frequency the longest window is read, above the second the long one, between them both.
CROSSING_HZ = (300.0, 600.0)
# Relative frequencies of the partials that stand for a pitch, and by how many places they lie away.
HARMONICS = (1 / 3, 1 / 2, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
SHIFTS = tuple(round(12 * PER_SEMITONE * float(np.log2(ratio))) for ratio in HARMONICS)


@dataclass(frozen=True)
class Layout:
    """Lengths in samples of a sample rate: ``frame`` from one to the next, ``windows`` short, long, longest."""

    sample_rate: int
    frame: int
    windows: tuple[int, int, int]

    @property
    def frame_seconds(self) -> float:
        """Time between two frames."""
        return self.frame / self.sample_rate


def layout_for(sample_rate: int) -> Layout:
    """The layout of a sample rate in Hz; StylefxError where the engine has no grid for it."""
    hop = grid_for(sample_rate).hop
    return Layout(int(sample_rate), FRAME_HOPS * hop, (SHORT_HOPS * hop, LONG_HOPS * hop, LONGEST_HOPS * hop))


def place_pitches() -> np.ndarray:
    """MIDI pitch of every place, float64 (PLACES,)."""
    return LOWEST_PITCH + (np.arange(PLACES) - 1) / PER_SEMITONE


def place_frequencies() -> np.ndarray:
    """Centre of every place in Hz, float64 (PLACES,)."""
    return 440 * 2 ** ((place_pitches() - 69) / 12)


def window(length: int, fall_share: float) -> np.ndarray:
    """Two half Hann windows that meet at the peak, float32 (length,), sum 2 (so that a sine of 1 reads 1)."""
    fall = max(2, round(length * fall_share))
    rise = length - fall
    shape = np.concatenate(
        [
            np.sin(np.pi / 2 * (np.arange(rise) + 0.5) / rise) ** 2,
            np.cos(np.pi / 2 * (np.arange(fall) + 0.5) / fall) ** 2,
        ]
    )
    return (shape * 2 / shape.sum()).astype(np.float32)


def windows(layout: Layout) -> list[np.ndarray]:
    """The short, the long and the longest window."""
    short, long, longest = layout.windows
    return [window(short, 0.5), window(long, FALL_SHARE), window(longest, FALL_SHARE)]


def reading(layout: Layout) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each window the triangles that read power at the places: first bin, offsets (PLACES + 1,), weights.

    A place reads at least from bin to bin, and no further than to its neighbours where those are wider. Weights of
    the long windows hold the crossing, so that their readings are added; above the Nyquist frequency they are 0.
    """
    frequencies = place_frequencies()
    spread = frequencies * (2 ** (1 / 12 / PER_SEMITONE) - 1)
    low = np.clip(np.log(frequencies / CROSSING_HZ[0]) / np.log(CROSSING_HZ[1] / CROSSING_HZ[0]), 0, 1)
    shares = (np.ones(PLACES), low, 1 - low)
    return [
        _triangles(frequencies, spread, share, layout.sample_rate / length, length // 2 + 1)
        for length, share in zip(layout.windows, shares)
    ]


def _triangles(
    frequencies: np.ndarray, spread: np.ndarray, share: np.ndarray, bin_hz: float, bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, offsets, weights = np.zeros(PLACES, np.int32), np.zeros(PLACES + 1, np.int32), []
    for place, (centre, width) in enumerate(zip(frequencies / bin_hz, np.maximum(spread / bin_hz, 1))):
        lowest, highest = int(np.ceil(centre - width)), int(np.floor(centre + width))
        row = 1 - np.abs(np.arange(lowest, highest + 1) - centre) / width
        if highest >= bins or share[place] == 0:
            lowest, row = 0, row[:0]
        first[place] = lowest
        weights.append(row * share[place])
        offsets[place + 1] = offsets[place] + len(row)
    return first, offsets, np.concatenate(weights).astype(np.float32)
