"""Target magnitudes and the content's spectrum in, complex frames out, two hops later.

First the phase is integrated from the log magnitudes of three frames (RTPGHI(1), PHASE.md 3.1, one hop of look-ahead;
``mixed`` leans on the content's phase where the target stays near it, 3.9 d; ``borrowed`` takes it as it is). Then
the newest two frames are made consistent with the overlap-add signal already there (RTISI-LA(1), 3.5, a second hop).

Latency: two hops, whatever the method.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from stylefx.analysis.grid import Grid
from stylefx.analysis.window import GAUSS_GAMMA, gauss_window, synthesis_window
from stylefx.errors import UsageError
from stylefx.phase import kernels

METHODS = ("mixed", "rtpghi", "borrowed")
LOOK_AHEAD_HOPS = 2
# Bins this far below the loudest of two frames are noise to the ear and to the integration alike.
TOLERANCE = 1e-6
# Keeps the logarithm of silence finite.
TINY = 1e-10
MOMENTUM = 0.5
SEED = 0x9E3779B97F4A7C15


class Phase:
    """``prepare(grid)``, then one ``process(target, content)`` per hop."""

    def __init__(self, method: str = "mixed", refine_iterations: int = 4) -> None:
        if method not in METHODS:
            raise UsageError(f"phase method {method!r} is not known: use one of {', '.join(METHODS)}")
        if refine_iterations < 0:
            raise UsageError(f"refine_iterations is {refine_iterations}: use 0 or more")
        self.method = method
        self.refine_iterations = refine_iterations
        self.latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Allocate everything for a grid and forget the past."""
        self.grid = grid
        self.latency_samples = LOOK_AHEAD_HOPS * grid.hop
        gamma = GAUSS_GAMMA * grid.window_length**2
        self._time_factor = grid.hop * grid.n_fft / (2.0 * gamma)
        self._frequency_factor = gamma / (2.0 * grid.hop * grid.n_fft)
        turns = (np.arange(grid.bins) * grid.hop) % grid.n_fft
        self._rotation = 2.0 * np.pi * turns / grid.n_fft
        window = gauss_window(grid.window_length)
        self._synthesis = synthesis_window(window, grid.hop).astype(np.float32)
        self._analysis = refine_windows(window, self._synthesis, grid.hop).astype(np.float32)
        self.reset()

    def reset(self) -> None:
        bins, window, hop = self.grid.bins, self.grid.window_length, self.grid.hop
        self._log_target = np.full((3, bins), np.log(TINY))
        self._log_content = np.full((3, bins), np.log(TINY))
        self._time_target = np.tile(self._rotation, (3, 1))
        self._time_content = np.tile(self._rotation, (3, 1))
        self._content_phase = np.zeros((3, bins))
        self._trust = np.zeros((2, bins))
        self._phase = np.zeros((2, bins))
        self._frequency_target = np.zeros(bins)
        self._frequency_content = np.zeros(bins)
        self._steps = np.zeros((2, bins))
        self._content_steps = np.zeros((2, bins))
        self._queue = (
            np.zeros(kernels.BUCKETS, np.int32),
            np.zeros(2 * bins, np.int32),
            np.zeros(bins, np.int32),
        )
        self._random_state = np.array([SEED], np.uint64)
        self._target = np.zeros((3, bins), np.float32)
        self._signal = np.zeros(window + hop, np.float32)
        self._frames = np.zeros((2, bins), np.complex64)
        self._last = np.zeros((2, bins), np.complex64)
        self._share = np.zeros((2, window), np.float32)
        self._padded = np.zeros(self.grid.n_fft, np.float32)

    def process(self, target: np.ndarray, content: np.ndarray) -> np.ndarray:
        """The complex frame of two hops ago.

        Parameters
        ----------
        target : float32 (bins,)
            The magnitude this frame shall have. Not finite or negative counts as 0.
        content : complex64 (bins,)
            The content's spectrum, centred convention.

        Returns
        -------
        complex64 (bins,)
            Valid until the next call.
        """
        target = np.where(np.isfinite(target) & (target > 0), target, 0).astype(np.float32)
        content = np.where(np.isfinite(content), content, 0).astype(np.complex64)
        self._remember(target, content)
        if self.method == "borrowed":
            self._phase[1] = self._content_phase[1]
        else:
            self._integrate()
        self._begin_frame()
        for _ in range(self.refine_iterations):
            self._update(1)
            self._update(0)
        return self._frames[0]

    def _remember(self, target, content):
        rings = (self._log_target, self._log_content, self._time_target, self._time_content)
        for ring in (*rings, self._content_phase, self._trust, self._phase, self._target):
            ring[:-1] = ring[1:]
        self._target[2] = target
        self._log_target[2] = np.log(target + np.float32(TINY))
        self._log_content[2] = np.log(np.abs(content) + np.float32(TINY))
        self._content_phase[2] = np.angle(content)
        kernels.time_gradient(self._log_target[2], self._time_factor, self._rotation, self._time_target[2])
        kernels.time_gradient(self._log_content[2], self._time_factor, self._rotation, self._time_content[2])

    def _integrate(self):
        log_target, factor = self._log_target, self._frequency_factor
        kernels.frequency_gradient(log_target[0], log_target[2], factor, self._frequency_target)
        kernels.steps_from_gradients(
            self._time_target[0], self._time_target[1], self._frequency_target, self._steps[0], self._steps[1]
        )
        phase = self._phase[1]
        if self.method == "mixed":
            self._mix_content(factor)
            phase[:] = self._content_phase[1]
        threshold = max(log_target[0].max(), log_target[1].max()) + np.log(TOLERANCE)
        kernels.integrate(
            log_target[0],
            log_target[1],
            threshold,
            self._steps[0],
            self._steps[1],
            self._phase[0],
            self._queue,
            phase,
        )
        if self.method == "rtpghi":
            kernels.random_phases(self._queue[2], self._random_state, phase)
        kernels.wrap(phase)

    def _mix_content(self, factor):
        log_content = self._log_content
        kernels.frequency_gradient(log_content[0], log_content[2], factor, self._frequency_content)
        kernels.steps_from_gradients(
            self._time_content[0], self._time_content[1], self._frequency_content, *self._content_steps
        )
        kernels.trust_in_content(
            self._time_target[1],
            self._time_content[1],
            self._frequency_target,
            self._frequency_content,
            self._trust[1],
        )
        kernels.lean_on_content(
            self._content_phase[0],
            self._content_phase[1],
            *self._content_steps,
            *self._trust,
            *self._steps,
        )

    def _begin_frame(self):
        hop = self.grid.hop
        self._signal[:-hop] = self._signal[hop:]
        self._signal[-hop:] = 0.0
        for pair in (self._frames, self._last, self._share):
            pair[0] = pair[1]
        self._frames[1] = self._target[1] * np.exp(1j * self._phase[1])
        self._last[1] = self._frames[1]
        self._share[1] = self._back(self._frames[1])
        self._signal[hop:] += self._share[1]

    def _update(self, which):
        start = which * self.grid.hop
        stop = start + self.grid.window_length
        found = self._forth(self._signal[start:stop] * self._analysis[which])
        heading = found + MOMENTUM * (found - self._last[which])
        self._last[which] = found
        size = np.abs(heading)
        size[size == 0] = 1.0
        self._frames[which] = heading * (self._target[which] / size)
        share = self._back(self._frames[which])
        self._signal[start:stop] += share - self._share[which]
        self._share[which] = share

    def _forth(self, segment):
        half = self.grid.window_length // 2
        self._padded[:half] = segment[half:]
        self._padded[-half:] = segment[:half]
        return scipy.fft.rfft(self._padded)

    def _back(self, frame):
        half = self.grid.window_length // 2
        padded = scipy.fft.irfft(frame, self.grid.n_fft)
        return np.concatenate((padded[-half:], padded[:half])) * self._synthesis


def refine_windows(window, synthesis, hop):
    """Gnann-Spiertz windows (2, window): the analysis window over the sum of window * dual of the frames there."""
    length = len(window)
    product = window * synthesis
    windows = np.empty((2, length))
    for which in range(2):
        cover = np.zeros(length)
        for shift in range(-length // hop + 1, 2 - which):
            offset = shift * hop
            low, high = max(0, offset), min(length, length + offset)
            cover[low:high] += product[low - offset : high - offset]
        windows[which] = window / cover
    return windows
