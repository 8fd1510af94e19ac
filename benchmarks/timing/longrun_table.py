"""Figures of long live runs, read from longrun.json: minutes or hours at the real clock, which no run of the tables
repeats (:mod:`benchmarks.timing.longrun` makes them, one row a run).

    {"date": "2026-01-31", "machine": "...", "about": "one sentence",
     "runs": [{"minutes": 10, "block": 256, "wrong frames": 0, ...}, ...]}

The columns are the keys of the runs, in the order of their first appearance. No file, no section.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.report.tables import as_cells, markdown_table

FILE = Path(__file__).with_name("longrun.json")


def section(path: Path = FILE) -> str:
    """The file as a table, with its date and machine; empty where there is none."""
    if not path.is_file():
        return ""
    found = json.loads(path.read_text())
    columns = list(dict.fromkeys(name for run in found["runs"] for name in run))
    about = f"Not part of this run: measured on {found['date']}. Machine: {found['machine']}."
    table = markdown_table(columns, [as_cells(run, columns) for run in found["runs"]])
    return "\n\n".join(["## Long live runs", f"{about} {found.get('about', '')}".strip(), table])
