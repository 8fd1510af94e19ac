"""Spectrograms for people: log frequency, decibels, drawn while the audio streams past.

A `RunningSpectrogram` hears blocks of any size and keeps at most 2048 columns: when they are full, neighbours
merge (the louder wins) and each column lasts twice as long, so an hour takes no more memory than a minute.
The same picture of the clip, coarse and at most 10 s long, travels in the style file as its `preview`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stylefx.errors import StylefxError, UsageError
from stylefx.io.output import check_output, replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    from stylefx.style.style import Style

LOWEST_HZ = 32.703  # C1, the lowest C of a piano
BANDS_PER_OCTAVE = 24  # quarter tones: vibrato shows
BANDS = 9 * BANDS_PER_OCTAVE  # up to C10, 16.7 kHz
WINDOW_SECONDS = 0.093  # separates the semitones above 200 Hz
COLUMN_SECONDS = 0.02
MAX_COLUMNS = 2048  # more than a figure has pixels
PREVIEW_SECONDS, PREVIEW_COLUMN_SECONDS = 10.0, 0.04
FLOOR_DB = -120.0
SHOWN_DB = 70.0  # quieter than that under a panel's peak is black
_FIGURE_SUFFIXES = (".png", ".pdf", ".svg", ".jpg")
_TICKS_HZ = {50: "50", 100: "100", 200: "200", 500: "500", 1000: "1k", 2000: "2k", 5000: "5k", 10_000: "10k"}


@dataclass(frozen=True)
class Panel:
    """One spectrogram: dB under full scale (columns, BANDS), seconds per column, and its title."""

    decibels: np.ndarray
    column_seconds: float
    title: str = ""


class RunningSpectrogram:
    """The log-frequency spectrogram of a stream, in bounded memory."""

    def __init__(self, sample_rate: int) -> None:
        length = 2 ** round(np.log2(WINDOW_SECONDS * sample_rate))
        self._hop = max(1, round(COLUMN_SECONDS * sample_rate))
        self._window = np.hanning(length + 1)[:-1].astype(np.float32)
        self._window *= 2 / self._window.sum()  # a full-scale sine reads 0 dB
        self._bands = _band_weights(sample_rate, length)
        self._pending = np.zeros(length // 2, np.float32)  # the first column is centred on the first sample
        self._columns = np.full((MAX_COLUMNS, BANDS), FLOOR_DB, np.float32)
        self._frames, self._merged = 0, 1
        self._column_seconds = self._hop / sample_rate

    def add(self, block: np.ndarray) -> None:
        """Hear the next block, float (frames, channels)."""
        self._pending = np.concatenate([self._pending, block.mean(axis=1, dtype=np.float32)])
        length = len(self._window)
        count = max(0, (len(self._pending) - length) // self._hop + 1)
        for start in range(0, count * self._hop, self._hop):
            self._add_frame(self._pending[start : start + length])
        self._pending = self._pending[count * self._hop :]

    def finish(self) -> Panel:
        """Everything heard, with the last half window's silence added."""
        self.add(np.zeros((len(self._window) // 2, 1), np.float32))
        used = max(1, -(-self._frames // self._merged))
        return Panel(self._columns[:used].copy(), self._column_seconds * self._merged)

    def _add_frame(self, frame: np.ndarray) -> None:
        power = np.abs(np.fft.rfft(frame * self._window)) ** 2
        decibels = 10 * np.log10(self._bands @ power.astype(np.float32) + 1e-12)
        if self._frames == MAX_COLUMNS * self._merged:
            half = self._columns.reshape(-1, 2, BANDS).max(axis=1)
            self._columns[:] = FLOOR_DB
            self._columns[: len(half)] = half
            self._merged *= 2
        column = self._columns[self._frames // self._merged]
        np.maximum(column, decibels, out=column)
        self._frames += 1


def preview(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """The picture of a clip that goes into its style file, float32 (columns of 40 ms, BANDS) in dB.

    ``audio`` is float (frames, channels); its first 10 s are drawn.
    """
    spectrogram = RunningSpectrogram(sample_rate)
    spectrogram.add(audio[: int(PREVIEW_SECONDS * sample_rate)])
    columns = spectrogram.finish().decibels
    pooled = round(PREVIEW_COLUMN_SECONDS / COLUMN_SECONDS)
    padded = np.pad(columns, ((0, -len(columns) % pooled), (0, 0)), constant_values=FLOOR_DB)
    return padded.reshape(-1, pooled, BANDS).max(axis=1)


def check_figure(path: str | Path, overwrite: bool) -> None:
    """Refuse a figure that could not be written, before the work is done."""
    path = Path(path)
    if path.suffix.lower() not in _FIGURE_SUFFIXES:
        raise UsageError(f"{path} is no name for a figure: end it in {', '.join(_FIGURE_SUFFIXES)}")
    check_output(path, overwrite)


def picture_of(style: Style) -> bytes | None:
    """The picture of its clip that a style carries, as PNG; None where it carries none."""
    panel = panel_of(style)
    if panel is None:
        return None
    buffer = io.BytesIO()
    _figure([panel]).savefig(buffer, format="png")
    return buffer.getvalue()


def panel_of(style: Style) -> Panel | None:
    """The spectrogram of its clip that a style carries; None where it carries none."""
    if "preview" not in style.arrays:
        return None
    return Panel(style.arrays["preview"], PREVIEW_COLUMN_SECONDS, style.source_names[:40])


def draw(path: str | Path, panels: list[Panel], overwrite: bool = False) -> None:
    """Write the panels side by side, on one frequency axis and one colour range under each one's own peak.

    The format follows the extension: .png, .pdf, .svg or .jpg.
    """
    path = Path(path)
    check_figure(path, overwrite)
    figure = _figure(panels)
    try:
        with replacing(path, overwrite) as temporary:
            figure.savefig(temporary, format=path.suffix[1:].lower())
    except OSError as error:
        raise StylefxError(f"{path} cannot be written: {error.strerror or error}") from error


def _figure(panels: list[Panel]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(panels), 4.2), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, panel in zip(axes, panels):
        image = draw_panel(axis, panel)
    axes[0].set_ylabel("frequency (Hz)")
    figure.colorbar(image, ax=list(axes), label="dB under the loudest", pad=0.01)
    return figure


def draw_panel(axis: Axes, panel: Panel) -> AxesImage:
    """One panel into one matplotlib axis; the row index is the band, so the ticks are placed by hand."""
    relative = panel.decibels.T - panel.decibels.max()
    seconds = len(panel.decibels) * panel.column_seconds
    image = axis.imshow(
        relative,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, BANDS),
        vmin=-SHOWN_DB,
        vmax=0,
        cmap="magma",
    )
    axis.set_title(panel.title, parse_math=False)
    axis.set_xlabel("time (s)")
    axis.set_yticks([band_of(hz) for hz in _TICKS_HZ], list(_TICKS_HZ.values()))
    return image


def band_of(hz: float) -> float:
    """Row of a panel at a frequency."""
    return float(BANDS_PER_OCTAVE * np.log2(hz / LOWEST_HZ))


def _band_weights(sample_rate: int, length: int) -> np.ndarray:
    """Triangles around each band's centre, at least one bin wide, peak 1: float32 (BANDS, bins)."""
    bins_hz = np.fft.rfftfreq(length, 1 / sample_rate)
    centres = LOWEST_HZ * 2 ** ((np.arange(BANDS) + 0.5) / BANDS_PER_OCTAVE)
    widths = np.maximum(centres * (2 ** (1 / BANDS_PER_OCTAVE) - 1), bins_hz[1])
    weights = np.maximum(0, 1 - np.abs(bins_hz - centres[:, np.newaxis]) / widths[:, np.newaxis])
    weights[centres > sample_rate / 2] = 0
    return weights.astype(np.float32)
