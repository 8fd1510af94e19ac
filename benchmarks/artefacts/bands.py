"""Mean amplitudes of third octaves, and how far an output's stand over those of what it was made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TINY = 1e-10


@dataclass(frozen=True)
class Bands:
    """Third octaves from ``low_hz`` to ``high_hz``, against the whole from ``whole_hz[0]`` to ``whole_hz[1]``.

    ``inaudible_db``: what lies so far under the whole is not heard. ``seconds``: the window.
    """

    low_hz: float
    high_hz: float
    whole_hz: tuple[float, float]
    inaudible_db: float
    seconds: float

    def levels_db(self, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """Mean amplitude of each third octave of a sound (samples,) that its rate has, dB of that of the whole."""
        size = round(self.seconds * sample_rate)
        padded = np.pad(audio, (0, max(0, size - len(audio))))
        frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 2]
        power = np.abs(np.fft.rfft(frames * np.blackman(size))) ** 2
        hz = np.fft.rfftfreq(size, 1 / sample_rate)

        def amplitude(low: float, high: float) -> float:
            return float(np.sqrt(power[:, (hz >= low) & (hz < high)].sum(axis=1)).mean())

        edges = self.low_hz * 2 ** (np.arange(round(3 * np.log2(self.high_hz / self.low_hz))) / 3)
        found = [amplitude(low, low * 2 ** (1 / 3)) for low in edges if 2 * low < sample_rate]
        return 20 * np.log10(np.array(found) / (amplitude(*self.whole_hz) + TINY) + TINY)

    def excess_db(self, audio: np.ndarray, content: np.ndarray, known: np.ndarray, sample_rate: int) -> float:
        """How far the output (samples,) stands over the higher of content and ``known``, dB, in the worst band."""
        output, *others = (self.levels_db(sound, sample_rate) for sound in (audio, content, known))
        return float((output - np.maximum(np.maximum(*others), self.inaudible_db)).max())
