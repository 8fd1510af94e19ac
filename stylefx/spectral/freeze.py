"""Freeze: the target of one moment stays, and its phase goes on.

The content's spectrum of that moment keeps turning as it turned from the frame before (the phase vocoder's stationary
sound, Flanagan & Golden 1966), so the phase stage goes on as if the note were held, and each channel keeps its place.
Into the held sound and out of it targets are blended by their powers, hop by hop. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.ramp import Ramp
from stylefx.spectral.blend import blend

# Bins that are this weak have no phase to measure.
TINY = 1e-20


class Freeze:
    """Stage: target (bins,) and spectrum (channels, bins) in and out; a change takes ``hops`` hops."""

    latency_samples = 0

    def __init__(self, hops: int):
        self._amount = Ramp(hops)

    def prepare(self, channels: int, bins: int) -> None:
        """Allocate and forget the past."""
        self._target = np.zeros(bins, np.float32)
        self._last = np.zeros((channels, bins), np.complex64)
        self._turn = np.ones(bins, np.complex64)
        self.reset()

    def reset(self) -> None:
        """Nothing is held."""
        self._last[:] = 0
        self._amount.reset()
        self._share, self._holds = 0.0, False

    def process(
        self, target: np.ndarray, spectrum: np.ndarray, freeze: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """One frame, or what takes its place.

        Parameters
        ----------
        target : float32 (bins,)
            Magnitudes that are to sound.
        spectrum : complex64 (channels, bins)
            The content's.
        freeze : bool
            Whether the sound is to stand still.

        Returns
        -------
        target : float32 (bins,)
        spectrum : complex64 (channels, bins)
            As they came while nothing is frozen.
        """
        held = self._share
        self._share = float(self._amount.towards(float(freeze), 1)[0])
        if freeze and not self._holds:
            self._hold(blend([(target, 1 - held), (self._target, held)]), spectrum)
        elif freeze:
            self._last *= self._turn
        else:
            self._last[:] = spectrum
        self._holds = freeze
        if self._share == 0:
            return target, spectrum
        return blend([(target, 1 - self._share), (self._target, self._share)]), self._last.copy()

    def _hold(self, target: np.ndarray, spectrum: np.ndarray) -> None:
        """Keep this moment: its target, its channels, and how far every bin turned since the frame before."""
        turned = np.sum(spectrum * self._last.conj(), axis=0)
        level = np.abs(turned)
        self._turn = np.divide(turned, level, out=np.ones_like(turned), where=level > TINY)
        self._target[:] = target
        self._last[:] = spectrum
