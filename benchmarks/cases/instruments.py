"""The instruments of the paired cases: General MIDI presets, with stand-ins where a SoundFont lacks one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Preset:
    """A SoundFont's bank and program, under the name that the tables show."""

    name: str
    bank: int
    program: int


_PROGRAMS = {
    "piano": 0,
    "harpsichord": 6,
    "celesta": 8,
    "music box": 10,
    "vibraphone": 11,
    "marimba": 12,
    "church organ": 19,
    "accordion": 21,
    "nylon guitar": 24,
    "steel guitar": 25,
    "violin": 40,
    "viola": 41,
    "cello": 42,
    "harp": 46,
    "strings": 48,
    "choir": 52,
    "voice": 53,
    "trumpet": 56,
    "trombone": 57,
    "brass": 61,
    "oboe": 68,
    "bassoon": 70,
    "clarinet": 71,
    "flute": 73,
    "ocarina": 79,
    "sitar": 104,
    "banjo": 105,
    "koto": 107,
}
UKULELE = Preset("ukulele", 8, 24)
# Plain General MIDI fonts have no ukulele: the nylon guitar is its nearest relation.
UKULELE_STAND_IN = "nylon guitar"
HAVE_UKULELE = ("FluidR3_GM",)


def preset(name: str, soundfont: Path) -> Preset:
    """The preset of an instrument in a SoundFont; its stand-in's where the font lacks it."""
    if name == "ukulele":
        if soundfont.stem in HAVE_UKULELE:
            return UKULELE
        name = UKULELE_STAND_IN
    return Preset(name, 0, _PROGRAMS[name])
