"""Notes over a spectrogram: every note a line along its pitch track, brighter the surer it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stylefx.errors import StylefxError
from stylefx.io.output import replacing
from stylefx.io.picture import Panel, band_of, check_figure, draw_panel
from stylefx.tracking.notes import Note

LOWEST_SHOWN, HIGHEST_SHOWN = 28.0, 105.0
INCHES_A_SECOND, WIDEST_INCHES = 1.3, 24.0


def draw_notes(path: str | Path, panel: Panel, notes: Sequence[Note], overwrite: bool = False) -> None:
    """Write the figure; its format follows the extension."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    check_figure(path, overwrite)
    seconds = len(panel.decibels) * panel.column_seconds
    figure = Figure(
        figsize=(float(np.clip(INCHES_A_SECOND * seconds, 6, WIDEST_INCHES)), 6),
        layout="constrained",
        dpi=110,
    )
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    draw_panel(axis, panel)
    axis.set_ylim(_band(LOWEST_SHOWN), _band(HIGHEST_SHOWN))
    axis.set_ylabel("frequency (Hz)")
    for note in notes:
        end = note.onset if note.offset is None else note.offset
        points = [
            (note.onset, note.pitch),
            *((at, pitch) for at, pitch, _ in note.track if note.onset < at < end),
        ]
        times, pitches = zip(*points, (end, points[-1][1]))
        bands = [_band(pitch) for pitch in pitches]
        axis.plot(times, bands, color="cyan", linewidth=1.6, alpha=0.35 + 0.65 * min(1.0, note.confidence))
        axis.plot(times[0], bands[0], "o", color="white", markersize=3)
    try:
        with replacing(path, overwrite) as temporary:
            figure.savefig(temporary, format=path.suffix[1:].lower())
    except OSError as error:
        raise StylefxError(f"{path} cannot be written: {error.strerror or error}") from error


def _band(pitch: float) -> float:
    return band_of(440 * 2 ** ((pitch - 69) / 12))
