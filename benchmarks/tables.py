"""Records -> Markdown tables of the quality runs: medians by group, every case, where stylefx loses."""

from __future__ import annotations

from typing import Any

from benchmarks.quality import Record, medians

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
LEAK = 0.7


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


def summary(records: list[Record]) -> str:
    """One line a row: medians over the cases, failures with their error."""
    names = (PAIRED if kind_of(records) == "paired" else REAL) + COST
    lines = []
    for row in dict.fromkeys(record["row"] for record in records):
        mine = [record for record in records if record["row"] == row]
        errors = [record["error"] for record in mine if "error" in record]
        found = medians(mine, names)
        count = f"{len(mine) - len(errors)}/{len(mine)}" if errors else str(len(mine))
        failure = f"{len(errors)} failed: {errors[0][:90]}" if errors else ""
        lines.append([row, *(number(found.get(name)) for name in names), count, failure])
    return markdown_table(["row", *names, "cases", "failures"], lines)


def all_medians(records: list[Record]) -> list[dict[str, Any]]:
    """The numbers of every summary: source, group, row, cases that worked, and the medians."""
    found = []
    for source, group in groups(records):
        members = of_group(records, source, group)
        for row in dict.fromkeys(record["row"] for record in members):
            mine = [r for r in members if r["row"] == row and "error" not in r]
            values = medians(mine, PAIRED + REAL + COST)
            found.append({"source": source, "group": group, "row": row, "cases": len(mine), **values})
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


def losses(records: list[Record]) -> list[str]:
    """Sentences: every summary cell in which some rival beats stylefx, and every leak of the clip."""
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
                theirs = number(rivals[best][metric])
                found.append(f"{source}, {group}: {metric} {number(mine[metric])}, {best} {theirs}")
    return found


def bad_cases(records: list[Record]) -> list[str]:
    """Cases in which stylefx is worse than doing nothing, or leaks the clip."""
    found, name = [], ours(records)
    for record in records:
        if record["row"] != name or "error" in record:
            continue
        gap = "mel_closed" if "mel_closed" in record else "style_closed"
        if record[gap] < 0:
            found.append(f"{record['source']}, {record['case']}: {gap} {number(record[gap])}")
    return found


def as_cells(record: dict[str, Any], names, digits: int = 2) -> list[str]:
    """Values of a record as cells: numbers rounded, the rest as they are."""
    values = [record.get(name) for name in names]
    return [number(v, digits) if isinstance(v, float) else "-" if v is None else str(v) for v in values]
