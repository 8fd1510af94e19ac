"""What most offline methods keep of a clip: its log magnitudes, which stand for whatever is measured on them.

Ulyanov & Lebedev 2016 keep G = F F^T / T of 4096 random filters, 64 MB; in closed form the same loss needs only the
spectrogram the filters would have seen (published/closed_form.py), and filters that are drawn are drawn again from the
style's seed.
"""

from __future__ import annotations

import numpy as np
import scipy.signal
import soxr

from stylefx.analysis.grid import Grid

# As published: librosa's default rate, n_fft 2048 and hop 512.
GRID = Grid(sample_rate=22_050, window_length=2048, n_fft=2048, hop=512)
# A Gram matrix is a mean, so a long clip is represented by parts of it: so much in all.
MAX_SECONDS = 30.0
PARTS = 4


def learn_spectrogram(audio: np.ndarray, sample_rate: int, grid: Grid = GRID) -> dict[str, np.ndarray]:
    """Arrays of a style from mono ``audio`` float32 (samples,)."""
    frames = log_magnitudes(soxr.resample(audio, sample_rate, grid.sample_rate), grid)
    most = round(MAX_SECONDS / grid.hop_seconds)
    if len(frames) > most:
        length = most // PARTS
        starts = np.linspace(0, len(frames) - length, PARTS).astype(int)
        frames = np.concatenate([frames[start : start + length] for start in starts])
    return {"log_magnitudes": frames}


def log_magnitudes(audio: np.ndarray, grid: Grid = GRID) -> np.ndarray:
    """log(1 + |STFT|) of mono audio at the grid's rate: float32 (frames, bins).

    Librosa's framing: Hann window, frames centred, zeros beyond the ends; magnitudes are not normalised.
    """
    window = scipy.signal.get_window("hann", grid.n_fft)
    padded = np.pad(audio, grid.n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, grid.n_fft)[:: grid.hop]
    return np.log1p(np.abs(np.fft.rfft(frames * window, axis=1))).astype(np.float32)
