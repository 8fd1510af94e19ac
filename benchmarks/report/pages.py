"""The tables of results/ -> RESULTS.md, one page for a stranger, and DETAILS.md, everything else.

    python -m benchmarks.report    # writes both again, from the tables and from COMMENT.md, without measuring

What is written by hand stands in COMMENT.md, a section a heading; it is on the full run, so limited runs leave it out.
Sections that are not among `SECTIONS` end the page as they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import HERE
from benchmarks.cases.cases import HEARD_GROUP
from benchmarks.report import collect, details
from benchmarks.report.collect import Row, Tables
from benchmarks.report.tables import markdown_table, number

COMMENT = HERE / "COMMENT.md"
SECTIONS = ("Introduction", "Comparison", "Latency and CPU", "Ablation", "Verdicts", "Where it loses")
OF_DETAILS = "Details: "
SYSTEMS = {
    "EQ match": "EQ match: long-term spectrum of the clip",
    "cepstral envelope": "cepstral envelope of the clip, frame by frame",
    "NMF musaicing": "NMF musaicing (Driedger 2015)",
    "U+L published": "Ulyanov & Lebedev 2016, 300 steps",
    "stylefx": "**stylefx `render`**, default",
    "stylefx live": "**stylefx `live`**, default, 46 ms late",
    "stylefx filter": "stylefx `live --no-notes`: the filter alone",
}
RECORDINGS = "recordings"
# Column, the metric, and whether it is of the recordings.
COLUMNS = (
    ("renders: mel gap closed ↑", "mel_closed", False),
    ("renders: timbre gap closed ↑", "timbre_closed", False),
    ("renders: pitch kept ↑", "pitch_kept", False),
    ("recordings: style gap closed ↑", "style_closed", True),
    ("recordings: pitch kept ↑", "pitch_jaccard", True),
)
CPU_COLUMN = "CPU s per s of sound ↓"
ABLATION_COLUMNS = (
    "mel_closed",
    "timbre_closed",
    "pitch_kept",
    "style_closed",
    "pitch_jaccard",
    "render_factor",
)


def write(results: dict[str, Any], folder: Path) -> str:
    """Save the tables of a run in ``folder/results`` and write both pages; the text of both."""
    collect.save(results, folder / "results")
    return write_pages(folder)


def write_pages(folder: Path) -> str:
    """RESULTS.md and DETAILS.md from ``folder/results``; the text of both."""
    about, tables = collect.load(folder / "results")
    comment = {} if about["limited"] else comments()
    known = {
        name.removeprefix(OF_DETAILS): text for name, text in comment.items() if name.startswith(OF_DETAILS)
    }
    pages = {
        "RESULTS.md": results_page(about, tables, comment),
        "DETAILS.md": details.page(about, tables, known),
    }
    for name, text in pages.items():
        (folder / name).write_text(text)
    return "\n".join(pages.values())


def results_page(about: dict[str, Any], tables: Tables, comment: dict[str, str]) -> str:
    """The one page."""
    parts = ["# Results", _head(about), comment.get("Introduction", ""), *_comparison(tables)]
    parts += [comment.get("Comparison", ""), *_speed(about, tables, comment.get("Latency and CPU", ""))]
    parts += [*_ablation(tables, comment.get("Verdicts", "")), comment.get("Ablation", "")]
    parts += ["## Where it loses", comment.get("Where it loses", ""), *_losses(tables)]
    others = (name for name in comment if name not in SECTIONS and not name.startswith(OF_DETAILS))
    parts += [f"## {name}\n\n{comment[name]}" for name in others]
    return "\n\n".join(part for part in parts if part) + "\n"


def comments() -> dict[str, str]:
    """The sections of COMMENT.md by heading, in order."""
    parts = re.split(r"^## (.*)\n", COMMENT.read_text(), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2])}


def _head(about: dict[str, Any]) -> str:
    return (
        f"Written by `python -m benchmarks{about['arguments']}` on {about['date']}; processor "
        f"{about['machine']['processor']}. Every other table, definitions and versions: [DETAILS.md](DETAILS.md); all "
        "numbers, case by case: [results](results)."
    )


def _comparison(tables: Tables) -> list[str]:
    cases = [row for row in tables.get("cases", []) if row["group"] != HEARD_GROUP and not row.get("error")]
    lines = [[label, *_figures(name, cases), _cpu(name, tables)] for name, label in SYSTEMS.items()]
    found = [line for line in lines if any(line[1:])]
    if not found:
        return []
    counts = [_cases(cases, of_recordings) for of_recordings in (False, True)]
    text = (
        f"Medians over the rendered cases ({counts[0]}), whose truth is known, and over the pairs of recordings "
        f"({counts[1]}). A gap closed is 0 for the content as it was and 1 for the target or the clip; pitch kept is 1 "
        "for all notes. ↑ more is better, ↓ less."
    )
    headers = ("system", *(column for column, *_ in COLUMNS), CPU_COLUMN)
    return ["## Comparison", text, markdown_table(headers, found)]


def _figures(name: str, cases: list[Row]) -> list[str]:
    found = []
    for _, metric, of_recordings in COLUMNS:
        mine = [row for row in cases if row["row"] == name and (row["source"] == RECORDINGS) is of_recordings]
        values = [float(row[metric]) for row in mine if row[metric]]
        found.append(number(median(values)) if values else "")
    return found


def _cases(cases: list[Row], of_recordings: bool) -> int:
    return len(
        {(row["source"], row["case"]) for row in cases if (row["source"] == RECORDINGS) is of_recordings}
    )


def _cpu(name: str, tables: Tables) -> str:
    """The median of the groups' medians."""
    values = [row["render_factor"] for row in tables.get("medians", []) if row["row"] == name]
    known = [float(value) for value in values if value not in ("", "-")]
    return number(median(known)) if known else ""


