"""Target magnitudes and the content's spectrum in, complex frames out, two hops later: the engine's rival.

The engine plays `stylefx.phase.rtisi`; the benchmark compares it with these, two of which need no content.

First the phase is integrated from the log magnitudes of three frames, one hop of look-ahead (RTPGHI(1); Z. Prusa,
P. Sondergaard, "Real-time spectrogram inversion using phase gradient heap integration", DAFx-16). ``rtpghi`` does just
that. ``mixed`` also uses the content: where the target's gradients are near the content's, its measured phase
differences, corrected by the difference of the gradients, take the place of the gradients alone; a target that is the
content's magnitude gives the content. ``borrowed`` takes the content's phase as it is.

Then the newest two frames are made consistent with the overlap-add signal already there (RTISI-LA(1), a second hop),
and what comes out is where the next integration starts.

Latency: two hops, whatever the method and the number of iterations.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.phase_methods import kernels
from benchmarks.phase_methods.elementary import angles, log_magnitudes, polar
from benchmarks.phase_methods.refine import HELD, NEWEST, Refinement
from stylefx.analysis.grid import Grid
from stylefx.analysis.window import GAUSS_GAMMA
from stylefx.errors import UsageError
from stylefx.jit import compiled

METHODS = ("mixed", "rtpghi", "borrowed")
MIXED, RTPGHI, BORROWED = 0, 1, 2
LOOK_AHEAD_HOPS = 2
# From 2 to 4 the error falls by 0.2 dB on the engine's targets and by 1 dB on consistent ones; 8 adds nothing there and
# 1 dB here. Each costs two transforms and two back.
REFINE_ITERATIONS = 4
# Magnitudes below this are silence (a full-scale sine reads about 400); it keeps the logarithm finite.
TINY = 1e-10
# Above this a value is a fault of whatever sent it, and its square would overflow.
HUGE = 1e15
SEED = 0x9E3779B97F4A7C15


class PhasePlan(NamedTuple):
    """What never changes: the grid's constants."""

    rotation: np.ndarray  # float64 (bins,): how far each bin's centre turns in a hop
    time_factor: float  # hop n_fft / (2 gamma)
    frequency_factor: float  # gamma / (2 hop n_fft)


class PhaseState(NamedTuple):
    """What survives a frame. Three rows are the frames two ago, one ago and now."""

    magnitude: np.ndarray  # float32 (2, bins): the target's, one ago and now
    log_target: np.ndarray  # float64 (3, bins)
    gap: np.ndarray  # float64 (3, bins): log target - log |content|
    content_phase: np.ndarray  # float64 (3, bins)
    distance: np.ndarray  # float64 (2, bins): of the gradients, two ago and one ago
    phase: np.ndarray  # float64 (2, bins): found, two ago and one ago
    random: np.ndarray  # uint64 (1,)
    steps: np.ndarray  # float64 (2, bins): scratch
    content: np.ndarray  # float32 (2, bins): scratch, its real and imaginary parts
    newest: np.ndarray  # float32 (2, bins): scratch, those of the frame that has its phase
    power: np.ndarray  # float32 (bins,): scratch
    queue: np.ndarray  # int32: scratch
    levels: np.ndarray  # int32 (2, bins): scratch


