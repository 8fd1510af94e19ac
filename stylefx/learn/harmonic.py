"""What the default method learns from a clip: its harmonic Gram target and its mean power spectrum.

Frames four hops apart are enough (the features look no finer), so ten seconds cost a fraction of a second and memory
stays bounded whatever the clip's length.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.fft
import torch

from stylefx.analysis.axis import Reader, axis_hz
from stylefx.analysis.grid import Grid
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
from stylefx.start.equaliser import mean_power

FRAMES_AT_ONCE = 128


def learn_harmonic(audio: np.ndarray, grid: Grid, seed: int) -> dict[str, np.ndarray]:
    """Arrays of a `harmonic` style from mono ``audio`` float32 (samples,)."""
    features = HarmonicFeatures(seed, torch.device("cpu"))
    gathered, axis = Reader(grid, gathered_hz()), Reader(grid, axis_hz())
    reference = Reference(HOPS_APART * grid.hop_seconds)
    moments, powers = Moments.zero(FILTERS, torch.device("cpu")), []
    before = np.zeros((FRAMES_SEEN - 1, *gathered_hz().shape), np.float32)
    for magnitudes in _magnitudes(audio, grid):
        powers.append(axis.read(magnitudes).astype(np.float64) ** 2)
        logs = np.stack([log_relative(frame, max(reference.follow(frame), 1e-9)) for frame in magnitudes])
        levels, _ = compress(torch.from_numpy(gathered.read(logs)))
        levels = torch.cat([torch.from_numpy(before), levels])
        flat = features.of(levels).flatten(0, 1)
        moments = moments.plus(flat, position_weights(levels[FRAMES_SEEN - 1 :]).flatten())
        before = levels[1 - FRAMES_SEEN :].numpy()
    return {
        "gram": gram_target(moments).numpy(),
        "mean_power": mean_power(np.concatenate(powers)).astype(np.float32),
    }


def _magnitudes(audio: np.ndarray, grid: Grid) -> Iterator[np.ndarray]:
    """Magnitudes (frames, bins) of frames `HOPS_APART` hops apart, `FRAMES_AT_ONCE` at a time."""
    padded = np.pad(audio, (grid.window_length // 2, grid.window_length))
    frames = np.lib.stride_tricks.sliding_window_view(padded, grid.window_length)[:: HOPS_APART * grid.hop]
    window = gauss_window(grid.window_length).astype(np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        yield np.abs(scipy.fft.rfft(frames[first : first + FRAMES_AT_ONCE] * window, grid.n_fft, axis=1))
