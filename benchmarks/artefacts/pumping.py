"""Pumping: the level moves where neither the notes nor the reference do.

The gain between output and reference, in dB every 10 ms, is looked at from 60 ms after each of the reference's onsets
to the next: a straight line there is another decay, which is style; what wavers about the line is pumping.
"""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks.artefacts.levels import level_db, onsets

STEP_SECONDS, WINDOW_SECONDS = 0.01, 0.04
ATTACK_SECONDS, SHORTEST_SECONDS = 0.06, 0.2
RANGE_DB = 40.0


def pumping_db(audio: np.ndarray, reference: np.ndarray, sample_rate: int) -> float:
    """RMS of the gain about its line within a note, dB: the median over notes; nan without long enough notes."""
    length = min(len(audio), len(reference))
    played, wanted = (
        level_db(x[:length], sample_rate, WINDOW_SECONDS, STEP_SECONDS) for x in (audio, reference)
    )
    sounding = (wanted > wanted.max() - RANGE_DB) & (played > played.max() - RANGE_DB)
    gain = played - wanted
    starts = np.r_[0, onsets(reference[:length], sample_rate) / (STEP_SECONDS * sample_rate), len(gain)]
    found = []
    for begin, end in itertools.pairwise(starts):
        frames = np.arange(int(begin + ATTACK_SECONDS / STEP_SECONDS), int(end))
        frames = frames[sounding[frames]] if len(frames) else frames
        if len(frames) >= SHORTEST_SECONDS / STEP_SECONDS:
            line = np.polyval(np.polyfit(frames, gain[frames], 1), frames)
            found.append(np.sqrt(np.mean((gain[frames] - line) ** 2)))
    return float(np.median(found)) if found else float("nan")
