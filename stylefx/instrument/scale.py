"""A scale on the clip's own notes: how an instrument sounds by itself."""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import grid_for
from stylefx.instrument.player import Player
from stylefx.instrument.table import PITCH, Instrument
from stylefx.tracking.notes import Event, Note

MAJOR = (0, 2, 4, 5, 7, 9, 11)
NOTE_SECONDS, REST_SECONDS = 0.5, 0.5
LEVEL_DB = -15.0


def scale(instrument: Instrument, sample_rate: int) -> np.ndarray:
    """A major scale from the clip's lowest note to its highest, half a second a note.

    Parameters
    ----------
    instrument : Instrument
        The clip's notes.
    sample_rate : int
        Hz.

    Returns
    -------
    float32 (samples,)
        With half a second behind the last note, in which it may ring.
    """
    lowest, highest = (
        round(float(pitch)) for pitch in (instrument.notes[:, PITCH].min(), instrument.notes[:, PITCH].max())
    )
    pitches = [pitch for pitch in range(lowest, highest + 1) if (pitch - lowest) % 12 in MAJOR]
    notes = [
        Note(number, NOTE_SECONDS * number, float(pitch), LEVEL_DB, 1.0, NOTE_SECONDS * (number + 1))
        for number, pitch in enumerate(pitches)
    ]
    grid = grid_for(sample_rate)
    player = Player(instrument)
    player.prepare(grid)
    player.update([Event(kind, 0, note) for note in notes for kind in ("on", "off")], 0)
    samples = round((NOTE_SECONDS * len(notes) + REST_SECONDS) * sample_rate)
    hops = [player.play(start).copy() for start in range(0, samples, grid.hop)]
    return np.concatenate(hops)[:samples]
