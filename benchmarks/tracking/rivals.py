"""Rows to beat, each audio -> notes: basic-pitch with its own decoding, a harmonic sum with peak picking, sparse NMF
on harmonic templates, and for single lines pYIN and swift-f0.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np

from benchmarks.metrics import notes as basic_pitch
from benchmarks.metrics.paired import at_rate
from stylefx.learn.pretraining.tracker.pieces import LAYOUT, SoundingNote
from stylefx.tracking.inputs import FALL_DB_PER_SECOND
from stylefx.tracking.layout import LOWEST_PITCH, PER_SEMITONE, PITCHES, PLACES, SHIFTS
from stylefx.tracking.levels import Levels

# basic-pitch's own defaults, and a shortest note that does not forbid quick ones.
ONSET_THRESHOLD, FRAME_THRESHOLD, SHORTEST_FRAMES, QUICK_FRAMES = 0.5, 0.3, 11, 5
# Harmonic sum: how much less a partial counts than the one before; a note is within so many dB of the loudest lately,
# begins by a rise of so many dB in two frames, and lasts at least so many frames.
PARTIAL_DECAY, SALIENT_DB, RISE_DB, SHORTEST_LINE, MAX_VOICES = 0.75, -14.0, 6.0, 5, 6
# Sparse NMF: partials fall by this, with this price on every activation, and so many updates a frame.
TEMPLATE_DECAY, SPARSITY, UPDATES = 0.8, 0.15, 30
# Single lines: a note is a stretch of one rounded pitch; swift-f0's own threshold of confidence.
STEADY_SECONDS, VOICED = 0.06, 0.9


def basic_pitch_notes(audio: np.ndarray, sample_rate: int, quick: bool = False) -> list[SoundingNote]:
    """basic-pitch's network and its own note creation; ``quick`` allows notes from 58 ms on."""
    sounding, onsets = _activities(audio.tobytes(), sample_rate)
    shortest = QUICK_FRAMES if quick else SHORTEST_FRAMES
    found = _note_creation().output_to_notes_polyphonic(
        sounding, onsets, ONSET_THRESHOLD, FRAME_THRESHOLD, shortest, True, None, None
    )
    seconds = basic_pitch.HOP / basic_pitch.SAMPLE_RATE
    return _sorted(SoundingNote(first * seconds, last * seconds, float(key)) for first, last, key, _ in found)


