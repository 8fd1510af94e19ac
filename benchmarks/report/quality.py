"""Every row on every case: one record each, from the store where nothing has changed.

A row that fails keeps its place in the tables with its error; a row that answers with NaN or another length
than the content's has failed too.
"""

from __future__ import annotations

import hashlib
import sys
import time
from typing import Any

import numpy as np

from benchmarks.cases.cases import Case
from benchmarks.metrics.paired import paired_metrics
from benchmarks.metrics.real import real_metrics
from benchmarks.report.store import Store, code_hash, key_of
from benchmarks.systems.row import Row
from stylefx.errors import StylefxError

METRIC_CODE = ("benchmarks/metrics/paired.py", "benchmarks/metrics/real.py", "benchmarks/metrics/notes.py")
# Whatever a method may raise on a case. KeyboardInterrupt and faults of the interpreter end the run.
FAILURES = (ArithmeticError, AttributeError, ImportError, LookupError, MemoryError, OSError, RuntimeError)
FAILURES += (TypeError, ValueError, StylefxError)  # type: ignore[assignment]
SUBSET_STEP = 6

Record = dict[str, Any]


def run(
    cases: list[Case], rows: list[Row], store: Store, source: str, backwards: bool = False
) -> list[Record]:
    """Records of every (case, row): names, group, metrics, CPU seconds, or ``error``.

    ``source`` says where the cases come from: a SoundFont, ``recordings`` or a folder. ``backwards`` begins with the
    last case.
    """
    records = []
    for number, case in list(enumerate(cases))[:: -1 if backwards else 1]:
        for row in rows:
            if (row.subset and number % SUBSET_STEP) or (row.told and not case.notes):
                continue
            record = measured(case, row, store)
            records.append({"source": source, **record})
            notify(f"{source}: {case.name} | {row.name}: {brief(record)}")
    return records


def spread(records: list[Record], name: str, like: str) -> tuple[list[Record], str]:
    """A row of the subset on every case, where its samples prove to be those of the row ``like``.

    Returns the records, with copies of ``like``'s under ``name`` added if the hashes of all samples agree (CPU times
    are not copied), and a sentence for the report.
    """
    known = {(r["source"], r["case"]): r for r in records if r["row"] == like and "error" not in r}
    mine = {(r["source"], r["case"]): r for r in records if r["row"] == name}
    both = [(mine[at], known[at]) for at in mine if at in known]
    equal = sum("sha256" in a and a["sha256"] == b.get("sha256") for a, b in both)
    if not both:
        return records, ""
    if equal < len(mine):
        return records, f"`{name}` played the samples of `{like}` in {equal} of {len(mine)} cases."
    whole = [{**r, "subset": False} if r["row"] == name else r for r in records]
    copies = [{**r, "row": name} for at, r in known.items() if at not in mine]
    for copy in copies:
        del copy["render_factor"]
    sentence = (
        f"`{name}` was measured on {len(both)} cases; there it played the samples of `{like}`, bit for bit, in "
        f"every one, so in the other {len(copies)} the figures of `{like}` stand for it (but not its CPU time)."
    )
    return whole + copies, sentence


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
    about = {"case": case.name, "group": case.group, "row": row.name, "kind": row.kind, "subset": row.subset}
    seconds = len(case.content) / case.sample_rate
    return {**about, "seconds": seconds, "style_program": case.style_program, **found}


def _measure(case: Case, row: Row) -> Record:
    began = time.process_time()
    try:
        learned = row.learn(case.style, case.sample_rate)
        started = time.process_time()
        notes = (case.notes,) if row.told else ()
        audio = checked(row.apply(case.content, learned, case.sample_rate, *notes), case)
        ended = time.process_time()
        metrics = paired_metrics(audio, case) if case.target is not None else real_metrics(audio, case)
    except FAILURES as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        **metrics,
        "render_factor": (ended - started) / (len(case.content) / case.sample_rate),
        # A fit from the cache remembers what it took.
        "fit_s": getattr(learned, "cpu_seconds", started - began),
        "metrics_s": time.process_time() - ended,
        "sha256": hashlib.sha256(np.asarray(audio, np.float32).tobytes()).hexdigest(),
    }


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


def notify(line: str) -> None:
    """Progress, on stderr."""
    print(line, file=sys.stderr, flush=True)
