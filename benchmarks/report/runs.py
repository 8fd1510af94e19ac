"""Which parts run on which cases: the full run, the quick one, and a foreign folder."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from benchmarks.cases import cases as cases_module
from benchmarks.cases.cases import Case
from benchmarks.metrics import validity
from benchmarks.report import curves, quality
from benchmarks.report.store import Store
from benchmarks.systems import engine
from benchmarks.systems.rows import chosen
from benchmarks.timing import realtime, scaling, speed
from stylefx.errors import StylefxError

SECTIONS = ("quality", "validity", "curves", "phase", "speed")
# Those whose results are kept; the others hold times, which must be taken by one process alone.
KEPT = ("quality", "validity", "curves")
SOUNDFONTS = ("FluidR3_GM", "TimGM6mb")
QUICK_SOUNDFONT = "TimGM6mb"
QUICK_CASES, QUICK_PAIRS = 1, 1
# Slow rows that the quick run leaves out.
QUICK_WITHOUT = ("U+L published", "stylefx", "stylefx normal", "stylefx low", "stylefx lowest")


def run_all(args: argparse.Namespace, results: dict[str, Any]) -> None:
    """Every wanted section into ``results``, and what each took into ``results["sections"]``."""
    store = Store(fresh=args.fresh)
    if args.fresh:
        engine.forget_styles()
    sources = _sources(args, results["notes"])
    paired = {name: found for name, found in sources.items() if found and found[0].target is not None}
    fonts = {} if args.cases else paired
    sections: dict[str, Callable[[], Any]] = {
        "quality": lambda: _quality(args, sources, store),
        "validity": lambda: [
            record for name, found in fonts.items() for record in validity.run(found, name, store, args.quick)
        ],
        "curves": lambda: curves.run(next(iter(paired.values()), []), store, args.quick),
        "phase": lambda: _phase(args.quick),
        "speed": lambda: _speed(args.quick),
    }
    # A foreign folder or a single row asks for quality alone.
    wanted = args.section or (["quality"] if args.cases or args.row else SECTIONS)
    names = [name for name in sections if name in wanted and (name in KEPT or not args.fill)]
    for name in reversed(names) if args.fill == "backwards" else names:
        before = _clocks()
        results[name] = sections[name]()
        spent = [after - earlier for after, earlier in zip(_clocks(), before)]
        results["sections"][name] = dict(zip(("cpu_minutes", "wall_minutes"), spent))
    records, sentence = quality.spread(results.get("quality", []), "stylefx live", "stylefx normal")
    if sentence:
        results["quality"] = records
        results["notes"].append(sentence)


def _clocks() -> tuple[float, float]:
    """CPU minutes of this process and of those that it waited for, and minutes of the wall clock."""
    return sum(os.times()[:4]) / 60, time.perf_counter() / 60


def _sources(args: argparse.Namespace, notes: list[str]) -> dict[str, list[Case]]:
    """The cases by where they come from; a SoundFont that is missing leaves a note in the report."""
    if args.cases:
        return {args.cases.name: cases_module.folder(args.cases)}
    found: dict[str, list[Case]] = {}
    fonts = args.soundfont or ([QUICK_SOUNDFONT] if args.quick else SOUNDFONTS)
    for font in fonts:
        try:
            found[font] = cases_module.paired(font, QUICK_CASES if args.quick else None)
        except StylefxError as error:
            notes.append(f"Not measured: cases of {font}: {error}.")
    if not args.soundfont:
        found["recordings"] = cases_module.real(QUICK_PAIRS if args.quick else None)
    return found


def _quality(args: argparse.Namespace, sources: dict[str, list[Case]], store: Store) -> list[quality.Record]:
    kinds = ("rival", "stylefx") if args.quick else ("rival", "stylefx", "ablation")
    rows = chosen(args.row, kinds)
    if args.quick and not args.row:
        rows = [replace(row, subset=False) for row in rows if row.name not in QUICK_WITHOUT]
    backwards = args.fill == "backwards"
    order = list(sources.items())[:: -1 if backwards else 1]
    parts = [quality.run(found, rows, store, name, backwards) for name, found in order]
    return [record for part in parts for record in part]


def _speed(quick: bool) -> dict[str, Any]:
    return {**speed.run(quick), "scaling": scaling.run(quick), "realtime": realtime.run(quick)}


def _phase(quick: bool) -> list[dict[str, Any]]:
    """The phase methods' own table (:mod:`benchmarks.phase_methods.measure`), or the error."""
    try:
        return import_module("benchmarks.phase_methods.measure").run(quick)
    except quality.FAILURES as error:
        return [{"method": "all", "error": f"{type(error).__name__}: {error}"}]


def failures(results: dict[str, Any]) -> list[str]:
    """Everything that failed, one line each."""
    lines = [f"{r['case']}, {r['row']}: {r['error']}" for r in results.get("quality", []) if "error" in r]
    lines += [f"{r['statistic']}: {r['error']}" for r in results.get("validity", []) if "error" in r]
    lines += [f"{p['method']}: {error}" for p in results.get("curves", []) for error in p["failed"]]
    lines += [f"phase: {r['error']}" for r in results.get("phase", []) if "error" in r]
    timed = results.get("speed", {})
    lines += [f"{r['setting']}: {r['error']}" for r in timed.get("engine", []) if "error" in r]
    return lines
