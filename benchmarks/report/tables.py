"""What the records of the quality runs say: medians, where stylefx loses, and tables of them."""

from __future__ import annotations

from typing import Any

from benchmarks.report.quality import Record, medians

PAIRED = ("mel_closed", "timbre_closed", "pitch_kept", "onset", "lsd", "copy")
REAL = ("style_closed", "pitch_jaccard", "loudness", "copy")
COST = ("render_factor", "fit_s")
# What a method must win to be better; copy is a warning, lsd repeats mel.
HEADLINE = {"paired": ("mel_closed", "timbre_closed", "pitch_kept", "onset"), "real": REAL[:3]}
CASE_CELL = {"paired": ("mel_closed", "timbre_closed", "pitch_kept"), "real": REAL[:2]}
# A copy wins some columns by definition: it is no method to lose to.
COPIES = ("copy content", "copy style")
OURS = "stylefx"
# Differences below this are within what a second run of a stochastic method moves.
MARGIN = 0.01


def markdown_table(headers, rows) -> str:
    """A Markdown table; cells are strings."""
    lines = ["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def number(value: float | None, digits: int = 2) -> str:
    """A rounded number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}".replace("-0.00", "0.00")


def groups(records: list[Record]) -> list[tuple[str, str]]:
    """(source, group) pairs in the order of their first record."""
    return list(dict.fromkeys((record["source"], record["group"]) for record in records))


def of_group(records: list[Record], source: str, group: str) -> list[Record]:
    """The records of a source and group."""
    return [record for record in records if (record["source"], record["group"]) == (source, group)]


def kind_of(records: list[Record]) -> str:
    """``paired`` where some record has a target's metrics, else ``real``."""
    return "paired" if any("mel" in record for record in records) else "real"


def medians_of(records: list[Record]) -> dict[str, float]:
    """Medians of every metric and cost over the records that worked."""
    return medians(records, PAIRED + REAL + COST)


def all_medians(records: list[Record]) -> list[dict[str, Any]]:
    """The numbers of every summary: source, group, row, cases that worked, and the medians."""
    found = []
    for source, group in groups(records):
        members = of_group(records, source, group)
        for row in dict.fromkeys(record["row"] for record in members):
            mine = [r for r in members if r["row"] == row and "error" not in r]
            found.append(
                {"source": source, "group": group, "row": row, "cases": len(mine), **medians_of(mine)}
            )
    return found


def per_case(records: list[Record]) -> str:
    """Cases down, rows across; a cell holds the headline metrics, or the kind of error."""
    names = CASE_CELL[kind_of(records)]
    rows = list(dict.fromkeys(record["row"] for record in records))
    cells: dict[str, dict[str, str]] = {}
    for record in records:
        text = " / ".join(number(record.get(name)) for name in names)
        failed = record["error"].partition(":")[0] if "error" in record else text
        cells.setdefault(record["case"], {})[record["row"]] = failed
    lines = [[case, *(found.get(row, "") for row in rows)] for case, found in cells.items()]
    return f"Cells: {' / '.join(names)}.\n\n" + markdown_table(["case", *rows], lines)


def ours(records: list[Record]) -> str:
    """The row that stands for stylefx: the default, or the first of its rows where that did not run."""
    names = [record["row"] for record in records if record["row"].startswith(OURS)]
    return OURS if OURS in names or not names else names[0]


def losses(records: list[Record]) -> list[dict[str, str]]:
    """Every summary cell in which some rival's median beats that of stylefx by more than the margin."""
    found = []
    # Parts of stylefx on fewer cases are no rivals.
    others = {record["row"] for record in records if record["kind"] == "rival"}
    for source, group in groups(records):
        members = of_group(records, source, group)
        values = {
            row: medians([r for r in members if r["row"] == row], PAIRED + REAL)
            for row in dict.fromkeys(record["row"] for record in members)
            if row not in COPIES
        }
        mine = values.get(ours(members), {})
        rivals = {row: v for row, v in values.items() if row in others}
        for metric in HEADLINE[kind_of(members)]:
            best = max(rivals, key=lambda row: rivals[row].get(metric, -9.0), default=None)
            if best and metric in mine and rivals[best].get(metric, -9.0) > mine[metric] + MARGIN:
                numbers = {
                    "stylefx": number(mine[metric]),
                    "rival": best,
                    "its": number(rivals[best][metric]),
                }
                found.append({"source": source, "group": group, "metric": metric, **numbers})
    return found


def bad_cases(records: list[Record]) -> list[dict[str, str]]:
    """Cases in which stylefx ends further from the goal than the content was."""
    found, name = [], ours(records)
    for record in records:
        if record["row"] != name or "error" in record:
            continue
        gap = "mel_closed" if "mel_closed" in record else "style_closed"
        if record[gap] < 0:
            value = number(record[gap])
            found.append({"source": record["source"], "case": record["case"], "metric": gap, "value": value})
    return found


def as_cells(record: dict[str, Any], names, digits: int = 2) -> list[str]:
    """Values of a record as cells: numbers rounded, the rest as they are."""
    values = [record.get(name) for name in names]
    return [number(v, digits) if isinstance(v, float) else "-" if v is None else str(v) for v in values]
