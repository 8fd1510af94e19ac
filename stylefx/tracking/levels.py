"""Levels: blocks of any size -> once a frame, the levels in dB of 332 places, from the long and the short windows.

Latency: a sample waits for the frame that takes it in, at most one frame; the windows end at the newest sample.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stylefx.analysis.fourier import rfft
from stylefx.jit import compiled
from stylefx.tracking.layout import PLACES, Layout, reading, windows

# Levels are never read below this (dB under a sine of full scale): silence is one level.
LOWEST_DB = -110.0


class Levels:
    """Stage: mono samples -> (2, PLACES) float32 levels in dB per frame: long windows, short window."""

    def prepare(self, layout: Layout) -> None:
        """Allocate for a layout and forget the past."""
        self._frame = layout.frame
        self._windows, self._reading = windows(layout), reading(layout)
        self._history = np.zeros(layout.windows[-1], np.float32)
        self._power = [np.zeros(length // 2 + 1, np.float32) for length in layout.windows]
        self._levels = np.zeros((2, PLACES), np.float32)
        self._filled = 0
        self.latency_samples = layout.frame

    def reset(self) -> None:
        """Forget all samples."""
        self._history[:] = 0
        self._filled = 0

    def process(self, block: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the levels of every frame that a block completes.

        Parameters
        ----------
        block : float32 (samples,)
            The next samples; any number.

        Yields
        ------
        float32 (windows, places)
            In dB; the array is used again.
        """
        start = 0
        while start < len(block):
            take = min(self._frame - self._filled, len(block) - start)
            position = len(self._history) - self._frame + self._filled
            self._history[position : position + take] = block[start : start + take]
            self._filled += take
            start += take
            if self._filled == self._frame:
                yield self._read()
                self._history[: -self._frame] = self._history[self._frame :]
                self._filled = 0

    def _read(self) -> np.ndarray:
        self._levels[:] = 0
        for index, (window, places, power) in enumerate(zip(self._windows, self._reading, self._power)):
            spectrum = rfft(self._history[-len(window) :] * window)
            _squares(spectrum, power)
            _gather(power, *places, self._levels[1 if index == 0 else 0])
        _decibels(self._levels)
        return self._levels


@compiled
def _squares(spectrum: np.ndarray, power: np.ndarray) -> None:
    for q in range(len(power)):
        power[q] = spectrum[q].real * spectrum[q].real + spectrum[q].imag * spectrum[q].imag


@compiled
def _gather(
    power: np.ndarray, first: np.ndarray, offsets: np.ndarray, weights: np.ndarray, levels: np.ndarray
) -> None:
    """Add the weighted power of every place."""
    for place in range(len(first)):
        total = np.float32(0)
        for index in range(offsets[place], offsets[place + 1]):
            total += weights[index] * power[first[place] + index - offsets[place]]
        levels[place] += total


@compiled
def _decibels(levels: np.ndarray) -> None:
    lowest = np.float32(10 ** (LOWEST_DB / 10))
    for row in range(levels.shape[0]):
        for place in range(levels.shape[1]):
            levels[row, place] = np.float32(10) * np.log10(max(levels[row, place], lowest))
