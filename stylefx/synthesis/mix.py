"""Mix: finished hops become blocks again, meet the delayed dry signal, and leave at most at full scale.

The wet signal is late by the latency of the chain, so the dry signal is delayed by exactly that. A limiter holds
the wet signal only: with ``mix`` 0 the input comes back bit for bit.
"""

from __future__ import annotations

import numpy as np

from stylefx.params import PARAMETERS, Settings
from stylefx.synthesis.ramp import Gain, Ramp

# Above this level the soft knee begins, below it the wet signal is untouched: -0.2 dB, what the limiter aims at.
KNEE = 0.98


class Fifo:
    """First in, first out, for samples (frames, channels); grows only when more than ever is waiting."""

    def __init__(self, channels: int, capacity: int):
        self._data = np.zeros((capacity, channels), np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def fill(self, silence: int) -> None:
        """Empty it, then put ``silence`` samples of silence."""
        self._length = 0
        self.put(np.zeros((silence, self._data.shape[1]), np.float32))

    def put(self, samples: np.ndarray) -> None:
        """Append ``samples`` (frames, channels)."""
        end = self._length + len(samples)
        if end > len(self._data):
            self._data = np.concatenate(
                [self._data, np.zeros_like(self._data, shape=(end, self._data.shape[1]))]
            )
        self._data[self._length : end] = samples
        self._length = end

    def take(self, count: int) -> np.ndarray:
        """Remove and return the oldest ``count`` samples."""
        taken = self._data[:count].copy()
        self._data[: self._length - count] = self._data[count : self._length]
        self._length -= count
        return taken


class Mix:
    """Stage: dry blocks and wet hops in, blocks of the dry block's length out, ``latency_samples`` late."""

    def prepare(
        self, sample_rate: int, channels: int, max_block: int, lead_in: int, latency_samples: int
    ) -> None:
        """Size both queues.

        ``latency_samples`` is the sum over the stages before; ``lead_in`` is the silence that the wet queue starts
        with, so that a block of any size finds its samples: the most that a path holds back between two hops.
        """
        self.latency_samples = latency_samples
        capacity = 2 * latency_samples + 2 * max_block
        self._lead_in = lead_in
        self._wet, self._dry = Fifo(channels, capacity), Fifo(channels, capacity)
        self._share = Ramp(round(PARAMETERS["mix"].smoothing_seconds * sample_rate))
        self._gain = Gain(round(PARAMETERS["gain_out_db"].smoothing_seconds * sample_rate))
        self.reset()

    def reset(self) -> None:
        """Back to silence."""
        self._wet.fill(self._lead_in)
        self._dry.fill(self.latency_samples)
        self._share.reset()
        self._gain.reset()

    def put_wet(self, hop: np.ndarray) -> None:
        """Queue one finished hop (hop, channels)."""
        self._wet.put(hop)

    def process(self, block: np.ndarray, settings: Settings) -> np.ndarray:
        """As many samples as ``block`` (frames, channels) holds: ``settings.mix`` of them wet, none in bypass."""
        self._dry.put(block)
        both = np.concatenate([self._dry.take(len(block)), self._wet.take(len(block))], axis=1)
        dry, wet = np.split(self._gain.process(both, settings.gain_out_db), 2, axis=1)
        share = self._share.towards(0.0 if settings.bypass else settings.mix, len(block))[:, None]
        return (1 - share) * dry + share * limit(wet)


def limit(samples: np.ndarray) -> np.ndarray:
    """Soft limiter without memory: exact below ``KNEE``, never beyond full scale."""
    level = np.abs(samples)
    if level.max(initial=0.0) <= KNEE:
        return samples
    bent = KNEE + (1 - KNEE) * np.tanh((level - KNEE) / (1 - KNEE))
    return np.where(level > KNEE, np.copysign(bent, samples), samples).astype(np.float32)
