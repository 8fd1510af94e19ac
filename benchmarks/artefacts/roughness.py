"""Metallic or phasey: partials whose phase does not run on from frame to frame.

A partial turns by the same angle every hop, so the second difference of its phase is nearly 0; frames that were put
together with phases of their own make it wander. Figure: 1 - cos of that second difference at the spectral peaks,
weighted by magnitude (0 for steady partials, 1 for noise), over the reference's.
"""

from __future__ import annotations

import numpy as np

WINDOW, HOP = 2048, 512
PEAK_RANGE_DB, FRAME_RANGE_DB = 50.0, 40.0


def phase_wander(audio: np.ndarray) -> float:
    """Weighted mean of 1 - cos(second difference of phase) at the peaks of every sounding frame."""
    import librosa

    spectrum = librosa.stft(audio.astype(np.float32), n_fft=WINDOW, hop_length=HOP).T
    magnitude = np.abs(spectrum)
    loudest = magnitude.max(axis=1)
    now, before, after = spectrum[1:-1], spectrum[:-2], spectrum[2:]
    level = magnitude[1:-1, 2:-2]
    peak = (level >= magnitude[1:-1, 1:-3]) & (level > magnitude[1:-1, 3:-1])
    peak &= level > loudest[1:-1, None] * 10 ** (-PEAK_RANGE_DB / 20)
    peak &= loudest[1:-1, None] > loudest.max() * 10 ** (-FRAME_RANGE_DB / 20)
    turn = (before * after * now.conj() ** 2)[:, 2:-2]
    cosine = turn.real / np.maximum(np.abs(turn), 1e-30)
    # Loudest and faintest peaks count by the square root of their level, as they are heard.
    weight = np.where(peak, np.sqrt(level), 0)
    return float((weight * (1 - cosine)).sum() / max(weight.sum(), 1e-30))


def phase_wander_excess(audio: np.ndarray, reference: np.ndarray) -> float:
    """Phase wander of the output over that of the reference."""
    return phase_wander(audio) - phase_wander(reference)
