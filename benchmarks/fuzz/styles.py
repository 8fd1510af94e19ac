"""Mutated style files, one a seed, of a made-up style of the default method."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.fuzz import archives, contents
from stylefx.style import metadata
from stylefx.style.style import ARRAYS, OPTIONAL, Style

MUTATORS = archives.MUTATORS + contents.MUTATORS
# As `fit` draws them up at quality draft.
SIZES = {
    "decoder_features": 57,
    "decoder_positions": 289,
    "decoder_seen": 333,
    "decoder_ear": 64,
    "decoder_channels": 12,
    "decoder_hidden": 96,
    "preview_columns": 51,
    "instrument_rows": 5,
    "instrument_length": 4000,
    "preview_bands": 216,
}


@cache
def template() -> Style:
    """A valid style that plays, with small random numbers: fitting one takes seconds."""
    random = np.random.default_rng(1)
    shapes = ARRAYS["harmonic"] | OPTIONAL
    arrays = {
        name: random.uniform(-0.1, 0.1, [_size(each) for each in shape]).astype(np.float32)
        for name, shape in shapes.items()
    }
    # Notes one after another, the last half of each a loop.
    length = SIZES["instrument_length"] // SIZES["instrument_rows"]
    for row, note in enumerate(arrays["instrument_notes"]):
        note[:] = row * length, length, 20, 60 + row, -20, row, 1, length // 2, length // 2
    meta = metadata.describe(
        "harmonic",
        sample_rate=44_100,
        n_fft=4096,
        hop=256,
        window="gauss",
        window_length=2048,
        seed=3,
        quality="draft",
        sources=[{"name": "pièce.wav", "sha256": "0f" * 32, "seconds": 3.25}],
        defaults={"mix": 0.5},
    )
    return Style("harmonic", arrays, meta)


def _size(size: str | int) -> int:
    return SIZES[size] if isinstance(size, str) else size


@cache
def whole() -> bytes:
    """The template's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "whole.npz"
        template().save(path)
        return path.read_bytes()


def name_of(seed: int) -> str:
    """Which mutator makes the file of that seed."""
    return MUTATORS[seed % len(MUTATORS)].__name__


def mutated(seed: int) -> tuple[bytes, str]:
    """The file of that seed, and its extension."""
    return MUTATORS[seed % len(MUTATORS)](whole(), np.random.default_rng(seed)), ".npz"
