"""What a mixing desk or a classic plugin does: one equaliser, or one envelope exchanged for another.

Both change magnitudes only, keep the content's phase and make no partial that is not there.

EQ match: the ratio of the long-term average spectra, in dB, smoothed over 31 bins (the "match EQ" of
mastering software, by STFT). n_fft 2048, hop 512, at most 40 dB of gain.

Cepstral-envelope cross-synthesis (source-filter processing in Zölzer, DAFX, 2nd ed. 2011, after
Oppenheim & Schafer's homomorphic deconvolution): every frame is divided by its own cepstral envelope and
multiplied by the style's mean one, its level kept. 40 cepstral coefficients, n_fft 2048, hop 512.
"""

from __future__ import annotations

import numpy as np

N_FFT, HOP = 2048, 512
SMOOTHING_BINS = 31
GAIN_LIMIT_DB = 40.0
COEFFICIENTS = 40
ACTIVE_DB = -40.0
# Below this part of the loudest bin a spectrum is rounding, not sound.
FLOOR = 1e-5


def eq_match(content: np.ndarray, style: np.ndarray, sample_rate: int, strength: float = 1.0) -> np.ndarray:
    """The content through the one filter that gives it the style's long-term spectrum.

    ``strength`` scales the filter's decibels (for the trade-off curves), here and below.
    """
    from scipy.ndimage import uniform_filter1d

    spectrum = _stft(content)
    average, wanted = _average_db(spectrum), _average_db(_stft(style))
    gain_db = uniform_filter1d(wanted - average, SMOOTHING_BINS, mode="nearest")
    # Only the shape: the match must not spend its range on loudness.
    gain_db = np.clip(gain_db - np.median(gain_db), -GAIN_LIMIT_DB, GAIN_LIMIT_DB)
    return _istft(spectrum * 10 ** (strength * gain_db[:, None] / 20), len(content))


def cepstral_envelope(
    content: np.ndarray, style: np.ndarray, sample_rate: int, strength: float = 1.0
) -> np.ndarray:
    """The content's frames, whitened, under the style's mean envelope."""
    spectrum, clip = _stft(content), _stft(style)
    own = _envelope(_log_magnitude(spectrum))
    loud = _sounding(clip)
    wanted = _envelope(_log_magnitude(clip))[:, loud].mean(axis=1, keepdims=True)
    moved = spectrum * np.exp(strength * (wanted - own))
    level, moved_level = (np.sqrt((np.abs(s) ** 2).sum(axis=0)) for s in (spectrum, moved))
    return _istft(moved * (level / np.maximum(moved_level, 1e-12)), len(content))


def _stft(audio: np.ndarray) -> np.ndarray:
    import librosa

    return librosa.stft(audio, n_fft=N_FFT, hop_length=HOP)


def _istft(spectrum: np.ndarray, length: int) -> np.ndarray:
    import librosa

    return librosa.istft(spectrum, n_fft=N_FFT, hop_length=HOP, length=length).astype(np.float32)


def _log_magnitude(spectrum: np.ndarray) -> np.ndarray:
    magnitude = np.abs(spectrum)
    return np.log(np.maximum(magnitude, FLOOR * max(magnitude.max(), 1e-12)))


def _average_db(spectrum: np.ndarray) -> np.ndarray:
    power = (np.abs(spectrum) ** 2).mean(axis=1)
    return 10 * np.log10(np.maximum(power, FLOOR**2 * max(power.max(), 1e-24)))


def _envelope(log_magnitude: np.ndarray) -> np.ndarray:
    """Log spectral envelope: the first cepstral coefficients of every frame (bins, frames)."""
    cepstrum = np.fft.irfft(log_magnitude, axis=0)
    cepstrum[COEFFICIENTS : 1 - COEFFICIENTS] = 0
    return np.fft.rfft(cepstrum, axis=0).real


def _sounding(spectrum: np.ndarray) -> np.ndarray:
    level = (np.abs(spectrum) ** 2).sum(axis=0)
    return level >= level.max() * 10 ** (ACTIVE_DB / 10)
