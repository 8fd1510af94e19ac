"""The compiled transforms of `benchmarks.phase_methods.fft`: windowed frame -> spectrum -> windowed frame.

``work`` is float32 (4, points): two complex buffers, between which the passes go back and forth.
"""

from __future__ import annotations

import numpy as np

from benchmarks.phase_methods.fft_passes import one_pass
from stylefx.jit import compiled


@compiled
def forward(plan, segment, offset, window, work, spectrum):
    """Spectrum (2, points + 1) of ``segment[:, offset:]`` under ``window``, both (2, even and odd samples)."""
    points = work.shape[1]
    quarter = points // 4
    re, im, other_re, other_im = work[0], work[1], work[2], work[3]
    _first_pass(
        plan,
        segment[0, offset : offset + 2 * quarter],
        segment[1, offset : offset + 2 * quarter],
        window,
        re,
        im,
    )
    for index in range(1, plan.passes.shape[0]):
        one_pass(plan, index, re, im, other_re, other_im)
        re, other_re = other_re, re
        im, other_im = other_im, im
    _unpack(plan.unpack, re, im, spectrum[0], spectrum[1])


@compiled
def inverse(plan, spectrum, window, work, share):
    """The frame (2, points // 2) of ``spectrum`` times ``window``, which must hold the factor 1 / n_fft."""
    re, im, other_re, other_im = work[0], work[1], work[2], work[3]
    # An inverse transform is a forward one with real and imaginary parts exchanged on both sides.
    _pack(plan.unpack, spectrum[0], spectrum[1], im, re)
    last = plan.passes.shape[0] - 1
    for index in range(last):
        one_pass(plan, index, re, im, other_re, other_im)
        re, other_re = other_re, re
        im, other_im = other_im, im
    _last_pass(re, im, window, share)


@compiled
def _first_pass(plan, even, odd, window, to_re, to_im):
    """Window, fold to the centre and a radix-4 pass of which the two middle inputs are zero padding."""
    stride = plan.passes[0, 1]
    start = plan.passes[0, 2]
    quarter = even.shape[0] // 2
    for p in range(quarter // stride):
        w1_re, w2_re, w3_re = plan.twiddles[0, start : start + 3]
        w1_im, w2_im, w3_im = plan.twiddles[1, start : start + 3]
        start += 3
        low, high = p * stride, (p + 1) * stride
        d_re, d_im = even[low:high], odd[low:high]
        d_gain_re, d_gain_im = window[0, low:high], window[1, low:high]
        a_re, a_im = even[quarter + low : quarter + high], odd[quarter + low : quarter + high]
        a_gain_re, a_gain_im = (
            window[0, quarter + low : quarter + high],
            window[1, quarter + low : quarter + high],
        )
        o = 4 * low
        y0_re, y1_re = to_re[o : o + stride], to_re[o + stride : o + 2 * stride]
        y2_re, y3_re = to_re[o + 2 * stride : o + 3 * stride], to_re[o + 3 * stride : o + 4 * stride]
        y0_im, y1_im = to_im[o : o + stride], to_im[o + stride : o + 2 * stride]
        y2_im, y3_im = to_im[o + 2 * stride : o + 3 * stride], to_im[o + 3 * stride : o + 4 * stride]
        for q in range(stride):
            ar, ai = a_re[q] * a_gain_re[q], a_im[q] * a_gain_im[q]
            dr, di = d_re[q] * d_gain_re[q], d_im[q] * d_gain_im[q]
            y0_re[q], y0_im[q] = ar + dr, ai + di
            t_re, t_im = ar - di, ai + dr
            y1_re[q], y1_im[q] = t_re * w1_re - t_im * w1_im, t_re * w1_im + t_im * w1_re
            t_re, t_im = ar - dr, ai - di
            y2_re[q], y2_im[q] = t_re * w2_re - t_im * w2_im, t_re * w2_im + t_im * w2_re
            t_re, t_im = ar + di, ai - dr
            y3_re[q], y3_im[q] = t_re * w3_re - t_im * w3_im, t_re * w3_im + t_im * w3_re


@compiled
def _last_pass(re, im, window, share):
    """A radix-4 pass of which only the first and last quarter are wanted, back in time order, times the window."""
    quarter = re.shape[0] // 4
    a_re, b_re, c_re, d_re = (
        re[:quarter],
        re[quarter : 2 * quarter],
        re[2 * quarter : 3 * quarter],
        re[3 * quarter :],
    )
    a_im, b_im, c_im, d_im = (
        im[:quarter],
        im[quarter : 2 * quarter],
        im[2 * quarter : 3 * quarter],
        im[3 * quarter :],
    )
    left_even, right_even = share[0, :quarter], share[0, quarter:]
    left_odd, right_odd = share[1, :quarter], share[1, quarter:]
    gain_left_even, gain_right_even = window[0, :quarter], window[0, quarter:]
    gain_left_odd, gain_right_odd = window[1, :quarter], window[1, quarter:]
    for q in range(quarter):
        # Exchanged back: the imaginary row is the even samples.
        right_even[q] = (a_im[q] + c_im[q] + b_im[q] + d_im[q]) * gain_right_even[q]
        right_odd[q] = (a_re[q] + c_re[q] + b_re[q] + d_re[q]) * gain_right_odd[q]
        left_even[q] = (a_im[q] - c_im[q] + b_re[q] - d_re[q]) * gain_left_even[q]
        left_odd[q] = (a_re[q] - c_re[q] - b_im[q] + d_im[q]) * gain_left_odd[q]


@compiled
def _unpack(turns, re, im, to_re, to_im):
    """Spectrum of the real signal from that of even + i odd samples."""
    # Indices are unsigned, else numba allows for a negative one and the loop stays scalar.
    points, half = np.uintp(re.shape[0]), np.float32(0.5)
    to_re[0], to_im[0] = re[0] + im[0], 0.0
    to_re[points], to_im[points] = re[0] - im[0], 0.0
    for index in range(1, re.shape[0]):
        k = np.uintp(index)
        mirror = points - k
        odd_re, odd_im = half * (im[k] + im[mirror]), half * (re[mirror] - re[k])
        to_re[k] = half * (re[k] + re[mirror]) + odd_re * turns[0, k] - odd_im * turns[1, k]
        to_im[k] = half * (im[k] - im[mirror]) + odd_re * turns[1, k] + odd_im * turns[0, k]


@compiled
def _pack(turns, re, im, to_re, to_im):
    """The reverse of `_unpack`, times two."""
    points = np.uintp(to_re.shape[0])
    for index in range(to_re.shape[0]):
        k = np.uintp(index)
        mirror = points - k
        gap_re, gap_im = re[k] - re[mirror], im[k] + im[mirror]
        to_re[k] = re[k] + re[mirror] - gap_im * turns[0, k] + gap_re * turns[1, k]
        to_im[k] = im[k] - im[mirror] + gap_re * turns[0, k] + gap_im * turns[1, k]
