"""The time-frequency grid of a stream: window, FFT and hop lengths for its sample rate.

The engine runs at the stream's own rate, so nothing is resampled on the way to the loudspeaker (a good
resampler costs 20 ms each way). Instead the lengths scale with the rate, over powers of two and three times a
power of two, so that a frame always lasts about the same time: 46 ms at 44.1 kHz, 43 ms at 48 kHz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from stylefx.errors import StylefxError

NOMINAL_RATE = 44_100
# Gauss 2048 in a 4096 FFT, hop 256: of the settings under 60 ms, where streaming phase reconstruction is best.
NOMINAL_WINDOW = 2048
HOPS_PER_WINDOW = 8
MIN_RATE, MAX_RATE = 4_000, 768_000


@dataclass(frozen=True)
class Grid:
    """Lengths in samples. ``window_length`` is zero-padded to ``n_fft``; frames start every ``hop`` samples."""

    sample_rate: int
    window_length: int
    n_fft: int
    hop: int

    @property
    def bins(self) -> int:
        """Number of frequency bins, ``n_fft // 2 + 1``."""
        return self.n_fft // 2 + 1

    @property
    def bin_hz(self) -> float:
        """Distance between two bins in Hz."""
        return self.sample_rate / self.n_fft

    @property
    def hop_seconds(self) -> float:
        """Time between two frames in seconds."""
        return self.hop / self.sample_rate


def grid_for(sample_rate: int) -> Grid:
    """The grid for a sample rate in Hz: the window of 2^a or 3 * 2^a samples nearest (in ratio) to 46 ms."""
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise StylefxError(
            f"sample rate {sample_rate} Hz is outside {MIN_RATE} to {MAX_RATE} Hz: convert the audio first"
        )
    ideal = NOMINAL_WINDOW * sample_rate / NOMINAL_RATE
    octave = 2 ** math.floor(math.log2(ideal))
    candidates = (octave, octave * 3 // 2, octave * 2)
    window = min(candidates, key=lambda length: abs(math.log2(length / ideal)))
    return Grid(int(sample_rate), window, 2 * window, window // HOPS_PER_WINDOW)
