"""The instrument as arrays: one row per note, and the samples of all notes one after another.

Both arrays stand in the style file or neither does; a clip without notes has none. What is read from a file is checked
here before anything plays it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stylefx.errors import StylefxError

NOTES, SAMPLES = "instrument_notes", "instrument_samples"
# Columns of a row. Places are samples of the clip's rate, counted from the note's first sample; `LOOP_LENGTH` 0 is a
# struck note, which dies away by itself. `LEVEL_DB` is the tracker's.
BEGIN, LENGTH, ONSET, PITCH, LEVEL_DB, SECOND, SECONDS, LOOP_BEGIN, LOOP_LENGTH = range(9)
COLUMNS = 9
MAX_NOTES = 256
# 3 MB of float32.
MAX_SAMPLES = 3 * 2**20 // 4
LOWEST_PITCH, HIGHEST_PITCH = 0.0, 140.0
LOWEST_DB, HIGHEST_DB = -160.0, 40.0
HIGHEST_SAMPLE = 16.0
# A note shorter than this cannot be interpolated.
SHORTEST = 64


@dataclass(frozen=True)
class Instrument:
    """``notes`` float64 (notes, COLUMNS), ``samples`` float32 (samples,) at ``sample_rate`` Hz."""

    notes: np.ndarray
    samples: np.ndarray
    sample_rate: int

    @property
    def held(self) -> bool:
        """Whether its notes last as long as they are asked for."""
        return bool(self.notes[:, LOOP_LENGTH].any())

    def note(self, row: int) -> np.ndarray:
        """The samples of one note."""
        begin, length = self.notes[row, [BEGIN, LENGTH]].astype(np.int64)
        return self.samples[begin : begin + length]


def instrument_of(arrays: Mapping[str, np.ndarray], sample_rate: int) -> Instrument | None:
    """The instrument among a style's arrays; None where it has none."""
    if NOTES not in arrays:
        return None
    return Instrument(
        np.ascontiguousarray(arrays[NOTES], np.float64),
        np.ascontiguousarray(arrays[SAMPLES], np.float32),
        sample_rate,
    )


def instrument_rows(arrays: Mapping[str, np.ndarray]) -> list[dict[str, float | bool]]:
    """The notes of a style in order of time, for people: MIDI pitch, place in the clip and length in s, level in dB."""
    rows = [] if NOTES not in arrays else sorted(arrays[NOTES].tolist(), key=lambda row: row[SECOND])
    return [
        {
            "pitch": row[PITCH],
            "second": row[SECOND],
            "seconds": row[SECONDS],
            "level_db": row[LEVEL_DB],
            "held": row[LOOP_LENGTH] > 0,
        }
        for row in rows
    ]


def check_instrument(arrays: Mapping[str, np.ndarray]) -> None:
    """StylefxError unless a style's arrays hold an instrument that can be played, or none."""
    if (NOTES in arrays) != (SAMPLES in arrays):
        raise StylefxError(f"it holds one of {NOTES} and {SAMPLES}, expected both or neither")
    if NOTES not in arrays:
        return
    notes, samples = arrays[NOTES], arrays[SAMPLES]
    if len(notes) > MAX_NOTES or len(samples) > MAX_SAMPLES:
        raise StylefxError(
            f"its instrument has {len(notes)} notes and {len(samples)} samples, at most {MAX_NOTES} and {MAX_SAMPLES}"
        )
    ranges = {
        "pitches": (notes[:, PITCH], LOWEST_PITCH, HIGHEST_PITCH),
        "levels": (notes[:, LEVEL_DB], LOWEST_DB, HIGHEST_DB),
        "lengths": (notes[:, LENGTH], SHORTEST, len(samples)),
        "begins": (notes[:, BEGIN], 0, len(samples)),
        "onsets": (notes[:, ONSET], 0, len(samples)),
        "loops": (notes[:, LOOP_BEGIN], 0, len(samples)),
        "loop lengths": (notes[:, LOOP_LENGTH], 0, len(samples)),
        "samples": (samples, -HIGHEST_SAMPLE, HIGHEST_SAMPLE),
    }
    for name, (values, low, high) in ranges.items():
        if not (values.min() >= low and values.max() <= high):
            raise StylefxError(f"its instrument has {name} that are not within {low:g} and {high:g}")
    places = notes[:, [BEGIN, LENGTH, ONSET, LOOP_BEGIN, LOOP_LENGTH]]
    begin, length, onset, loop_begin, loop_length = places.T
    inside = (begin + length <= len(samples)) & (onset < length) & (loop_begin + loop_length <= length)
    looped = (loop_length == 0) | (loop_length >= SHORTEST)
    if not (inside.all() and looped.all() and (places == np.floor(places)).all()):
        raise StylefxError("its instrument has notes that reach beyond their samples")
