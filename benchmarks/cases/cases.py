"""The cases: rendered pairs whose truth is known, pairs of real recordings, and folders from elsewhere.

Paired: content = score A on instrument P, style = score B (another tune, tempo, register) on instrument Q,
target = score A on Q. They cover plucked, struck, bowed, blown and sung sounds; sustained to struck and back;
rich to nearly sinusoidal and back; content outside the style clip's range. Where a SoundFont lacks an
instrument the line names its stand-in (TimGM6mb has no ukulele).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import ROOT
from benchmarks.cases.instruments import preset
from benchmarks.cases.rendering import SAMPLE_RATE, render_score
from benchmarks.cases.scores import SCORES, timed_notes
from benchmarks.cases.soundfonts import find_soundfont
from benchmarks.metrics.paired import at_rate
from stylefx.errors import StylefxError

# (content instrument, its score, transpose; style instrument, its score, transpose)
MELODIC = (
    ("ukulele", "ode_to_joy", 0, "piano", "amazing_grace", -12),  # the source's own examples
    ("ukulele", "londonderry_air", 12, "steel guitar", "minuet_in_g", -12),
    ("violin", "greensleeves", 0, "piano", "fur_elise", -12),  # sustained -> struck
    ("piano", "auld_lang_syne", 0, "violin", "frere_jacques", 9),  # struck -> sustained
    ("flute", "frere_jacques", 7, "harp", "cello_prelude", 12),  # blown -> plucked
    ("trumpet", "amazing_grace", 3, "flute", "the_swan", 8),  # rich -> nearly sinusoidal
    ("ocarina", "auld_lang_syne", 7, "oboe", "ode_to_joy", 3),  # nearly sinusoidal -> rich
    ("steel guitar", "fur_elise", -12, "choir", "the_swan", -3),  # plucked -> sung
    ("voice", "the_swan", 0, "marimba", "minuet_in_g", -9),  # sung -> struck
    ("cello", "cello_prelude", 0, "clarinet", "londonderry_air", 4),  # bowed -> blown
    ("clarinet", "greensleeves", -12, "vibraphone", "fur_elise", 0),  # below the style's range
    ("music box", "minuet_in_g", 12, "bassoon", "cello_prelude", 0),  # above it
    ("harpsichord", "fur_elise", -5, "ocarina", "amazing_grace", 5),  # rich, plucked -> nearly sinusoidal
    ("sitar", "londonderry_air", 0, "cello", "greensleeves", -19),  # plucked -> bowed
    ("vibraphone", "ode_to_joy", 5, "banjo", "auld_lang_syne", 2),  # nearly sinusoidal -> rich
)
POLYPHONIC = (
    ("piano", "old_hundredth", 0, "strings", "silent_night", 0),
    ("church organ", "canon_in_d", -5, "piano", "tallis_canon", 0),  # sustained -> struck
    ("strings", "silent_night", 5, "harp", "round_in_three", 0),
    ("nylon guitar", "round_in_three", -3, "choir", "old_hundredth", 2),  # plucked -> sung
    ("choir", "tallis_canon", 3, "steel guitar", "canon_in_d", -7),
    ("harpsichord", "canon_in_d", 0, "accordion", "ode_in_two", 0),
    ("vibraphone", "ode_in_two", 7, "brass", "old_hundredth", 0),  # nearly sinusoidal -> rich
    ("ukulele", "round_in_three", 7, "piano", "fur_elise", -12),  # chords asked of a melody's clip
)
# Styles whose instruments the shipped weights have heard, in FluidR3 only: a control, apart from the others.
HEARD = (
    ("violin", "ode_to_joy", 0, "celesta", "minuet_in_g", 0),
    ("clarinet", "frere_jacques", 0, "koto", "greensleeves", -7),
    ("nylon guitar", "amazing_grace", 0, "viola", "londonderry_air", -5),
    ("flute", "auld_lang_syne", 0, "trombone", "the_swan", -12),
)
HEARD_GROUP = "melodic, instruments heard in training"
TRAINING_FONT = "FluidR3_GM"
CLIPS = (Path(__file__).with_name("clips"), ROOT / "stylefx" / "clips")
REAL = (
    ("singing_male", "guitar_solo", "voice"),
    ("singing_male", "trumpet_solo", "voice"),
    ("singing_male", "string_orchestra", "voice"),
    ("speech_male", "guitar_solo", "voice"),
    ("trumpet_solo", "singing_male", "to voice"),
    ("guitar_solo", "singing_male", "to voice"),
    ("guitar_solo", "trumpet_solo", "melodic"),
    ("trumpet_solo", "guitar_solo", "melodic"),
    ("trumpet_solo", "robin", "melodic"),
    ("guitar_solo", "humpback_whale", "melodic"),
    ("string_orchestra", "guitar_chord", "band"),
    ("jazz_trio", "string_orchestra", "band"),
    ("song_stereo", "guitar_solo", "band"),
    ("tabla", "guitar_chord", "band"),
)
REAL_SECONDS = 10.0


@dataclass(frozen=True)
class Case:
    """One job. Audio is float32 (samples,) at ``sample_rate``; ``target`` is None where no truth exists.

    ``notes`` are the true notes of content and target, (on_s, off_s, MIDI pitch); ``group`` says which
    summary the case belongs to; ``style_program`` is the (bank, program) of a rendered style.
    """

    name: str
    content: np.ndarray
    style: np.ndarray
    target: np.ndarray | None
    sample_rate: int
    notes: list[tuple[float, float, int]] = field(default_factory=list)
    poly: bool = False
    group: str = "melodic"
    style_program: tuple[int, int] | None = None


def paired(soundfont: str = "FluidR3_GM", limit: int | None = None) -> list[Case]:
    """The rendered cases of a SoundFont (``FluidR3_GM``, ``TimGM6mb``, a path), ``limit`` of each kind."""
    path = find_soundfont(soundfont)
    found = [_rendered(path, line, "melodic") for line in MELODIC[:limit]]
    found += [_rendered(path, line, "polyphonic") for line in POLYPHONIC[:limit]]
    if path.stem == TRAINING_FONT:
        found += [_rendered(path, line, HEARD_GROUP) for line in HEARD[:limit]]
    return found


def real(limit: int | None = None) -> list[Case]:
    """The pairs of the project's own recordings."""
    return [_recorded(*line) for line in REAL[:limit]]


