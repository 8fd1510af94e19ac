"""Phase from magnitude, one frame at a time: the loops of RTPGHI(1) and of its mixed-gradient form.

In: log magnitudes of three frames. Out: the phase of the middle one (one hop of look-ahead). For a Gauss window the
phase's derivatives follow from those of the log magnitude (Prusa & Sondergaard, DAFx-16); the phase is their integral
along a path that runs through the loudest bins first. A heap would give that order exactly; 512 buckets over the
tolerance range give nearly the same in an eighth of the time.

Everything is in the centred STFT convention, phases are float64 radians, nothing here allocates.
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.jit import compiled

BUCKETS = 512
NOBODY = -1
QUIET, DONE = -1, -2
TWO_PI = 2.0 * math.pi
TO_TURNS = 1.0 / TWO_PI
# Bins this far below the loudest of two frames (e^-13.8 = 1e-6) get no phase of their own.
LOG_TOLERANCE = math.log(1e-6)
# Where target and content gradients differ by this much (radians) the content's phase counts a quarter.
TRUST_RADIANS = 0.3
# How much sooner trust ends where the content's own phase departs from its gradients (per squared radian).
TRUST_EXCESS = 10.0
# Pull towards the content's phase per hop where it is trusted: back in 0.2 s, too slow to be heard as a detune.
ANCHOR = 0.03
# Gradients as near as this, over the whole frame, are those of a target that is the content: its phase is taken.
SAME_RADIANS = 0.002


@compiled
def gradient_steps(log_magnitude, rotation, time_factor, frequency_factor, time_step, frequency_step):
    """Trapezoid steps of PGHI into the middle frame: over time into bin m, over frequency from bin m to m + 1.

    tgrad = time_factor (L[m+1] - L[m-1]) + rotation[m];  fgrad = -frequency_factor (L[n+1] - L[n-1])
    """
    before, now, after = log_magnitude[0], log_magnitude[1], log_magnitude[2]
    last = time_step.shape[0] - 1
    inner, inner_rotation = time_step[1:last], rotation[1:last]
    before_low, before_high, now_low, now_high = before[: last - 1], before[2:], now[: last - 1], now[2:]
    for m in range(last - 1):
        rise = (before_high[m] + now_high[m]) - (before_low[m] + now_low[m])
        inner[m] = 0.5 * time_factor * rise + inner_rotation[m]
    time_step[0] = 0.0
    time_step[last] = 0.0
    before_next, after_next = before[1:], after[1:]
    for m in range(last):
        growth = (after[m] + after_next[m]) - (before[m] + before_next[m])
        frequency_step[m] = -0.5 * frequency_factor * growth
    frequency_step[last] = 0.0


@compiled
def gradient_distance(gap, time_factor, frequency_factor, distance):
    """How far the target's gradients are from the content's, |dt| + |df| radians, from three frames of log ratio."""
    before, now, after = gap[0], gap[1], gap[2]
    last = distance.shape[0] - 1
    inner, now_low, now_high = distance[1:last], now[: last - 1], now[2:]
    for m in range(last - 1):
        inner[m] = abs(time_factor * (now_high[m] - now_low[m]))
    distance[0] = 0.0
    distance[last] = 0.0
    for m in range(last + 1):
        distance[m] += abs(frequency_factor * (after[m] - before[m]))


@compiled
def lean_on_content(gap, content_phase, distance, time_factor, frequency_factor, time_step, frequency_step):
    """Add to each step what the content's measured phase has over the content's own gradients.

    ``gap`` is log target - log content; ``content_phase`` and ``distance`` start with the frame before and this one.
    Where target == |content| the step becomes the content's own, exactly.
    """
    before, now, after = gap[0], gap[1], gap[2]
    phase_before, phase_now = content_phase[0], content_phase[1]
    distance_before, distance_now = distance[0], distance[1]
    last = time_step.shape[0] - 1
    inner_step = time_step[1:last]
    before_low, before_high, now_low, now_high = before[: last - 1], before[2:], now[: last - 1], now[2:]
    inner_before, inner_now = phase_before[1:last], phase_now[1:last]
    inner_distance_before, inner_distance_now = distance_before[1:last], distance_now[1:last]
    for m in range(last - 1):
        rise = (before_high[m] + now_high[m]) - (before_low[m] + now_low[m])
        content_step = inner_step[m] - 0.5 * time_factor * rise
        excess = inner_now[m] - inner_before[m] - content_step
        excess -= TWO_PI * np.rint(excess * TO_TURNS)
        apart = 0.5 * (inner_distance_before[m] + inner_distance_now[m]) * (1.0 / TRUST_RADIANS)
        doubt = 1.0 + apart * apart * (1.0 + TRUST_EXCESS * excess * excess)
        inner_step[m] += excess / (doubt * doubt)
    for edge in (0, last):
        time_step[edge] = phase_now[edge] - phase_before[edge]
    before_next, after_next = before[1:], after[1:]
    phase_next, distance_next = phase_now[1:], distance_now[1:]
    for m in range(last):
        growth = (after[m] + after_next[m]) - (before[m] + before_next[m])
        content_step = frequency_step[m] + 0.5 * frequency_factor * growth
        excess = phase_next[m] - phase_now[m] - content_step
        excess -= TWO_PI * np.rint(excess * TO_TURNS)
        apart = 0.5 * (distance_now[m] + distance_next[m]) * (1.0 / TRUST_RADIANS)
        doubt = 1.0 + apart * apart * (1.0 + TRUST_EXCESS * excess * excess)
        frequency_step[m] += excess / (doubt * doubt)


@compiled
def anchor(magnitude, content_phase, distance, phase):
    """Draw ``phase`` towards the content's where it is trusted, so that neither rounding nor the past stays."""
    otherness = 1.0 + (_mean(distance, magnitude) * (1.0 / SAME_RADIANS)) ** 2
    same = 1.0 / (otherness * otherness)
    for m in range(phase.shape[0]):
        away = content_phase[m] - phase[m]
        away -= TWO_PI * np.rint(away * TO_TURNS)
        apart = distance[m] * (1.0 / TRUST_RADIANS)
        doubt = 1.0 + apart * apart
        phase[m] += (same + (1.0 - same) * ANCHOR / (doubt * doubt)) * away


