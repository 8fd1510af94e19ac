"""Phase from a whole spectrogram at once: Griffin-Lim, its fast form, and phase-gradient heap integration.

What the streaming stage is measured against, and the last step of the published style transfer. Nothing here runs
in real time. Spectrograms are (bins, frames) with frame p centred on sample p * hop, phases those of a plain rfft
of the ``n_fft`` samples around it; the signal is taken as zero beyond its ends.

D. Griffin, J. Lim, 1984; N. Perraudin, P. Balazs, P. Sondergaard, "A fast Griffin-Lim algorithm", 2013;
Z. Prusa, P. Balazs, P. Sondergaard, "A noniterative method for reconstruction of phase from STFT magnitude", 2017.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
import scipy.fft

from stylefx.jit import compiled

TINY = 1e-10
TOLERANCE = 1e-6


def griffin_lim(
    magnitude: np.ndarray,
    n_fft: int,
    hop: int,
    window: np.ndarray,
    iterations: int,
    seed: int,
    momentum: float = 0.0,
    initial_phase: np.ndarray | None = None,
) -> np.ndarray:
    """A signal whose spectrogram comes near ``magnitude``.

    Parameters
    ----------
    magnitude : (bins, frames)
        Magnitudes of the windowed rfft, not negative.
    n_fft, hop : int
        Frame length and distance in samples; ``n_fft`` a multiple of ``hop``.
    window : (n_fft,)
        Analysis window; the dual is used for synthesis. For a shorter one pad zeros on both sides.
    iterations : int
        Each costs two FFTs a frame; with 0 the initial phase is used as it is.
    seed : int
        Of the random initial phase.
    momentum : float
        0 is Griffin-Lim, 0.99 the fast form: ``C = T + momentum (T - T_last)`` (Perraudin et al., algorithm 1).
    initial_phase : (bins, frames), optional
        Radians, instead of a random one.

    Returns
    -------
    float32 ((frames - 1) * hop,)
    """
    target = np.ascontiguousarray(magnitude.T, np.float32)
    if initial_phase is None:
        initial_phase = np.random.default_rng(seed).uniform(-np.pi, np.pi, magnitude.shape)
    taper = np.asarray(window, np.float32)
    weight = _overlap_add(np.broadcast_to(taper**2, (len(target), n_fft)), hop)
    weight = 1.0 / np.maximum(weight, 1e-8 * weight.max())
    spectrum = target * np.exp(1j * initial_phase.T.astype(np.float32))
    samples = _synthesis(spectrum, taper, weight, hop)
    last = None
    for _ in range(iterations):
        found = scipy.fft.rfft(_frames(samples, n_fft, hop) * taper, axis=1)
        heading = found if last is None else found + np.float32(momentum) * (found - last)
        last = found if momentum else None
        spectrum = heading * (target / np.maximum(np.abs(heading), np.float32(TINY)))
        samples = _synthesis(spectrum, taper, weight, hop)
    return samples[n_fft // 2 : len(samples) - n_fft // 2]


def spectrogram(samples: np.ndarray, n_fft: int, hop: int, window: np.ndarray) -> np.ndarray:
    """Complex (bins, frames) of ``samples`` (n,), zero beyond its ends; frames = 1 + n // hop."""
    padded = np.pad(samples, (n_fft // 2, n_fft // 2))
    return scipy.fft.rfft(_frames(padded, n_fft, hop) * window.astype(samples.dtype), axis=1).T


def _frames(samples: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop]


def _synthesis(spectrum: np.ndarray, taper: np.ndarray, weight: np.ndarray, hop: int) -> np.ndarray:
    frames = scipy.fft.irfft(spectrum, len(taper), axis=1) * taper
    return _overlap_add(frames, hop) * weight


def _overlap_add(frames: np.ndarray, hop: int) -> np.ndarray:
    count, n_fft = frames.shape
    pieces = frames.reshape(count, n_fft // hop, hop)
    total = np.zeros((count + n_fft // hop - 1, hop), frames.dtype)
    for k in range(n_fft // hop):
        total[k : k + count] += pieces[:, k]
    return total.ravel()


def pghi(magnitude: np.ndarray, n_fft: int, hop: int, gamma: float, seed: int = 0) -> np.ndarray:
    """Phase (bins, frames) in radians from magnitudes alone, by integration over the whole plane at once.

    Parameters
    ----------
    magnitude : (bins, frames)
        Of an STFT with a window near exp(-pi l^2 / gamma).
    n_fft, hop : int
        Frame length (padding included) and distance in samples.
    gamma : float
        The window's, in samples squared.
    seed : int
        Of the phases below the tolerance, 1e-6 of the loudest bin.
    """
    log_magnitude = np.log(magnitude.T.astype(np.float64) + TINY)
    bins = log_magnitude.shape[1]
    time_gradient = np.zeros_like(log_magnitude)
    rise = log_magnitude[:, 2:] - log_magnitude[:, :-2]
    rotation = 2.0 * np.pi * (np.arange(bins) * hop % n_fft) / n_fft
    time_gradient[:, 1:-1] = hop * n_fft / (2.0 * gamma) * rise + rotation[1:-1]
    around = np.pad(log_magnitude, ((1, 1), (0, 0)), mode="edge")
    frequency_gradient = -gamma / (2.0 * hop * n_fft) * (around[2:] - around[:-2])
    phase = np.random.default_rng(seed).uniform(-np.pi, np.pi, log_magnitude.shape)
    order = np.argsort(-log_magnitude, axis=None)
    quietest = log_magnitude.max() + math.log(TOLERANCE)
    _integrate_plane(log_magnitude, time_gradient, frequency_gradient, quietest, order, phase)
    # From the centred convention to that of a plain rfft.
    phase[:, 1::2] += np.pi
    return phase.T


@compiled
def _integrate_plane(
    log_magnitude: np.ndarray,
    time_gradient: np.ndarray,
    frequency_gradient: np.ndarray,
    quietest: float,
    order: np.ndarray,
    phase: np.ndarray,
) -> None:
    """Spread the phase from the loudest bin to its four neighbours, loudest first; start again on islands."""
    frames, bins = log_magnitude.shape
    done = np.zeros((frames, bins), np.bool_)
    for start in order:
        p, m = start // bins, start % bins
        if log_magnitude[p, m] <= quietest:
            break
        if done[p, m]:
            continue
        phase[p, m] = 0.0
        done[p, m] = True
        border = [(-log_magnitude[p, m], p, m)]
        while len(border) > 0:
            _, p, m = heapq.heappop(border)
            for over, up in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                q, n = p + over, m + up
                if not (0 <= q < frames and 0 <= n < bins) or done[q, n] or log_magnitude[q, n] <= quietest:
                    continue
                step = over * (time_gradient[p, m] + time_gradient[q, n])
                step += up * (frequency_gradient[p, m] + frequency_gradient[q, n])
                phase[q, n] = phase[p, m] + 0.5 * step
                done[q, n] = True
                heapq.heappush(border, (-log_magnitude[q, n], q, n))