@lru_cache(2)
def _activities(audio: bytes, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    low = at_rate(np.frombuffer(audio, np.float32), sample_rate, basic_pitch.SAMPLE_RATE)
    return basic_pitch.activities(low)


@cache
def _note_creation():
    """The package's module, without what it needs to make sounds."""
    sys.modules.setdefault("resampy", types.ModuleType("resampy"))
    return importlib.import_module("basic_pitch.note_creation")


def _levels(audio: np.ndarray) -> np.ndarray:
    stage = Levels()
    stage.prepare(LAYOUT)
    return np.array([levels.copy() for levels in stage.process(audio)])


def harmonic_sum_notes(audio: np.ndarray, sample_rate: int) -> list[SoundingNote]:
    """Weighted sum of the partials' magnitudes; local maxima over pitch that rise begin a note."""
    levels = _levels(audio)[:, 0]
    salience = np.array([_salient(spectrum) for spectrum in 10 ** (levels / 20)])
    return _picked(20 * np.log10(salience + 1e-6))


def _salient(magnitude: np.ndarray) -> np.ndarray:
    """Weighted sums of partials, the best pitch first, whose partials are then taken out (Klapuri 2006), (PITCHES,)."""
    rest = np.pad(magnitude, (0, PER_SEMITONE * 40))
    places = 1 + PER_SEMITONE * np.arange(PITCHES)[:, None] + np.array(SHIFTS[2:])
    weights = PARTIAL_DECAY ** np.arange(places.shape[1])
    found = np.zeros(PITCHES)
    for _ in range(MAX_VOICES):
        near = np.maximum.reduce([rest[places + sub] for sub in (-1, 0, 1)])
        # A partial counts as much as its fundamental allows: an octave below has half of its partials missing.
        sums = np.minimum(near, 4 * near.mean(axis=1, keepdims=True)) @ weights
        best = int(sums.argmax())
        if sums[best] <= 0.02 * (found.max() or sums[best]):
            break
        found[best] = max(found[best], sums[best])
        for place in places[best]:
            rest[place - 3 : place + 4] *= 0.1
    return found


def sparse_nmf_notes(audio: np.ndarray, sample_rate: int) -> list[SoundingNote]:
    """Activations of harmonic templates, multiplicative updates for the KL divergence with an L1 price, causal."""
    levels = _levels(audio)[:, 0]
    magnitude = 10 ** (levels / 20)
    templates = _templates()
    activation = np.full(PITCHES, 0.1)
    found = np.empty((len(levels), PITCHES))
    for frame, spectrum in enumerate(magnitude):
        loudest = spectrum.max() + 1e-6
        target = spectrum / loudest
        activation = np.maximum(activation, 1e-3)
        for _ in range(UPDATES):
            ratio = target / (templates.T @ activation + 1e-6)
            activation = activation * (templates @ ratio) / (templates.sum(axis=1) + SPARSITY)
        found[frame] = 20 * np.log10(activation * loudest + 1e-6)
    return _picked(found)


def _templates() -> np.ndarray:
    places, rows = np.arange(PLACES), np.zeros((PITCHES, PLACES))
    for pitch in range(PITCHES):
        for index, shift in enumerate(SHIFTS[2:]):
            centre = 1 + PER_SEMITONE * pitch + shift
            rows[pitch] += TEMPLATE_DECAY**index * np.exp(-0.5 * ((places - centre) / 1.1) ** 2)
    return rows


def _picked(salience_db: np.ndarray) -> list[SoundingNote]:
    """Notes of a salience in dB, (frames, PITCHES): begun by a rise of a local maximum, ended when it has fallen."""
    fall = FALL_DB_PER_SECOND * LAYOUT.frame_seconds
    steps = np.arange(len(salience_db)) * fall
    loudest = np.maximum.accumulate(salience_db.max(axis=1) + steps) - steps
    padded = np.pad(salience_db, ((0, 0), (1, 1)), constant_values=-200)
    local = (salience_db > padded[:, :-2]) & (salience_db > padded[:, 2:])
    on = local & (salience_db > loudest[:, None] + SALIENT_DB) & (loudest[:, None] > -60)
    before = np.pad(salience_db, ((2, 0), (0, 0)), constant_values=-200)[:-2]
    rises = on & (salience_db > before + RISE_DB)
    notes: list[tuple[int, int, int]] = []
    sounding: dict[int, int] = {}
    for frame in range(len(on)):
        for key in list(sounding):
            if salience_db[frame, key] < loudest[frame] + SALIENT_DB - 6 or frame == len(on) - 1:
                notes.append((sounding.pop(key), frame, key))
        for key in np.nonzero(rises[frame])[0].tolist():
            if key in sounding and frame - sounding[key] < 10:
                continue
            if key in sounding:
                notes.append((sounding.pop(key), frame, key))
            sounding[key] = frame
    long_enough = [note for note in notes if note[1] - note[0] > SHORTEST_LINE]
    return _sorted(
        SoundingNote(first * LAYOUT.frame_seconds, last * LAYOUT.frame_seconds, float(LOWEST_PITCH + key))
        for first, last, key in long_enough
    )


def pyin_notes(audio: np.ndarray, sample_rate: int) -> list[SoundingNote]:
    """Single lines: librosa's pYIN, a note wherever the rounded pitch stays for 60 ms."""
    import librosa

    low = at_rate(audio, sample_rate, 22_050)
    hz, voiced, _ = librosa.pyin(low, fmin=55, fmax=2000, sr=22_050, frame_length=2048, hop_length=256)
    return _steady(np.where(voiced, librosa.hz_to_midi(np.where(voiced, hz, 440.0)), np.nan), 256 / 22_050)


def swift_f0_notes(audio: np.ndarray, sample_rate: int) -> list[SoundingNote]:
    """Single lines: swift-f0's network, a note wherever the rounded pitch stays for 60 ms."""
    from swift_f0 import SwiftF0

    result = SwiftF0().detect(audio, sample_rate)
    pitch = 69 + 12 * np.log2(np.maximum(result.pitch_hz, 1) / 440)
    step = float(np.median(np.diff(result.timestamps)))
    return _steady(np.where(result.confidence > VOICED, pitch, np.nan), step)


def _steady(pitch: np.ndarray, step_seconds: float) -> list[SoundingNote]:
    keys = np.where(np.isnan(pitch), -1, np.round(np.nan_to_num(pitch))).astype(int)
    edges = np.nonzero(np.diff(keys, prepend=-2, append=-2))[0]
    return [
        SoundingNote(first * step_seconds, last * step_seconds, float(keys[first]))
        for first, last in pairwise(edges)
        if keys[first] > 0 and (last - first) * step_seconds > STEADY_SECONDS
    ]


def _sorted(notes) -> list[SoundingNote]:
    return sorted(notes, key=lambda note: (note.onset, note.pitch))


RIVALS: dict[str, Callable[[np.ndarray, int], list[SoundingNote]]] = {
    "basic-pitch, offline": basic_pitch_notes,
    "basic-pitch, notes from 58 ms": lambda audio, rate: basic_pitch_notes(audio, rate, quick=True),
    "harmonic sum, peaks": harmonic_sum_notes,
    "sparse NMF, harmonic templates": sparse_nmf_notes,
}
SLOW = ("harmonic sum, peaks", "sparse NMF, harmonic templates", "pYIN")
SINGLE_LINES = {"pYIN": pyin_notes, "swift-f0": swift_f0_notes}
