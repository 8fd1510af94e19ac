"""The real FFT of a windowed, zero-padded frame and its inverse, as numba loops over float32 rows.

Refinement needs some twenty transforms a hop. Called one by one from Python, scipy's take 15 microseconds each at 4096
points; these take 6, stay inside one compiled call without the interpreter's lock, and skip the half of the frame
that is zero. Complex numbers are two rows (real, imaginary); a real signal is two rows as well (even samples, odd
samples), which makes a real FFT of n_fft points a complex one of n_fft / 2 (`points` below).

The complex FFT is Stockham's inside the four-step split (Bailey 1990): `points` = rows * columns, columns are
transformed side by side, twisted, transposed, and transformed again, so that every inner loop runs over at least
``columns`` or ``rows`` neighbours and compiles to vector instructions.

Frames are in the centred convention: the window's peak sits at time 0, its left half at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.phase_methods.fft_passes import TWIST


class FftPlan(NamedTuple):
    """What the transforms of one length need; nothing here changes."""

    # int64 (passes, 3): radix (or TWIST), neighbours that are transformed alike, where its twiddles start.
    passes: np.ndarray
    twiddles: np.ndarray  # float32 (2, any)
    unpack: np.ndarray  # float32 (2, points): exp(-2 pi i k / n_fft)
    rows: int


def fft_plan(n_fft: int) -> FftPlan:
    """The plan for real frames of ``n_fft`` points, 2^a or 3 * 2^a and at least 384."""
    points = n_fft // 2
    rows = 4
    while rows * rows * 4 <= points:
        rows *= 2
    columns = points // rows
    passes: list[tuple[int, int, int]] = []
    twiddles: list[np.ndarray] = []
    start = _plan_stages(_radices(rows)[::-1], rows, columns, 0, passes, twiddles)
    passes.append((TWIST, columns, start))
    twist = np.exp(-2j * np.pi * np.outer(np.arange(columns), np.arange(rows)) / points).ravel()
    twiddles.append(twist)
    _plan_stages(_radices(columns), columns, rows, start + points, passes, twiddles)
    turns = np.exp(-2j * np.pi * np.arange(points) / n_fft)
    return FftPlan(np.array(passes, np.int64), _as_rows(np.concatenate(twiddles)), _as_rows(turns), rows)


def _as_rows(values):
    return np.array([values.real, values.imag], np.float32)


def _radices(length):
    """Factors 3, 2, 4, 4, ...: the pruned passes, first and last of all, are then radix 4."""
    radices: list[int] = []
    while length % 4 == 0:
        radices.insert(0, 4)
        length //= 4
    for radix in (2, 3):
        if length % radix == 0:
            radices.insert(0, radix)
            length //= radix
    if length != 1:
        raise ValueError(f"FFT length leaves a factor {length}: use 2^a or 3 * 2^a")
    return radices


def _plan_stages(radices, length, stride, start, passes, twiddles):
    for radix in radices:
        passes.append((radix, stride, start))
        steps = np.outer(np.arange(length // radix), np.arange(1, radix))
        twiddles.append(np.exp(-2j * np.pi * steps / length).ravel())
        start += steps.size
        length //= radix
        stride *= radix
    return start
