"""Phase from magnitude, one frame at a time: the integration loops of RTPGHI(1) and of its mixed-gradient form.

In: log magnitudes of three frames. Out: the phase of the middle one (one hop of look-ahead). For a Gauss window the
phase's derivatives follow from those of the log magnitude (PHASE.md 2; Prusa & Sondergaard, DAFx-16); the phase is
their integral along a path that runs through the loudest bins first. A heap would give that order exactly; 512
buckets over the tolerance range give nearly the same and take an eighth of its time.

Everything is in the centred STFT convention, phases are float64 radians, nothing here allocates.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

BUCKETS = 512
NOBODY = -1
TODO, DONE, QUIET = 0, 1, 2
TWO_PI = 2.0 * math.pi
# Where target and content gradients differ by this much the content's phase counts 1/e.
TRUST_RADIANS = 0.5


@njit(cache=True, nogil=True)
def time_gradient(log_magnitude, gauss_step, rotation, out):
    """Phase change per hop: gauss_step * (L[m+1] - L[m-1]) + rotation[m], with gauss_step = hop n_fft / (2 gamma)."""
    last = log_magnitude.shape[0] - 1
    for m in range(1, last):
        out[m] = gauss_step * (log_magnitude[m + 1] - log_magnitude[m - 1]) + rotation[m]
    out[0] = 0.0
    out[last] = 0.0


@njit(cache=True, nogil=True)
def frequency_gradient(before, after, gauss_step, out):
    """Phase change per bin: -gauss_step * (L[n+1] - L[n-1]), with gauss_step = gamma / (2 hop n_fft)."""
    for m in range(out.shape[0]):
        out[m] = -gauss_step * (after[m] - before[m])


@njit(cache=True, nogil=True)
def steps_from_gradients(time_before, time_now, frequency_now, time_step, frequency_step):
    """Trapezoid steps: over time into each bin, over frequency from each bin to the next."""
    bins = time_step.shape[0]
    for m in range(bins):
        time_step[m] = 0.5 * (time_before[m] + time_now[m])
    for m in range(bins - 1):
        frequency_step[m] = 0.5 * (frequency_now[m] + frequency_now[m + 1])


@njit(cache=True, nogil=True)
def lean_on_content(
    phase_before,
    phase_now,
    content_time_step,
    content_frequency_step,
    trust_before,
    trust_now,
    time_step,
    frequency_step,
):
    """Add to each step what the content's measured phase has over the content's own gradients (PHASE.md 3.9 d).

    ``phase_*`` is the content's phase, ``trust_*`` 0..1. With trust 1 and target == |content| the step becomes the content's.
    """
    bins = time_step.shape[0]
    for m in range(bins):
        excess = phase_now[m] - phase_before[m] - content_time_step[m]
        excess -= TWO_PI * np.rint(excess / TWO_PI)
        time_step[m] += 0.5 * (trust_before[m] + trust_now[m]) * excess
    for m in range(bins - 1):
        excess = phase_now[m + 1] - phase_now[m] - content_frequency_step[m]
        excess -= TWO_PI * np.rint(excess / TWO_PI)
        frequency_step[m] += 0.5 * (trust_now[m] + trust_now[m + 1]) * excess


@njit(cache=True, nogil=True)
def trust_in_content(time_target, time_content, frequency_target, frequency_content, trust):
    """1 where the target's gradients are the content's, towards 0 as they part: exp(-(distance / TRUST_RADIANS)^2)."""
    for m in range(trust.shape[0]):
        distance = abs(time_target[m] - time_content[m]) + abs(frequency_target[m] - frequency_content[m])
        trust[m] = math.exp(-((distance / TRUST_RADIANS) ** 2))


@njit(cache=True, nogil=True)
def integrate(previous_log, current_log, threshold, time_step, frequency_step, previous_phase, queue, phase):
    """Fill ``phase`` along the loudest path; bins below ``threshold`` keep what is in it. Returns nothing.

    ``time_step[m]`` leads from the previous frame into bin m, ``frequency_step[m]`` from bin m to m + 1.
    ``queue`` is (head (BUCKETS,), following (2 bins,), mark (bins,)), all int32 scratch. Node m is bin m of the
    previous frame, node bins + m is bin m of this one.
    """
    head, following, mark = queue
    bins = phase.shape[0]
    loudest = threshold
    for m in range(bins):
        loudest = max(loudest, previous_log[m], current_log[m])
    per_log = (BUCKETS - 1) / max(loudest - threshold, 1e-9)
    head[:] = NOBODY
    left = 0
    top = 0
    for m in range(bins):
        if current_log[m] > threshold:
            mark[m] = TODO
            left += 1
            bucket = max(0, int((previous_log[m] - threshold) * per_log))
            following[m] = head[bucket]
            head[bucket] = m
            top = max(top, bucket)
        else:
            mark[m] = QUIET
    while left > 0:
        while head[top] == NOBODY:
            top -= 1
        node = head[top]
        head[top] = following[node]
        if node < bins:
            if mark[node] != TODO:
                continue
            phase[node] = previous_phase[node] + time_step[node]
            left -= 1
            top = reach(node, current_log, threshold, per_log, head, following, mark, top)
            continue
        m = node - bins
        if m + 1 < bins and mark[m + 1] == TODO:
            phase[m + 1] = phase[m] + frequency_step[m]
            left -= 1
            top = reach(m + 1, current_log, threshold, per_log, head, following, mark, top)
        if m > 0 and mark[m - 1] == TODO:
            phase[m - 1] = phase[m] - frequency_step[m - 1]
            left -= 1
            top = reach(m - 1, current_log, threshold, per_log, head, following, mark, top)


@njit(cache=True, nogil=True, inline="always")
def reach(m, current_log, threshold, per_log, head, following, mark, top):
    """Mark bin m done and queue it as a place to integrate from; returns the loudest bucket in use."""
    mark[m] = DONE
    bucket = int((current_log[m] - threshold) * per_log)
    node = mark.shape[0] + m
    following[node] = head[bucket]
    head[bucket] = node
    return max(top, bucket)


@njit(cache=True, nogil=True)
def random_phases(mark, random_state, phase):
    """Uniform phases for the bins marked QUIET, from the running xorshift64* generator in ``random_state``."""
    state = random_state[0]
    for m in range(phase.shape[0]):
        if mark[m] == QUIET:
            state ^= state >> np.uint64(12)
            state ^= state << np.uint64(25)
            state ^= state >> np.uint64(27)
            draw = (state * np.uint64(2685821657736338717)) >> np.uint64(11)
            phase[m] = draw * (TWO_PI / 9007199254740992.0) - math.pi
    random_state[0] = state


@njit(cache=True, nogil=True)
def wrap(phase):
    """Phases to +-pi, so that an endless stream loses no precision."""
    for m in range(phase.shape[0]):
        phase[m] -= TWO_PI * np.rint(phase[m] / TWO_PI)
