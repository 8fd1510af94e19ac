"""Every row on every case: one record each, from the store where nothing has changed.

A row that fails keeps its place in the tables with its error; a row that answers with NaN or another length
than the content's has failed too.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.metrics import paired_metrics
from benchmarks.real_metrics import real_metrics
from benchmarks.row import Row
from benchmarks.store import Store, code_hash, key_of
from stylefx.errors import StylefxError

METRIC_CODE = ("benchmarks/metrics.py", "benchmarks/real_metrics.py", "benchmarks/notes.py")
# Whatever a method may raise on a case. KeyboardInterrupt and faults of the interpreter end the run.
FAILURES = (ArithmeticError, AttributeError, ImportError, LookupError, MemoryError, OSError, RuntimeError)
FAILURES += (TypeError, ValueError, StylefxError)  # type: ignore[assignment]
SUBSET_STEP = 6

Record = dict[str, Any]


def run(cases: list[Case], rows: list[Row], store: Store, source: str) -> list[Record]:
    """Records of every (case, row): names, group, metrics, CPU seconds of fit and render, or ``error``.

    ``source`` says where the cases come from: a SoundFont, ``recordings`` or a folder.
    """
    records = []
    for number, case in enumerate(cases):
        for row in rows:
            if row.subset and number % SUBSET_STEP:
                continue
            record = measured(case, row, store)
            records.append({"source": source, **record})
            say(f"{source}: {case.name} | {row.name}: {brief(record)}")
    return records


def measured(case: Case, row: Row, store: Store) -> Record:
    """One row on one case; failures are not kept, so that the next run tries again."""
    key = key_of(
        row.name, code_hash(*row.code, *METRIC_CODE), case.content, case.style, case.target, case.notes
    )
    found = store.get(key)
    if found is None:
        found = _measure(case, row)
        if "error" not in found:
            store.put(key, found)
    about = {"case": case.name, "group": case.group, "row": row.name, "kind": row.kind}
    return {**about, "style_program": case.style_program, **found}


def _measure(case: Case, row: Row) -> Record:
    try:
        learned = row.learn(case.style, case.sample_rate)
        started = time.process_time()
        audio = checked(row.apply(case.content, learned, case.sample_rate), case)
        render_s = time.process_time() - started
        metrics = paired_metrics(audio, case) if case.target is not None else real_metrics(audio, case)
    except FAILURES as error:
        return {"error": f"{type(error).__name__}: {error}"}
    seconds = len(case.content) / case.sample_rate
    timing = {"render_factor": render_s / seconds, "fit_s": getattr(learned, "cpu_seconds", 0.0)}
    return {**metrics, **timing}


def checked(audio: np.ndarray, case: Case) -> np.ndarray:
    """The audio, refused where it is no answer: NaN, or not as long as the content."""
    if len(audio) != len(case.content):
        raise ValueError(f"{len(audio)} samples came back, the content has {len(case.content)}")
    if not np.isfinite(audio).all():
        raise ValueError("the output holds NaN or infinity")
    return audio


def brief(record: Record) -> str:
    """The headline metrics of a record in one line."""
    if "error" in record:
        return record["error"]
    names = ("mel_closed", "timbre_closed", "pitch_kept", "style_closed", "pitch_jaccard")
    return ", ".join(f"{name} {record[name]:.2f}" for name in names if name in record)


def medians(records: list[Record], names: tuple[str, ...]) -> dict[str, float]:
    """Median of every metric over the records that have it; failures are left out (and counted elsewhere)."""
    values = {name: [r[name] for r in records if name in r] for name in names}
    return {name: float(np.median(found)) for name, found in values.items() if found}


def say(line: str) -> None:
    """Progress, on stderr."""
    print(line, file=sys.stderr, flush=True)
