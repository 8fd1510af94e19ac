"""Clicks: what no neighbouring sample announces, against the sound around it.

The residual of a linear prediction (order 24, frames of 46 ms) is flat for sound and one tall spike for a click. Two
figures: spikes a second that the reference does not have, and how far the residual rises, on average over the whole
recording, at the worst place in a hop: where frames or blocks meet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg
import scipy.ndimage
import scipy.signal

ORDER = 24
FRAME_SECONDS = 0.046
# A spike stands this far over the median residual around it: plucked and bowed strings reach 12.
SPIKE_RATIO = 22.0
# A spike so near to a lesser one of the reference is the reference's own attack.
SAME_SECONDS, SAME_RATIO = 0.012, 9.0
# Spikes nearer than this are one click; residuals this far under the loudest sample are none.
ONE_CLICK_SECONDS, SILENCE_DB = 0.005, -100.0


def prediction_residual(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """|residual| over its median of the frame around, float64 (samples,); 1 is ordinary."""
    length = int(FRAME_SECONDS * sample_rate) // 2 * 2
    hop = length // 2
    padded = np.pad(audio.astype(np.float64), (length, length + hop))
    ratio = np.zeros(len(padded))
    window = np.hanning(length)
    least = np.abs(audio).max(initial=0.0) * 10 ** (SILENCE_DB / 20) + 1e-12
    for start in range(hop, len(padded) - length, hop):
        frame = padded[start : start + length]
        windowed = frame * window
        power = np.abs(np.fft.rfft(windowed, 2 * length)) ** 2
        correlation = np.fft.irfft(power)[: ORDER + 1]
        # White noise 90 dB down keeps the equations solvable for pure tones.
        correlation[0] = correlation[0] * (1 + 1e-9) + 1e-20
        coefficients = scipy.linalg.solve_toeplitz(correlation[:-1], correlation[1:])
        # The quarter at either side belongs to the neighbours.
        first, last = start + hop // 2, start + hop // 2 + hop
        found = scipy.signal.lfilter(np.r_[1, -coefficients], 1, padded[first - ORDER : last])[ORDER:]
        ratio[first:last] = np.abs(found) / (np.median(np.abs(found)) + least)
    return ratio[length : length + len(audio)]


def clicks_per_second(audio: np.ndarray, references: Sequence[np.ndarray], sample_rate: int) -> float:
    """Spikes of ``audio`` that none of the ``references``, all (samples,) and in time, has."""
    residual = prediction_residual(audio, sample_rate)
    same = 2 * int(SAME_SECONDS * sample_rate) + 1
    spikes = residual > SPIKE_RATIO
    for reference in references:
        own = scipy.ndimage.maximum_filter1d(prediction_residual(reference, sample_rate), same)
        spikes[: len(own)] &= own[: len(spikes)] < SAME_RATIO
    places = np.flatnonzero(spikes)
    separate = np.diff(places, prepend=-sample_rate) > ONE_CLICK_SECONDS * sample_rate
    return float(separate.sum() / (len(audio) / sample_rate))


def border_db(audio: np.ndarray, sample_rate: int, hop: int) -> float:
    """Mean residual level at the worst place in a hop over that at the median place, dB."""
    residual = prediction_residual(audio, sample_rate)
    hops = residual[: len(residual) // hop * hop].reshape(-1, hop)
    hops = hops[hops.max(axis=1) > 0]
    if not len(hops):
        return 0.0
    # The mean of logs: one attack of the music must not decide for its place in the hop.
    profile = 20 * np.log10(np.maximum(hops, 0.01)).mean(axis=0)
    return float(profile.max() - np.median(profile))
