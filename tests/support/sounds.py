"""Sounds with known properties, made on the spot."""

from __future__ import annotations

import numpy as np


def tone(
    hz: float, seconds: float, sample_rate: int = 44_100, partials: tuple[float, ...] = (1.0, 0.5, 0.33, 0.25)
) -> np.ndarray:
    """A harmonic tone of the given partial amplitudes, peak about 0.3, float32 (samples,)."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    waves = [
        level * np.sin(2 * np.pi * hz * (k + 1) * time + k)
        for k, level in enumerate(partials)
        if hz * (k + 1) < 0.45 * sample_rate
    ]
    return (0.3 / sum(partials) * np.sum(waves, axis=0)).astype(np.float32)


def melody(
    pitches: tuple[int, ...], seconds: float, partials: tuple[float, ...], sample_rate: int = 44_100
) -> np.ndarray:
    """MIDI pitches one after the other, each with a short attack and release, float32 (samples,)."""
    notes = []
    for pitch in pitches:
        note = tone(440 * 2 ** ((pitch - 69) / 12), seconds / len(pitches), sample_rate, partials)
        ramp = np.minimum(1, np.arange(len(note)) / (0.01 * sample_rate)).astype(np.float32)
        notes.append(note * ramp * ramp[::-1])
    return np.concatenate(notes)


def rms_db(signal: np.ndarray) -> float:
    """Root mean square in dB, with a floor of -400."""
    return float(20 * np.log10(np.sqrt(np.mean(np.square(signal, dtype=np.float64))) + 1e-20))


def splash_db(audio: np.ndarray, sample_rate: int) -> float:
    """Most energy above 12 kHz in any 23 ms of ``audio`` (samples,), in dB of all energy: what a click leaves there."""
    size = round(0.023 * sample_rate)
    window = np.blackman(size) ** 2
    pieces = np.lib.stride_tricks.sliding_window_view(audio, size)[:: size // 8]
    power = np.abs(np.fft.rfft(window * pieces)) ** 2
    high = np.fft.rfftfreq(size, 1 / sample_rate) > 12_000
    return float(10 * np.log10(power[:, high].sum(axis=1).max() / power.sum(axis=1).mean() + 1e-20))


def in_chunks(fx, audio: np.ndarray, sizes) -> np.ndarray:
    """``audio`` (frames, channels) through ``fx.process`` in chunks of the given sizes, the last one repeated."""
    outputs, start, sizes = [], 0, list(sizes)
    while start < len(audio):
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        outputs.append(fx.process(audio[start : start + size]))
        start += size
    return np.concatenate(outputs) if outputs else np.zeros_like(audio)
