"""The pictures of DETAILS.md: medians of the rows, one case as spectrograms, a hop's cost by stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.metrics.paired import SAMPLE_RATE, at_rate
from benchmarks.report.quality import Record, medians
from benchmarks.report.tables import groups, kind_of, of_group

RANGE_DB = 70.0
BARS = ("mel_closed", "timbre_closed", "pitch_kept", "onset")
REAL_BARS = ("style_closed", "pitch_jaccard", "loudness")
# A bar below this is cut: copying the style clip reads -2 and would flatten the rest.
LOWEST = -0.6


def draw_medians(records: list[Record], path: Path) -> None:
    """Bars of the headline metrics by row, one panel a source and group."""
    from matplotlib.figure import Figure

    panels = groups(records)
    rows = list(dict.fromkeys(record["row"] for record in records))
    figure = Figure(figsize=(12, 2.9 * len(panels)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for axis, (source, group) in zip(axes, panels):
        members = of_group(records, source, group)
        names = BARS if kind_of(members) == "paired" else REAL_BARS
        for k, name in enumerate(names):
            heights = [medians([r for r in members if r["row"] == row], names).get(name, 0) for row in rows]
            place = np.arange(len(rows)) + (k - len(names) / 2 + 0.5) * 0.8 / len(names)
            axis.bar(place, np.maximum(heights, LOWEST), 0.8 / len(names), label=name)
        axis.set(title=f"{source}: {group}", ylim=(LOWEST, 1.2), xticks=range(len(rows)))
        axis.axhline(0, color="black", linewidth=0.7)
        axis.grid(axis="y", alpha=0.3)
        axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    axes[-1].set_xticklabels(rows, rotation=30, ha="right", fontsize=8)
    figure.savefig(path, dpi=110)


def draw_spectrograms(
    sounds: dict[str, tuple[np.ndarray, int]], title: str, path: Path, columns: int | None = None
) -> None:
    """Spectrograms side by side on one colour scale, ``columns`` in a line: content, style, outputs, target."""
    import librosa
    from matplotlib.figure import Figure

    columns = columns or len(sounds)
    lines = -(-len(sounds) // columns)
    figure = Figure(figsize=(2.9 * columns, 3.6 * lines), layout="constrained")
    figure.suptitle(title, fontsize=10)
    axes = np.ravel(figure.subplots(lines, columns, sharey=True, squeeze=False))
    for axis, (name, (audio, sample_rate)) in zip(axes, sounds.items()):
        mono = at_rate(audio, sample_rate, SAMPLE_RATE)
        mel = librosa.feature.melspectrogram(y=mono, sr=SAMPLE_RATE, n_mels=128, hop_length=256)
        level = librosa.power_to_db(mel, ref=np.max, top_db=RANGE_DB)
        seconds = len(mono) / SAMPLE_RATE
        axis.imshow(level, origin="lower", aspect="auto", extent=(0, seconds, 0, 128), cmap="magma")
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("s")
    for axis in axes[len(sounds) :]:
        axis.set_axis_off()
    axes[0].set_ylabel("mel band")
    figure.savefig(path, dpi=110)


def draw_speed(records: list[dict[str, Any]], path: Path) -> None:
    """Stacked bars of the real-time factor by stage, and p50 / p99 / max of a hop against its deadline."""
    from matplotlib.figure import Figure

    known = [record for record in records if "error" not in record]
    names = [record["setting"] for record in known]
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    bottom = np.zeros(len(known))
    for stage in dict.fromkeys(stage for record in known for stage in record["stages"]):
        height = np.array([record["stages"].get(stage, 0.0) for record in known])
        left.barh(names, height, left=bottom, label=stage)
        bottom += height
    left.axvline(1, color="black", linewidth=0.8)
    left.set(title="seconds per second of audio, by stage (wall)")
    left.legend(fontsize=7)
    for name, marker in (("p50_ms", "o"), ("p99_ms", "s"), ("p999_ms", "^"), ("max_ms", "x")):
        share = [record["cpu"][name] / record["deadline_ms"] for record in known]
        right.plot(share, names, marker, label=name.replace("_ms", ""))
    right.axvline(1, color="black", linewidth=0.8)
    right.set(title="CPU time of a hop over its deadline", xlim=(0, None), ylim=left.get_ylim())
    right.legend(fontsize=7)
    for axis in (left, right):
        axis.invert_yaxis()
        axis.tick_params(labelsize=7)
        axis.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=110)
