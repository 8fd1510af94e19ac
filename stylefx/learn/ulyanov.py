"""What the published method learns from a clip: its log magnitudes, which stand for its Gram matrix.

Ulyanov & Lebedev 2016 keep G = F F^T / T of 4096 random filters, 64 MB; in closed form the same loss needs only the
spectrogram the filters would have seen (optimise/closed_form.py).
"""

from __future__ import annotations

import numpy as np
import scipy.signal
import soxr

from stylefx.analysis.grid import Grid

# As published: librosa's default rate, n_fft 2048 and hop 512.
GRID = Grid(sample_rate=22_050, window_length=2048, n_fft=2048, hop=512)
# A Gram matrix is a mean, so a long clip is represented by parts of it: this many frames (30 s) in all.
MOST_FRAMES = 1292
PARTS = 4


def learn_ulyanov(audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
    """Arrays of a `ulyanov` style from mono ``audio`` float32 (samples,)."""
    frames = log_magnitudes(soxr.resample(audio, sample_rate, GRID.sample_rate))
    if len(frames) > MOST_FRAMES:
        length = MOST_FRAMES // PARTS
        starts = np.linspace(0, len(frames) - length, PARTS).astype(int)
        frames = np.concatenate([frames[start : start + length] for start in starts])
    return {"log_magnitudes": frames}


def log_magnitudes(audio: np.ndarray) -> np.ndarray:
    """log(1 + |STFT|) of mono audio at the published rate: float32 (frames, 1025).

    Librosa's framing: Hann window, frames centred, zeros beyond the ends; magnitudes are not normalised.
    """
    window = scipy.signal.get_window("hann", GRID.n_fft)
    padded = np.pad(audio, GRID.n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, GRID.n_fft)[:: GRID.hop]
    return np.log1p(np.abs(np.fft.rfft(frames * window, axis=1))).astype(np.float32)
