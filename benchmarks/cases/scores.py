"""The scores that the paired cases render: public-domain tunes and chorales, written out as (pitch, beats).

A voice is written one token a note: a pitch name (``C4`` is middle C, ``#`` sharp, ``b`` flat, ``-`` a rest),
then ``:`` and its length in beats where that is not one. :func:`timed_notes` repeats a score until its time
is filled, so that any tune gives a clip of any length.
"""

from __future__ import annotations

from dataclasses import dataclass

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"#": 1, "b": -1}
# A note sounds this much of its written length: players lift before the next note, and repeats must
# re-attack.
ARTICULATION = 0.95


@dataclass(frozen=True)
class Score:
    """``beats_per_minute`` and the voices, each a tuple of (MIDI pitch or None for a rest, beats)."""

    name: str
    beats_per_minute: float
    voices: tuple[tuple[tuple[int | None, float], ...], ...]


def midi_pitch(name: str) -> int | None:
    """MIDI number of a pitch name (``A4`` = 69), None for a rest."""
    if name == "-":
        return None
    step = STEPS[name[0]] + sum(ACCIDENTALS[sign] for sign in name[1:-1])
    return 12 * (int(name[-1]) + 1) + step


def voice(text: str) -> tuple[tuple[int | None, float], ...]:
    """The (pitch, beats) list of a written voice."""
    tokens = (token.partition(":") for token in text.split())
    return tuple((midi_pitch(name), float(beats or 1)) for name, _, beats in tokens)


def score(name: str, beats_per_minute: float, *voices: str) -> Score:
    """A score of one or several written voices; all last equally long."""
    parsed = tuple(voice(text) for text in voices)
    lengths = {round(sum(beats for _, beats in part), 6) for part in parsed}
    if len(lengths) > 1:
        raise ValueError(f"voices of {name} last {sorted(lengths)} beats: they must be equal")
    return Score(name, beats_per_minute, parsed)


def timed_notes(tune: Score, seconds: float, transpose: int = 0) -> list[tuple[float, float, int]]:
    """The score repeated to fill ``seconds``: (on_s, off_s, MIDI pitch), by onset, clipped at the end."""
    beat_s = 60 / tune.beats_per_minute
    notes = []
    for part in tune.voices:
        on_s = 0.0
        while on_s < seconds:
            for pitch, beats in part:
                off_s = min(on_s + ARTICULATION * beats * beat_s, seconds)
                if pitch is not None and on_s < seconds:
                    notes.append((on_s, off_s, pitch + transpose))
                on_s += beats * beat_s
    return sorted(notes)


_MELODIES = (
    # Beethoven, Symphony 9 (1824)
    score(
        "ode_to_joy",
        132,
        "F#4 F#4 G4 A4 A4 G4 F#4 E4 D4 D4 E4 F#4 F#4:1.5 E4:.5 E4:2 "
        "F#4 F#4 G4 A4 A4 G4 F#4 E4 D4 D4 E4 F#4 E4:1.5 D4:.5 D4:2",
    ),
    # English, 16th century
    score(
        "greensleeves",
        150,
        "A4 C5:2 D5 E5:1.5 F5:.5 E5 D5:2 B4 G4:1.5 A4:.5 B4 C5:2 A4 A4:1.5 G#4:.5 A4 B4:2 G#4 E4:2 "
        "A4 C5:2 D5 E5:1.5 F5:.5 E5 D5:2 B4 G4:1.5 A4:.5 B4 C5:1.5 B4:.5 A4 G#4:1.5 F#4:.5 G#4 A4:5",
    ),
    # French, 18th century
    score(
        "frere_jacques",
        144,
        "C4 D4 E4 C4 C4 D4 E4 C4 E4 F4 G4:2 E4 F4 G4:2 "
        "G4:.5 A4:.5 G4:.5 F4:.5 E4 C4 G4:.5 A4:.5 G4:.5 F4:.5 E4 C4 C4 G3 C4:2 C4 G3 C4:2",
    ),
    # New Britain (1829)
    score(
        "amazing_grace",
        96,
        "D4 G4:2 B4:.5 G4:.5 B4:2 A4 G4:2 E4 D4:2 D4 G4:2 B4:.5 G4:.5 B4:2 A4 D5:5 "
        "B4 D5:1.5 B4:.5 D5:.5 B4:.5 G4:2 D4 E4:1.5 G4:.5 G4:.5 E4:.5 D4:2 D4 G4:2 B4:.5 G4:.5 B4:2 A4 G4:5",
    ),
    # Petzold, Minuet in G (1725)
    score(
        "minuet_in_g",
        126,
        "D5 G4:.5 A4:.5 B4:.5 C5:.5 D5 G4 G4 E5 C5:.5 D5:.5 E5:.5 F#5:.5 G5 G4 G4 "
        "C5 D5:.5 C5:.5 B4:.5 A4:.5 B4 C5:.5 B4:.5 A4:.5 G4:.5 F#4 G4:.5 A4:.5 B4:.5 G4:.5 B4:.5 A4:2.5",
    ),
    # J. S. Bach, Cello Suite 1, Prelude (about 1720), the first bars
    score(
        "cello_prelude",
        66,
        " ".join(
            f"{a}:.25 {b}:.25 {c}:.25 {d}:.25 {c}:.25 {b}:.25 {c}:.25 {b}:.25 " * 2
            for a, b, c, d in (
                ("G2", "D3", "B3", "A3"),
                ("G2", "E3", "C4", "B3"),
                ("G2", "F#3", "C4", "B3"),
                ("G2", "G3", "B3", "A3"),
            )
        ),
    ),
    # Irish, Londonderry Air (1855)
    score(
        "londonderry_air",
        84,
        "B3:.5 C4:.5 D4:.5 E4:2 D4:.5 E4:.5 A4:.5 G4:.5 E4:.5 D4:.5 C4:.5 A3:2 "
        "C4:.5 E4:.5 F4:.5 G4:2 A4:.5 G4:.5 E4:.5 C4:.5 E4:.5 D4:3",
    ),
    # Scottish, Auld Lang Syne (1799)
    score(
        "auld_lang_syne",
        112,
        "C4 F4:1.5 F4:.5 F4 A4 G4:1.5 F4:.5 G4 A4 F4:1.5 F4:.5 A4 C5 D5:3 "
        "D5 C5:1.5 A4:.5 A4 F4 G4:1.5 F4:.5 G4 A4 F4:1.5 D4:.5 D4 C4 F4:3",
    ),
    # Beethoven, Bagatelle WoO 59 (1810)
    score(
        "fur_elise",
        72,
        "E5:.25 D#5:.25 E5:.25 D#5:.25 E5:.25 B4:.25 D5:.25 C5:.25 A4:.75 C4:.25 E4:.25 A4:.25 B4:.75 "
        "E4:.25 G#4:.25 B4:.25 C5:.75 E4:.25 E5:.25 D#5:.25 E5:.25 D#5:.25 E5:.25 B4:.25 D5:.25 C5:.25 "
        "A4:.75 C4:.25 E4:.25 A4:.25 B4:.75 E4:.25 C5:.25 B4:.25 A4:.75",
    ),
    # Saint-Saens, The Swan (1886)
    score("the_swan", 76, "G4:2 F#4 B3 E4 D4 G3:2 A3 B3 C4:3 E4 F#4 G4 A4 B4 C5 E4:4 G4 F#4 B3 E4 D4 G3:3"),
)

