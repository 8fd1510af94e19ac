"""Everything measured -> RESULTS.md: tables, the machine, versions and date, and what the table says.

The paragraph "What the table says" has two halves: the cells in which stylefx loses, derived from the records, and
a comment written by hand after a full run, in COMMENT.md beside this file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import aims, cost, duels, longrun_table, published, tables
from benchmarks.quality import SUBSET_STEP
from benchmarks.speed_tables import speed_section
from benchmarks.tables import as_cells, markdown_table

COMMENT = Path(__file__).with_name("COMMENT.md")

EXPLANATION = """\
Closed gaps are 0 for the content copied and 1 for the target (`mel_closed`, `timbre_closed`) or the style
clip (`style_closed`); `pitch_kept` is relative to what basic-pitch hears in the target itself, so it can pass
1. `lsd` is Cifka's (lower is better); `copy` above 0.7 means that pieces of the clip leak into the output.
`render_factor` is CPU seconds per second of audio at one thread, `fit_s` the CPU seconds that learning the
clip took. All are medians; a row that failed says so. Definitions: the docstrings of `metrics.py` and
`real_metrics.py`. The style instruments of the FluidR3_GM groups were left out of what is trained ahead of
time, except in the group that says otherwise; TimGM6mb and the recordings were never trained on."""


def write(results: dict[str, Any], folder: Path) -> str:
    """The report as Markdown, also written to ``folder/RESULTS.md``."""
    parts = [_head(results)]
    if results.get("quality"):
        parts += [_says(results), aims.section(results), *_quality(results)]
    parts += ["## Systems that cannot run here", _elsewhere()]
    for name, section in SECTIONS.items():
        if results.get(name):
            parts.append(section(results[name]))
    parts += [longrun_table.section(), cost.section(results)]
    text = "\n\n".join(part for part in parts if part) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(text)
    return text


def _head(results: dict[str, Any]) -> str:
    about = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    lines = [
        "# Benchmark results",
        f"Written by `python -m benchmarks{results['arguments']}` on {results['date']}. Machine: {about}. "
        f"Load average at the start {results['load']:.2f}; {results['cpu_minutes']:.0f} CPU minutes "
        "(results of unchanged code and cases come from the cache).",
    ]
    return "\n\n".join(lines + results["notes"])


def _says(results: dict[str, Any]) -> str:
    lines, records = ["## What the table says"], results["quality"]
    # The comment is on the full run; a limited one shows other numbers.
    if COMMENT.exists() and not results["limited"]:
        lines.append(COMMENT.read_text().strip())
    lost = tables.losses(records)
    lines.append("Summary cells in which a rival's median beats `stylefx` (copies left out):")
    lines.append("\n".join(f"- {line}" for line in lost) or "none.")
    bad = tables.bad_cases(records)
    lines.append("Cases in which `stylefx` ends further from the goal than the content was:")
    lines.append("\n".join(f"- {line}" for line in bad) or "none.")
    return "\n\n".join(lines)


def _quality(results: dict[str, Any]) -> list[str]:
    records = [record for record in results["quality"] if not record["subset"]]
    parts = [
        "## Quality",
        EXPLANATION,
        "![medians](pictures/quality.png)",
        "![one case](pictures/spectrograms.png)",
    ]
    for source, group in tables.groups(records):
        parts += [f"### {source}: {group}", tables.summary(tables.of_group(records, source, group))]
    parts.append(duels.section(records))
    if any(record["subset"] for record in results["quality"]):
        parts += ["## What each stage adds, and what more time buys", _subset(results["quality"])]
    parts.append("## Every case")
    for source, group in tables.groups(records):
        members = tables.of_group(records, source, group)
        parts += [f"<details><summary>{source}: {group}</summary>", tables.per_case(members), "</details>"]
    return parts


def _subset(records: list[dict[str, Any]]) -> str:
    """The cases that the rows of the subset ran on, with the rows of stylefx that ran on all."""
    shared = {(r["source"], r["case"]) for r in records if r["subset"]}
    kept = [r for r in records if (r["source"], r["case"]) in shared and r["kind"] != "rival"]
    parts = [
        f"Every {SUBSET_STEP}th case only, for these rows are slow or many; the row `stylefx` is the default."
    ]
    for source in dict.fromkeys(record["source"] for record in kept):
        parts += [f"### {source}", tables.summary([record for record in kept if record["source"] == source])]
    return "\n\n".join(parts)


def _elsewhere() -> str:
    return markdown_table(published.HEADERS, published.SYSTEMS) + "\n\n" + published.NOTE


def _validity(records: list[dict[str, Any]]) -> str:
    names = ("source", "statistic", "wins", "cases", "ratio", "auc_melodies", "auc_parts", "error")
    text = (
        "`wins`: d(target, style) < d(content, style); `ratio`: median of the two; `auc`: the same instrument is "
        "nearer than the same score (0.5 = indifferent), over melodies and over several parts."
    )
    return "\n\n".join(
        [
            "## Is the style statistic valid?",
            text,
            markdown_table(names, [as_cells(r, names) for r in records]),
        ]
    )


def _curves(points: list[dict[str, Any]]) -> str:
    names = (
        "method",
        "knob",
        "value",
        "mel_closed",
        "timbre_closed",
        "pitch_kept",
        "onset",
        "cases",
        "beaten",
        "failed",
    )
    rows = [
        as_cells(
            {**p, "beaten": "yes" if p["beaten"] else "", "failed": "; ".join(p["failed"])[:90]}, names, 3
        )
        for p in points
    ]
    text = (
        "Medians over every sixth paired case as each method's own knob turns; `beaten`: some point of stylefx closes "
        "more of the timbre gap and keeps at least as much pitch."
    )
    return "\n\n".join(
        ["## Trade-off", text, "![trade-off](pictures/tradeoff.png)", markdown_table(names, rows)]
    )


def _phase(text: str) -> str:
    return f"## Phase\n\n{text}"


SECTIONS: dict[str, Callable[[Any], str]] = {
    "validity": _validity,
    "curves": _curves,
    "phase": _phase,
    "speed": speed_section,
}