def folder(directory: Path) -> list[Case]:
    """Cases of a foreign folder: ``NN.json`` with ``NN_{content,style,target}.flac``, and ``pairs.json``.

    ``pairs.json`` lists ``[content_file, style_file]``: pairs without a target. StylefxError names what is
    missing.
    """
    directory = Path(directory)
    pairs = directory / "pairs.json"
    found = [_described(path) for path in sorted(directory.glob("*.json")) if path != pairs]
    if pairs.exists():
        found += [
            _pair(directory / content, directory / style) for content, style in json.loads(pairs.read_text())
        ]
    if not found:
        raise StylefxError(f"{directory} holds no NN.json and no pairs.json: nothing to measure")
    return found


def _rendered(soundfont: Path, line: tuple, group: str) -> Case:
    content, score, transpose, style, style_score, style_transpose = line
    p, q = preset(content, soundfont), preset(style, soundfont)
    return Case(
        name=f"{p.name} -> {q.name} ({score})",
        content=render_score(soundfont, p.bank, p.program, score, transpose),
        style=render_score(soundfont, q.bank, q.program, style_score, style_transpose),
        target=render_score(soundfont, q.bank, q.program, score, transpose),
        sample_rate=SAMPLE_RATE,
        notes=timed_notes(SCORES[score], 10.0, transpose),
        poly=group == "polyphonic",
        group=group,
        style_program=(q.bank, q.program),
    )


def _recorded(content: str, style: str, group: str) -> Case:
    return _pair(clip_path(content), clip_path(style), group)


def clip_audio(name: str) -> tuple[np.ndarray, int]:
    """One of the project's recordings: mono float32 (samples,), and its sample rate."""
    return _read(clip_path(name))


def clip_path(name: str) -> Path:
    """Where the recording of that name is; StylefxError where there is none."""
    for place in CLIPS:
        if (place / f"{name}.flac").is_file():
            return place / f"{name}.flac"
    raise StylefxError(f"no clip {name}.flac in {' or '.join(map(str, CLIPS))}")


def _pair(content: Path, style: Path, group: str = "real") -> Case:
    audio, sample_rate = _read(content)
    other, other_rate = _read(style)
    other = at_rate(other, other_rate, sample_rate)
    return Case(f"{content.stem} -> {style.stem}", audio, other, None, sample_rate, group=group)


def _described(path: Path) -> Case:
    about = json.loads(path.read_text())
    content, rate = _read(path.with_name(f"{path.stem}_content.flac"))
    style, target = (
        at_rate(*_read(path.with_name(f"{path.stem}_{part}.flac")), rate) for part in ("style", "target")
    )
    notes = [(float(on), float(off), int(pitch)) for on, off, pitch in about["notes"]]
    group = "polyphonic" if about["poly"] else "melodic"
    name = f"{path.stem}: {about['content']} -> {about['style']}"
    return Case(name, content, style, target, rate, notes, bool(about["poly"]), group)


def _read(path: Path) -> tuple[np.ndarray, int]:
    import soundfile

    if not path.is_file():
        raise StylefxError(f"no audio at {path}")
    audio, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    return audio[: int(REAL_SECONDS * sample_rate)].mean(axis=1), sample_rate
