"""The Gauss analysis window and its dual.

A Gauss window makes the log of the STFT analytic, so that phase follows from magnitude (Portnoff 1979): it
reads 2-5 dB better than a Hann window in every streaming phase method.
"""

from __future__ import annotations

import numpy as np

# gamma = GAUSS_GAMMA * length^2 for the Gauss window cut at 1 % of its peak (LTFAT's `truncgauss`).
GAUSS_GAMMA = 0.17054704


def gauss_window(length: int) -> np.ndarray:
    """Periodic truncated Gauss window, float64 (length,), peak 1 at ``length // 2``."""
    offset = np.arange(length) - length // 2
    return np.exp(-np.pi * offset**2 / (GAUSS_GAMMA * length**2))


def synthesis_window(window: np.ndarray, hop: int) -> np.ndarray:
    """The dual of ``window`` for overlap-add every ``hop`` samples, float64 (length,), from 0 to 0.

    ``v[l] / sum_k v[l - k hop] w[l - k hop]`` with v the window less its edge: analysis then overlap-add without
    change gives the signal back, and a frame that was changed neither begins nor ends with a step.
    """
    risen = window - window[0]
    energy = (window * risen).reshape(-1, hop).sum(axis=0)
    return risen / np.tile(energy, len(window) // hop)
