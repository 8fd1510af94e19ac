"""Pieces: what one to four players play together, with truth per frame, and the levels that the tracker sees of it.

Truth follows what sounds: an onset is where a note's own level has risen to a sixth of its first peak, and a note
sounds until it has died away or is buried under the others, whatever the key does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stylefx.analysis.grid import NOMINAL_RATE
from stylefx.learn.pretraining.tracker.players import (
    BEND_STEP,
    DRUM_KITS,
    FontPlayer,
    InventedPlayer,
    Rendered,
    random_bend,
)
from stylefx.learn.pretraining.tracker.scores import Note, doubled, random_score
from stylefx.learn.pretraining.tracker.sounds import augmented, coloured_noise, with_bursts
from stylefx.tracking.layout import LOWEST_PITCH, PITCHES, PLACES, layout_for
from stylefx.tracking.levels import LOWEST_DB, Levels

SECONDS = 10.0
LAYOUT = layout_for(NOMINAL_RATE)
FRAME = LAYOUT.frame
FRAMES = int(SECONDS * NOMINAL_RATE) // FRAME
STORED_STEP_DB = 0.5
# The onset lies this far under the highest level of the first 0.3 s; read in blocks of 2.5 ms.
RISEN_DB, FIRST_SECONDS, BLOCK = -15.0, 0.3, 110
# A note sounds while it is no further than this under its own peak, and under the whole piece's level now.
FADED_DB, BURIED_DB = -30.0, -32.0
# Onsets buried this far are not asked for, and nothing is said of those between.
HIDDEN_DB, FAINT_DB = -32.0, -22.0
SILENT_PEAK = 3e-4
# How many voices in all, and how often.
POLYPHONY, POLYPHONY_CHANCES = (1, 2, 3, 4, 5, 6), (0.28, 0.2, 0.17, 0.15, 0.1, 0.1)
INVENTED, AUGMENTED, DRUMS, BURSTS = 0.25, 0.75, 0.25, 0.2
# How often nothing is played at all, so that noise and drums are known to be no notes; how often a player doubles the
# one before.
NOTHING, DOUBLED = 0.05, 0.25


@dataclass
class SoundingNote:
    """Onset and offset in seconds, pitch at the onset in semitones, and how sure the truth is (0 to 1)."""

    onset: float
    offset: float
    pitch: float
    weight: float = 1.0


@dataclass
class Piece:
    """``levels`` uint8 (frames, 2, PLACES) in half decibels; truth per frame and pitch: ``onset`` int8 (where in the
    frame, -100..100 for half a frame before or after its middle; NONE elsewhere), ``sounding`` uint8 (0, 1, or UNSAID),
    ``cents`` int8; ``unsaid`` bool marks onsets that are not counted; ``notes``; ``audio`` where it is kept."""

    levels: np.ndarray
    onset: np.ndarray
    unsaid: np.ndarray
    sounding: np.ndarray
    cents: np.ndarray
    notes: list[SoundingNote]
    audio: np.ndarray | None = None


NONE, UNSAID = -128, 2


def levels_of(audio: np.ndarray) -> np.ndarray:
    """uint8 (frames, 2, PLACES): half decibels above LOWEST_DB."""
    stage = Levels()
    stage.prepare(LAYOUT)
    found = np.empty((len(audio) // FRAME, 2, PLACES), np.uint8)
    for index, levels in enumerate(stage.process(audio)):
        found[index] = np.clip((levels - LOWEST_DB) / STORED_STEP_DB + 0.5, 0, 255)
    return found


class Composer:
    """Draws pieces for the instruments of ``font``; with ``plain`` no augmentation, drums or invented instruments."""

    def __init__(self, font: FontPlayer, plain: bool = False, keep_audio: bool = False):
        self._font, self._plain, self._keep = font, plain, keep_audio

    def draw(self, rng: np.random.Generator, polyphony: int | None = None) -> Piece:
        """One piece of ``polyphony`` voices, by default a random number."""
        if not self._plain and rng.random() < NOTHING:
            return self._nothing(rng)
        while True:
            voices = int(rng.choice(POLYPHONY, p=POLYPHONY_CHANCES)) if polyphony is None else polyphony
            notes, gains = self._played(rng, voices)
            if notes:
                break
        audio, truth = mixed(notes, gains)
        if not self._plain:
            if rng.random() < DRUMS:
                self._drums(rng, audio)
            if rng.random() < BURSTS:
                audio = with_bursts(rng, audio)
            if rng.random() < AUGMENTED:
                audio = augmented(rng, audio, float(rng.choice([0.5, 1.0, 1.0])))
        return self._finished(rng, audio, truth)

    def _nothing(self, rng: np.random.Generator) -> Piece:
        """Noise, and often drums or short noises: no notes."""
        audio, truth = mixed([], [])
        audio = 0.01 * coloured_noise(rng, len(audio))
        if rng.random() < 0.5:
            self._drums(rng, audio)
        if rng.random() < 0.7:
            audio = with_bursts(rng, audio)
        return self._finished(rng, audio, truth)

    def _finished(self, rng: np.random.Generator, audio: np.ndarray, truth: tuple[Any, ...]) -> Piece:
        audio *= 10 ** (rng.uniform(-30, -3) / 20) / max(np.abs(audio).max(), 1e-6)
        return Piece(levels_of(audio), *truth, *([audio] if self._keep else []))

    def _played(self, rng: np.random.Generator, voices: int) -> tuple[list[Rendered], list[float]]:
        notes: list[Rendered] = []
        gains: list[float] = []
        score: list[Note] = []
        while voices > 0:
            share = 1 if rng.random() < 0.35 else voices
            voices -= share
            level_db = rng.uniform(-10, 0)
            again = not self._plain and rng.random() < DOUBLED
            score = (doubled(rng, score) if again else []) or random_score(rng, SECONDS, share)
            rendered = [item for item in self._part(rng, score) if np.abs(item.samples).max() > SILENT_PEAK]
            if not rendered:
                continue
            loud = np.median([np.abs(item.samples).max() for item in rendered])
            notes += rendered
            gains += [float(10 ** (level_db / 20) * 0.2 / loud)] * len(rendered)
        return notes, gains

    def _part(self, rng: np.random.Generator, score: list[Note]) -> list[Rendered]:
        if not self._plain and rng.random() < INVENTED:
            invented = InventedPlayer(rng)
            return [
                invented.play(rng, note, random_bend(rng, note.length, invented.expressive)) for note in score
            ]
        instrument = self._font.instruments[rng.integers(len(self._font.instruments))]
        expressive = rng.random() < 0.4 and not self._plain
        return [
            self._font.play(instrument, note, random_bend(rng, note.length, expressive)) for note in score
        ]

    def _drums(self, rng: np.random.Generator, audio: np.ndarray) -> None:
        loud = np.sqrt(np.mean(audio**2)) * 10 ** (rng.uniform(-12, 8) / 20)
        kit, keys = int(rng.choice(DRUM_KITS)), rng.integers(35, 60, 4)
        beat, now = rng.uniform(0.12, 0.5), rng.uniform(0, 0.3)
        strokes = [self._font.drum(rng, kit, int(key), 100) for key in keys]
        while now < SECONDS - 0.2:
            stroke = strokes[rng.integers(4)]
            level = loud / (np.sqrt(np.mean(stroke**2)) + 1e-3) * rng.uniform(0.4, 1.2)
            _add_samples(audio, stroke * np.float32(level), int(now * NOMINAL_RATE))
            now += beat * float(rng.choice([0.5, 1, 1, 2]))


def mixed(notes: list[Rendered], gains: list[float]) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Rendered notes together, float32 (samples,), and the truth of it: the fields of a `Piece` from ``onset`` on."""
    audio = np.zeros(int(SECONDS * NOMINAL_RATE), np.float32)
    for rendered, gain in zip(notes, gains):
        _add_samples(audio, rendered.samples * np.float32(gain), int(rendered.note.start * NOMINAL_RATE))
    return audio, _truth(notes, gains, audio)