def _speed(about: dict[str, Any], tables: Tables, comment: str) -> list[str]:
    parts = ["## Latency and CPU", comment]
    if comment and "ordinary_processor" in tables:
        parts.append(details.markdown(tables["ordinary_processor"]))
    default = next((row for row in tables.get("engine", []) if row["setting"] == "default"), None)
    if default and not default.get("error"):
        hop, median_ms, p99, most = (default[name] for name in ("deadline_ms", "p50_ms", "p99_ms", "max_ms"))
        parts.append(
            f"In the run of {about['date']} ({about['machine']['processor']}) a hop of {hop} ms took {median_ms} ms "
            f"(median), {p99} ms (99th percentile) and {most} ms at most; late hops: {default['late_hops']}."
        )
    if "latency" in tables:
        parts.append("Latency of the engine in samples, declared and measured with an impulse and a chirp:")
        parts.append(details.markdown(tables["latency"]))
    return parts if len(parts) > 2 or comment else []


def _ablation(tables: Tables, verdicts: str) -> list[str]:
    """Five rows, each with what it is and a verdict, of the first SoundFont's cases and of the recordings."""
    rows = [line.split("|") for line in verdicts.splitlines() if "|" in line]
    found = tables.get("ablation", [])
    if not rows or not found:
        return []
    lines = []
    for name, what, verdict in ([cell.strip() for cell in row] for row in rows):
        mine = [row for row in found if row["row"] == name]
        rendered = next((row for row in mine if row["source"] != RECORDINGS), {})
        real = next((row for row in mine if row["source"] == RECORDINGS), {})
        lines.append([what, *(rendered.get(m) or real.get(m) or "" for m in ABLATION_COLUMNS), verdict])
    headers = (
        "what is changed",
        "mel ↑",
        "timbre ↑",
        "pitch ↑",
        "recordings: style ↑",
        "pitch ↑",
        "CPU ↓",
        "verdict",
    )
    source = found[0]["source"]
    text = f"Medians over every sixth case: {found[0]['cases']} of {source}, and recordings."
    return ["## What each part adds", text, markdown_table(headers, lines)]


def _losses(tables: Tables) -> list[str]:
    parts = []
    if lost := tables.get("losses"):
        parts.append("Groups and figures in which a rival's median beats that of stylefx (copies left out):")
        parts.append(details.markdown(lost))
    if worse := tables.get("worse_than_content"):
        parts.append("Cases in which stylefx ends further from the goal than the content was:")
        parts.append(details.markdown(worse))
    return parts or ["No figure of any group."]
