"""What the default method learns from a clip: its harmonic Gram target and its mean envelope.

Frames four hops apart are enough (the features look no finer), so ten seconds cost a fraction of a second and memory
stays bounded whatever the clip's length.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.fft
import torch

from stylefx.analysis.axis import Reader, axis_hz
from stylefx.analysis.grid import Grid, grid_for
from stylefx.analysis.level import Reference, log_relative
from stylefx.analysis.window import gauss_window
from stylefx.optimise.harmonic import (
    FILTERS,
    FRAMES_SEEN,
    HOPS_APART,
    HarmonicFeatures,
    Moments,
    compress,
    gathered_hz,
    gram_target,
    position_weights,
)
from stylefx.style.style import Style
from stylefx.timbre.cepstral_envelope import Envelope, log_magnitude

FRAMES_AT_ONCE = 128
# Frames this far under the loudest do not count: rests are not timbre.
ACTIVE_DB = 40.0
# The lowest frequency whose mean power is within this of the loudest is that of the lowest note.
SOUNDING_DB = 30.0


def learn_harmonic(audio: np.ndarray, grid: Grid, seed: int) -> dict[str, np.ndarray]:
    """Arrays of a `harmonic` style from mono ``audio`` float32 (samples,)."""
    features = HarmonicFeatures(seed, torch.device("cpu"))
    gathered, axis = Reader(grid, gathered_hz()), Reader(grid, axis_hz())
    reference = Reference(HOPS_APART * grid.hop_seconds)
    moments, envelopes, powers = Moments.zero(FILTERS, torch.device("cpu")), [], []
    envelope = Envelope(grid)
    before = np.zeros((FRAMES_SEEN - 1, *gathered_hz().shape), np.float32)
    for magnitudes in _magnitudes(audio, grid):
        envelopes.append(axis.read(envelope.of(log_magnitude(magnitudes))))
        powers.append(axis.read(magnitudes) ** 2)
        logs = np.stack([log_relative(frame, max(reference.follow(frame), 1e-9)) for frame in magnitudes])
        levels, _ = compress(torch.from_numpy(gathered.read(logs)))
        levels = torch.cat([torch.from_numpy(before), levels])
        flat = features.of(levels).flatten(0, 1)
        moments = moments.plus(flat, position_weights(levels[FRAMES_SEEN - 1 :]).flatten())
        before = levels[1 - FRAMES_SEEN :].numpy()
    return {
        "gram": gram_target(moments).numpy(),
        "envelope": mean_envelope(np.concatenate(envelopes), np.concatenate(powers)),
    }


def mean_envelope(envelopes: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Mean over the active frames of log envelopes: float32 (positions,), mean 0.

    ``envelopes`` and ``powers`` are (frames, positions). Under the clip's lowest note the envelope only says that
    nothing was played there, so it is held: a lower content keeps its fundamentals.
    """
    energies = powers.sum(axis=1)
    active = energies > energies.max() * 10 ** (-ACTIVE_DB / 10)
    mean, power = envelopes[active].mean(axis=0), powers[active].mean(axis=0)
    lowest = int(np.argmax(power > power.max() * 10 ** (-SOUNDING_DB / 10)))
    mean[:lowest] = mean[lowest]
    return (mean - mean.mean()).astype(np.float32)


def _magnitudes(audio: np.ndarray, grid: Grid) -> Iterator[np.ndarray]:
    """Magnitudes (frames, bins) of frames `HOPS_APART` hops apart, `FRAMES_AT_ONCE` at a time."""
    padded = np.pad(audio, (grid.window_length // 2, grid.window_length))
    frames = np.lib.stride_tricks.sliding_window_view(padded, grid.window_length)[:: HOPS_APART * grid.hop]
    window = gauss_window(grid.window_length).astype(np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        yield np.abs(scipy.fft.rfft(frames[first : first + FRAMES_AT_ONCE] * window, grid.n_fft, axis=1))


def gram_distance(style: Style, audio: np.ndarray, sample_rate: int) -> float:
    """Squared distance, 0 to 4, between the Gram target of mono ``audio`` (samples,) and that of ``style``."""
    learned = learn_harmonic(audio.astype(np.float32), grid_for(sample_rate), style.meta["seed"])
    return float(((learned["gram"] - style.arrays["gram"]) ** 2).sum())
