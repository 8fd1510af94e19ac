"""Analysis: blocks of any size become hops of windowed frames, and frames become spectra.

Latency: one hop, the time a sample may wait for the frame that takes it in. (The rest of the window is counted
where it is waited for: in overlap-add.)

Spectra follow the centred convention: the frame is rotated so that the window's middle is sample 0 of the transform,
which is where the phase-gradient formulas hold if the window has its peak there (Prusa & Sondergaard, DAFx 2016).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stylefx.analysis.fourier import rfft
from stylefx.analysis.grid import Grid
from stylefx.analysis.window import analysis_window


class Analysis:
    """Stage: samples (frames, channels) -> one spectrum (channels, bins) complex64 a hop."""

    def prepare(self, grid: Grid, channels: int) -> None:
        """Allocate the state for ``channels`` channels."""
        self._grid = grid
        self._window = analysis_window(grid).astype(np.float32)
        self._history = np.zeros((channels, grid.window_length), np.float32)
        self._padded = np.zeros((channels, grid.n_fft), np.float32)
        self._filled = 0
        self.latency_samples = grid.hop

    def reset(self) -> None:
        """Forget all samples."""
        self._history[:] = 0
        self._filled = 0

    def process(self, block: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the spectrum of every frame that a block completes.

        Parameters
        ----------
        block : float32 (frames, channels)
            The next samples; any number.

        Yields
        ------
        complex64 (channels, bins)
            Centred convention; each array is new, so that a later stage may keep it.
        """
        hop, start = self._grid.hop, 0
        while start < len(block):
            take = min(hop - self._filled, len(block) - start)
            position = self._history.shape[1] - hop + self._filled
            self._history[:, position : position + take] = block[start : start + take].T
            self._filled += take
            start += take
            if self._filled == hop:
                yield self._spectrum()
                self._history[:, :-hop] = self._history[:, hop:]
                self._filled = 0

    @property
    def newest(self) -> np.ndarray:
        """The hop (channels, hop) that the yielded frame took in; a view, valid until the next one is asked for."""
        return self._history[:, -self._grid.hop :]

    def _spectrum(self) -> np.ndarray:
        half = self._grid.window_length // 2
        self._padded[:, :half] = self._history[:, half:] * self._window[half:]
        self._padded[:, -half:] = self._history[:, :half] * self._window[:half]
        return rfft(self._padded)


def reference_spectrum(spectrum: np.ndarray) -> np.ndarray:
    """One spectrum that stands for all channels: (channels, bins) -> (bins,), both complex64.

    Magnitude: the root mean square over channels, so that nothing cancels. Phase: that of the sum, or of the
    first channel where the sum cancels (left = -right).
    """
    if len(spectrum) == 1:
        return spectrum[0]
    magnitude = np.sqrt(np.mean(spectrum.real**2 + spectrum.imag**2, axis=0))
    total = spectrum.sum(axis=0)
    cancelled = np.abs(total) < 1e-3 * magnitude
    total[cancelled] = spectrum[0][cancelled]
    level = np.abs(total)
    phasor = np.divide(total, level, out=np.ones_like(total), where=level > 0)
    return magnitude * phasor
