"""Rumble: sound below 200 Hz that neither the content nor the target has.

Mean amplitudes of each sound's third octaves from 25 to 200 Hz, against its own between 20 Hz and 4 kHz: how far the
output's stand over the higher of the content's and the target's (the clip's where there is no target), in the worst
band. What lies 45 dB down is not heard at these frequencies (ISO 226).
"""

from __future__ import annotations

import numpy as np

from benchmarks.artefacts.bands import Bands

# A third octave at 25 Hz is 6 Hz wide.
LOWS = Bands(low_hz=25.0, high_hz=200.0, whole_hz=(20.0, 4000.0), inaudible_db=-45.0, seconds=0.25)


def rumble_db(audio: np.ndarray, content: np.ndarray, known: np.ndarray, sample_rate: int) -> float:
    """How far the output (samples,) stands over content and ``known``, dB, in the worst low third octave."""
    return LOWS.excess_db(audio, content, known, sample_rate)
