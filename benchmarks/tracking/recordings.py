"""Recordings, whose notes no one wrote down: how far the tracker agrees with basic-pitch, which is no judge either."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from benchmarks.cases.cases import CLIPS
from benchmarks.tracking.rivals import basic_pitch_notes
from stylefx.learn.pretraining.tracker.figures import counts, figures
from stylefx.tracking.tracker import track

SECONDS = 10.0
# Nothing here has notes to be named: how many are.
NO_NOTES = ("speech_male", "tabla", "robin", "humpback_whale")


def recordings(folder: Path | None = None) -> list[tuple[str, np.ndarray, int]]:
    """(name, mono audio, rate) of the project's clips, and of ``folder``."""
    places = [*CLIPS, *([] if folder is None else [folder])]
    files = {path.stem: path for place in places for path in sorted(Path(place).glob("*.flac"))}
    found = []
    for name, path in sorted(files.items()):
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        found.append((name, audio[: int(SECONDS * rate)].mean(axis=1), rate))
    return found


def agreement(profiles: tuple[str, ...], folder: Path | None = None) -> list[dict]:
    """Of every recording: notes of basic-pitch and of each profile, and their onset F1 at 50 ms."""
    lines = []
    for name, audio, rate in recordings(folder):
        theirs = basic_pitch_notes(audio, rate)
        line: dict = {"name": name, "basic-pitch": len(theirs)}
        for profile in profiles:
            ours = track(audio, rate, profile)
            line[profile] = (len(ours), figures([counts(ours, theirs)])["f50"])
        lines.append(line)
    return lines
