"""Loudness follows the content: K-weighted level (ITU-R BS.1770) over 1 s, output against content."""

from __future__ import annotations

import numpy as np

from benchmarks.artefacts.levels import heard, level_db

WINDOW_SECONDS, STEP_SECONDS, RANGE_DB = 1.0, 0.1, 35.0


def loudness_difference_db(audio: np.ndarray, content: np.ndarray, sample_rate: int) -> np.ndarray:
    """Loudness of the output over the content's where the content sounds, dB (windows,)."""
    length = min(len(audio), len(content))
    played, wanted = (
        level_db(heard(x[:length], sample_rate), sample_rate, WINDOW_SECONDS, STEP_SECONDS)
        for x in (audio, content)
    )
    return (played - wanted)[wanted > wanted.max() - RANGE_DB]


def loudness_offset_db(audio: np.ndarray, content: np.ndarray, sample_rate: int) -> float:
    """Median difference: louder (positive) or softer than the content all along."""
    return float(np.median(loudness_difference_db(audio, content, sample_rate)))


def loudness_spread_db(audio: np.ndarray, content: np.ndarray, sample_rate: int) -> float:
    """RMS of the difference about its median: how badly phrases keep their dynamics."""
    difference = loudness_difference_db(audio, content, sample_rate)
    return float(np.sqrt(np.mean((difference - np.median(difference)) ** 2)))
