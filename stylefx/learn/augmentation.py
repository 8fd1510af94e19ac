"""Augmentation of power spectrograms: what rooms, microphones, players and codecs do to a sound (float32, in place).

The decoder must find the notes behind them, so it is applied to the content of every training pair. It acts on power,
(frames, bins), on the grid of :mod:`stylefx.learn.spectra`; a waveform is never needed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stylefx.jit import compiled
from stylefx.learn.spectra import BIN_HZ, GRID, mean_level, power_spectrogram

PITCH_OCTAVES = np.log2(BIN_HZ + 20.0)
EQUALISER_HZ = (30.0, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 18_000)
LOW_OCTAVE, HIGH_OCTAVE = 4.3, 14.2
_BAND_CENTRES = np.linspace(5.0, HIGH_OCTAVE, 14)
_BANDS = np.maximum(
    0, 1 - np.abs(PITCH_OCTAVES[:, None] - _BAND_CENTRES) / (_BAND_CENTRES[1] - _BAND_CENTRES[0])
).astype(np.float32)
_BAND_MEANS = _BANDS / _BANDS.sum(axis=0)
# Envelopes are flattened down to this far below each band's maximum (40 dB).
FLATTEN_RANGE_DB = 40.0


def equaliser(rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Random gains of power (bins,): a smooth curve with a tilt, sometimes finer detail, sometimes a narrow band."""
    octaves = np.log2(EQUALISER_HZ)
    curve_db = rng.normal(0, 5 * strength, len(octaves))
    curve_db = curve_db + rng.normal(0, 2.5 * strength) * np.arange(len(octaves))
    gain_db = np.interp(PITCH_OCTAVES, octaves, curve_db)
    if rng.random() < 0.4:
        count = int(rng.integers(16, 60))
        detail_db = rng.normal(0, 4 * strength, count)
        gain_db += np.interp(PITCH_OCTAVES, np.linspace(LOW_OCTAVE, HIGH_OCTAVE, count), detail_db)
    if rng.random() < 0.12:
        low_pass_hz = rng.uniform(2500, 9000)
        gain_db -= np.maximum(0, np.log2((BIN_HZ + 1) / low_pass_hz)) * rng.uniform(12, 60)
    if rng.random() < 0.12:
        high_pass_hz = rng.uniform(60, 300)
        gain_db -= np.maximum(0, np.log2(high_pass_hz / (BIN_HZ + 10))) * rng.uniform(6, 24)
    return (10 ** (gain_db / 10)).astype(np.float32)


def noise_colour(rng: np.random.Generator) -> np.ndarray:
    """A random noise spectrum, power (bins,), falling towards high frequencies more often than not."""
    colour_db = rng.normal(0, 4, 6) - rng.uniform(-1, 6) * np.arange(6)
    return 10 ** (np.interp(PITCH_OCTAVES, np.linspace(LOW_OCTAVE, HIGH_OCTAVE, 6), colour_db) / 10)


class NoiseFloor:
    """Adds stretches of one real noise spectrogram, so that its grain is that of noise on this grid."""

    SECONDS = 5

    def __init__(self) -> None:
        white = np.random.default_rng(0).standard_normal(self.SECONDS * GRID.sample_rate)
        power = power_spectrogram(white)[50:]
        self._power = power / power.mean()

    def add(self, rng: np.random.Generator, power: np.ndarray, snr_db: float, colour: np.ndarray) -> None:
        """Add noise of a colour (bins,) at a signal-to-noise ratio."""
        frames = (rng.integers(0, len(self._power)) + np.arange(len(power))) % len(self._power)
        gain = mean_level(power) / mean_level(colour[None]) * 10 ** (-snr_db / 10)
        power += self._power[frames] * (colour * gain).astype(np.float32)


def room(rng: np.random.Generator) -> Callable[[np.ndarray], None]:
    """A random diffuse room, T60 0.15 to 1.8 s, shorter towards high frequencies; apply it to a spectrogram."""
    seconds = np.exp(rng.uniform(np.log(0.15), np.log(1.8)))
    t60 = seconds * np.interp(PITCH_OCTAVES, [5, 8, 11, 14], [1.2, 1.1, 1, 0.5])
    decay = (10 ** (-6 * GRID.hop_seconds / t60)).astype(np.float32)
    share = np.float32(10 ** rng.uniform(-2.2, -0.6) * (1 - decay.mean()) / decay.mean() * 4)
    return lambda power: _reverberate(power, decay, share)


@compiled(fastmath=True, error_model="python")
def _reverberate(power: np.ndarray, decay: np.ndarray, share: float) -> None:
    tail = np.zeros(power.shape[1], np.float32)
    for p in range(power.shape[0]):
        for q in range(power.shape[1]):
            tail[q] = decay[q] * (tail[q] + power[p, q])
            power[p, q] += share * tail[q]


def flatten(power: np.ndarray, amount: float, half_width: int) -> None:
    """Pull the temporal envelope of each band to its maximum: a struck sound becomes a held one (amount 1).

    A negative amount deepens it. The envelope is a mean over ``half_width`` frames to either side.
    """
    envelope = np.log10(power @ _BAND_MEANS + 1e-12)
    envelope = np.maximum(envelope, envelope.max(axis=0) - FLATTEN_RANGE_DB / 10)
    half = half_width
    sums = np.cumsum(np.pad(envelope, ((half + 1, half), (0, 0)), mode="edge"), axis=0)
    envelope = (sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)
    power_log10 = -amount * ((envelope - envelope.max(axis=0)).astype(np.float32) @ _BANDS.T)
    power *= np.float32(10) ** np.clip(power_log10, -FLATTEN_RANGE_DB / 10, FLATTEN_RANGE_DB / 10)


def glide(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Random frequency ratio of each frame (frames,): slow bends, half of the time with vibrato."""
    bends = int(rng.integers(3, 9))
    semitones = np.interp(
        np.arange(frames), np.linspace(0, frames, bends), rng.normal(0, rng.choice([0.3, 1.5, 4]), bends)
    )
    if rng.random() < 0.5:
        turns = np.arange(frames) * GRID.hop_seconds * rng.uniform(4, 7)
        semitones += rng.uniform(0.1, 0.6) * np.sin(2 * np.pi * turns)
    return (2 ** (semitones / 12)).astype(np.float32)


@compiled(fastmath=True, error_model="python")
def warp(power: np.ndarray, ratio: np.ndarray) -> None:
    """Move every frame's spectrum up by its frequency ratio (frames,)."""
    bins = power.shape[1]
    row = np.empty(bins, np.float32)
    for p in range(power.shape[0]):
        for q in range(bins):
            place = q / ratio[p]
            index = int(place)
            if index >= bins - 1:
                row[q] = power[p, bins - 1] * np.float32(0.01)
            else:
                row[q] = power[p, index] + (power[p, index + 1] - power[p, index]) * (place - index)
        for q in range(bins):
            power[p, q] = row[q]