class Phase:
    """``prepare(grid)``, then one ``process(target, content)`` per hop."""

    def __init__(self, method: str = "mixed", refine_iterations: int = REFINE_ITERATIONS) -> None:
        if method not in METHODS:
            raise UsageError(f"phase method {method!r} is not known: use one of {', '.join(METHODS)}")
        if refine_iterations < 0:
            raise UsageError(f"refine_iterations is {refine_iterations}: use 0 or more")
        self.method = method
        self.refine_iterations = refine_iterations
        self.latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Allocate everything for a grid, compile, and forget the past."""
        gamma = GAUSS_GAMMA * grid.window_length**2
        turns = (np.arange(grid.bins) * grid.hop) % grid.n_fft / grid.n_fft
        self._plan = PhasePlan(
            rotation=kernels.TWO_PI * turns,
            time_factor=grid.hop * grid.n_fft / (2.0 * gamma),
            frequency_factor=gamma / (2.0 * grid.hop * grid.n_fft),
        )
        self._grid = grid
        self._frame = np.zeros(grid.bins, np.complex64)
        self.latency_samples = LOOK_AHEAD_HOPS * grid.hop
        self._state, self._refinement = _silence(grid), Refinement(grid)
        self.process(np.zeros(grid.bins, np.float32), self._frame)
        self.reset()

    def reset(self) -> None:
        """Forget the past: the same as a new one."""
        self._state, self._refinement = _silence(self._grid), Refinement(self._grid)

    def process(self, target: np.ndarray, content: np.ndarray) -> np.ndarray:
        """The complex frame of two hops ago.

        Parameters
        ----------
        target : float32 (bins,)
            The magnitude this frame is to have. What is negative or not finite counts as 0.
        content : complex64 (bins,)
            The content's spectrum, centred convention.

        Returns
        -------
        complex64 (bins,)
            Magnitude as asked for two calls ago, with the phase found. The next call writes over it.
        """
        if target.shape != self._frame.shape or content.shape != self._frame.shape:
            shapes = f"target {target.shape} and content {content.shape}"
            raise ValueError(f"{shapes}, prepared for {self._frame.shape}: one frame of the grid's bins")
        target = np.ascontiguousarray(target, np.float32)
        content = np.ascontiguousarray(content, np.complex64)
        method = METHODS.index(self.method)
        state = self._state
        _take(state, target, content)
        _find_phase(self._plan, state, method)
        self._refine(state)
        self._frame[:] = self._refinement.frames[0]
        return self._frame

    def _refine(self, state: PhaseState) -> None:
        """Make the newest frames agree with the signal; the next integration starts where that ends."""
        refinement, (re, im) = self._refinement, state.newest
        refinement.shift()
        refinement.magnitude[NEWEST] = state.magnitude[0]
        polar(state.magnitude[0], state.phase[1], re, im)
        newest = refinement.frames[NEWEST]
        newest.real, newest.imag = re, im
        if self.refine_iterations > 0:
            refinement.add_newest()
            for _ in range(self.refine_iterations):
                for which in reversed(range(HELD)):
                    refinement.update(which)
            re[:], im[:] = newest.real, newest.imag
            angles(re, im, state.phase[1])


def _silence(grid):
    bins = grid.bins
    return PhaseState(
        magnitude=np.zeros((2, bins), np.float32),
        log_target=np.full((3, bins), math.log(TINY)),
        gap=np.zeros((3, bins)),
        content_phase=np.zeros((3, bins)),
        distance=np.zeros((2, bins)),
        phase=np.zeros((2, bins)),
        random=np.array([SEED], np.uint64),
        steps=np.zeros((2, bins)),
        content=np.zeros((2, bins), np.float32),
        newest=np.zeros((2, bins), np.float32),
        power=np.ones(bins, np.float32),
        queue=np.zeros(kernels.BUCKETS + 2 * bins, np.int32),
        levels=np.zeros((2, bins), np.int32),
    )


@compiled
def _take(state, target, content):
    """Move the past one frame on and take in the new one."""
    for ring in (state.log_target, state.gap, state.content_phase):
        ring[0] = ring[1]
        ring[1] = ring[2]
    for pair in (state.distance, state.phase):
        pair[0] = pair[1]
    state.magnitude[0] = state.magnitude[1]
    clean(target, content, state.magnitude[1], state.content)
    power, bits, log_target, gap = state.power, state.levels[0], state.log_target[2], state.gap[2]
    magnitude, re, im = state.magnitude[1], state.content[0], state.content[1]
    least = np.float32(TINY * TINY)
    for m in range(power.shape[0]):
        power[m] = max(magnitude[m] * magnitude[m], least)
    log_magnitudes(power, bits, log_target)
    for m in range(power.shape[0]):
        power[m] = max(re[m] * re[m] + im[m] * im[m], least)
    log_magnitudes(power, bits, gap)
    for m in range(power.shape[0]):
        gap[m] = log_target[m] - gap[m]
    angles(re, im, state.content_phase[2])


@compiled
def clean(target, content, magnitude, parts):
    """Copies without what is too small, too large or not a number (which fails every comparison)."""
    least, most, none = np.float32(TINY), np.float32(HUGE), np.float32(0.0)
    for m in range(target.shape[0]):
        magnitude[m] = target[m] if (target[m] >= least) & (target[m] <= most) else none
    pairs = content.view(np.float32)
    re, im = parts[0], parts[1]
    for m in range(target.shape[0]):
        re_size, im_size = abs(pairs[2 * m]), abs(pairs[2 * m + 1])
        re[m] = pairs[2 * m] if (re_size >= least) & (re_size <= most) else none
        im[m] = pairs[2 * m + 1] if (im_size >= least) & (im_size <= most) else none


@compiled
def _find_phase(plan, state, method):
    """The phase of the frame one ago."""
    phase = state.phase[1]
    if method != RTPGHI:
        phase[:] = state.content_phase[1]
    if method != BORROWED:
        _integrate_phase(plan, state, method, phase)
    kernels.wrap(phase)


@compiled
def _integrate_phase(plan, state, method, phase):
    time_step, frequency_step = state.steps[0], state.steps[1]
    kernels.gradient_steps(
        state.log_target, plan.rotation, plan.time_factor, plan.frequency_factor, time_step, frequency_step
    )
    if method == MIXED:
        kernels.gradient_distance(state.gap, plan.time_factor, plan.frequency_factor, state.distance[1])
        kernels.lean_on_content(
            state.gap,
            state.content_phase,
            state.distance,
            plan.time_factor,
            plan.frequency_factor,
            time_step,
            frequency_step,
        )
    kernels.integrate(
        state.log_target, time_step, frequency_step, state.phase[0], state.queue, state.levels, phase
    )
    if method == MIXED:
        kernels.anchor(state.magnitude[0], state.content_phase[1], state.distance[1], phase)
    else:
        kernels.random_phases(state.levels[1], state.random, phase)
