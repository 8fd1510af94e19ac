"""Players: every note rendered by itself, so that it is known when it sounds; by SoundFonts, or by random partials.

A SoundFont plays perfectly steadily, so vibrato, glides and detuning are bent in. The partials of an invented
instrument (an additive tone with a random spectrum, envelope and noise) belong to no font: they keep the network from
knowing a few hundred sounds by heart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stylefx.analysis.grid import NOMINAL_RATE
from stylefx.learn.pretraining.tracker.scores import Note

# Percussion, effects, and presets that sound fifths or several pitches at a key.
UNUSABLE = frozenset((47, 55, 86, *range(96, 104), *range(112, 128)))
BEND_SEMITONES, BEND_STEP = 2.0, 220
TAIL_SECONDS = 0.8
DRUM_BANK, DRUM_KITS = 128, (0, 8, 16, 24, 25, 32, 40)


@dataclass
class Rendered:
    """One note: mono samples from its start on, and the bend in semitones at every ``BEND_STEP`` samples."""

    note: Note
    samples: np.ndarray
    bend: np.ndarray


def random_bend(rng: np.random.Generator, length: float, expressive: bool) -> np.ndarray:
    """Semitones at every step of ``BEND_STEP`` samples: detuning, and often vibrato or a glide into the note."""
    steps = int(length * NOMINAL_RATE / BEND_STEP) + 1
    bend = np.full(steps, np.clip(rng.normal(0, 0.06), -0.2, 0.2))
    if not expressive:
        return bend
    seconds = np.arange(steps) * BEND_STEP / NOMINAL_RATE
    if rng.random() < 0.6:
        depth, begin = rng.uniform(0.05, 0.7), rng.uniform(0, 0.4)
        swing = np.sin(2 * np.pi * rng.uniform(4, 7.5) * seconds + rng.uniform(0, 6))
        bend += depth * swing * np.clip((seconds - begin) / 0.3, 0, 1)
    if rng.random() < 0.3:
        bend += rng.uniform(-1.2, 0.6) * np.exp(-seconds / rng.uniform(0.02, 0.1))
    return np.clip(bend, -BEND_SEMITONES, BEND_SEMITONES)


class FontPlayer:
    """The pitched instruments of SoundFonts, without those left out; and their drums."""

    def __init__(
        self, soundfonts: list[Path], left_out: frozenset[tuple[int, int]], only_left_out: bool = False
    ):
        import tinysoundfont

        self.instruments: list[tuple[int, int, int]] = []
        self._synths = []
        for font, path in enumerate(soundfonts):
            synth = tinysoundfont.Synth(samplerate=NOMINAL_RATE, gain=-14)
            loaded = synth.sfload(str(path))
            self._synths.append((synth, loaded))
            self.instruments += [
                (font, bank, program)
                for bank in (0, 8)
                for program in range(120)
                if program not in UNUSABLE
                and synth.sfpreset_name(loaded, bank, program)
                and ((bank, program) in left_out) == only_left_out
                and self._plays_its_key((font, bank, program))
            ]

    def _plays_its_key(self, instrument: tuple[int, int, int]) -> bool:
        """Whether a note has odd partials of its key, and little beside its partials: no octave or fifth instead."""
        samples = self.play(instrument, Note(0, 0.6, 60, 100), np.zeros(200)).samples[4000:24_000]
        power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 65_536)) ** 2
        partial = np.fft.rfftfreq(65_536, 1 / NOMINAL_RATE) / 261.63
        near = (np.abs(partial - np.round(partial)) < 0.06 * np.maximum(1, partial / 6)) & (partial > 0.5)
        odd = near & (np.round(partial) % 2 == 1)
        heard = power[partial < 12].sum() + 1e-12
        return power[near].sum() > 0.6 * heard and power[odd].sum() > 0.02 * heard

    def play(self, instrument: tuple[int, int, int], note: Note, bend: np.ndarray) -> Rendered:
        """One note alone, with its tail."""
        font, bank, program = instrument
        synth, loaded = self._synths[font]
        synth.program_select(0, loaded, bank, program)
        synth.pitchbend_range(0, BEND_SEMITONES)
        wheel = np.clip(np.round(8192 + bend / BEND_SEMITONES * 8191), 0, 16383).astype(int)
        steady = bool((wheel == wheel[0]).all())
        synth.pitchbend(0, int(wheel[0]))
        total = int(note.length * NOMINAL_RATE)
        pieces, now = [], 0
        synth.noteon(0, note.key, note.velocity)
        while now < total:
            take = total - now if steady else min(BEND_STEP, total - now)
            if not steady:
                synth.pitchbend(0, int(wheel[min(now // BEND_STEP, len(wheel) - 1)]))
            pieces.append(_generate(synth, take))
            now += take
        synth.noteoff(0, note.key)
        pieces.append(_generate(synth, int(TAIL_SECONDS * NOMINAL_RATE)))
        synth.sounds_off(0)
        _generate(synth, 64)
        return Rendered(note, _faded(np.concatenate(pieces).mean(axis=1)), bend)

    def drum(self, rng: np.random.Generator, kit: int, key: int, velocity: int) -> np.ndarray:
        """One stroke of a drum kit of the first font."""
        synth, loaded = self._synths[0]
        synth.program_select(9, loaded, DRUM_BANK, kit, True)
        synth.noteon(9, key, velocity)
        samples = _generate(synth, int(0.7 * NOMINAL_RATE)).mean(axis=1)
        synth.sounds_off(9)
        _generate(synth, 64)
        return _faded(samples)


def _generate(synth: Any, samples: int) -> np.ndarray:
    return np.frombuffer(bytes(synth.generate(samples)), np.float32).reshape(-1, 2)


def _faded(samples: np.ndarray) -> np.ndarray:
    """Without a step where the rendering was cut off."""
    samples = samples.copy()
    fade = min(2000, len(samples))
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return samples


class InventedPlayer:
    """An additive instrument drawn at random: spectrum, odd against even, stretch, envelope, breath."""

    def __init__(self, rng: np.random.Generator):
        self._slope_db = rng.uniform(2, 14)
        self._bumps_db = rng.normal(0, rng.uniform(0, 8), 24)
        self._even_db = rng.choice([0.0, 0.0, rng.uniform(-30, 6)])
        self._formants = rng.normal(0, rng.choice([0.0, 6.0]), 14)
        self._stretch = rng.choice([0.0, 10 ** rng.uniform(-5, -3.3)])
        self._struck = rng.random() < 0.5
        self._attack = float(np.exp(rng.uniform(np.log(0.002), np.log(0.02 if self._struck else 0.15))))
        self._fall = float(np.exp(rng.uniform(np.log(0.15), np.log(2.5))))
        self._release = float(np.exp(rng.uniform(np.log(0.02), np.log(0.3))))
        self._breath_db = rng.uniform(-70, -18)
        self._tremolo = rng.choice([0.0, rng.uniform(0, 0.3)])
        self.expressive = not self._struck or rng.random() < 0.3

    def play(self, rng: np.random.Generator, note: Note, bend: np.ndarray) -> Rendered:
        """One note alone, with its tail."""
        count = int((note.length + min(4 * self._release, TAIL_SECONDS)) * NOMINAL_RATE)
        seconds = np.arange(count) / NOMINAL_RATE
        bends = np.interp(seconds, np.arange(len(bend)) * BEND_STEP / NOMINAL_RATE, bend)
        hz = 440 * 2 ** ((note.key + bends - 69) / 12)
        turns = np.cumsum(hz) / NOMINAL_RATE
        samples = np.zeros(count)
        partials = int(min(20, 15_000 / hz[0]))
        base = np.exp(2j * np.pi * (turns + rng.random()))
        phasor = np.ones_like(base)
        for k in range(1, partials + 1):
            stretch = np.sqrt(1 + self._stretch * k * k)
            level_db = self._level(k, hz[0]) + (note.velocity - 90) / 127 * 6 * np.log2(k)
            fall = seconds / self._fall * (1 + 0.15 * (k - 1)) * (note.key / 60) if self._struck else 0.0
            if self._stretch:
                wave = np.sin(2 * np.pi * turns * k * stretch + 6 * rng.random())
            else:
                phasor = phasor * base
                wave = phasor.imag
            samples += 10 ** (level_db / 20) * np.exp(-fall) * wave
        loud = np.sqrt(np.mean(samples**2)) + 1e-9
        samples += rng.standard_normal(count) * loud * 10 ** (self._breath_db / 20)
        samples *= self._envelope(rng, seconds, note.length) * 0.1 * 10 ** ((note.velocity - 90) / 40) / loud
        return Rendered(note, samples.astype(np.float32), bend)

    def _level(self, k: int, hz: float) -> float:
        level = (
            -self._slope_db * np.log2(k) + self._bumps_db[k] * (k > 1) + (self._even_db if k % 2 == 0 else 0)
        )
        return float(level + np.interp(np.log2(hz * k), np.linspace(5, 14, 14), self._formants))

    def _envelope(self, rng: np.random.Generator, seconds: np.ndarray, length: float) -> np.ndarray:
        rise = np.clip(seconds / self._attack, 0, 1)
        release = np.exp(-np.maximum(seconds - length, 0) / self._release)
        swing = 1 - self._tremolo * (0.5 + 0.5 * np.sin(2 * np.pi * 5.3 * seconds + rng.uniform(0, 6)))
        return rise * release * swing
