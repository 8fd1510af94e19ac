"""The engine's phase: the content's, made consistent with the frames before it.

A target that is the content's magnitude gives the content, as soon as the frames before it are over. Every other frame
is made to agree with the overlap-add signal that it continues (RTISI, Beauregard, Zhu & Wyse 2005, started with the
phase of the mixture as in Magron & Virtanen's online spectrogram inversion, 2020): the signal under the frame is
analysed again, its phase kept, its magnitude put back. The analysis window is divided by how much of the signal is
there already (Gnann & Spiertz, DAFx-10), so a frame that agrees with the signal is left as it is.

Latency: none. A hop spent on a longer synthesis window is worth more than one of look-ahead.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.analysis.fourier import irfft, rfft
from stylefx.analysis.grid import Grid
from stylefx.analysis.window import analysis_window, synthesis_window
from stylefx.jit import compiled

ITERATIONS = 2
# Magnitudes below the first are silence (a full-scale sine reads about 400); a square above the second overflows.
TINY, HUGE = np.float32(1e-10), np.float32(1e15)
# Keeps the division of silence by its own magnitude at 0.
TINY_POWER = np.float32(1e-30)
# Powers this near to the content's are the content's (0.0004 dB).
SAME = np.float32(1e-4)


class Rtisi:
    """``prepare(grid)``, then one ``process(target, content)`` per hop."""

    latency_samples = 0

    def __init__(self, iterations: int = ITERATIONS) -> None:
        self.iterations = iterations

    def prepare(self, grid: Grid) -> None:
        """Allocate everything for a grid, compile, and forget the past."""
        window, dual = analysis_window(grid), synthesis_window(grid)
        self._grid, self._half = grid, grid.window_length // 2
        self._analysis = (window / _cover(window * dual, grid.hop)).astype(np.float32)
        self._synthesis = dual.astype(np.float32)
        self._past = np.zeros(grid.window_length, np.float32)
        # The newest frame as samples under the dual window: what overlap-add adds of it.
        self.share = np.zeros(grid.window_length, np.float32)
        self._padded = np.zeros(grid.n_fft, np.float32)
        self._magnitude = np.zeros(grid.bins, np.float32)
        self._frame = np.zeros(grid.bins, np.complex64)
        self.process(self._magnitude, self._frame)
        self.reset()

    def reset(self) -> None:
        """Forget the past: the same as a new one."""
        self._past[:] = 0

    def process(self, target: np.ndarray, content: np.ndarray) -> np.ndarray:
        """The newest frame, complex64 (bins,), valid until the next call.

        Parameters
        ----------
        target : float32 (bins,)
            The magnitude this frame is to have. What is negative or not finite counts as 0.
        content : complex64 (bins,)
            The content's spectrum, centred convention.
        """
        frame = self._frame
        same = _start(target, content, self._magnitude, frame)
        self._synthesise()
        # The content's own frames agree with each other, not with styled ones that sounded before them.
        for _ in range(0 if same else self.iterations):
            project_magnitude(self._magnitude, self._analysed(), frame)
            self._synthesise()
        hop = self._grid.hop
        self._past[:-hop] = self._past[hop:] + self.share[hop:]
        self._past[-hop:] = 0
        return frame

    def _synthesise(self) -> None:
        """What the frame adds to the signal."""
        time, half = irfft(self._frame, self._grid.n_fft), self._half
        np.multiply(time[-half:], self._synthesis[:half], out=self.share[:half])
        np.multiply(time[:half], self._synthesis[half:], out=self.share[half:])

    def _analysed(self) -> np.ndarray:
        """The spectrum of the signal under the frame."""
        signal, half = (self._past + self.share) * self._analysis, self._half
        self._padded[:half] = signal[half:]
        self._padded[-half:] = signal[:half]
        return rfft(self._padded)


def _cover(product: np.ndarray, hop: int) -> np.ndarray:
    """Sum of window times dual over the newest frame and all before it, (window_length,)."""
    cover = product.copy()
    for shift in range(hop, len(product), hop):
        cover[:-shift] += product[shift:]
    return cover


@compiled
def _start(target: np.ndarray, content: np.ndarray, magnitude: np.ndarray, frame: np.ndarray) -> bool:
    """Fill ``magnitude`` and ``frame`` from target and content, without what is too small, too large or not a number
    (which fails every comparison); return whether the target is the content's magnitude."""
    same = True
    for q in range(len(target)):
        magnitude[q] = target[q] if TINY <= target[q] <= HUGE else np.float32(0)
        re, im = content[q].real, content[q].imag
        re = re if TINY <= abs(re) <= HUGE else np.float32(0)
        im = im if TINY <= abs(im) <= HUGE else np.float32(0)
        power = re * re + im * im
        same &= abs(magnitude[q] * magnitude[q] - power) <= SAME * power
        gain = magnitude[q] / math.sqrt(power + TINY_POWER)
        frame[q] = complex(re * gain, im * gain)
    return same


@compiled
def project_magnitude(magnitude: np.ndarray, found: np.ndarray, frame: np.ndarray) -> None:
    """The frame with these magnitudes and the phase of what was found."""
    for q in range(len(magnitude)):
        re, im = found[q].real, found[q].imag
        gain = magnitude[q] / math.sqrt(re * re + im * im + TINY_POWER)
        frame[q] = complex(re * gain, im * gain)
