"""The plain start: every frame gives up its own spectral envelope and takes the clip's.

The envelope is the first cepstral coefficients of the log magnitude (homomorphic deconvolution, Oppenheim & Schafer
1968; cross-synthesis in Zölzer, DAFX, section 8.4), smooth over about 1.1 kHz, so that partials stay where the player
put them. Needs no memory of what was played, so it is right from the first frame. Latency: none.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from stylefx.analysis.axis import Writer, axis_hz
from stylefx.analysis.grid import Grid

# Cepstral coefficients reach up to this quefrency: 40 samples at 44.1 kHz.
QUEFRENCY_SECONDS = 40 / 44_100
# Bins this far under the frame's loudest are taken for this level: rounding must not shape the envelope.
RANGE_DB = 100.0
SILENCE = 1e-9
# No frame is bent further than this: what is not in the content cannot be turned up out of its noise.
LIMIT_DB = 40.0


class Envelope:
    """Cepstral envelope of log magnitudes on ``grid``."""

    def __init__(self, grid: Grid):
        self._n_fft = grid.n_fft
        kept = max(2, round(QUEFRENCY_SECONDS * grid.sample_rate))
        self._lifter = np.zeros(grid.bins, np.float32)
        self._lifter[:kept] = 1
        # The log magnitude is even, so its cepstrum is real and a cosine transform of type 1 finds it.
        self._lifter[kept - 1] = 0.5

    def of(self, log_magnitude: np.ndarray) -> np.ndarray:
        """Envelopes of (..., bins), float32 of the same shape."""
        cepstrum = scipy.fft.dct(log_magnitude, type=1, axis=-1)
        return scipy.fft.idct(cepstrum * self._lifter, type=1, axis=-1)


def log_magnitude(magnitude: np.ndarray) -> np.ndarray:
    """Natural log of (..., bins), not below `RANGE_DB` under each frame's loudest bin."""
    floor = magnitude.max(axis=-1, keepdims=True) * np.float32(10 ** (-RANGE_DB / 20)) + np.float32(SILENCE)
    return np.log(np.maximum(magnitude, floor))


class EnvelopeStart:
    """Stage: content magnitude (bins,) -> start magnitude (bins,), both float32.

    ``envelope`` (positions,) is the clip's mean log envelope on the frequency axis.
    """

    latency_samples = 0

    def __init__(self, envelope: np.ndarray):
        self._on_axis = envelope

    def prepare(self, grid: Grid) -> None:
        """Bring the clip's envelope to the bins of ``grid``."""
        self._envelope = Envelope(grid)
        self._style = Writer(grid, axis_hz()).write(self._on_axis.astype(np.float32))
        self._limit = np.float32(LIMIT_DB / 20 * np.log(10))

    def reset(self) -> None:
        """Nothing is remembered."""

    def process(self, magnitude: np.ndarray) -> np.ndarray:
        """One frame.

        Parameters
        ----------
        magnitude : float32 (bins,)
            The content's.

        Returns
        -------
        float32 (bins,)
            At any level: the chain gives every frame its loudness back.
        """
        log = log_magnitude(magnitude)
        gain = self._style - self._envelope.of(log)
        gain -= gain[int(np.argmax(log))]
        return magnitude * np.exp(np.clip(gain, -self._limit, self._limit))

    hold = process
