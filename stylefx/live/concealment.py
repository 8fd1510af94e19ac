"""Dropout concealment: the sound that goes out when the engine is not ready, joined to its neighbours without a click.

The delayed dry signal stands in for the wet one, with the gains that are set and below full scale as the engine would
play it. Wet and dry are cross-faded; when the wet signal stopped without notice, its last sample is held and faded
into the dry one; after a silence the sound fades in. While the engine keeps up, its samples pass untouched.
"""

from __future__ import annotations

import numpy as np

from stylefx.params import PARAMETERS, Controls
from stylefx.ramp import Gain, Ramp
from stylefx.ring import Fifo
from stylefx.synthesis.mix import limit

# Long enough that a fade is no click, short enough not to sound like two players.
FADE_SECONDS = 0.010


class DropoutConcealer:
    """For each block in order ``delay(block)``, then ``process``; ``gap()`` when silence was played.

    Parameters
    ----------
    sample_rate, channels : int
        Of the stream.
    latency_samples : int
        Delay of the wet signal, which the dry signal gets as well.
    max_block : int
        Longest block in frames.
    controls : Controls
        The engine's.
    """

    def __init__(
        self, sample_rate: int, channels: int, latency_samples: int, max_block: int, controls: Controls
    ):
        self._controls = controls
        self._gain = Gain(round(PARAMETERS["gain_out_db"].smoothing_seconds * sample_rate))
        self._dry = Fifo(channels, latency_samples + 2 * max_block)
        self._dry.fill(latency_samples)
        self._wet_share = Ramp(round(FADE_SECONDS * sample_rate))
        self._level = Ramp(round(FADE_SECONDS * sample_rate))
        self._held = np.zeros(channels, np.float32)

    def delay(self, block: np.ndarray) -> np.ndarray:
        """The dry signal (frames, channels) that belongs to this block's wet one."""
        self._dry.put(block)
        return self._dry.take(len(block))

    def gap(self) -> None:
        """Silence was played: whatever comes next fades in, and may begin with either signal."""
        self._level.reset()
        self._level.towards(0.0, 0)
        self._wet_share.reset()

    def process(self, dry: np.ndarray, wet: np.ndarray | None) -> np.ndarray:
        """What to play: ``wet`` (frames, channels) if there is one, else ``dry``, faded at a change."""
        dry = self._at_level(dry)
        share = self._wet_share.towards(0.0 if wet is None else 1.0, len(dry))[:, None]
        level = self._level.towards(1.0, len(dry))[:, None]
        if wet is None:
            out = dry if share[0] == 0 else share * self._held + (1 - share) * dry
        else:
            out = wet if share[0] == 1 else share * wet + (1 - share) * dry
            self._held = out[-1].copy()
        return out if level[0] == 1 else level * out

    def _at_level(self, dry: np.ndarray) -> np.ndarray:
        """The dry signal as the engine would play it; what it leaves alone stays the player's own."""
        settings = self._controls.settings
        raised = self._gain.process(dry, settings.gain_in_db + settings.gain_out_db)
        if raised is dry and (settings.bypass or settings.mix == 0):
            return dry
        return limit(raised)