_PARTS = (
    # Old Hundredth, Genevan Psalter (1551), four voices
    score(
        "old_hundredth",
        88,
        "G4:2 G4 F#4 E4 D4 G4 A4 B4:2 B4:2 B4 B4 A4 G4 C5 B4 A4:2",
        "D4:2 D4 D4 B3 B3 D4 F#4 G4:2 G4:2 G4 G4 F#4 E4 E4 G4 F#4:2",
        "B3:2 B3 A3 G3 F#3 B3 D4 D4:2 D4:2 D4 D4 D4 B3 C4 D4 D4:2",
        "G3:2 G2 D3 E3 B2 G2 D3 G2:2 G3:2 G3 G2 D3 E3 A2 G2 D3:2",
    ),
    # Ode to Joy over thirds and sixths, two voices
    score(
        "ode_in_two",
        120,
        "E4 E4 F4 G4 G4 F4 E4 D4 C4 C4 D4 E4 E4:1.5 D4:.5 D4:2",
        "C4 C4 D4 E4 E4 D4 C4 B3 A3 A3 B3 C4 C4:1.5 B3:.5 B3:2",
    ),
    # Frere Jacques as a round of three voices, two bars apart
    score(
        "round_in_three",
        126,
        "F4 G4 A4 F4 F4 G4 A4 F4 A4 Bb4 C5:2 A4 Bb4 C5:2",
        "A4 Bb4 C5:2 A4 Bb4 C5:2 C5:.5 D5:.5 C5:.5 Bb4:.5 A4 F4 C5:.5 D5:.5 C5:.5 Bb4:.5 A4 F4",
        "F3 C3 F3:2 F3 C3 F3:2 F3 G3 A3 F3 F3 G3 A3 F3",
    ),
    # Pachelbel, Canon in D (about 1690): the ground and two of the voices
    score(
        "canon_in_d",
        92,
        "F#5:2 E5:2 D5:2 C#5:2 B4:2 A4:2 B4:2 C#5:2",
        "D4 F#4 A4 G4 F#4 D4 F#4 E4 D4 B3 D4 A4 G4 B4 A4 G4",
        "D3:2 A2:2 B2:2 F#2:2 G2:2 D2:2 G2:2 A2:2",
    ),
    # Gruber, Silent Night (1818), in thirds over a held bass
    score(
        "silent_night",
        108,
        "G4:1.5 A4:.5 G4 E4:3 G4:1.5 A4:.5 G4 E4:3 D5:2 D5 B4:3 C5:2 C5 G4:3",
        "E4:1.5 F4:.5 E4 C4:3 E4:1.5 F4:.5 E4 C4:3 F4:2 F4 D4:3 E4:2 E4 E4:3",
        "C3:6 C3:6 G2:3 G2:3 C3:3 C3:3",
    ),
    # Tallis's Canon (1567), tenor and bass filled in
    score(
        "tallis_canon",
        96,
        "G4 G4 F#4 G4 A4 A4 B4:2 G4 C5 C5 B4 B4 A4 A4 G4",
        "D4 E4 D4 D4 F#4 F#4 G4:2 E4 E4 F#4 G4 G4 G4 F#4 D4",
        "B3 C4 A3 B3 D4 D4 D4:2 B3 A3 A3 D4 D4 E4 D4 B3",
        "G3 C3 D3 G3 D3 D3 G2:2 E3 A2 D3 G3 B2 C3 D3 G2",
    ),
)

MELODIES = {tune.name: tune for tune in _MELODIES}
PARTS = {tune.name: tune for tune in _PARTS}
SCORES = {**MELODIES, **PARTS}
