"""The mel scale, and mel bands as librosa makes them by default (Slaney's scale and areas).

Up to 1 kHz the scale is linear, 200/3 Hz a mel; above it is logarithmic, 27 mels for a factor of 6.4. Bands are
triangles of unit area over neighbouring mels, so that noise of even density reads the same in each.
(M. Slaney, "Auditory Toolbox", Interval Research 1998-010.)
"""

from __future__ import annotations

import numpy as np

HZ_PER_MEL = 200 / 3
BREAK_HZ, BREAK_MEL = 1000.0, 15.0
MELS_PER_NEPER = 27 / np.log(6.4)


def hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Slaney's mels of frequencies in Hz."""
    hz = np.asarray(hz, np.float64)
    above = BREAK_MEL + MELS_PER_NEPER * np.log(np.maximum(hz, BREAK_HZ) / BREAK_HZ)
    return np.where(hz < BREAK_HZ, hz / HZ_PER_MEL, above)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """The inverse of `hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    above = BREAK_HZ * np.exp((np.maximum(mel, BREAK_MEL) - BREAK_MEL) / MELS_PER_NEPER)
    return np.where(mel < BREAK_MEL, mel * HZ_PER_MEL, above)


def mel_bank(sample_rate: int, n_fft: int, bands: int) -> np.ndarray:
    """What each bin's power adds to each band from 0 Hz to half the rate: float32 (bins, bands)."""
    edges = mel_to_hz(np.linspace(0, hz_to_mel(np.array(sample_rate / 2)), bands + 2))
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clip(min=0)
    return (triangles * 2 / (high - low)).astype(np.float32)
