"""Records of a run -> tables: rows of text by column, one CSV file per table, from which the pages are written.

`collect` makes them, `save` and `load` keep them in a folder ``results`` together with ``about.json`` (date, machine,
load). Whatever the pages say is in these files, so they can be written again without measuring.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.metrics import duels
from benchmarks.report import tables
from benchmarks.report.quality import Record
from benchmarks.report.tables import COST, PAIRED, REAL, number
from benchmarks.timing import cost

Row = dict[str, str]
Tables = dict[str, list[Row]]
ABOUT = ("date", "arguments", "machine", "load", "cpu_minutes", "notes", "limited")
# Tables that no run fills: measured by hand, on the day and the machine that COMMENT.md names.
BY_HAND = ("ordinary_processor", "artefacts", "haze", "recovery")
STAGES = ("analysis", "decode", "optimise", "phase", "overlap_add")
HOP_TIMES = ("p50_ms", "p99_ms", "p999_ms", "max_ms")


def collect(results: dict[str, Any]) -> Tables:
    """Every table of a run, those without rows left out."""
    found = {**_of_quality(results), **_of_speed(results.get("speed") or {})}
    for name, table, digits in (
        ("statistics", "validity", 2),
        ("tradeoff", "curves", 3),
        ("phase", "phase", 1),
    ):
        found[name] = [as_row(record, record, digits) for record in results.get(table) or []]
    found["sections"] = [{"section": n, **as_row(s, s, 1)} for n, s in results["sections"].items()]
    return {name: rows for name, rows in found.items() if rows}


def _of_quality(results: dict[str, Any]) -> Tables:
    records = results.get("quality") or []
    shared = {(r["source"], r["case"]) for r in records if r["subset"]}
    subset = [r for r in records if (r["source"], r["case"]) in shared and r["kind"] != "rival"]
    whole = [r for r in records if not r["subset"]]
    about = ("source", "group", "case", "row", *PAIRED, *REAL, *COST, "error")
    return {
        "medians": [row for source, group in tables.groups(whole) for row in _medians(whole, source, group)],
        "ablation": [
            row for source in dict.fromkeys(r["source"] for r in subset) for row in _medians(subset, source)
        ],
        "cases": [as_row(record, dict.fromkeys(about), 4) for record in records],
        "duels": duels.table(whole),
        "losses": tables.losses(records),
        "worse_than_content": tables.bad_cases(records),
        "cost": cost.table(records),
    }


def _medians(records: list[Record], source: str, group: str | None = None) -> Iterable[Row]:
    """One line per row: medians over its cases, failures with their error."""
    members = [r for r in records if r["source"] == source and group in (None, r["group"])]
    for name in dict.fromkeys(record["row"] for record in members):
        mine = [record for record in members if record["row"] == name]
        errors = [record["error"] for record in mine if "error" in record]
        values = tables.medians_of(mine)
        yield {
            "source": source,
            **({} if group is None else {"group": group}),
            "row": name,
            **{
                metric: number(values[metric]) if metric in values else ""
                for metric in (*PAIRED, *REAL, *COST)
            },
            "cases": f"{len(mine) - len(errors)}/{len(mine)}" if errors else str(len(mine)),
            "failures": f"{len(errors)} failed: {errors[0][:90]}" if errors else "",
        }


def _of_speed(speed: dict[str, Any]) -> Tables:
    scaling, realtime = speed.get("scaling") or {}, speed.get("realtime") or {}
    fit, render = scaling.get("fit") or {}, scaling.get("render") or {}
    lines = {"fit": fit.get("line"), "render": render.get("line")}
    single = {
        **scaling.get("process", {}),
        **{f"published_{k}": v for k, v in scaling.get("published_job", {}).items()},
    }
    published, device = scaling.get("published"), realtime.get("device") or {}
    paths = {"error": {"error": device["error"]}} if "error" in device else device
    return {
        "engine": [_engine(record) for record in speed.get("engine", [])],
        "latency": [as_row(record, record, 2) for record in speed.get("latency", [])],
        "live_clock": [as_row({**r, "load_percent": _shares(r)}, r, 2) for r in realtime.get("misses", [])],
        "live_device": [{"path": name, **as_row(pair, pair)} for name, pair in paths.items()],
        "fit_length": _rows_or_error(fit),
        "render_length": _rows_or_error(render),
        "lines": [{"what": name, **as_row(line, line, 4)} for name, line in lines.items() if line],
        "process": [
            {"what": name, "value": str(v if isinstance(v, str) else round(v, 2))}
            for name, v in single.items()
        ],
        "published_loss": [as_row(r, r, 4) for r in published] if isinstance(published, list) else [],
    }


def _engine(record: dict[str, Any]) -> Row:
    if "error" in record:
        return {"setting": record["setting"], "error": record["error"][:100]}
    return {
        "setting": record["setting"],
        "rtf": number(record["rtf"], 3),
        **{stage: number(record["stages"].get(stage, 0.0), 3) for stage in STAGES},
        "deadline_ms": number(record["deadline_ms"]),
        **as_row(record["cpu"], HOP_TIMES, 2),
        "wall_p99_ms": number(record["wall"]["p99_ms"]),
        "wall_max_ms": number(record["wall"]["max_ms"]),
        "late_hops": f"{record['misses']}/{record['hops']}",
        "load": number(record["load"], 1),
    }


def _shares(record: dict[str, Any]) -> str:
    """The worker's time over the block's, in percent: p50 / p99 / max."""
    shares = record.get("load_percent")
    return " / ".join(f"{shares[name]:.0f}" for name in ("p50", "p99", "max")) if shares else ""


def _rows_or_error(part: dict[str, Any]) -> list[Row]:
    rows = [as_row(row, row, 2) for row in part.get("rows", [])]
    return [*rows, {"error": part["error"]}] if "error" in part else rows


def as_row(record: dict[str, Any], columns: Iterable[str], digits: int = 2) -> Row:
    """The named values of a record as text: numbers rounded, nothing where there is none."""
    return {name: _text(record.get(name), digits) for name in columns}


def _text(value: Any, digits: int) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return number(value, digits)
    if isinstance(value, list):
        return "; ".join(map(str, value))[:90]
    return "" if value is None else str(value)


def save(results: dict[str, Any], folder: Path) -> None:
    """A file per table and ``about.json`` in ``folder``, in the place of those of an earlier run."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.csv"):
        if path.stem not in BY_HAND:
            path.unlink()
    for name, rows in collect(results).items():
        save_table(rows, folder / f"{name}.csv")
    about = {name: results[name] for name in ABOUT}
    (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def save_table(rows: list[Row], path: Path) -> None:
    """One CSV file; the columns are those of all rows, in the order of their first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def load(folder: Path) -> tuple[dict[str, Any], Tables]:
    """What `save` left, and the tables that were filled by hand."""
    found: Tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return json.loads((folder / "about.json").read_text()), found
