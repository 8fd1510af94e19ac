"""Recovery: how soon the level is itself again when a foreign sound is over.

The same music is played with and without a click, a clap, a burst of drums, a hum or a passage 20 dB louder or quieter
in it; the figure is how far the levels lie apart once that is over.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# At first everything is still being learned, with or without a disturbance.
BEFORE_SECONDS, FOREIGN_SECONDS, AFTER_SECONDS = 3.0, 0.8, 2.0
# From and to seconds after the end of it, and how much more than in the last window may be left.
WINDOWS = ((0.5, 1.0, 1.0), (1.0, 2.0, 0.0))
QUIET_PEAK = 0.1
MOMENT_SECONDS, REST_DB = 0.05, 30.0

Play = Callable[[np.ndarray], np.ndarray]


def _strokes(seconds: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """A drum with a falling pitch and its noise, five strokes a second."""
    since = seconds % 0.2
    skin = np.sin(2 * np.pi * (90 * since + 3 * (1 - np.exp(-since / 0.02)))) * np.exp(-since / 0.06)
    return 0.6 * skin + 0.3 * noise * np.exp(-since / 0.01)


def disturbances(music: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
    """What to put in the place of ``music`` (samples,), by name: the same, with something foreign in it."""
    seconds = np.arange(len(music)) / sample_rate
    noise = np.random.default_rng(0).standard_normal(len(music))
    back = seconds[::-1]
    mains = sum(np.sin(2 * np.pi * 50 * k * seconds) / k for k in (1, 3, 5, 7))
    found = {
        "click": music + (back < 0.001),
        "clap": music + 0.5 * noise * (back < 0.1) * np.exp(-(0.1 - back) / 0.02),
        "drums": _strokes(seconds, noise),
        "hum": music + 0.2 * mains,
        "20 dB louder": 10 * music,
        "20 dB quieter": 0.1 * music,
    }
    return {name: np.clip(audio, -1, 1).astype(np.float32) for name, audio in found.items()}


def errors_db(play: Play, music: np.ndarray, sample_rate: int) -> dict[str, list[float]]:
    """For each disturbance the level after it over that without, dB, in each of `WINDOWS`.

    ``play`` styles audio (samples,) from the beginning of a stream and answers in time with it.
    """
    start = round(BEFORE_SECONDS * sample_rate)
    end = start + round(FOREIGN_SECONDS * sample_rate)
    # What is too short for that begins again, without the rest at its end: nothing can be wrong in a rest.
    music = np.resize(
        music[: _end_of_sound(music, sample_rate)], end + round((AFTER_SECONDS + 0.1) * sample_rate)
    )
    music = np.float32(QUIET_PEAK / np.abs(music).max()) * music
    clean = play(music)
    found = {}
    for name, foreign in disturbances(music[start:end], sample_rate).items():
        played = play(np.concatenate([music[:start], foreign, music[end:]]))
        spans = [slice(*(end + round(s * sample_rate) for s in window[:2])) for window in WINDOWS]
        found[name] = [_level_db(played[span]) - _level_db(clean[span]) for span in spans]
    return found


def _end_of_sound(music: np.ndarray, sample_rate: int) -> int:
    """Sample after which all is `REST_DB` under the loudest moment."""
    size = max(1, round(MOMENT_SECONDS * sample_rate))
    power = np.add.reduceat(np.square(music, dtype=np.float64), np.arange(0, len(music), size))
    sounding = np.flatnonzero(power > 10 ** (-REST_DB / 10) * power.max())
    return min(len(music), (int(sounding[-1]) + 1) * size) if len(sounding) else len(music)


def recovery_db(play: Play, music: np.ndarray, sample_rate: int) -> float:
    """The worst of all disturbances, dB: what is left after one second, or after half of one less 1 dB."""
    return max(
        abs(error) - allowed
        for errors in errors_db(play, music, sample_rate).values()
        for error, (_, _, allowed) in zip(errors, WINDOWS)
    )


def _level_db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-12))
