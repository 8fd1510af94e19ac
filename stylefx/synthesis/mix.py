"""Mix: finished hops become blocks again, meet the delayed dry signal, and leave at most at full scale.

The wet signal is late by the latency of the chain, so the dry signal is delayed by exactly that. A limiter holds
the wet signal only: with ``mix`` 0 the input comes back bit for bit.
"""

from __future__ import annotations

import numpy as np

# Above this level the limiter's knee begins; below it the wet signal is untouched (-0.5 dB).
KNEE = 0.944
# A change of `mix` is spread over this time: long enough to hide the step, short enough to feel immediate.
RAMP_SECONDS = 0.02


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


class Ramp:
    """A parameter that moves linearly, sample by sample, so that any chunking of the stream moves it alike."""

    def __init__(self, samples: int):
        self._samples = max(1, samples)
        self.reset()

    def reset(self) -> None:
        """The next target is reached at once."""
        self._start = self._target = np.nan
        self._elapsed = 0

    def towards(self, target: float, length: int) -> np.ndarray:
        """The next ``length`` values on the way to ``target``, float32."""
        if target != self._target:
            self._start = target if np.isnan(self._target) else float(self._values(np.array([0]))[0])
            self._target, self._elapsed = target, 0
        values = self._values(np.arange(1, length + 1))
        self._elapsed = min(self._elapsed + length, self._samples)
        return values.astype(np.float32)

    def _values(self, ahead: np.ndarray) -> np.ndarray:
        part = np.minimum(self._elapsed + ahead, self._samples) / self._samples
        # Exact at both ends: mix 0 and mix 1 must be bit-true once reached.
        return self._start * (1 - part) + self._target * part


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
        self._ramp = Ramp(round(RAMP_SECONDS * sample_rate))
        self.reset()

    def reset(self) -> None:
        """Back to silence."""
        self._wet.fill(self._lead_in)
        self._dry.fill(self.latency_samples)
        self._ramp.reset()

    def put_wet(self, hop: np.ndarray) -> None:
        """Queue one finished hop (hop, channels)."""
        self._wet.put(hop)

    def process(self, block: np.ndarray, mix: float) -> np.ndarray:
        """Return as many samples as ``block`` (frames, channels) holds, ``mix`` of them wet."""
        self._dry.put(block)
        dry, wet = self._dry.take(len(block)), limit(self._wet.take(len(block)))
        amount = self._ramp.towards(mix, len(block))[:, None]
        return (1 - amount) * dry + amount * wet


def limit(samples: np.ndarray) -> np.ndarray:
    """Soft limiter without memory: exact below ``KNEE``, never beyond full scale."""
    level = np.abs(samples)
    if level.max(initial=0.0) <= KNEE:
        return samples
    bent = KNEE + (1 - KNEE) * np.tanh((level - KNEE) / (1 - KNEE))
    return np.where(level > KNEE, np.copysign(bent, samples), samples).astype(np.float32)
