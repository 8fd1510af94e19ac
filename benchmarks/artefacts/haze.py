"""Haze: sound above 4 kHz that neither the content nor the clip has.

Mean amplitudes of each sound's third octaves from 4 to 16 kHz, against its own between 250 Hz and 4 kHz: how far the
output's stand over the higher of the content's and the clip's, in the worst band. What lies 70 dB down is not heard.
"""

from __future__ import annotations

import numpy as np

from benchmarks.artefacts.bands import Bands

HIGHS = Bands(low_hz=4000.0, high_hz=16_000.0, whole_hz=(250.0, 4000.0), inaudible_db=-70.0, seconds=0.05)


def haze_db(audio: np.ndarray, content: np.ndarray, clip: np.ndarray, sample_rate: int) -> float:
    """How far the output (samples,) stands over content and clip, dB, in the worst third octave above 4 kHz."""
    return HIGHS.excess_db(audio, content, clip, sample_rate)
