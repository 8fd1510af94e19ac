"""Random music-like scores for the tracker: lines, runs, trills, repeated notes, arpeggios, chords, voices, and chance.

A score is a list of notes for one player; several players make a piece
(:mod:`stylefx.learn.pretraining.tracker.pieces`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 3, 5, 7, 8, 11),
    (0, 3, 5, 7, 10),
    tuple(range(12)),
)
KINDS = ("line", "run", "trill", "repeats", "arpeggio", "chords", "octaves", "chance")
CHANCES = {
    1: (0.42, 0.2, 0.08, 0.18, 0.0, 0.0, 0.0, 0.12),
    2: (0.0, 0.0, 0.05, 0.0, 0.25, 0.3, 0.25, 0.15),
    6: (0.0, 0.0, 0.0, 0.0, 0.2, 0.6, 0.05, 0.15),
}
# Semitones between a line and the one that doubles it.
DOUBLINGS = (0, 12, 12, -12, -12, 19, -19, 24, -24, 7)
REGISTERS = ((30, 45), (40, 55), (48, 67), (55, 75), (60, 84), (72, 96))
REGISTER_CHANCES = (0.08, 0.2, 0.25, 0.25, 0.15, 0.07)


class Note(NamedTuple):
    """Start and length in seconds, MIDI key, velocity."""

    start: float
    length: float
    key: int
    velocity: int


class Plan(NamedTuple):
    """What a score is drawn from.

    Its length in seconds, the MIDI keys of its scale and the place of its home among them, seconds from note to note,
    the share of them that a note lasts, a velocity, and how many notes sound at a time.
    """

    seconds: float
    keys: np.ndarray
    home: int
    step: float
    hold: float
    loudness: float
    voices: int


def random_score(rng: np.random.Generator, seconds: float, voices: int) -> list[Note]:
    """What one player plays: ``voices`` 1 a single line, 2 two notes at a time, more for chords of up to so many."""
    chances = CHANCES[1 if voices == 1 else 2 if voices == 2 else 6]
    kind = KINDS[rng.choice(len(KINDS), p=np.array(chances) / sum(chances))]
    low, high = REGISTERS[rng.choice(len(REGISTERS), p=REGISTER_CHANCES)]
    scale = np.array(SCALES[rng.integers(len(SCALES))]) + rng.integers(12)
    keys = np.array([key for key in range(24, 105) if (key - scale[0]) % 12 in (scale - scale[0]) % 12])
    home = int(np.argmin(np.abs(keys - rng.uniform(low, high))))
    step = float(np.exp(rng.uniform(np.log(0.1), np.log(1.2))))
    hold = float(rng.choice([0.3, 0.6, 0.9, 0.98, 1.1]))
    loudness = float(rng.integers(50, 115))
    make = {
        "line": _line, "run": _run, "trill": _trill, "repeats": _repeats, "arpeggio": _arpeggio,
        "chords": _chords, "octaves": _octaves, "chance": _chance,
    }[kind]  # fmt: skip
    return make(rng, Plan(seconds, keys, home, step, hold, loudness, voices))


def doubled(rng: np.random.Generator, score: list[Note]) -> list[Note]:
    """The same once more, as another player doubles it: in unison, or an octave, a twelfth, two octaves away."""
    apart, late = int(rng.choice(DOUBLINGS)), rng.uniform(0, 0.03)
    share = rng.choice([0.5, 1.0])
    return [
        note._replace(start=note.start + rng.uniform(0, late), key=note.key + apart)
        for note in score
        if 22 <= note.key + apart <= 106 and rng.random() < share
    ]


def _note(rng: np.random.Generator, start: float, length: float, key: int, loudness: float) -> Note:
    return Note(start, max(length, 0.05), int(key), int(np.clip(loudness + rng.normal(0, 12), 25, 127)))


def _walk(rng: np.random.Generator, degree: int, home: int, degrees: int) -> int:
    leap = rng.integers(-2, 3) if rng.random() < 0.75 else rng.integers(-7, 8)
    degree = int(np.clip(degree + leap, 0, degrees - 1))
    return degree if abs(degree - home) <= 9 else home


def _beats(
    rng: np.random.Generator, seconds: float, step: float, shortest: float = 0.08
) -> Iterator[tuple[float, float]]:
    """Starts and lengths of a rhythm, rests among them left out."""
    now = rng.uniform(0, 0.3)
    while now < seconds - 0.1:
        length = max(step * float(rng.choice([1, 1, 1, 2, 0.5, 3])), shortest)
        if rng.random() > 0.12:
            yield now, length
        now += length


def _line(rng: np.random.Generator, plan: Plan) -> list[Note]:
    notes, degree = [], plan.home
    for start, length in _beats(rng, plan.seconds, plan.step):
        notes.append(_note(rng, start, length * plan.hold, plan.keys[degree], plan.loudness))
        degree = _walk(rng, degree, plan.home, len(plan.keys))
    return notes


def _run(rng: np.random.Generator, plan: Plan) -> list[Note]:
    step = float(rng.uniform(0.07, 0.2))
    notes, degree, way, now = [], plan.home, 1, rng.uniform(0, 0.3)
    while now < plan.seconds - 0.1:
        notes.append(_note(rng, now, step * plan.hold, plan.keys[degree], plan.loudness))
        if (
            rng.random() < 0.15
            or not 0 < degree + way < len(plan.keys) - 1
            or abs(degree + way - plan.home) > 11
        ):
            way = -way
        degree = int(np.clip(degree + way, 0, len(plan.keys) - 1))
        now += step if rng.random() < 0.93 else rng.uniform(0.2, 1.0)
    return notes


def _trill(rng: np.random.Generator, plan: Plan) -> list[Note]:
    notes, now, degree = [], rng.uniform(0, 0.3), plan.home
    while now < plan.seconds - 0.1:
        gap, count = rng.uniform(0.07, 0.13), int(rng.integers(4, 14))
        for index in range(count):
            key = plan.keys[min(degree + index % 2, len(plan.keys) - 1)]
            notes.append(_note(rng, now, gap * min(plan.hold, 1), key, plan.loudness))
            now += gap
        now += rng.uniform(0.1, 0.8)
        degree = _walk(rng, degree, plan.home, len(plan.keys))
    return [note for note in notes if note.start < plan.seconds - 0.1]


def _repeats(rng: np.random.Generator, plan: Plan) -> list[Note]:
    step = float(np.clip(plan.step, 0.1, 0.6))
    notes, now, degree = [], rng.uniform(0, 0.3), plan.home
    while now < plan.seconds - 0.1:
        for _ in range(int(rng.integers(2, 7))):
            notes.append(_note(rng, now, step * min(plan.hold, 0.95), plan.keys[degree], plan.loudness))
            now += step
        degree = _walk(rng, degree, plan.home, len(plan.keys))
    return [note for note in notes if note.start < plan.seconds - 0.1]


def _arpeggio(rng: np.random.Generator, plan: Plan) -> list[Note]:
    step = float(np.clip(plan.step, 0.1, 0.5))
    ring = step * float(rng.integers(2, max(3, plan.voices + 1)))
    notes = _line(rng, plan._replace(step=step, hold=1.0))
    return [note._replace(length=ring) for note in notes]


def _chords(rng: np.random.Generator, plan: Plan) -> list[Note]:
    notes, degree = [], plan.home
    strum = float(rng.choice([0, 0, 0.01, 0.03]))
    # Chorales double the bass an octave or two above: such notes are the hardest to hear.
    doubled = float(rng.choice([0.0, 0.8]))
    for start, length in _beats(rng, plan.seconds, max(plan.step, 0.25)):
        above = rng.choice(
            [0, 2, 4, 7, 9, 11, 1, 5, -7], max(2, int(rng.integers(2, plan.voices + 1))), replace=False
        )
        for index, offset in enumerate(np.sort(above)):
            key = plan.keys[int(np.clip(degree + offset, 0, len(plan.keys) - 1))]
            begin = start + index * strum + rng.uniform(0, 0.015)
            notes.append(_note(rng, begin, length * plan.hold, key, plan.loudness))
        if rng.random() < doubled:
            low = notes[-1].key - int(rng.choice([12, 12, 19, 24]))
            notes.append(
                _note(rng, start + rng.uniform(0, 0.015), length * plan.hold, max(low, 24), plan.loudness)
            )
        degree = _walk(rng, degree, plan.home, len(plan.keys))
    return notes


def _octaves(rng: np.random.Generator, plan: Plan) -> list[Note]:
    apart = int(rng.choice([12, 12, 12, 7, 19, 24, 4, 3]))
    lower = _line(rng, plan._replace(step=max(plan.step, 0.15)))
    upper = [
        note._replace(start=note.start + rng.uniform(0, 0.02), key=min(note.key + apart, 108))
        for note in lower
        if rng.random() < 0.8
    ]
    return lower + upper


def _chance(rng: np.random.Generator, plan: Plan) -> list[Note]:
    """Notes at random times, so that nothing is learnt of harmony: ``voices`` of them at a time on average."""
    length = max(plan.step, 0.2)
    count = rng.poisson(plan.seconds / length * min(plan.voices, 4))
    reach = 12 if plan.voices == 1 else 24
    return [
        _note(
            rng, rng.uniform(0, plan.seconds - 0.1), length * rng.uniform(0.3, 2),
            int(np.clip(plan.keys[plan.home] + rng.integers(-reach, reach), 22, 106)), plan.loudness,
        )
        for _ in range(count)
    ]  # fmt: skip