@compiled
def _mean(values, weights):
    total, weight = 0.0, 1e-30
    for m in range(values.shape[0]):
        total += weights[m] * values[m]
        weight += weights[m]
    return total / weight


@compiled
def integrate(log_magnitude, time_step, frequency_step, phase_before, queue, levels, phase):
    """Fill ``phase`` along the loudest path; bins below the tolerance keep what is in it.

    ``queue`` is int32 (BUCKETS + 2 bins,): the top of each bucket's stack, then the node under each node. Node m is
    bin m of the frame before, node bins + m is bin m of this one. ``levels`` is int32 (2, bins): the bucket of each
    node; in the second row it is QUIET below the tolerance and DONE once the bin has its phase.
    """
    top, under = queue[:BUCKETS], queue[BUCKETS:]
    bins = phase.shape[0]
    level = levels[1]
    _into_buckets(log_magnitude[0], log_magnitude[1], levels[0], level)
    left = _push_seeds(levels[0], level, top, under)
    loudest = BUCKETS - 1
    while left > 0:
        while top[loudest] == NOBODY:
            loudest -= 1
        node = top[loudest]
        top[loudest] = under[node]
        if node < bins:
            if level[node] >= 0:
                phase[node] = phase_before[node] + time_step[node]
                loudest = _reach(node, level, top, under, loudest)
                left -= 1
            continue
        m = node - bins
        if m + 1 < bins and level[m + 1] >= 0:
            phase[m + 1] = phase[m] + frequency_step[m]
            loudest = _reach(m + 1, level, top, under, loudest)
            left -= 1
        if m > 0 and level[m - 1] >= 0:
            phase[m - 1] = phase[m] - frequency_step[m - 1]
            loudest = _reach(m - 1, level, top, under, loudest)
            left -= 1


@compiled
def _into_buckets(before, now, level_before, level_now):
    peak = before[0]
    for m in range(now.shape[0]):
        louder = max(before[m], now[m])
        peak = louder if louder > peak else peak
    quietest = peak + LOG_TOLERANCE
    per_log = (BUCKETS - 1) / -LOG_TOLERANCE
    for m in range(now.shape[0]):
        level_before[m] = np.int32(max((before[m] - quietest) * per_log, 0.0))
        level_now[m] = np.int32((now[m] - quietest) * per_log) if now[m] > quietest else np.int32(QUIET)


@compiled
def _push_seeds(level_before, level_now, top, under):
    """Queue the frame before, where this one is above the tolerance; returns how many bins that are."""
    top[:] = NOBODY
    count = 0
    for m in range(level_now.shape[0]):
        if level_now[m] >= 0:
            under[m] = top[level_before[m]]
            top[level_before[m]] = m
            count += 1
    return count


@compiled
def _reach(m, level, top, under, loudest):
    """Queue bin m as a place to go on from and mark it done; returns the loudest bucket in use."""
    bucket = level[m]
    node = level.shape[0] + m
    under[node] = top[bucket]
    top[bucket] = node
    level[m] = DONE
    return max(loudest, bucket)


@compiled
def random_phases(level, random_state, phase):
    """Uniform phases for the bins whose level is QUIET, from the running xorshift64* generator in ``random_state``."""
    state = random_state[0]
    for m in range(phase.shape[0]):
        if level[m] == QUIET:
            state ^= state >> np.uint64(12)
            state ^= state << np.uint64(25)
            state ^= state >> np.uint64(27)
            draw = (state * np.uint64(2685821657736338717)) >> np.uint64(11)
            phase[m] = draw * (TWO_PI / 9007199254740992.0) - math.pi
    random_state[0] = state


@compiled
def wrap(phase):
    """Phases to +-pi, so that an endless stream loses no precision; 0 or pi at DC and Nyquist, which are real."""
    for m in range(phase.shape[0]):
        phase[m] -= TWO_PI * np.rint(phase[m] * TO_TURNS)
    for m in (0, phase.shape[0] - 1):
        phase[m] = math.pi if abs(phase[m]) > 0.5 * math.pi else 0.0
