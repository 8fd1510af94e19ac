"""What the measuring itself costs, row by row: for planning the next run."""

from __future__ import annotations

from benchmarks.report.quality import Record
from benchmarks.report.tables import number


def table(all_records: list[Record]) -> list[dict[str, str]]:
    """One line per row: CPU seconds per case to fit, render and measure, and CPU minutes in all."""
    records = [r for r in all_records if "render_factor" in r]
    timed = [r["metrics_s"] for r in records if "metrics_s" in r]
    # Records of earlier runs do not know; the metrics are the same for every row.
    typical_s = sum(timed) / max(len(timed), 1)
    lines = []
    for row in dict.fromkeys(record["row"] for record in records):
        mine = [parts(record, typical_s) for record in records if record["row"] == row]
        means = [number(sum(column) / len(mine), 1) for column in zip(*mine)]
        minutes = number(sum(map(sum, mine)) / 60, 1)
        about = {"row": row, "cases": str(len(mine))}
        lines.append({**about, **dict(zip(("fit", "render", "metrics"), means)), "cpu_minutes": minutes})
    return lines


def parts(record: Record, typical_s: float) -> tuple[float, float, float]:
    """CPU seconds of a record's fit, render and metrics, ``typical_s`` where the metrics were not timed."""
    return (
        record["fit_s"],
        record["render_factor"] * record["seconds"],
        record.get("metrics_s", typical_s),
    )
