"""Overlap-add: one complex frame in, one finished hop of samples out.

Latency: the part of a window that is played, less the hop that is returned at once. With frames left unchanged the dual
window gives the input back, -120 dB or better in float32.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.fourier import irfft
from stylefx.analysis.grid import Grid
from stylefx.analysis.window import synthesis_window


class OverlapAdd:
    """Stage: spectra (channels, bins) complex64 -> samples (hop, channels) float32."""

    def prepare(self, grid: Grid, channels: int) -> None:
        """Allocate the running sum for ``channels`` channels."""
        self._grid = grid
        self._window = synthesis_window(grid).astype(np.float32)
        self._sum = np.zeros((channels, grid.window_length), np.float32)
        self._unplayed = grid.window_length - grid.played_length
        # A sample is final when the last frame that covers it has been added.
        self.latency_samples = grid.played_length - grid.hop

    def reset(self) -> None:
        """Forget the frames still sounding."""
        self._sum[:] = 0

    @property
    def coming(self) -> np.ndarray:
        """What the frames so far add to the next hop, (channels, hop): all but the newest frame's faint beginning."""
        return self._sum[:, self._unplayed : self._unplayed + self._grid.hop]

    def process(self, spectrum: np.ndarray) -> np.ndarray:
        """Add one frame.

        Parameters
        ----------
        spectrum : complex64 (channels, bins)
            Centred convention.

        Returns
        -------
        float32 (hop, channels)
            What no later frame can change.
        """
        half = self._grid.window_length // 2
        frame = irfft(spectrum, self._grid.n_fft)
        self._sum[:, :half] += frame[:, -half:] * self._window[:half]
        self._sum[:, half:] += frame[:, :half] * self._window[half:]
        return self._finished()

    def add(self, samples: np.ndarray) -> np.ndarray:
        """Add one frame that is samples under the dual window already.

        Parameters
        ----------
        samples : float32 (channels, window_length)

        Returns
        -------
        float32 (hop, channels)
            What no later frame can change.
        """
        self._sum += samples
        return self._finished()

    def _finished(self) -> np.ndarray:
        hop = self._grid.hop
        finished = self._sum[:, self._unplayed : self._unplayed + hop].T.copy()
        self._sum[:, :-hop] = self._sum[:, hop:]
        self._sum[:, -hop:] = 0
        return finished
