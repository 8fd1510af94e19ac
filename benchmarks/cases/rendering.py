"""Score -> dry audio of one General MIDI instrument, through tinysoundfont, cached as FLAC.

No reverb and no chorus (the synthesizer has none), mono, peak -3 dBFS; velocities come from a seed made of
the score's name, so that two instruments play a score with the same accents.
"""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import numpy as np

from benchmarks import CACHE
from benchmarks.cases.scores import SCORES, timed_notes
from stylefx.errors import StylefxError

SAMPLE_RATE = 44_100
SECONDS = 10.0
PEAK = 10 ** (-3 / 20)
VELOCITY_RANGE = (70, 111)
# Part of every cache key: raise it when the rendering itself changes.
VERSION = 1


def render_score(
    soundfont: Path, bank: int, program: int, score_name: str, transpose: int = 0, seconds: float = SECONDS
) -> np.ndarray:
    """Audio of a score of :mod:`benchmarks.cases.scores`, float32 (samples,) at 44.1 kHz; cached."""
    import soundfile

    identity = f"{VERSION} {soundfont.name} {soundfont.stat().st_size} {bank} {program} {transpose} {seconds}"
    notes = timed_notes(SCORES[score_name], seconds, transpose)
    key = hashlib.sha256(f"{identity} {score_name} {notes}".encode()).hexdigest()[:16]
    path = CACHE / "renders" / f"{soundfont.stem}-{bank}-{program}-{score_name}-{key}.flac"
    if not path.exists():
        audio = _synthesize(soundfont, bank, program, notes, _velocities(score_name, len(notes)), seconds)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        soundfile.write(partial, audio, SAMPLE_RATE, "PCM_24", format="FLAC")
        partial.replace(path)
    return soundfile.read(path, dtype="float32")[0]


def _velocities(score_name: str, count: int) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(score_name.encode())).integers(*VELOCITY_RANGE, count)


def _synthesize(soundfont: Path, bank: int, program: int, notes, velocities, seconds: float) -> np.ndarray:
    synth, font = _synth(soundfont)
    if synth.sfpreset_name(font, bank, program) is None:
        raise StylefxError(f"{soundfont.name} has no instrument at bank {bank}, program {program}")
    synth.program_select(0, font, bank, program)
    starts = [(round(on * SAMPLE_RATE), 1, pitch, int(v)) for (on, _, pitch), v in zip(notes, velocities)]
    ends = [(round(off * SAMPLE_RATE), 0, pitch, 0) for _, off, pitch in notes]
    total = round(seconds * SAMPLE_RATE)
    pieces, now = [], 0
    for sample, starting, pitch, velocity in sorted(starts + ends):
        sample = min(sample, total)
        if sample > now:
            pieces.append(_stereo(synth, sample - now))
            now = sample
        if starting:
            synth.noteon(0, pitch, velocity)
        else:
            synth.noteoff(0, pitch)
    if now < total:
        pieces.append(_stereo(synth, total - now))
    mono = np.concatenate(pieces).mean(axis=1)
    return (mono * PEAK / max(np.abs(mono).max(), 1e-9)).astype(np.float32)


def _stereo(synth, samples: int) -> np.ndarray:
    return np.frombuffer(bytes(synth.generate_simple(samples)), np.float32).reshape(-1, 2)


def _synth(soundfont: Path):
    try:
        import tinysoundfont
    except ImportError:
        raise StylefxError(
            "rendering needs tinysoundfont: pip install --no-deps tinysoundfont (its pyaudio is not used)"
        ) from None
    # A fresh synthesizer a render: no voice of the last one rings into this.
    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    return synth, synth.sfload(str(soundfont))
