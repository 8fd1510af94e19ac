"""The level that features are relative to: the loudest bin lately, so that a loud take and a quiet one look alike."""

from __future__ import annotations

import numpy as np

# Slow enough that the decay of a note is seen as a decay.
FADE_SECONDS = 2.0
# Log magnitude of what is not there, relative to the reference: -140 dB.
TINY = 1e-7


class Reference:
    """Running peak of magnitudes, fading by 1/e in `FADE_SECONDS`."""

    def __init__(self, step_seconds: float):
        self._fade = float(np.exp(-step_seconds / FADE_SECONDS))
        self.level = 0.0

    def follow(self, magnitude: np.ndarray) -> float:
        """Hear one frame (bins,); return the reference level."""
        self.level = max(self.level * self._fade, float(magnitude.max()))
        return self.level


def log_relative(magnitude: np.ndarray, level: float) -> np.ndarray:
    """Natural log of ``magnitude`` over ``level``, float32; never below log of `TINY`."""
    return np.log(magnitude / np.float32(level) + np.float32(TINY), dtype=np.float32)
