"""RTISI-LA(1): the newest two frames are made to agree with the overlap-add signal they fall into.

A frame's phase from the kernels knows nothing of rounding, of random bins or of magnitudes that no signal has.
So, newest first, the signal under a frame is analysed again, its phase kept, its magnitude put back, and the frame
exchanged in the signal (Zhu, Beauregard & Wyse 2007). Where later frames are still missing the analysis window is
divided by how much of the signal is already there (Gnann & Spiertz, DAFx-10), so that a signal which agrees with its
frames is left as it is. Each update costs two FFTs.

No momentum: 0.5 brings 0.8 dB on magnitudes that some signal has and nothing on others, and a target that is the
content then drifts from it by 1 dB every five frames.

Latency: one hop, since a frame is refined once more when its follower is there.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.fourier import irfft, rfft
from stylefx.analysis.grid import Grid
from stylefx.analysis.window import analysis_window, synthesis_window
from stylefx.phase.rtisi import project_magnitude

HELD = 2
NEWEST = HELD - 1


class Refinement:
    """The newest frames of a stream on a grid and the signal under them.

    Attributes
    ----------
    magnitude : float32 (HELD, bins)
        What each frame is to have; the last one is the newest.
    frames : complex64 (HELD, bins)
        Their spectra, centred convention.
    signal : float32 (window + hop,)
        Their overlap-add.
    """

    def __init__(self, grid: Grid):
        window, dual = analysis_window(grid), synthesis_window(grid)
        covers = [_cover(window * dual, grid.hop, NEWEST - which) for which in range(HELD)]
        self._grid, self._half = grid, grid.window_length // 2
        self._analysis = [(window / cover).astype(np.float32) for cover in covers]
        self._synthesis = dual.astype(np.float32)
        self._shares = np.zeros((HELD, grid.window_length), np.float32)
        self._padded = np.zeros(grid.n_fft, np.float32)
        self.signal = np.zeros(grid.window_length + NEWEST * grid.hop, np.float32)
        self.magnitude = np.zeros((HELD, grid.bins), np.float32)
        self.frames = np.zeros((HELD, grid.bins), np.complex64)

    def shift(self) -> None:
        """Move everything one hop on; the newest frame's place is then stale until it is filled."""
        hop = self._grid.hop
        self.signal[:-hop] = self.signal[hop:]
        self.signal[-hop:] = 0
        for held in (self.magnitude, self.frames, self._shares):
            held[:-1] = held[1:]

    def add_newest(self) -> None:
        """Add the newest frame to the signal."""
        self._shares[NEWEST] = self._samples(NEWEST)
        self._under(NEWEST)[:] += self._shares[NEWEST]

    def update(self, which: int) -> None:
        """Project one of the frames onto the signal, then onto its magnitude, and exchange it in the signal."""
        windowed, half = self._under(which) * self._analysis[which], self._half
        self._padded[:half] = windowed[half:]
        self._padded[-half:] = windowed[:half]
        project_magnitude(self.magnitude[which], rfft(self._padded), self.frames[which])
        share = self._samples(which)
        self._under(which)[:] += share - self._shares[which]
        self._shares[which] = share

    def _under(self, which: int) -> np.ndarray:
        """The signal under a frame, a view."""
        start = which * self._grid.hop
        return self.signal[start : start + self._grid.window_length]

    def _samples(self, which: int) -> np.ndarray:
        """What a frame adds to the signal."""
        time, half = irfft(self.frames[which], self._grid.n_fft), self._half
        return np.concatenate((time[-half:], time[:half])) * self._synthesis


def _cover(product: np.ndarray, hop: int, later: int) -> np.ndarray:
    """Sum of window * dual over the frames that exist around a frame which has ``later`` followers."""
    length = len(product)
    cover = np.zeros(length)
    for shift in range(-length + hop, later * hop + 1, hop):
        low, high = max(0, shift), min(length, length + shift)
        cover[low:high] += product[low - shift : high - shift]
    return cover
