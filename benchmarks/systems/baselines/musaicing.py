"""NMF audio mosaicing: Driedger, Prätzlich, Müller, "Let it Bee", ISMIR 2015.

The content's magnitude spectrogram V is approximated by W H, W the frames of the style clip and fixed; H
follows the multiplicative update of the Kullback-Leibler divergence. Before each of the L updates, H is
driven towards sparse diagonals, harder every time (l = 1..L):

* repetition: an entry that is not the largest within r columns of its row is scaled by 1 - l/L;
* polyphony: entries beyond the p largest of a column are scaled by 1 - l/L;
* continuity: H is summed along its diagonals over 2 c + 1 entries, so runs of the clip stay together.

The mosaic is the clip's complex spectrogram times H, made consistent by Griffin-Lim. Settings: r 3, p 10
and c 3 as in the paper; window 2048, hop 1024 at 22.05 kHz, L 20, Griffin-Lim 20.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 22_050
N_FFT, HOP = 2048, 1024
UPDATES = 20
REPETITION, POLYPHONY, CONTINUITY = 3, 10, 3
GRIFFIN_LIM = 20
TINY = 1e-9


def musaicing(
    content: np.ndarray,
    style: np.ndarray,
    sample_rate: int,
    repetition: int = REPETITION,
    polyphony: int = POLYPHONY,
    continuity: int = CONTINUITY,
) -> np.ndarray:
    """The content rebuilt from frames of the style clip; mono, at ``sample_rate``."""
    import librosa

    from benchmarks.metrics.paired import at_rate

    wanted, clip = (at_rate(audio, sample_rate, SAMPLE_RATE) for audio in (content, style))
    target = np.abs(librosa.stft(wanted, n_fft=N_FFT, hop_length=HOP))
    source = librosa.stft(clip, n_fft=N_FFT, hop_length=HOP)
    activations = activate(target, np.abs(source), repetition, polyphony, continuity)
    mosaic = _consistent(source @ activations, len(wanted))
    return _matched(at_rate(mosaic, SAMPLE_RATE, sample_rate), content)


def activate(target, templates, repetition: int, polyphony: int, continuity: int) -> np.ndarray:
    """H (templates' frames, target's frames) with ``templates @ H`` near ``target``; all magnitudes."""
    rng = np.random.default_rng(0)
    templates = templates + TINY
    weight = templates.sum(axis=0)[:, None]
    activations = rng.random((templates.shape[1], target.shape[1]))
    for update in range(1, UPDATES + 1):
        keep = 1 - update / UPDATES
        activations = _without_repetition(activations, repetition, keep)
        activations = _limited_polyphony(activations, polyphony, keep)
        activations = _along_diagonals(activations, continuity)
        ratio = target / np.maximum(templates @ activations, TINY)
        activations = activations * (templates.T @ ratio) / weight
    return activations


def _without_repetition(activations, reach: int, keep: float):
    from scipy.ndimage import maximum_filter1d

    largest = maximum_filter1d(activations, 2 * reach + 1, axis=1, mode="constant")
    return np.where(activations >= largest, activations, keep * activations)


def _limited_polyphony(activations, count: int, keep: float):
    if count >= len(activations):
        return activations
    threshold = np.partition(activations, -count, axis=0)[-count]
    return np.where(activations >= threshold, activations, keep * activations)


def _along_diagonals(activations, reach: int):
    rows, columns = activations.shape
    padded = np.pad(activations, reach)
    return sum(padded[i : i + rows, i : i + columns] for i in range(2 * reach + 1))


def _consistent(spectrum: np.ndarray, length: int) -> np.ndarray:
    """Griffin-Lim from the mosaic's own phase."""
    import librosa

    magnitude = np.abs(spectrum)
    for _ in range(GRIFFIN_LIM):
        audio = librosa.istft(spectrum, n_fft=N_FFT, hop_length=HOP, length=length)
        phase = librosa.stft(audio, n_fft=N_FFT, hop_length=HOP)
        spectrum = magnitude * phase / np.maximum(np.abs(phase), TINY)
    return librosa.istft(spectrum, n_fft=N_FFT, hop_length=HOP, length=length)


def _matched(audio: np.ndarray, like: np.ndarray) -> np.ndarray:
    """``audio`` at the length of ``like``: two resamplings may differ by a sample."""
    return np.pad(audio[: len(like)], (0, max(0, len(like) - len(audio)))).astype(np.float32)
