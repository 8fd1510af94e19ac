"""Random scores, played by every instrument of free SoundFonts, kept as quantised log spectrograms.

The same score on many instruments is the truth that pretraining needs: what one instrument played, as another
would have. Rendering is dry, by tinysoundfont (`pip install stylefx[bench]`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stylefx.analysis.grid import NOMINAL_RATE
from stylefx.learn.spectra import GRID, PLAN, power_spectrogram

SECONDS = 12.0
FRAMES = int(SECONDS * NOMINAL_RATE) // GRID.hop
# Levels are stored in half decibels above this, under each rendering's own maximum.
STORED_RANGE_DB, STORED_STEP_DB = 120.0, 0.5
# Programs that play no pitch: percussion and effects.
UNPITCHED = frozenset((112, 113, 115, 116, 117, 118, 119))
SILENT_RMS = 1e-4
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), tuple(range(12)))
KINDS = ("line", "line", "line", "arpeggio", "chords", "voices")
Note = tuple[float, float, int, int]  # start and length in seconds, MIDI key, velocity


@dataclass(frozen=True)
class Rendering:
    """Which score and instrument a stored spectrogram is."""

    score: int
    font: int
    bank: int
    program: int

    @property
    def instrument(self) -> tuple[int, int, int]:
        """(font, bank, program)."""
        return self.font, self.bank, self.program


def random_score(rng: np.random.Generator) -> list[Note]:
    """A random score: a line, an arpeggio, chords or 2-4 voices, in a random register, tempo and articulation."""
    kind = KINDS[rng.integers(len(KINDS))]
    low, high = ((40, 52), (50, 76), (55, 72), (70, 92))[rng.integers(4)]
    scale = np.array(SCALES[rng.choice(3, p=(0.42, 0.28, 0.3))]) + rng.integers(12)
    keys = np.array([key for key in range(24, 104) if (key - scale[0]) % 12 in scale - scale[0]])
    step = float(rng.choice([0.12, 0.2, 0.3, 0.4, 0.6, 0.9, 1.4]))
    hold = float(rng.choice([0.35, 0.7, 0.95, 1.05]))
    degree = int(np.argmin(np.abs(keys - rng.uniform(low, high))))
    loudness = float(rng.integers(60, 110))
    if kind == "voices":
        count = int(rng.integers(2, 5))
        notes: list[Note] = []
        for voice in range(count):
            start = degree + round((voice - count / 2) * 4)
            notes += _line(rng, keys, start, max(step, 0.2) * float(rng.choice([1, 2])), hold, loudness)
        return notes
    if kind == "chords":
        return _chords(rng, keys, degree, max(step, 0.3), hold, loudness)
    return _line(rng, keys, degree, step, hold if kind == "line" else float(rng.uniform(2, 6)), loudness)


def _velocity(rng: np.random.Generator, loudness: float) -> int:
    return int(np.clip(loudness + rng.normal(0, 12), 30, 127))


def _walk(rng: np.random.Generator, degree: int, home: int, degrees: int) -> int:
    leap = rng.integers(-2, 3) if rng.random() < 0.75 else rng.integers(-6, 7)
    degree = int(np.clip(degree + leap, 0, degrees - 1))
    return degree if abs(degree - home) <= 9 else home


def _line(
    rng: np.random.Generator, keys: np.ndarray, start: int, step: float, hold: float, loudness: float
) -> list[Note]:
    home = degree = int(np.clip(start, 0, len(keys) - 1))
    notes, now = [], rng.uniform(0, 0.3)
    while now < SECONDS - 0.3:
        length = max(step * float(rng.choice([1, 1, 1, 2, 0.5, 3])), 0.09)
        if rng.random() > 0.12:
            notes.append((now, length * hold, int(keys[degree]), _velocity(rng, loudness)))
        degree = _walk(rng, degree, home, len(keys))
        now += length
    return notes


def _chords(
    rng: np.random.Generator, keys: np.ndarray, start: int, step: float, hold: float, loudness: float
) -> list[Note]:
    home = degree = start
    notes, now = [], rng.uniform(0, 0.3)
    while now < SECONDS - 0.3:
        length = step * float(rng.choice([1, 1, 2, 3]))
        for above in rng.choice([0, 2, 4, 7, 9, 11], int(rng.integers(2, 5)), replace=False):
            key = int(keys[min(degree + above, len(keys) - 1)])
            notes.append((now + rng.uniform(0, 0.03), length * hold, key, _velocity(rng, loudness)))
        degree = _walk(rng, degree, home, len(keys))
        now += length
    return notes


class Orchestra:
    """Every pitched instrument of some SoundFonts: banks 0 and 8 of the first, bank 0 of the others."""

    def __init__(self, soundfonts: list[Path]):
        import tinysoundfont

        self.instruments: list[tuple[int, int, int]] = []
        self._synths = []
        for font, path in enumerate(soundfonts):
            synth = tinysoundfont.Synth(samplerate=NOMINAL_RATE, gain=-14)
            loaded = synth.sfload(str(path))
            self._synths.append((synth, loaded))
            self.instruments += [
                (font, bank, program)
                for bank in ((0, 8) if font == 0 else (0,))
                for program in range(120)
                if program not in UNPITCHED and synth.sfpreset_name(loaded, bank, program)
            ]

    def play(self, instrument: tuple[int, int, int], notes: list[Note]) -> np.ndarray:
        """Mono audio at 44.1 kHz, float32, SECONDS long."""
        font, bank, program = instrument
        synth, loaded = self._synths[font]
        synth.program_select(0, loaded, bank, program)
        events = [(start, 1, key, velocity) for start, _, key, velocity in notes]
        events += [(min(start + length, SECONDS - 0.05), 0, key, 0) for start, length, key, _ in notes]
        pieces, now, total = [], 0, int(SECONDS * NOMINAL_RATE)
        for seconds, starts, key, velocity in sorted(events):
            sample = int(seconds * NOMINAL_RATE)
            if sample > now:
                pieces.append(self._generate(synth, sample - now))
                now = sample
            if starts:
                synth.noteon(0, key, velocity)
            else:
                synth.noteoff(0, key)
        pieces.append(self._generate(synth, total - now))
        synth.sounds_off(0)
        self._generate(synth, 512)
        return np.concatenate(pieces).mean(axis=1)

    @staticmethod
    def _generate(synth: Any, samples: int) -> np.ndarray:
        return np.frombuffer(bytes(synth.generate(samples)), np.float32).reshape(-1, 2)


def render_scores(
    soundfonts: list[Path], cache: Path, scores: int, players: int, seed: int
) -> tuple[np.memmap, list[Rendering]]:
    """Play ``scores`` scores on ``players`` random instruments each; spectrograms uint8 (renderings, frames, bins).

    ``cache`` is the file that holds them while training runs, 3.4 MB per rendering.
    """
    rng = np.random.default_rng(seed)
    orchestra = Orchestra(soundfonts)
    shape = (scores * players, FRAMES, PLAN.bins)
    stored = np.memmap(cache, np.uint8, "w+", shape=shape)
    renderings: list[Rendering] = []
    for score in range(scores):
        notes = random_score(rng)
        for chosen in rng.permutation(len(orchestra.instruments))[:players]:
            audio = orchestra.play(orchestra.instruments[chosen], notes)
            if np.sqrt(np.mean(audio**2)) < SILENT_RMS:
                continue
            stored[len(renderings)] = quantise(power_spectrogram(audio)[:FRAMES])
            renderings.append(Rendering(score, *orchestra.instruments[chosen]))
    return stored, renderings


def quantise(power: np.ndarray) -> np.ndarray:
    """Power -> uint8 half decibels, 240 at the maximum, 0 for 120 dB below it and less."""
    level_db = 10 * np.log10(power + 1e-14)
    above = (level_db - level_db.max() + STORED_RANGE_DB) / STORED_STEP_DB
    return np.clip(above + 0.5, 0, 240).astype(np.uint8)


def dequantise(stored: np.ndarray) -> np.ndarray:
    """uint8 half decibels -> power, float32, 1 at the rendering's maximum."""
    return _POWERS.take(stored)


_POWERS = (10 ** ((np.arange(256) * STORED_STEP_DB - STORED_RANGE_DB) / 10)).astype(np.float32)
_POWERS[0] = 0
