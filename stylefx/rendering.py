"""`render`: a file through the streaming engine, with no clock.

The same `process` calls as live, block after block, so an hour needs no more memory than a minute. The
engine's latency is cut off the front and its tail added at the end: what comes out is as long as what went
in, at the same rate, with the same channels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stylefx import interruption
from stylefx.checks import path_of
from stylefx.compute import one_blas_thread
from stylefx.io import picture
from stylefx.io.files import BLOCK_FRAMES, AudioReader
from stylefx.io.picture import PREVIEW_COLUMN_SECONDS, Panel, RunningSpectrogram
from stylefx.io.writing import AudioWriter, unkept
from stylefx.style.style import Style

if TYPE_CHECKING:
    from stylefx.engine.transfer import StyleTransfer

# Called with the frames done and the total, which is None on a pipe.
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Rendering:
    """What `render` did: names, frames, Hz, samples, seconds of wall clock and of CPU, and what is worth knowing."""

    content: str
    output: str
    frames: int
    sample_rate: int
    channels: int
    latency_samples: int
    wall_seconds: float
    cpu_seconds: float
    stage_seconds: dict[str, float]
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length of the audio."""
        return self.frames / self.sample_rate


def render(
    content: str | Path,
    style: Style | str | Path | Sequence[Style | str | Path],
    output: str | Path,
    *,
    mix: float = 1.0,
    strength: float = 1.0,
    morph: float = 0.0,
    iterations: int | None = None,
    start: str = "decoder",
    latency: str = "studio",
    notes: bool = True,
    fold: bool = False,
    device: str = "auto",
    overwrite: bool = False,
    plot: str | Path | None = None,
    progress: Progress | None = None,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
) -> Rendering:
    """Put a style on a file.

    Parameters
    ----------
    content
        Audio file, or ``-`` for the standard input.
    style
        A `Style`, or the path of a style file; or two of them, to morph between.
    output
        Audio file whose extension names the format, ``-`` for AU on the standard output, or the null device. Rate
        and channels are the content's; so are the samples (16-bit, float, ...) where the format can hold them.
    mix
        0 is the content alone, 1 the styled sound alone.
    strength
        How far towards the style, 0 to 1.
    morph
        How far from the first style to the second, 0 to 1.
    iterations
        Optimiser steps per hop; None takes the style's own default.
    start
        ``decoder``, ``envelope`` or ``content``: what the optimiser starts from.
    latency
        ``studio``, for files; ``normal``, ``low`` or ``lowest``: to hear in a file what `live` would play with it.
    notes
        Whether the clip's own notes play those of the content, as in `StyleTransfer`.
    fold
        Whether notes far outside the clip's range are brought in by octaves.
    device
        ``auto``, ``cpu`` or ``cuda``.
    overwrite
        Whether existing files may be replaced.
    plot
        Where to draw the spectrograms of content, style and output side by side (.png, .pdf or .svg).
    progress
        Called with the frames done and the frames there are (None on a pipe).
    start_seconds, end_seconds
        The part of the content that is rendered; None is its end.

    Returns
    -------
    Rendering
        What was written, and how long it took.

    Raises
    ------
    StylefxError
        Anything about the files or the values; then nothing is left behind half-written.
    """
    from stylefx.engine.transfer import StyleTransfer

    path_of(content, "content")
    path_of(output, "output")
    fx = StyleTransfer(
        style,
        mix=mix,
        strength=strength,
        morph=morph,
        iterations=iterations,
        start=start,
        latency=latency,
        notes=notes,
        fold=fold,
        device=device,
    )
    with one_blas_thread(), AudioReader(content, start_seconds, end_seconds) as reader:
        figure = _Figure(path_of(plot, "plot"), reader.sample_rate, overwrite) if plot is not None else None
        with AudioWriter.like(reader, output, overwrite=overwrite) as writer:
            report = _stream(reader, fx, writer, figure, progress)
        report = replace(report, remarks=(*reader.remarks, *unkept(writer, reader.picture)))
    if figure is not None:
        figure.draw(fx.style, report)
    return report


def _stream(
    reader: AudioReader,
    fx: StyleTransfer,
    writer: AudioWriter,
    figure: _Figure | None,
    progress: Progress | None,
) -> Rendering:
    """The loop: every block through the engine and into the file."""
    wall, cpu = time.perf_counter(), time.process_time()
    frames = 0
    if progress is not None and (total := reader.frames) is not None:
        # The blocks of an offline method take minutes; each is as long as the latency.
        fx.watch(lambda part: progress(frames + round(part * min(fx.latency_samples, total - frames)), total))
    for dry, wet in _styled_blocks(reader, fx):
        interruption.check()
        writer.write(wet)
        frames += len(wet)
        if figure is not None:
            figure.add(dry, wet)
        if progress is not None:
            progress(frames, reader.frames)
    return Rendering(
        content=reader.name,
        output=writer.name,
        frames=frames,
        sample_rate=reader.sample_rate,
        channels=reader.channels,
        latency_samples=fx.latency_samples,
        wall_seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
        stage_seconds=dict(fx.stage_seconds),
    )


def _styled_blocks(reader: AudioReader, fx: StyleTransfer) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks in and blocks out, float32 (frames, channels); as many samples come out as go in."""
    fx.prepare(reader.sample_rate, reader.channels, BLOCK_FRAMES)
    too_early = fx.latency_samples
    for block in reader.blocks(BLOCK_FRAMES):
        wet = fx.process(block)
        skipped = min(too_early, len(wet))
        too_early -= skipped
        yield block, wet[skipped:]
    yield np.zeros((0, reader.channels), np.float32), fx.flush()[too_early:]


class _Figure:
    """Content, style and output side by side, gathered while they stream past."""

    def __init__(self, path: Path, sample_rate: int, overwrite: bool) -> None:
        picture.check_figure(path, overwrite)
        self._path, self._overwrite = path, overwrite
        self._content, self._output = RunningSpectrogram(sample_rate), RunningSpectrogram(sample_rate)

    def add(self, content: np.ndarray, output: np.ndarray) -> None:
        self._content.add(content)
        self._output.add(output)

    def draw(self, style: Style, report: Rendering) -> None:
        """Write the file; a style without a preview leaves its panel out."""
        panels = [
            replace(self._content.finish(), title=f"content: {_printable_name(report.content)}"),
            replace(self._output.finish(), title=f"output: {_printable_name(report.output)}"),
        ]
        if "preview" in style.arrays:
            title = f"style: {style.source_names[:40]}"
            panels.insert(1, Panel(style.arrays["preview"], PREVIEW_COLUMN_SECONDS, title))
        picture.draw(self._path, panels, self._overwrite)


def _printable_name(path: str) -> str:
    """A file's name without what no font can draw: names need not be UTF-8."""
    return "".join(letter for letter in Path(path).name if letter.isprintable())
