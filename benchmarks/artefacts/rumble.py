"""Rumble: sound below 200 Hz that neither the content nor the target has.

Mean amplitudes of each sound's third octaves from 25 to 200 Hz, against its own between 20 Hz and 4 kHz: how far the
output's stand over the higher of the content's and the target's (the clip's where there is no target), in the worst
band. What lies 45 dB down is not heard at these frequencies (ISO 226).
"""

from __future__ import annotations

import numpy as np

LOW_HZ, HIGH_HZ, WHOLE_HZ = 25.0, 200.0, (20.0, 4000.0)
INAUDIBLE_DB = -45.0
# A third octave at 25 Hz is 6 Hz wide.
WINDOW_SECONDS = 0.25


def rumble_db(audio: np.ndarray, content: np.ndarray, known: np.ndarray, sample_rate: int) -> float:
    """How far the output (samples,) stands over content and ``known``, dB, in the worst low third octave."""
    output, *others = (_third_octaves_db(sound, sample_rate) for sound in (audio, content, known))
    allowed = np.maximum(np.maximum(*others), INAUDIBLE_DB)
    return float((output - allowed).max())


def _third_octaves_db(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mean amplitude of each third octave from 25 to 200 Hz, dB of that of the whole."""
    size = round(WINDOW_SECONDS * sample_rate)
    padded = np.pad(audio, (0, max(0, size - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 2]
    power = np.abs(np.fft.rfft(frames * np.blackman(size))) ** 2
    hz = np.fft.rfftfreq(size, 1 / sample_rate)

    def amplitude(low: float, high: float) -> float:
        return float(np.sqrt(power[:, (hz >= low) & (hz < high)].sum(axis=1)).mean())

    edges = LOW_HZ * 2 ** (np.arange(round(3 * np.log2(HIGH_HZ / LOW_HZ))) / 3)
    bands = [amplitude(low, low * 2 ** (1 / 3)) for low in edges]
    return 20 * np.log10(np.array(bands) / (amplitude(*WHOLE_HZ) + 1e-10) + 1e-10)
