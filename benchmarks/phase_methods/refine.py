"""RTISI-LA(1): the newest two frames are made to agree with the overlap-add signal they fall into.

A frame's phase from the kernels knows nothing of rounding, of random bins or of magnitudes that no signal has.
So, newest first, the signal under a frame is analysed again, its phase kept, its magnitude put back, and the frame
exchanged in the signal (Zhu, Beauregard & Wyse 2007). Where later frames are still missing the analysis window is
divided by how much of the signal is already there (Gnann & Spiertz, DAFx-10), so that a signal which agrees with its
frames is left as it is. Each update costs two FFTs.

No momentum: 0.5 brings 0.8 dB on magnitudes that some signal has and nothing on others, and a target that is the
content then drifts from it by 1 dB every five frames.

Latency: one hop, since a frame is refined once more when its follower is there. Real signals are two rows, even and
odd samples; complex ones two rows, real and imaginary (see `benchmarks.phase_methods.fft`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.phase_methods.fft import FftPlan, fft_plan
from benchmarks.phase_methods.fft_loops import forward, inverse
from stylefx.analysis.grid import Grid
from stylefx.analysis.window import analysis_window, synthesis_window
from stylefx.jit import compiled

HELD = 2
NEWEST = HELD - 1
# Keeps the division of silence by its own magnitude at 0.
TINY_POWER = 1e-30


class RefinePlan(NamedTuple):
    """What never changes."""

    fft: FftPlan
    analysis: np.ndarray  # float32 (HELD, 2, window / 2): Gnann-Spiertz windows
    synthesis: np.ndarray  # float32 (2, window / 2): the dual window, over n_fft
    half_hop: int


class RefineState(NamedTuple):
    """What survives a frame; the last index of HELD is the newest frame."""

    signal: np.ndarray  # float32 (2, (window + hop) / 2): the overlap-add under the frames held
    target: np.ndarray  # float32 (HELD, bins): their magnitudes
    frames: np.ndarray  # float32 (HELD, 2, bins): their spectra
    shares: np.ndarray  # float32 (HELD, 2, window / 2): what each has added to the signal
    work: np.ndarray  # float32 (4, n_fft / 2): scratch of the FFT
    found: np.ndarray  # float32 (2, bins): scratch
    share: np.ndarray  # float32 (2, window / 2): scratch


def refine_plan(grid: Grid) -> RefinePlan:
    """Windows and FFT of a grid."""
    window, dual = analysis_window(grid), synthesis_window(grid)
    analysis = np.array([window / _cover(window * dual, grid.hop, NEWEST - which) for which in range(HELD)])
    return RefinePlan(fft_plan(grid.n_fft), _even_odd(analysis), _even_odd(dual / grid.n_fft), grid.hop // 2)


def refine_state(grid: Grid) -> RefineState:
    """The state of a stream that has not begun."""
    bins, half = grid.bins, grid.window_length // 2
    return RefineState(
        signal=np.zeros((2, half + NEWEST * grid.hop // 2), np.float32),
        target=np.zeros((HELD, bins), np.float32),
        frames=np.zeros((HELD, 2, bins), np.float32),
        shares=np.zeros((HELD, 2, half), np.float32),
        work=np.zeros((4, grid.n_fft // 2), np.float32),
        found=np.zeros((2, bins), np.float32),
        share=np.zeros((2, half), np.float32),
    )


def _cover(product, hop, later):
    """Sum of window * dual over the frames that exist around a frame which has ``later`` followers."""
    length = len(product)
    cover = np.zeros(length)
    for shift in range(-length + hop, later * hop + 1, hop):
        low, high = max(0, shift), min(length, length + shift)
        cover[low:high] += product[low - shift : high - shift]
    return cover


def _even_odd(samples):
    return np.stack((samples[..., 0::2], samples[..., 1::2]), axis=-2).astype(np.float32)


@compiled
def make_room(plan, state):
    """Move everything one hop on; the newest frame's place is then stale until `place` fills it."""
    hop = plan.half_hop
    for row in range(2):
        signal = state.signal[row]
        keep = signal.shape[0] - hop
        signal[:keep] = signal[hop:]
        signal[keep:] = 0.0
    state.target[0] = state.target[1]
    state.frames[0] = state.frames[1]
    state.shares[0] = state.shares[1]


@compiled
def place(plan, state):
    """Add the newest frame's spectrum to the signal."""
    inverse(plan.fft, state.frames[NEWEST], plan.synthesis, state.work, state.shares[NEWEST])
    start = NEWEST * plan.half_hop
    for row in range(2):
        share = state.shares[NEWEST, row]
        signal = state.signal[row, start : start + share.shape[0]]
        for k in range(share.shape[0]):
            signal[k] += share[k]


@compiled
def update(plan, state, which):
    """Project one of the frames held onto the signal, then onto its magnitude, and exchange it in the signal."""
    frame = state.frames[which]
    start = which * plan.half_hop
    forward(plan.fft, state.signal, start, plan.analysis[which], state.work, state.found)
    impose(state.target[which], state.found[0], state.found[1], frame[0], frame[1])
    inverse(plan.fft, frame, plan.synthesis, state.work, state.share)
    for row in range(2):
        fresh, old = state.share[row], state.shares[which, row]
        signal = state.signal[row, start : start + fresh.shape[0]]
        for k in range(fresh.shape[0]):
            signal[k] += fresh[k] - old[k]
            old[k] = fresh[k]


@compiled
def impose(magnitude, found_re, found_im, frame_re, frame_im):
    """The frame with these magnitudes and the phase of what was found."""
    tiny = np.float32(TINY_POWER)
    for m in range(magnitude.shape[0]):
        re, im = found_re[m], found_im[m]
        gain = magnitude[m] / math.sqrt(re * re + im * im + tiny)
        frame_re[m] = re * gain
        frame_im[m] = im * gain
