"""Peaks: how near the output comes to full scale between samples, and how much of it was bent to stay below."""

from __future__ import annotations

import numpy as np

OVERSAMPLING = 4


def true_peak_db(audio: np.ndarray, sample_rate: int) -> float:
    """Peak of the signal, four times oversampled, dB over full scale."""
    import soxr

    fine = soxr.resample(audio.astype(np.float64), sample_rate, OVERSAMPLING * sample_rate, "HQ")
    return float(20 * np.log10(max(np.abs(fine).max(initial=0.0), 1e-9)))


def flat_tops_per_second(audio: np.ndarray, sample_rate: int) -> float:
    """Peaks of three or more samples in a row within 0.05 dB of the loudest: what clipping leaves."""
    level = np.abs(audio)
    top = level >= level.max(initial=0.0) * 10 ** (-0.05 / 20)
    runs = np.diff(np.flatnonzero(np.diff(np.r_[False, top, False].astype(int)))[: 2 * len(audio)])[::2]
    loud = level.max(initial=0.0) > 0.25
    return float((runs >= 3).sum() / (len(audio) / sample_rate)) if loud else 0.0