def _add_samples(audio: np.ndarray, samples: np.ndarray, start: int) -> None:
    take = min(len(samples), len(audio) - start)
    if take > 0:
        audio[start : start + take] += samples[:take]


def _frame_powers(samples: np.ndarray, start: int) -> tuple[int, np.ndarray]:
    """First frame and the mean power of every frame that the samples touch."""
    first = start // FRAME
    head = start - first * FRAME
    total = -(-(head + len(samples)) // FRAME) * FRAME
    padded = np.zeros(total, np.float64)
    padded[head : head + len(samples)] = samples
    return first, (padded.reshape(-1, FRAME) ** 2).mean(axis=1)


def risen_at(samples: np.ndarray) -> int:
    """Sample at which a note by itself has risen to ``RISEN_DB`` under its first peak."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    power = (blocks.astype(np.float64) ** 2).mean(axis=1)
    peak = power[: int(FIRST_SECONDS * NOMINAL_RATE / BLOCK)].max()
    return int(np.argmax(power >= peak * 10 ** (RISEN_DB / 10))) * BLOCK


def _truth(notes: list[Rendered], gains: list[float], audio: np.ndarray) -> tuple[Any, ...]:
    shape = (FRAMES, PITCHES)
    onset, cents = np.full(shape, NONE, np.int8), np.zeros(shape, np.int8)
    sounding, unsaid, loudest = np.zeros(shape, np.uint8), np.zeros(shape, bool), np.zeros(shape)
    whole = np.convolve(_frame_powers(audio, 0)[1], np.ones(8) / 8, "same") + 1e-12
    found = []
    for rendered, gain in sorted(zip(notes, gains), key=lambda pair: pair[0].note.start):
        start = int(rendered.note.start * NOMINAL_RATE)
        samples = rendered.samples * gain
        at = start + risen_at(rendered.samples)
        first, power = _frame_powers(samples, start)
        frames = np.arange(first, min(first + len(power), FRAMES))
        frames = frames[frames >= at // FRAME]
        if not len(frames):
            continue
        power = power[frames - first]
        smooth = np.maximum.accumulate(power[::-1])[::-1] if len(power) < 4 else _smoothed(power)
        heard = (smooth > power.max() * 10 ** (FADED_DB / 10)) & (
            smooth > whole[frames] * 10 ** (BURIED_DB / 10)
        )
        early = slice(0, 12)
        relative_db = 10 * np.log10(power[early].max() / whole[frames[early]].max() + 1e-12)
        if relative_db < HIDDEN_DB or not heard.any():
            continue
        frames = frames[: int(np.nonzero(heard)[0][-1]) + 1]
        steps = np.clip((frames * FRAME + FRAME // 2 - start) // BEND_STEP, 0, len(rendered.bend) - 1)
        pitch = rendered.note.key + rendered.bend[steps]
        index = np.round(pitch).astype(int) - LOWEST_PITCH
        inside = (index >= 0) & (index < PITCHES)
        frames, index, pitch, power = (
            frames[inside],
            index[inside],
            pitch[inside],
            power[: len(inside)][inside],
        )
        if not len(frames):
            continue
        louder = power >= loudest[frames, index]
        sounding[frames, index] = 1
        cents[frames[louder], index[louder]] = np.clip(100 * (pitch - np.round(pitch))[louder], -50, 50)
        loudest[frames, index] = np.maximum(loudest[frames, index], power)
        faint = relative_db < FAINT_DB
        later = min(4, len(index) - 1)
        _mark_onset(onset, unsaid, at / FRAME - 0.5, int(index[later]), faint)
        found.append(
            SoundingNote(
                at / NOMINAL_RATE,
                (frames[-1] + 1) * FRAME / NOMINAL_RATE,
                float(pitch[later]),
                0.0 if faint else 1.0,
            )
        )
    return onset, unsaid, sounding, cents, found


def _smoothed(power: np.ndarray) -> np.ndarray:
    """The larger of now and soon, so that beats of low notes do not end a note."""
    width = 6
    padded = np.concatenate([power, np.zeros(width)])
    return np.lib.stride_tricks.sliding_window_view(padded, width + 1).max(axis=1)


def _mark_onset(onset: np.ndarray, unsaid: np.ndarray, position: float, index: int, faint: bool) -> None:
    """At every frame whose middle is no further than three quarters of a frame away."""
    for frame in range(int(np.ceil(position - 0.75)), int(np.floor(position + 0.75)) + 1):
        if 0 <= frame < FRAMES:
            onset[frame, index] = round(100 * (position - frame))
            unsaid[frame, index] = faint
