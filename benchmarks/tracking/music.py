"""The music: tunes and chorales (:mod:`benchmarks.cases.scores`) on instruments unknown to training, plain, augmented.

Truth follows what sounds (:mod:`stylefx.learn.pretraining.tracker.pieces`): every note is rendered by itself, begins
where it has risen and ends where it has died away. Four and more voices are chorales, and two tunes played at once.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from benchmarks.cases.instruments import preset
from benchmarks.cases.scores import SCORES, timed_notes
from benchmarks.cases.soundfonts import find_soundfont
from stylefx.learn.pretraining.tracker.pieces import SoundingNote, mixed
from stylefx.learn.pretraining.tracker.players import FontPlayer
from stylefx.learn.pretraining.tracker.scores import Note
from stylefx.learn.pretraining.tracker.sounds import phone_in_room

SECONDS = 10.0
PEAK = 0.5
FONTS = ("FluidR3_GM", "TimGM6mb")
# Of each piece its players: (score, instrument, transpose).
ONE = (
    ("ode_to_joy", "nylon guitar", 0), ("greensleeves", "violin", 0), ("amazing_grace", "flute", 3),
    ("minuet_in_g", "piano", 0), ("cello_prelude", "cello", 0), ("londonderry_air", "clarinet", 4),
    ("auld_lang_syne", "trumpet", 0), ("fur_elise", "harpsichord", -5), ("the_swan", "voice", 0),
    ("frere_jacques", "vibraphone", 7),
)  # fmt: skip
TWO = (
    ("ode_in_two", "piano", 0), ("ode_in_two", "brass", 0), ("ode_in_two", "steel guitar", -5),
    ("ode_in_two", "strings", 5),
)  # fmt: skip
DUETS = (
    (("amazing_grace", "violin", 7), ("the_swan", "harp", -5)),
    (("greensleeves", "flute", 5), ("cello_prelude", "bassoon", 0)),
)
THREE = (
    ("canon_in_d", "harpsichord", -5), ("silent_night", "strings", 0), ("round_in_three", "nylon guitar", -3),
    ("canon_in_d", "church organ", 0), ("silent_night", "piano", 0), ("round_in_three", "vibraphone", 7),
)  # fmt: skip
FOUR = (
    ("old_hundredth", "piano", 0), ("tallis_canon", "church organ", 0), ("old_hundredth", "strings", 2),
    ("tallis_canon", "steel guitar", 0), ("old_hundredth", "accordion", 0),
)  # fmt: skip
ENSEMBLE = ((("silent_night", "harp", 5), ("ode_in_two", "oboe", 5), ("cello_prelude", "bassoon", 0)),)
VOICES = {
    "1": tuple((line,) for line in ONE),
    "2": tuple((line,) for line in TWO) + DUETS,
    "3": tuple((line,) for line in THREE),
    "4+": tuple((line,) for line in FOUR) + ENSEMBLE,
}


@dataclass
class Music:
    """``audio`` float32 (samples,) at 44.1 kHz, its true notes, and what it is."""

    name: str
    audio: np.ndarray
    notes: list[SoundingNote]


def music(font: str, augmented: bool, limit: int | None = None) -> dict[str, list[Music]]:
    """The pieces by number of voices; ``limit`` of each."""
    path = find_soundfont(font)
    player = FontPlayer([path], frozenset())
    return {
        voices: [_piece(player, path, lines, augmented) for lines in pieces[:limit]]
        for voices, pieces in VOICES.items()
    }


def _piece(player: FontPlayer, path, lines, augmented: bool) -> Music:
    name = " + ".join(f"{score} ({instrument})" for score, instrument, _ in lines)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    rendered, gains = [], []
    for score, instrument, transpose in lines:
        chosen = preset(instrument, path)
        part = [
            player.play((0, chosen.bank, chosen.program), note, np.zeros(1))
            for note in (
                Note(on, off - on, pitch, int(rng.integers(70, 111)))
                for on, off, pitch in timed_notes(SCORES[score], SECONDS, transpose)
            )
        ]
        loud = np.median([np.abs(item.samples).max() for item in part])
        rendered += part
        gains += [float(0.2 / loud)] * len(part)
    audio, (*_, notes) = mixed(rendered, gains)
    if augmented:
        audio = phone_in_room(rng, audio)
    return Music(name, (audio * PEAK / np.abs(audio).max()).astype(np.float32), notes)
