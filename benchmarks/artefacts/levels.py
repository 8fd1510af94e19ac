"""Levels over time that the figures share, and where notes begin."""

from __future__ import annotations

import numpy as np
import scipy.signal

SILENCE_DB = -120.0


def level_db(audio: np.ndarray, sample_rate: int, window_seconds: float, step_seconds: float) -> np.ndarray:
    """RMS in dB of windows centred every ``step_seconds``, (frames,); not below `SILENCE_DB`."""
    window, step = round(window_seconds * sample_rate), round(step_seconds * sample_rate)
    power = np.cumsum(np.pad(audio.astype(np.float64) ** 2, (window // 2 + 1, window)))
    starts = np.arange(0, len(audio), step)
    mean = (power[starts + window] - power[starts]) / window
    return 10 * np.log10(np.maximum(mean, 10 ** (SILENCE_DB / 10)))


def onsets(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples at which notes begin."""
    import librosa

    hop = 256
    strength = librosa.onset.onset_strength(y=audio.astype(np.float32), sr=sample_rate, hop_length=hop)
    return librosa.onset.onset_detect(onset_envelope=strength, sr=sample_rate, hop_length=hop) * hop


def heard(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """K-weighted (ITU-R BS.1770: a shelf of 4 dB above 1.5 kHz, nothing below 38 Hz), float64 (samples,)."""
    # The recommendation's analogue prototypes, so that any rate has them.
    shelf = _biquad(1681.97, 0.7072, sample_rate, shelf_db=3.99984)
    low_cut = _biquad(38.1355, 0.50033, sample_rate)
    return scipy.signal.sosfilt([shelf, low_cut], audio.astype(np.float64))


def _biquad(hz: float, quality: float, sample_rate: int, shelf_db: float | None = None) -> np.ndarray:
    k = np.tan(np.pi * hz / sample_rate)
    low = 1 + k / quality + k * k
    if shelf_db is None:
        numerator = np.array([1.0, -2.0, 1.0])
    else:
        high = 10 ** (shelf_db / 20)
        band = high**0.49967
        numerator = np.array(
            [high + band * k / quality + k * k, 2 * (k * k - high), high - band * k / quality + k * k]
        )
        numerator /= low
    return np.r_[numerator, 1.0, 2 * (k * k - 1) / low, (1 - k / quality + k * k) / low]
