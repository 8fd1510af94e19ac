"""What the measuring itself costs: CPU minutes by row, and by section of this run."""

from __future__ import annotations

from typing import Any

from benchmarks.quality import Record
from benchmarks.tables import markdown_table, number


def section(results: dict[str, Any]) -> str:
    """Two tables, for planning the next run."""
    parts = [
        "## What a run costs",
        "CPU seconds a case to measure each row from nothing: learning the clip, rendering, metrics. Rows of one "
        "quality share their fits, and results of unchanged code come from the cache.",
        markdown_table(("row", "cases", "fit", "render", "metrics", "CPU minutes in all"), _rows(results)),
        "The sections of this run:",
        markdown_table(
            ("section", "CPU minutes", "wall minutes"),
            [
                [name, number(spent["cpu_minutes"], 1), number(spent["wall_minutes"], 1)]
                for name, spent in results["sections"].items()
            ],
        ),
    ]
    return "\n\n".join(parts)


def _rows(results: dict[str, Any]) -> list[list[str]]:
    records = [r for r in results.get("quality", []) if "render_factor" in r]
    timed = [r["metrics_s"] for r in records if "metrics_s" in r]
    # Records of earlier runs do not know; the metrics are the same for every row.
    typical_s = sum(timed) / max(len(timed), 1)
    lines = []
    for row in dict.fromkeys(record["row"] for record in records):
        mine = [parts(record, typical_s) for record in records if record["row"] == row]
        means = [number(sum(column) / len(mine), 1) for column in zip(*mine)]
        lines.append([row, str(len(mine)), *means, number(sum(map(sum, mine)) / 60, 1)])
    return lines


def parts(record: Record, typical_s: float) -> tuple[float, float, float]:
    """CPU seconds of a record's fit, render and metrics, ``typical_s`` where the metrics were not timed."""
    return (
        record["fit_s"],
        record["render_factor"] * record["seconds"],
        record.get("metrics_s", typical_s),
    )
