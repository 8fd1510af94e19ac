"""``python -m benchmarks.methods``: every published method on the paired cases -> METHODS.md and its picture.

The cases are all of FluidR3_GM's, but for the instruments heard in training, their contents and targets cut to a few
seconds, because some methods take twenty CPU seconds for one of sound. Results are kept like those of
`python -m benchmarks`; what the figures mean for the literature's open questions is written by hand after a run, in
METHODS-COMMENT.md.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import HERE
from benchmarks.cases.cases import HEARD_GROUP, Case, paired
from benchmarks.metrics import method_validity
from benchmarks.report import plots, quality, tables
from benchmarks.report.quality import Record
from benchmarks.report.store import Store
from benchmarks.report.tables import as_cells, markdown_table, number
from benchmarks.systems.method_rows import ITERATIONS, METHOD_ROWS, iterations, output_path
from benchmarks.systems.rows import ROWS
from benchmarks.timing import distribution as timing
from stylefx.style.methods import METHODS

COMMENT = HERE / "METHODS-COMMENT.md"
PICTURE, PICTURES_IN_A_LINE = "methods.png", 5
SOUNDFONT = "FluidR3_GM"
SECONDS = 3.0
# To compare with: nothing done, the plainest rival, and the default.
BESIDE = ("copy content", "EQ match", "stylefx")
COLUMNS = ("mel_closed", "timbre_closed", "pitch_kept", "onset", "copy")


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.methods", description=(__doc__ or "").partition("\n")[0]
    )
    options.add_argument("--cases", type=int, metavar="N", help="the first N only")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Measure, draw, write."""
    args = parser().parse_args(arguments)
    timing.single_thread()
    store = Store()
    cases = [shortened(case) for case in paired(SOUNDFONT) if case.group != HEARD_GROUP][: args.cases]
    rows = [replace(row, subset=False) for row in (*(ROWS[name] for name in BESIDE), *METHOD_ROWS)]
    records = quality.run(cases, rows, store, SOUNDFONT)
    validity = method_validity.run(paired(SOUNDFONT), store)
    (HERE / "pictures").mkdir(exist_ok=True)
    plots.draw_spectrograms(
        sounds(cases[0]), cases[0].name, HERE / "pictures" / PICTURE, columns=PICTURES_IN_A_LINE
    )
    (HERE / "METHODS.md").write_text(page(records, validity))
    failed = [record for record in (*records, *validity) if "error" in record]
    for record in failed:
        print(f"benchmarks: failed: {record}", file=sys.stderr)
    return 1 if failed else 0


def shortened(case: Case) -> Case:
    """The first seconds of content and target; the style clip whole."""
    assert case.target is not None
    samples = round(SECONDS * case.sample_rate)
    notes = [note for note in case.notes if note[0] < SECONDS]
    return replace(case, content=case.content[:samples], target=case.target[:samples], notes=notes)


def sounds(case: Case) -> dict[str, tuple[np.ndarray, int]]:
    """Content, style, what each row made of it, target."""
    assert case.target is not None
    rate = case.sample_rate
    found = {"content": (case.content, rate), "style": (case.style[: len(case.content)], rate)}
    for row in METHOD_ROWS:
        path = output_path(row.name, case.content)
        if path.exists():
            found[row.name] = (np.load(path), rate)
    return {**found, "target": (case.target, rate)}


def page(records: list[Record], validity: list[dict[str, Any]]) -> str:
    """The whole of METHODS.md."""
    about = ", ".join(f"{name} {value}" for name, value in timing.machine().items())
    names = list(dict.fromkeys(record["case"] for record in records))
    parts = [
        "# The methods stylefx descends from, and what they do here",
        f"Written by `python -m benchmarks.methods` on {datetime.date.today().isoformat()}. Machine: {about}. "
        f"One thread; the rows took {_cpu_minutes(records):.0f} CPU minutes.",
        *([COMMENT.read_text().strip()] if COMMENT.exists() else []),
        "## Quality",
        f"Medians over {len(names)} paired cases of {SOUNDFONT}, the first {SECONDS:g} s of each, "
        "through `fit --method` and `render`. Metrics: DETAILS.md. `steps` are the optimiser's; "
        f"{', '.join(ITERATIONS)} take fewer here than their default. `cpu` is CPU seconds per second of sound with "
        "so many steps. Cases: " + "; ".join(names) + ".",
        quality_table(records),
        f"![the first case](pictures/{PICTURE})",
        "## Which statistic hears the instrument, not the tune",
        method_validity.ABOUT,
        method_validity.table(validity),
        "## Every case",
        tables.per_case(records),
        "## References and settings",
        'What begins with "ours" is not the paper\'s. `default cpu` is CPU seconds per second of mono sound with the '
        "default number of steps.",
        reference_table(),
    ]
    return "\n\n".join(parts) + "\n"


def _cpu_minutes(records: list[Record]) -> float:
    """Of fits, renders and metrics, those that came from the cache included."""
    measured = [record for record in records if "render_factor" in record]
    return sum(r["fit_s"] + r["render_factor"] * r["seconds"] + r["metrics_s"] for r in measured) / 60


def quality_table(records: list[Record]) -> str:
    """One line per row: medians."""
    lines = []
    for row in dict.fromkeys(record["row"] for record in records):
        mine = [record for record in records if record["row"] == row]
        found = quality.medians(mine, (*COLUMNS, "render_factor"))
        steps = str(iterations(METHODS[row])) if row in METHODS else "-"
        errors = [record["error"] for record in mine if "error" in record]
        cells = [number(found.get(name)) for name in (*COLUMNS, "render_factor")]
        lines.append([row, steps, *cells, errors[0][:80] if errors else ""])
    return markdown_table(["method", "steps", *COLUMNS, "cpu", "failures"], lines)


def reference_table() -> str:
    """From the catalogue."""
    lines = []
    for method in METHODS.values():
        settings = "; ".join(f"*{key}* {value}" for key, value in method.settings.items())
        cells = {
            "method": f"`{method.name}`",
            "reference": method.reference,
            "settings": settings,
            "weights": method.weights,
            "default steps": method.iterations,
            "real time": "yes" if method.real_time else "no",
            "default cpu": method.cpu_factor,
        }
        lines.append(as_cells(cells, tuple(cells)))
    headers = ("method", "reference", "settings", "weights", "default steps", "real time", "default cpu")
    return markdown_table(headers, lines)


if __name__ == "__main__":
    sys.exit(main())
