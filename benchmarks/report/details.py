"""DETAILS.md: every table that RESULTS.md leaves out, a section each; what is longer than a page stays CSV."""

from __future__ import annotations

from typing import Any

from benchmarks.report.collect import Row, Tables
from benchmarks.report.tables import markdown_table
from benchmarks.systems import published
from benchmarks.timing import longrun_table

DEFINITIONS = """\
Closed gaps are 0 for the content copied and 1 for the target (`mel_closed`, `timbre_closed`) or the style
clip (`style_closed`); `pitch_kept` is relative to what basic-pitch hears in the target itself, so it can pass
1. `lsd` is Cifka's (lower is better); `copy` above 0.7 means that pieces of the clip leak into the output.
`render_factor` is CPU seconds per second of audio at one thread, `fit_s` the CPU seconds that learning the
clip took. All are medians; a row that failed says so. Definitions: the docstrings of `metrics.py` and
`real_metrics.py`. The style instruments of the FluidR3_GM groups were left out of what is trained ahead of
time, except in the group that says otherwise; TimGM6mb and the recordings were never trained on."""

# Table, heading, what to know.
SECTIONS = (
    (
        "statistics",
        "Is the style statistic valid?",
        "`wins`: d(target, style) < d(content, style); `ratio`: median of the two; `auc`: the same instrument is "
        "nearer than the same score (0.5 = indifferent), over melodies and over several parts.",
    ),
    (
        "tradeoff",
        "Trade-off",
        "Medians over every sixth paired case as each method's own knob turns; `beaten`: some point of stylefx closes "
        "more of the timbre gap and keeps at least as much pitch.\n\n![trade-off](pictures/tradeoff.png)",
    ),
    (
        "phase",
        "Phase",
        "Spectral convergence in dB (lower is better), mean over pairs of recordings; targets are a recording's own "
        "magnitudes (`clean`), blends with another's, or the engine's own (`styled`); `us`: CPU us per frame. "
        "Streaming rows wait two hops (11.6 ms), the one that is played for none; offline rows see everything. The "
        "last row is about the least that any phase can reach.",
    ),
    (
        "engine",
        "The engine, hop by hop",
        "CPU seconds per second of audio (`rtf`, 44.1 kHz mono unless it says otherwise), stages in wall seconds per "
        "second of audio, and the time of single hops in CPU milliseconds against the deadline. One thread; `load` is "
        "the load average under which it was taken.\n\n![speed](pictures/speed.png)",
    ),
    ("live_clock", "`stylefx live` at the real clock", "`load_percent`: time for a block, p50 / p99 / max."),
    ("live_device", "Through a real PortAudio stream", "JACK dummy server, 48 kHz, 1024 frames; in samples."),
    ("fit_length", "`fit` against the length of its clip", ""),
    ("render_length", "`render` against the length of its content", ""),
    ("lines", "Lines through both", "CPU seconds per second, and seconds."),
    (
        "process",
        "A process",
        "`peak_mb` of one that fits and renders; `help_s`: `stylefx --help`; `ready_s`: until a loaded style plays.",
    ),
    ("published_loss", "The published style loss and its gradient, 10 s against 10 s", ""),
    ("artefacts", "Artefacts", ""),
    ("haze", "Haze", ""),
    ("recovery", "What a foreign sound leaves behind", ""),
    (
        "cost",
        "What a run costs",
        "CPU seconds per case to measure each row from nothing: learning the clip, rendering, metrics. Rows of one "
        "quality share their fits, and results of unchanged code come from the cache.",
    ),
    ("sections", "The sections of this run", ""),
)


def page(about: dict[str, Any], tables: Tables, comment: dict[str, str]) -> str:
    """Everything, in one text; ``comment``: what to know of the tables that were filled by hand."""
    machine = ", ".join(f"{name} {value}" for name, value in about["machine"].items())
    parts = [
        "# Details",
        f"Beside [RESULTS.md](RESULTS.md). `python -m benchmarks{about['arguments']}`, {about['date']}. Machine: "
        f"{machine}. Load average at the start {about['load']:.2f}; {about['cpu_minutes']:.0f} CPU minutes (results of "
        "unchanged code and cases come from the cache).",
        *about["notes"],
        "Case by case: [results/cases.csv](results/cases.csv); against the EQ match, case by case (wins, ties within "
        "0.01, losses, worst case): [results/duels.csv](results/duels.csv).",
    ]
    if "medians" in tables:
        parts += [
            "## Quality",
            DEFINITIONS,
            "![medians](pictures/quality.png)",
            "![one case](pictures/spectrograms.png)",
        ]
    parts += _by(tables.get("medians", []), ("source", "group"))
    if "ablation" in tables:
        parts.append("## What each stage adds, and what more time buys")
        parts.append("Fewer cases, for these rows are slow or many; the row `stylefx` is the default.")
        parts += _by(tables["ablation"], ("source",))
    for name, heading, text in SECTIONS:
        if name in tables:
            parts += [f"## {heading}", text or comment.get(name, ""), markdown(tables[name])]
    parts += [longrun_table.section(), "## Systems that cannot run here"]
    parts += [markdown_table(published.HEADERS, published.SYSTEMS), published.NOTE]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by(rows: list[Row], keys: tuple[str, ...]) -> list[str]:
    """A heading and a table for every combination of what stands under the keys."""
    parts = []
    for values in dict.fromkeys(tuple(row[key] for key in keys) for row in rows):
        mine = [row for row in rows if tuple(row[key] for key in keys) == values]
        rest = [{name: cell for name, cell in row.items() if name not in keys} for row in mine]
        parts += [f"### {': '.join(values)}", markdown(rest)]
    return parts


def markdown(rows: list[Row]) -> str:
    """A table without the columns in which nothing stands."""
    names = [
        name for name in dict.fromkeys(n for row in rows for n in row) if any(row.get(name) for row in rows)
    ]
    return markdown_table(names, [[row.get(name) or "" for name in names] for row in rows])
