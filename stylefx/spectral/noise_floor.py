"""Noise floor: a faint noise under the content, which a target may raise where the content has nothing.

A target that asks for sound in empty bins is smooth there, and phase that follows from a smooth magnitude is flat over
frequency: every frame becomes a pulse at its centre and the hop rate a buzz. So a noise 80 dB under the content, of
real samples, lends those bins its phase and its texture. Where the content sounds it is too faint to matter; it goes to
nothing with the strength of the effect and with the content. Latency: none.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.analysis.fourier import rfft
from stylefx.analysis.grid import Grid
from stylefx.analysis.window import analysis_window
from stylefx.jit import compiled

# Each bin of the noise lies this far under the power of the whole frame, as the decoder's floor does.
DEPTH_DB = 80.0
# The level falls no faster than this: between two notes the noise neither dies nor pumps.
FALL_DB_PER_SECOND = 8.0
# Frames below this power are silence (a full-scale sine reads about 1e6), and so is what lies under them.
SILENCE = 1e-18
TINY = 1e-24
SEED = 1


class NoiseFloor:
    """Stage: spectra (channels, bins) -> the same with the noise under them, complex64; latency none."""

    latency_samples = 0

    def prepare(self, grid: Grid, channels: int) -> None:
        """Allocate for ``channels`` channels and forget the past."""
        self._grid, self._half = grid, grid.window_length // 2
        window = analysis_window(grid)
        # A bin of the noise has a mean power of 1.
        self._window = (window / np.sqrt((window**2).sum())).astype(np.float32)
        self._noise = np.zeros(grid.window_length, np.float32)
        self._padded = np.zeros(grid.n_fft, np.float32)
        self._fall = 10 ** (-FALL_DB_PER_SECOND / 10 * grid.hop_seconds)
        self._level, self._sign = np.zeros(channels), np.ones(channels)
        self._depth = np.zeros(channels, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the levels; the noise starts again."""
        self._random = np.random.default_rng(SEED)
        self._noise[:] = self._random.standard_normal(len(self._noise), np.float32)
        self._level[:] = 0
        self._sign[:] = 1
        self._floor = np.float32(TINY)

    def process(self, spectrum: np.ndarray, strength: float) -> np.ndarray:
        """One frame with noise under each channel.

        Parameters
        ----------
        spectrum : complex64 (channels, bins)
            The content's.
        strength : float
            0 to 1; with 0 the frame stays as it is.

        Returns
        -------
        complex64 (channels, bins)
            New.
        """
        self._floor = _follow(
            spectrum, strength * 10 ** (-DEPTH_DB / 20), self._fall, self._level, self._sign, self._depth
        )
        return _with_noise(spectrum, self._depth, self._next_noise())

    def textured(self, target: np.ndarray, content: np.ndarray, raised: np.ndarray) -> np.ndarray:
        """A target with the noise's texture where the content has none.

        Parameters
        ----------
        target, content, raised : float32 (bins,)
            Magnitudes: what is to sound, the content's, and the content's with noise under it.

        Returns
        -------
        float32 (bins,)
        """
        return _textured(target, content, raised, self._floor)

    def _next_noise(self) -> np.ndarray:
        hop, half = self._grid.hop, self._half
        self._noise[:-hop] = self._noise[hop:]
        self._noise[-hop:] = self._random.standard_normal(hop, np.float32)
        self._padded[:half] = self._noise[half:] * self._window[half:]
        self._padded[-half:] = self._noise[:half] * self._window[:half]
        return rfft(self._padded)


@compiled
def _follow(
    spectrum: np.ndarray, scale: float, fall: float, level: np.ndarray, sign: np.ndarray, depth: np.ndarray
) -> np.floating:
    """Follow the ``level`` and ``sign`` of every channel; the ``depth`` of its noise, and the mean power of all."""
    power, common = np.zeros(len(level)), np.zeros(len(level))
    before = now = 0.0
    for c in range(spectrum.shape[0]):
        for q in range(spectrum.shape[1]):
            here, first = spectrum[c, q], spectrum[0, q]
            power[c] += here.real * here.real + here.imag * here.imag
            common[c] += here.real * first.real + here.imag * first.imag
        before += level[c]
        now += power[c]
    mean = 0.0
    for c in range(len(level)):
        if now >= before * fall:
            # The noise stands where the sound stands: channels of opposite sign stay opposite.
            sign[c] = -1.0 if common[c] < 0 else 1.0
        level[c] = max(power[c], level[c] * fall) if power[c] > SILENCE else 0.0
        depth[c] = scale * sign[c] * math.sqrt(level[c])
        mean += depth[c] * depth[c] / len(level)
    return np.float32(mean + TINY)


@compiled
def _with_noise(spectrum: np.ndarray, depth: np.ndarray, noise: np.ndarray) -> np.ndarray:
    out = np.empty_like(spectrum)
    for c in range(spectrum.shape[0]):
        for q in range(spectrum.shape[1]):
            out[c, q] = spectrum[c, q] + depth[c] * noise[q]
    return out


@compiled
def _textured(target: np.ndarray, content: np.ndarray, raised: np.ndarray, floor: float) -> np.ndarray:
    out = np.empty_like(target)
    for q in range(len(target)):
        out[q] = target[q] * (raised[q] / math.sqrt(content[q] * content[q] + floor))
    return out
