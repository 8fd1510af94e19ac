"""The time-frequency grid of a stream: window, FFT and hop lengths for its sample rate and latency profile.

The engine runs at the stream's own rate, so nothing is resampled on the way to the loudspeaker (a good
resampler costs 20 ms each way). Instead the lengths scale with the rate, over powers of two and three times a
power of two, so that a frame always lasts about the same time: 46 ms at 44.1 kHz, 43 ms at 48 kHz.

What is heard late is the synthesis window and the frames looked ahead, not the analysis window. So the quicker profiles
keep the long analysis window, which tells the partials of a note apart, move its peak towards the newest samples, and
play only its end (Mauler & Martin 2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from stylefx.checks import choice
from stylefx.errors import StylefxError

NOMINAL_RATE = 44_100
# Gauss 2048 in a 4096 FFT, hop 256: of the settings under 60 ms, where streaming phase reconstruction is best.
NOMINAL_WINDOW = 2048
MIN_RATE, MAX_RATE = 4_000, 768_000


@dataclass(frozen=True)
class Profile:
    """How a latency is reached.

    Attributes
    ----------
    hops_per_window
        Length of the analysis window.
    hops_played
        Length of its end that is played.
    hops_per_answer
        Hops for which an answer of decoder and optimiser is held; they learnt on hops of an eighth of a window.
    """

    hops_per_window: int
    hops_played: int
    hops_per_answer: int


PROFILES = {"normal": Profile(8, 8, 1), "low": Profile(8, 5, 1), "lowest": Profile(16, 5, 2)}
# The frames of "normal", which wait until the notes have been heard out: for files.
STUDIO = "studio"
LATENCIES = (STUDIO, *PROFILES)


@dataclass(frozen=True)
class Grid:
    """Lengths in samples. ``window_length`` is zero-padded to ``n_fft``; frames start every ``hop`` samples.

    Of a frame the last ``end_length`` samples are played; None is all of them. Decoder and optimiser answer every
    ``hops_per_answer``-th frame.
    """

    sample_rate: int
    window_length: int
    n_fft: int
    hop: int
    end_length: int | None = None
    hops_per_answer: int = 1

    @property
    def played_length(self) -> int:
        """Length of the synthesis window."""
        return self.end_length or self.window_length

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

    @property
    def of_answers(self) -> Grid:
        """The grid of those frames alone that decoder and optimiser answer."""
        return replace(self, hop=self.hop * self.hops_per_answer)


def grid_for(sample_rate: int, latency: str = "normal") -> Grid:
    """The grid for a rate in Hz and a profile: the window of 2^a or 3 * 2^a samples nearest (in ratio) to 46 ms."""
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise StylefxError(
            f"sample rate {sample_rate} Hz is outside {MIN_RATE} to {MAX_RATE} Hz: convert the audio first"
        )
    check_latency(latency)
    profile = PROFILES["normal" if latency == STUDIO else latency]
    ideal = NOMINAL_WINDOW * sample_rate / NOMINAL_RATE
    octave = 2 ** math.floor(math.log2(ideal))
    candidates = (octave, octave * 3 // 2, octave * 2)
    window = min(candidates, key=lambda length: abs(math.log2(length / ideal)))
    hop = window // profile.hops_per_window
    return Grid(int(sample_rate), window, 2 * window, hop, profile.hops_played * hop, profile.hops_per_answer)


def check_latency(latency: str) -> None:
    """UsageError unless this is a profile."""
    choice(latency, "latency", LATENCIES)
