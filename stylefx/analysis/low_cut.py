"""Low cut: what nobody hears, an offset, the swaying of a stand, a lorry, is taken out before anything listens.

A Butterworth high-pass of second order at `LOW_CUT_HZ`, nothing at 0 Hz: an offset is gone within a tenth of a second,
8 Hz lose 16 dB, an A0 (27.5 Hz) 1.1 dB, everything from 40 Hz on less than 0.3 dB. It runs in float64 in transposed
direct form II, so any chunking of a stream gives the same samples; a state among the denormal numbers, which
are slow, is 0. Latency: none. (The dry signal does not come this way.)
"""

from __future__ import annotations

import math

import numpy as np

from stylefx.jit import compiled

LOW_CUT_HZ = 20.0
# Far under the least that float32 audio can hold, far over the denormal numbers.
NOTHING = 1e-30
# After so many zeros the stream is silent, and so shall the filter be: its ringing fades by this much a sample.
SILENT_SAMPLES, FADE = 64, 0.98
# Of a Butterworth filter of second order. The fourth at 24 Hz holds 8 Hz down by 38 dB instead of 16, but the decoder,
# which has learnt without a cut, then misses what it knows of attacks: onsets 0.586 -> 0.547 (violin -> piano).
QUALITIES = (0.5**0.5,)


class LowCut:
    """Stage: samples (frames, channels) float32 -> the same without rumble, new."""

    latency_samples = 0

    def prepare(self, sample_rate: int, channels: int) -> None:
        """Fit the filter to a rate in Hz and forget the past."""
        self._sections = np.array([_section(LOW_CUT_HZ, quality, sample_rate) for quality in QUALITIES])
        self._state = np.zeros((channels, len(QUALITIES), 2))
        self._zeros = np.zeros(channels, np.int64)

    def reset(self) -> None:
        """As after a long silence."""
        self._state[:] = 0
        self._zeros[:] = 0

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next samples."""
        out = np.empty(block.shape, np.float32)
        _filter(block, self._sections, self._state, self._zeros, out)
        return out


def without_rumble(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """A whole recording, float32 (frames,) or (frames, channels), filtered as if its offset had always been."""
    block = np.asarray(audio, np.float32).reshape(len(audio), -1)
    block = block - block.mean(axis=0, dtype=np.float64).astype(np.float32)
    stage = LowCut()
    stage.prepare(sample_rate, block.shape[1])
    return stage.process(block).reshape(audio.shape)


def _section(hz: float, quality: float, sample_rate: int) -> np.ndarray:
    """Coefficients b0 b1 b2 a1 a2 of a high-pass (bilinear transform of s^2 / (s^2 + s / quality + 1))."""
    k = math.tan(math.pi * hz / sample_rate)
    scale = 1 / (1 + k / quality + k * k)
    return scale * np.array([1.0, -2.0, 1.0, 2 * (k * k - 1), 1 - k / quality + k * k])


@compiled
def _filter(block, sections, state, zeros, out):
    for channel in range(block.shape[1]):
        memory = state[channel]
        for n in range(block.shape[0]):
            value = float(block[n, channel])
            zeros[channel] = zeros[channel] + 1 if value == 0 else 0
            if zeros[channel] > SILENT_SAMPLES:
                for s in range(sections.shape[0]):
                    memory[s, 0] *= FADE
                    memory[s, 1] *= FADE
            for s in range(sections.shape[0]):
                b0, b1, b2, a1, a2 = sections[s]
                found = b0 * value + memory[s, 0]
                first = b1 * value - a1 * found + memory[s, 1]
                second = b2 * value - a2 * found
                memory[s, 0] = first if abs(first) > NOTHING else 0.0
                memory[s, 1] = second if abs(second) > NOTHING else 0.0
                value = found if abs(found) > NOTHING else 0.0
            out[n, channel] = value
