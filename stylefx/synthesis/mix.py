"""Mix: finished hops become blocks again, meet the delayed dry signal, and leave at most at full scale.

The wet signal is late by the latency of the chain, so the dry signal is delayed by exactly that. Whatever the share
of each, the mix is as loud as they are. What leaves is held below full scale, whatever the settings; only where
``mix`` is 0 and no gain is set does the input come back bit for bit, as it is. A bypass is a mix of 0, with the engine
playing on behind it, so both ways are a cross-fade at one level.
"""

from __future__ import annotations

import numpy as np

from stylefx.params import PARAMETERS, Settings
from stylefx.ramp import Gain, Ramp
from stylefx.ring import Fifo
from stylefx.synthesis.wet_dry_coherence import COLUMNS, WetDryCoherence, level_gain

# Above this level the soft knee begins, below it the wet signal is untouched: -0.2 dB, what the limiter aims at.
KNEE = 0.98


class Mix:
    """Stage: a dry block in, then the wet hops that it made, then as many samples out, ``latency_samples`` late."""

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
        self._energies, self._coherence = Fifo(COLUMNS, capacity), WetDryCoherence(sample_rate)
        self._share = Ramp(round(PARAMETERS["mix"].smoothing_seconds * sample_rate))
        self._gain = Gain(round(PARAMETERS["gain_out_db"].smoothing_seconds * sample_rate))
        self.reset()

    def reset(self) -> None:
        """Back to silence."""
        self._wet.fill(self._lead_in)
        self._energies.fill(self._lead_in)
        self._dry.fill(self.latency_samples)
        self._coherence.reset()
        self._share.reset()
        self._gain.reset()

    def put_dry(self, block: np.ndarray) -> None:
        """Queue the next block of the input.

        Parameters
        ----------
        block : float32 (frames, channels)
        """
        self._dry.put(block)

    def put_wet(self, hop: np.ndarray) -> None:
        """Queue one finished hop; the dry samples that belong to it are there.

        Parameters
        ----------
        hop : float32 (hop, channels)
        """
        self._energies.put(self._coherence.update(self._dry.peek(len(self._wet), len(hop)), hop))
        self._wet.put(hop)

    def take(self, length: int, settings: Settings) -> np.ndarray:
        """The next samples of the output.

        Parameters
        ----------
        length : int
            How many.
        settings : Settings
            Where mix, output gain and bypass are to go from here.

        Returns
        -------
        float32 (length, channels)
            ``settings.mix`` of them wet, none in bypass.
        """
        share = self._share.towards(0.0 if settings.bypass else settings.mix, length)
        share = np.clip(share, 0, 1)
        dry, wet, energies = (queue.take(length) for queue in (self._dry, self._wet, self._energies))
        mixed = _mixed(dry, wet, share, energies)
        raised = self._gain.process(mixed, settings.gain_out_db)
        limited = limit(raised)
        if limited is raised:
            return raised
        # Sample by sample, so that it does not matter how the stream was cut.
        return np.where((share == 0)[:, None] & (raised == mixed), raised, limited)


def _mixed(dry: np.ndarray, wet: np.ndarray, share: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Dry and wet (frames, channels) at the wet one's ``share`` (frames,)."""
    if not share.any():
        return dry
    if (share == 1).all():
        return wet
    gain = level_gain(share, energies)
    return (gain * (1 - share))[:, None] * dry + (gain * share)[:, None] * wet


def limit(samples: np.ndarray) -> np.ndarray:
    """Soft limiter without memory: exact below ``KNEE``, never beyond full scale."""
    level = np.abs(samples)
    if level.max(initial=0.0) <= KNEE:
        return samples
    bent = KNEE + (1 - KNEE) * np.tanh((level - KNEE) / (1 - KNEE))
    return np.where(level > KNEE, np.copysign(bent, samples), samples).astype(np.float32)
