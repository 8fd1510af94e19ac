"""The engine's frames as musicnn would hear them: power in its 96 mel bands, whatever the stream's rate and window.

The net heard through a window of 32 ms; the engine's is longer and resolves more. So each mel band is read through the
spectrum of the net's window: the bank is its triangle, smeared, at the engine's bins, scaled so that a sine keeps its
energy. The loudest bin lately counts as a sine of `AMPLITUDE`, for the net knows levels of finished recordings.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.analysis.mel import hz_to_mel, mel_bank, mel_to_hz
from stylefx.analysis.window import analysis_window
from stylefx.published.nets.log_mel import BANDS, GRID

AMPLITUDE = 0.5
FINE_FFT = 2**14  # bins of 1 Hz, to smear on


def engine_bank(grid: Grid) -> np.ndarray:
    """What the squared magnitude of each bin, over the reference's, adds to each band: float32 (bins, 96)."""
    window = np.hanning(GRID.window_length + 1)[:-1]
    lobe = np.abs(np.fft.fft(window, FINE_FFT)) ** 2
    triangles = mel_bank(GRID.sample_rate, FINE_FFT, BANDS)
    circle = np.concatenate([triangles, triangles[-2:0:-1]])
    smeared = np.fft.ifft(np.fft.fft(circle, axis=0) * np.fft.fft(lobe / lobe.sum())[:, None], axis=0).real
    fine_hz, hz = np.fft.rfftfreq(FINE_FFT, 1 / GRID.sample_rate), np.arange(grid.bins) * grid.bin_hz
    bank = np.stack([np.interp(hz, fine_hz, band, right=0) for band in smeared[: len(fine_hz)].T], axis=1)
    return (bank.clip(min=0) * _energy(window, GRID.n_fft) / _relative_energy(grid)).astype(np.float32)


def band_hz() -> np.ndarray:
    """Centres of the bands in Hz, (96,)."""
    return mel_to_hz(np.linspace(0, hz_to_mel(np.array(GRID.sample_rate / 2)), BANDS + 2))[1:-1]


def frames_apart(grid: Grid) -> int:
    """Frames of the engine for one of the net's."""
    return max(1, round(GRID.hop_seconds / grid.hop_seconds))


def _energy(window: np.ndarray, n_fft: int) -> float:
    """Sum over the bins of the power of a sine of `AMPLITUDE`."""
    return (AMPLITUDE / 2) ** 2 * n_fft * float((window**2).sum())


def _relative_energy(grid: Grid) -> float:
    """The same in the engine's frames, over the power of the loudest bin."""
    window = analysis_window(grid)
    return grid.n_fft * float((window**2).sum() / window.sum() ** 2)
