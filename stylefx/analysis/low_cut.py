"""Low cut: an offset or a rumble below hearing is taken out, and only then; music passes bit for bit.

What lies below 26 Hz is inaudible, but the decoder would answer it with sound and the loudness stage would give that
sound its level. A high-pass that is always on is no way out: the attack of a struck note has a little down there too,
by which the decoder knows it, and a filter without latency moves the phase of low notes. So the powers below and above
the corner are compared, each over the last 50 ms, and the high-passed signal takes over as the lower one nears the
higher: an offset in a rest, wind, a fan, a hand on the stand.

Two Butterworth filters of sixth order, as biquads by the bilinear transform. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.jit import compiled

CORNER_HZ = 26.0
# Of the three pole pairs of a Butterworth filter of sixth order.
QUALITY_FACTORS = 1 / (2 * np.cos(np.pi * np.array([1, 3, 5]) / 12))
MEMORY_SECONDS = 0.05
# Power below the corner over power above it: where the high-passed signal begins to take over, and where it is alone.
FROM_RATIO, TO_RATIO = 0.1, 1.0
# A power of -120 dB under full scale counts as nothing; filters that hold less than TINY hold zero (denormals).
NOTHING, TINY = 1e-12, 1e-30
SETTLING_SECONDS = 1.0


class LowCut:
    """Stage: samples float32 (frames, channels) in and out, all channels alike."""

    latency_samples = 0

    def prepare(self, sample_rate: int, channels: int) -> None:
        """Make the filters for a rate in Hz and forget the past."""
        self._sections = np.stack([_butterworth(sample_rate, kind) for kind in ("low", "high")])
        self._state = np.zeros((channels, 2, len(QUALITY_FACTORS), 2))
        self._powers = np.zeros(2)
        self._decay = float(np.exp(-1 / (MEMORY_SECONDS * sample_rate)))

    def reset(self) -> None:
        """Forget every sample."""
        self._state[:] = 0
        self._powers[:] = 0

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next samples.

        Parameters
        ----------
        block : float32 (frames, channels)
            Any number of frames.

        Returns
        -------
        float32 (frames, channels)
            ``block`` itself where nothing is to be cut.
        """
        cut = np.empty(block.shape, np.float32)
        ratios = (FROM_RATIO, TO_RATIO)
        if _cut(block, cut, self._sections, self._state, self._powers, self._decay, ratios, NOTHING, TINY):
            return cut
        return block


def without_rumble(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """A whole clip, float32 (frames, channels), less its offset, through the stage settled on its first second."""
    audio = audio - audio.mean(axis=0, dtype=np.float64).astype(np.float32)
    stage = LowCut()
    stage.prepare(sample_rate, audio.shape[1])
    stage.process(audio[: round(SETTLING_SECONDS * sample_rate)])
    return stage.process(audio)


def _butterworth(sample_rate: int, kind: str) -> np.ndarray:
    """Biquads (3, 5) of a ``low`` or ``high`` pass: b0, b1, b2, a1, a2 where a0 is 1."""
    corner = np.tan(np.pi * CORNER_HZ / sample_rate)
    scale = 1 / (1 + corner / QUALITY_FACTORS + corner**2)
    gain, sign = (corner**2, 2) if kind == "low" else (1, -2)
    zeros = gain * scale
    a2 = (1 - corner / QUALITY_FACTORS + corner**2) * scale
    return np.stack([zeros, sign * zeros, zeros, 2 * (corner**2 - 1) * scale, a2], axis=1)


@compiled
def _cut(
    block: np.ndarray,
    cut: np.ndarray,
    sections: np.ndarray,
    state: np.ndarray,
    powers: np.ndarray,
    decay: float,
    ratios: tuple[float, ...],
    nothing: float,
    tiny: float,
) -> bool:
    """Fill ``cut``; whether any sample of it differs from ``block``."""
    frames, channels = block.shape
    touched = False
    for frame in range(frames):
        for band in range(2):
            power = 0.0
            for channel in range(channels):
                value = float(block[frame, channel])
                for section in range(sections.shape[1]):
                    b0, b1, b2, a1, a2 = sections[band, section]
                    memory = state[channel, band, section]
                    out = b0 * value + memory[0]
                    memory[0] = b1 * value - a1 * out + memory[1]
                    memory[1] = b2 * value - a2 * out
                    for place in range(2):
                        if abs(memory[place]) < tiny:
                            memory[place] = 0.0
                    value = out
                power += value * value
                cut[frame, channel] = value
            powers[band] = decay * powers[band] + (1 - decay) * power
            if powers[band] < tiny:
                powers[band] = 0.0
        ratio, share = powers[0] / (powers[1] + nothing), 0.0
        if ratio > ratios[0]:
            share = min(1.0, np.log(ratio / ratios[0]) / np.log(ratios[1] / ratios[0]))
            touched = True
        for channel in range(channels):
            dry = block[frame, channel]
            cut[frame, channel] = dry if share == 0 else dry + share * (cut[frame, channel] - dry)
    return touched
