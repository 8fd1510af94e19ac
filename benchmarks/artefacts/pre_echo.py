"""Pre-echo: what sounds before an onset, against what the reference has there.

An STFT spreads every frame over its whole window, so a window of w seconds explains energy up to w before an attack:
the reference's power, smeared by the square of the window twice (analysis and synthesis, frames of unrelated phase).
What stands over that is the engine's own fault.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.signal

from benchmarks.artefacts.levels import onsets
from stylefx.analysis.window import gauss_window

BEFORE_SECONDS = (0.045, 0.005)
AFTER_SECONDS = 0.05
# An attack out of less than this much quiet says nothing.
RISE_DB = 15.0
# Nobody hears what lies so far under the attack that follows it.
FLOOR_DB = -60.0


def pre_echo_db(
    audio: np.ndarray, references: Sequence[np.ndarray], sample_rate: int, window_seconds: float = 0.0
) -> float:
    """Median over the sharp onsets of the level before them, over the highest of the references'; nan without any.

    Levels are relative to those after the onset. An onset counts where it is sharp in every reference: content,
    and target where one is known. With ``window_seconds`` each reference is first smeared as a window of that
    length would.
    """
    length = min(len(audio), *(len(reference) for reference in references))
    played, *wanted = (x[:length].astype(np.float64) ** 2 for x in (audio, *references))
    allowed = [_smeared(power, round(window_seconds * sample_rate)) for power in wanted]
    excess = []
    for near in onsets(references[0][:length], sample_rate):
        onset = _sharpest(wanted[0], int(near), sample_rate)
        if max(_before_db(power, onset, sample_rate) for power in wanted) < -RISE_DB:
            before = max(_before_db(power, onset, sample_rate) for power in allowed)
            excess.append(max(_before_db(played, onset, sample_rate), FLOOR_DB) - max(before, FLOOR_DB))
    return float(np.median(excess)) if excess else float("nan")


def _sharpest(power: np.ndarray, near: int, sample_rate: int) -> int:
    """Where, within 60 ms, 3 ms rise the most over the 3 ms before."""
    reach, short = round(0.06 * sample_rate), round(0.003 * sample_rate)
    start = max(near - reach, short)
    sums = np.cumsum(np.r_[0.0, power])
    at = np.arange(start, min(near + reach, len(power) - short))
    if not len(at):
        return near
    rise = (sums[at + short] - sums[at]) - (sums[at] - sums[at - short])
    return int(at[np.argmax(rise)])


def _before_db(power: np.ndarray, onset: int, sample_rate: int) -> float:
    early, late = (round(seconds * sample_rate) for seconds in BEFORE_SECONDS)
    before = power[max(onset - early, 0) : max(onset - late, 1)].mean()
    after = power[onset : onset + round(AFTER_SECONDS * sample_rate)].mean()
    return float(10 * np.log10((before + 1e-16) / (after + 1e-16)))


def _smeared(power: np.ndarray, window: int) -> np.ndarray:
    if window < 2:
        return power
    kernel = gauss_window(window // 2 * 2) ** 2
    for _ in range(2):
        power = np.maximum(scipy.signal.fftconvolve(power, kernel / kernel.sum(), "same"), 0)
    return power
