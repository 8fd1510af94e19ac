"""Augmentation of waveforms: equalisers, rooms, noise, saturation, compression and clipping, as rooms and phones do.

They act on mono float32 at 44.1 kHz and return the same length.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal

from stylefx.analysis.grid import NOMINAL_RATE
from stylefx.jit import compiled

OCTAVES = np.linspace(4.5, 14.4, 12)


def augmented(rng: np.random.Generator, audio: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """A random chain: equaliser, saturation, room, compression, microphone, noise, clipping; any of them may miss."""
    if rng.random() < 0.8 * strength:
        audio = equalised(rng, audio, strength)
    if rng.random() < 0.25 * strength:
        drive = 10 ** rng.uniform(0, 1.2)
        peak = np.abs(audio).max() + 1e-9
        audio = np.tanh(audio / peak * drive) / drive * peak
    if rng.random() < 0.6 * strength:
        audio = in_room(rng, audio)
    if rng.random() < 0.25 * strength:
        audio = compressed(rng, audio)
    if rng.random() < 0.2 * strength:
        audio = through_microphone(rng, audio)
    if rng.random() < 0.75:
        audio = with_noise(rng, audio, float(rng.uniform(8 if strength > 0.5 else 30, 60)))
    if rng.random() < 0.1 * strength:
        limit = np.abs(audio).max() * rng.uniform(0.25, 0.8)
        audio = np.clip(audio, -limit, limit)
    return audio.astype(np.float32)


def phone_in_room(rng: np.random.Generator, audio: np.ndarray) -> np.ndarray:
    """The benchmark's augmentation: equaliser, a room, a small microphone and noise at 25 dB, always all of them."""
    audio = in_room(rng, equalised(rng, audio, 0.7), seconds=0.5, direct_db=3.0)
    return with_noise(rng, through_microphone(rng, audio), 25.0).astype(np.float32)


def _filtered(audio: np.ndarray, gain_db_at: np.ndarray) -> np.ndarray:
    """Audio times a smooth zero-phase curve, dB at ``OCTAVES``."""
    size = scipy.fft.next_fast_len(len(audio) + 2048, real=True)
    frequencies = np.log2(np.fft.rfftfreq(size, 1 / NOMINAL_RATE) + 10)
    gain = 10 ** (np.interp(frequencies, OCTAVES, gain_db_at) / 20)
    spectrum = scipy.fft.rfft(audio, size) * gain.astype(np.float32)
    return scipy.fft.irfft(spectrum, size)[: len(audio)]


def equalised(rng: np.random.Generator, audio: np.ndarray, strength: float) -> np.ndarray:
    """A random curve with a tilt."""
    curve = rng.normal(0, 5 * strength, len(OCTAVES)) + rng.normal(0, 2 * strength) * np.arange(len(OCTAVES))
    return _filtered(audio, curve - curve.mean())


def through_microphone(rng: np.random.Generator, audio: np.ndarray) -> np.ndarray:
    """Little below 100 to 350 Hz and above 3 to 9 kHz."""
    low, high = np.log2(rng.uniform(100, 350)), np.log2(rng.uniform(3000, 9000))
    curve = -rng.uniform(6, 18) * np.maximum(low - OCTAVES, 0) - rng.uniform(8, 30) * np.maximum(
        OCTAVES - high, 0
    )
    return _filtered(audio, np.maximum(curve, -60))


def in_room(
    rng: np.random.Generator, audio: np.ndarray, seconds: float | None = None, direct_db: float | None = None
) -> np.ndarray:
    """Direct sound, a few early reflections and a decaying tail of noise, duller as it goes."""
    seconds = float(np.exp(rng.uniform(np.log(0.15), np.log(1.5)))) if seconds is None else seconds
    direct_db = float(rng.uniform(-4, 16)) if direct_db is None else direct_db
    time = np.arange(int(seconds * NOMINAL_RATE)) / NOMINAL_RATE
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    dull = scipy.signal.lfilter([0.35], [1, -0.65], tail)
    tail = dull + (tail - dull) * 10 ** (-3 * time / seconds)
    tail[: int(rng.uniform(0.001, 0.01) * NOMINAL_RATE)] = 0
    for _ in range(6):
        at = int(rng.uniform(0.001, 0.04) * NOMINAL_RATE)
        if at < len(tail):
            tail[at] += rng.normal(0, 1) * 8
    tail *= 10 ** (-direct_db / 20) / (np.sqrt((tail**2).sum()) + 1e-9)
    tail[0] += 1
    return scipy.signal.oaconvolve(audio, tail.astype(np.float32))[: len(audio)]


def with_noise(rng: np.random.Generator, audio: np.ndarray, snr_db: float) -> np.ndarray:
    """Coloured noise beside the audio."""
    noise = coloured_noise(rng, len(audio))
    level = np.sqrt(np.mean(audio**2) / (np.mean(noise**2) + 1e-20))
    return audio + noise * level * 10 ** (-snr_db / 20)


def coloured_noise(rng: np.random.Generator, samples: int) -> np.ndarray:
    """Steady noise of a random colour, (samples,)."""
    colour = rng.normal(0, 4, len(OCTAVES)) - rng.uniform(-1, 5) * np.arange(len(OCTAVES))
    return _filtered(rng.standard_normal(samples).astype(np.float32), colour)


def with_bursts(rng: np.random.Generator, audio: np.ndarray) -> np.ndarray:
    """Short noises at random times, each of a colour of its own: breaths, consonants, keys, steps."""
    loud, audio = np.sqrt(np.mean(audio**2)), audio.copy()
    for _ in range(rng.integers(3, 40)):
        seconds = float(np.exp(rng.uniform(np.log(0.004), np.log(0.5))))
        count = int(seconds * NOMINAL_RATE)
        rise = max(1, int(count * rng.choice([0.02, 0.1, 0.5])))
        shape = np.minimum(np.arange(count) / rise, 1) * np.linspace(1, 0, count) ** rng.choice([0.5, 2])
        burst = coloured_noise(rng, count) * shape
        level = loud * 10 ** (rng.uniform(-20, 10) / 20) / (np.sqrt(np.mean(burst**2)) + 1e-9)
        start = int(rng.integers(0, len(audio) - count))
        audio[start : start + count] += (burst * level).astype(np.float32)
    return audio


def compressed(rng: np.random.Generator, audio: np.ndarray) -> np.ndarray:
    """A compressor: less above a threshold, with attack and release."""
    rates = [1 - np.exp(-1 / (NOMINAL_RATE * s)) for s in (rng.uniform(0.001, 0.03), rng.uniform(0.05, 0.4))]
    threshold = np.sqrt(np.mean(audio**2)) * 10 ** (rng.uniform(-12, 3) / 20) + 1e-9
    return _compress(audio.astype(np.float32), threshold, 1 - 1 / rng.uniform(1.5, 8), *rates)


@compiled
def _compress(
    audio: np.ndarray, threshold: float, amount: float, attack: float, release: float
) -> np.ndarray:
    out, level = np.empty_like(audio), 0.0
    for i in range(len(audio)):
        now = abs(audio[i])
        level += (attack if now > level else release) * (now - level)
        gain = (threshold / level) ** amount if level > threshold else 1.0
        out[i] = audio[i] * gain
    return out
