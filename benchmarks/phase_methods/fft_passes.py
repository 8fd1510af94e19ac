"""The passes of the complex FFT: bare loops over preallocated float32 rows (see `benchmarks.phase_methods.fft`).

Each takes blocks of ``stride`` neighbours from one pair of rows (real, imaginary) to the other. All views are cut
before the inner loop, so that it is plain arithmetic over neighbours.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.jit import compiled

# Stands for a radix in a plan's passes.
TWIST = 1
ROOT_3_4 = math.sqrt(0.75)


@compiled
def one_pass(plan, index, re, im, to_re, to_im):
    """Pass number ``index`` of the plan."""
    radix, stride, start = plan.passes[index]
    twiddle_re, twiddle_im = plan.twiddles[0, start:], plan.twiddles[1, start:]
    if radix == 4 and stride == 32:
        # A constant lets the compiler vectorise this shortest of runs too (FFT 4096: 1.7 -> 0.6 microseconds).
        _radix_4(re, im, to_re, to_im, twiddle_re, twiddle_im, 32)
    elif radix == 4:
        _radix_4(re, im, to_re, to_im, twiddle_re, twiddle_im, stride)
    elif radix == TWIST:
        _twist(re, im, to_re, to_im, twiddle_re, twiddle_im, stride)
    elif radix == 2:
        _radix_2(re, im, to_re, to_im, twiddle_re, twiddle_im, stride)
    else:
        _radix_3(re, im, to_re, to_im, twiddle_re, twiddle_im, stride)


@compiled
def _radix_4(re, im, to_re, to_im, twiddle_re, twiddle_im, stride):
    quarter = re.shape[0] // 4
    for p in range(quarter // stride):
        w1_re, w2_re, w3_re = twiddle_re[3 * p], twiddle_re[3 * p + 1], twiddle_re[3 * p + 2]
        w1_im, w2_im, w3_im = twiddle_im[3 * p], twiddle_im[3 * p + 1], twiddle_im[3 * p + 2]
        a = p * stride
        b, c, d = a + quarter, a + 2 * quarter, a + 3 * quarter
        a_re, b_re, c_re, d_re = (
            re[a : a + stride],
            re[b : b + stride],
            re[c : c + stride],
            re[d : d + stride],
        )
        a_im, b_im, c_im, d_im = (
            im[a : a + stride],
            im[b : b + stride],
            im[c : c + stride],
            im[d : d + stride],
        )
        o = 4 * a
        y0_re, y1_re = to_re[o : o + stride], to_re[o + stride : o + 2 * stride]
        y2_re, y3_re = to_re[o + 2 * stride : o + 3 * stride], to_re[o + 3 * stride : o + 4 * stride]
        y0_im, y1_im = to_im[o : o + stride], to_im[o + stride : o + 2 * stride]
        y2_im, y3_im = to_im[o + 2 * stride : o + 3 * stride], to_im[o + 3 * stride : o + 4 * stride]
        for q in range(stride):
            sum_re, sum_im = a_re[q] + c_re[q], a_im[q] + c_im[q]
            gap_re, gap_im = a_re[q] - c_re[q], a_im[q] - c_im[q]
            side_re, side_im = b_re[q] + d_re[q], b_im[q] + d_im[q]
            turn_re, turn_im = b_im[q] - d_im[q], d_re[q] - b_re[q]
            y0_re[q], y0_im[q] = sum_re + side_re, sum_im + side_im
            t_re, t_im = gap_re + turn_re, gap_im + turn_im
            y1_re[q], y1_im[q] = t_re * w1_re - t_im * w1_im, t_re * w1_im + t_im * w1_re
            t_re, t_im = sum_re - side_re, sum_im - side_im
            y2_re[q], y2_im[q] = t_re * w2_re - t_im * w2_im, t_re * w2_im + t_im * w2_re
            t_re, t_im = gap_re - turn_re, gap_im - turn_im
            y3_re[q], y3_im[q] = t_re * w3_re - t_im * w3_im, t_re * w3_im + t_im * w3_re


@compiled
def _radix_2(re, im, to_re, to_im, twiddle_re, twiddle_im, stride):
    half = re.shape[0] // 2
    for p in range(half // stride):
        w_re, w_im = twiddle_re[p], twiddle_im[p]
        a = p * stride
        b, o = a + half, 2 * a
        a_re, b_re, a_im, b_im = (
            re[a : a + stride],
            re[b : b + stride],
            im[a : a + stride],
            im[b : b + stride],
        )
        y0_re, y1_re = to_re[o : o + stride], to_re[o + stride : o + 2 * stride]
        y0_im, y1_im = to_im[o : o + stride], to_im[o + stride : o + 2 * stride]
        for q in range(stride):
            y0_re[q], y0_im[q] = a_re[q] + b_re[q], a_im[q] + b_im[q]
            t_re, t_im = a_re[q] - b_re[q], a_im[q] - b_im[q]
            y1_re[q], y1_im[q] = t_re * w_re - t_im * w_im, t_re * w_im + t_im * w_re


@compiled
def _radix_3(re, im, to_re, to_im, twiddle_re, twiddle_im, stride):
    third = re.shape[0] // 3
    half, root = np.float32(0.5), np.float32(ROOT_3_4)
    for p in range(third // stride):
        w1_re, w2_re, w1_im, w2_im = (
            twiddle_re[2 * p],
            twiddle_re[2 * p + 1],
            twiddle_im[2 * p],
            twiddle_im[2 * p + 1],
        )
        a = p * stride
        b, c, o = a + third, a + 2 * third, 3 * a
        a_re, b_re, c_re = re[a : a + stride], re[b : b + stride], re[c : c + stride]
        a_im, b_im, c_im = im[a : a + stride], im[b : b + stride], im[c : c + stride]
        y0_re, y1_re, y2_re = (
            to_re[o : o + stride],
            to_re[o + stride : o + 2 * stride],
            to_re[o + 2 * stride : o + 3 * stride],
        )
        y0_im, y1_im, y2_im = (
            to_im[o : o + stride],
            to_im[o + stride : o + 2 * stride],
            to_im[o + 2 * stride : o + 3 * stride],
        )
        for q in range(stride):
            side_re, side_im = b_re[q] + c_re[q], b_im[q] + c_im[q]
            turn_re, turn_im = root * (b_im[q] - c_im[q]), root * (c_re[q] - b_re[q])
            middle_re, middle_im = a_re[q] - half * side_re, a_im[q] - half * side_im
            y0_re[q], y0_im[q] = a_re[q] + side_re, a_im[q] + side_im
            t_re, t_im = middle_re + turn_re, middle_im + turn_im
            y1_re[q], y1_im[q] = t_re * w1_re - t_im * w1_im, t_re * w1_im + t_im * w1_re
            t_re, t_im = middle_re - turn_re, middle_im - turn_im
            y2_re[q], y2_im[q] = t_re * w2_re - t_im * w2_im, t_re * w2_im + t_im * w2_re


@compiled
def _twist(re, im, to_re, to_im, twiddle_re, twiddle_im, columns):
    """Transpose (rows, columns) to (columns, rows), then turn each value by its row times column."""
    _transpose(re, to_re, columns)
    _transpose(im, to_im, columns)
    for k in range(to_re.shape[0]):
        value_re, value_im = to_re[k], to_im[k]
        to_re[k] = value_re * twiddle_re[k] - value_im * twiddle_im[k]
        to_im[k] = value_re * twiddle_im[k] + value_im * twiddle_re[k]


@compiled
def _transpose(values, turned, columns):
    rows = values.shape[0] // columns
    for column in range(columns):
        for row in range(rows):
            turned[column * rows + row] = values[row * columns + column]
