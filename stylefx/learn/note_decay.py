"""How fast the notes of a clip die away, by frequency: 0 for whatever holds its notes.

A sound that is struck falls at once and goes on falling; one that is held rises, stays, and falls when it is let go,
so its short notes fall too, but not from the start. Hence the first 70 ms after each onset and the 110 ms
after those are looked at apart, and the slower of the two falls counts. Only where nearly all notes fall so is the
clip called struck.
"""

from __future__ import annotations

import numpy as np

from stylefx.timbre.layout import position_frequencies
from stylefx.timbre.note_decay import (
    HEARD_DB,
    ONSET_FLUX,
    PARTIAL_HIGH,
    PARTIAL_LOW,
    Onsets,
    partial_levels,
)

# When a note is looked at, in seconds after its onset; onsets nearer together are one.
LOOKS, APART_SECONDS = (0.04, 0.11, 0.22), 0.07
MIN_NOTES = 3
# Positions that rose by this much at the onset, and are this near to the loudest, are the note.
RISE_DB, NEAR_DB, BEFORE_SECONDS = 12.0, 30.0, 0.023
# Three notes of four fall by 8 dB per second or more, and nine of ten do not rise.
MAJORITY, STRUCK_RATE, NEARLY_ALL = 0.75, -0.8, 0.9
# The rate is that of the slower notes, for what falls too soon is missed more than what rings on.
SLOWER_NOTES = 0.65
BANDS = 6
LOWEST_HZ, HIGHEST_HZ = 60.0, 14_000.0
# A band's own rate is believed as this many samples of it speak against the mean of all.
SAMPLES = 40
FASTEST_RATE = -6.0
# A band falls between half and twice as fast as the whole.
MIN_RATIO, MAX_RATIO = 0.5, 2.0


def decay_rates(own: np.ndarray, slow_level: np.ndarray, hop_seconds: float) -> np.ndarray:
    """Log10 of power per second, 0 or less, float32 (positions,).

    ``own`` float32 (frames, positions) are the clip's levels, log10 of power, ``slow_level`` (frames,) its slow level.
    """
    frequencies = position_frequencies()
    levels = _partials(own, slow_level)
    first, middle, last = (round(seconds / hop_seconds) for seconds in LOOKS)
    before = round(BEFORE_SECONDS / hop_seconds)
    notes, samples, weights = [], [], []
    starts = _onsets(own, slow_level, hop_seconds)
    for start, following in zip(starts, [*starts[1:], len(levels) + 2]):
        if start + last >= min(len(levels), following - 2):
            continue
        looked = levels[[max(0, start - before), start + first, start + middle, start + last]]
        weight = _note(looked[0], looked[1])
        if weight.sum() <= 0:
            continue
        early = (looked[2] - looked[1]) / ((middle - first) * hop_seconds)
        late = (looked[3] - looked[2]) / ((last - middle) * hop_seconds)
        notes.append(max(weight @ early, weight @ late) / weight.sum())
        samples.append((looked[3] - looked[1]) / ((last - first) * hop_seconds))
        weights.append(weight)
    held = np.zeros(len(frequencies), np.float32)
    if len(notes) < MIN_NOTES:
        return held
    if np.quantile(notes, MAJORITY) > STRUCK_RATE or np.quantile(notes, NEARLY_ALL) > 0:
        return held
    rate = min(0.0, float(np.quantile(notes, SLOWER_NOTES)))
    ratios = _by_frequency(np.array(samples), np.array(weights), frequencies)
    return np.clip(rate * ratios, FASTEST_RATE, 0).astype(np.float32)


def _partials(own: np.ndarray, slow_level: np.ndarray) -> np.ndarray:
    levels, sums = np.zeros_like(own, np.float32), np.zeros(own.shape[1] + 1)
    for row, out, slow in zip(own, levels, slow_level):
        partial_levels(row, np.float32(slow - HEARD_DB / 10), PARTIAL_LOW, PARTIAL_HIGH, sums, out)
    return levels


def _onsets(own: np.ndarray, slow_level: np.ndarray, hop_seconds: float) -> list[int]:
    """Frames in which a note begins."""
    onsets, starts, last = Onsets(hop_seconds), [], -np.inf
    for frame, (row, slow) in enumerate(zip(own, slow_level)):
        if onsets.process(row, slow) > ONSET_FLUX:
            if frame - last > APART_SECONDS / hop_seconds:
                starts.append(frame)
            last = frame
    return starts


def _note(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Weight of every position in the note that began between two frames: its magnitude, or 0."""
    top = after.max()
    belongs = (after - before > RISE_DB / 10) & (after > top - NEAR_DB / 10)
    return np.where(belongs, 10 ** (0.5 * (after - top)), 0)


def _by_frequency(samples: np.ndarray, weights: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """How fast each position falls beside the whole: ``samples`` and ``weights`` are (notes, positions)."""
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1)
    band = np.clip(np.searchsorted(edges, frequencies) - 1, 0, BANDS - 1)
    whole = _weighted_median(samples.ravel(), weights.ravel())
    rates = np.full(BANDS, whole)
    for b in range(BANDS):
        here, there = samples[:, band == b].ravel(), weights[:, band == b].ravel()
        count = (there > 0).sum()
        if count:
            rates[b] = (_weighted_median(here, there) * count + whole * SAMPLES) / (count + SAMPLES)
    ratios = np.clip(rates / min(whole, -0.1), MIN_RATIO, MAX_RATIO)
    centres = np.sqrt(edges[1:] * edges[:-1])
    return np.interp(np.log(frequencies), np.log(centres), ratios)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(summed, summed[-1] / 2)])
