"""Haze: sound above 4 kHz that neither the content nor the clip has.

Mean amplitudes of each sound's third octaves from 4 to 16 kHz, against its own between 250 Hz and 4 kHz: how far the
output's stand over the higher of the content's and the clip's, in the worst band. What lies 70 dB down is not heard.
"""

from __future__ import annotations

import numpy as np

LOW_HZ, HIGH_HZ, MIDDLE_HZ = 4000.0, 16_000.0, 250.0
INAUDIBLE_DB = -70.0
WINDOW_SECONDS = 0.05


def haze_db(audio: np.ndarray, content: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """How far the output (samples,) stands over content and clip, dB, in the worst third octave above 4 kHz."""
    output, *known = (third_octaves_db(sound, sample_rate) for sound in (audio, content, clip))
    allowed = np.maximum(np.maximum(*known), INAUDIBLE_DB)
    return float((output - allowed).max())


def third_octaves_db(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mean amplitude of each third octave from 4 to 16 kHz, dB of that from 250 Hz to 4 kHz."""
    size = round(WINDOW_SECONDS * sample_rate)
    padded = np.pad(audio, (0, max(0, size - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 2]
    power = np.abs(np.fft.rfft(frames * np.blackman(size))) ** 2
    hz = np.fft.rfftfreq(size, 1 / sample_rate)

    def amplitude(low: float, high: float) -> float:
        return float(np.sqrt(power[:, (hz >= low) & (hz < high)].sum(axis=1)).mean())

    edges = LOW_HZ * 2 ** (np.arange(round(3 * np.log2(HIGH_HZ / LOW_HZ))) / 3)
    bands = [amplitude(low, low * 2 ** (1 / 3)) for low in edges if 2 * low < sample_rate]
    return 20 * np.log10(np.array(bands) / (amplitude(MIDDLE_HZ, LOW_HZ) + 1e-10) + 1e-10)
