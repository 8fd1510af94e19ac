"""Which parts run on which cases: the full run, the quick one, and a foreign folder."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from benchmarks import cases as cases_module
from benchmarks import curves, engine, quality, realtime, scaling, speed, validity
from benchmarks.cases import Case
from benchmarks.rows import chosen
from benchmarks.store import Store
from stylefx.errors import StylefxError

SECTIONS = ("quality", "validity", "curves", "phase", "speed")
SOUNDFONTS = ("FluidR3_GM", "TimGM6mb")
QUICK_SOUNDFONT = "TimGM6mb"
QUICK_CASES, QUICK_PAIRS = 1, 2
# Slow rows that the quick run leaves out.
QUICK_WITHOUT = ("U+L published", "stylefx best", "stylefx")


def run_all(args: argparse.Namespace, results: dict[str, Any]) -> None:
    """Every wanted section into ``results``."""
    store = Store(fresh=args.fresh)
    if args.fresh:
        engine.forget_styles()
    sources = _sources(args, results["notes"])
    # A foreign folder or a single row asks for quality alone.
    wanted = args.section or (["quality"] if args.cases or args.row else SECTIONS)
    if "quality" in wanted:
        results["quality"] = _quality(args, sources, store)
    paired = {name: found for name, found in sources.items() if found and found[0].target is not None}
    first = next(iter(paired.values()), [])
    if "validity" in wanted:
        fonts = {name: found for name, found in paired.items() if not args.cases}
        records = [validity.run(found, name, store, args.quick) for name, found in fonts.items()]
        results["validity"] = [record for part in records for record in part]
    if "curves" in wanted:
        results["curves"] = curves.run(first, store, args.quick)
    if "phase" in wanted:
        results["phase"] = _phase(args.quick)
    if "speed" in wanted:
        results["speed"] = {
            **speed.run(args.quick),
            "scaling": scaling.run(args.quick),
            "realtime": realtime.run(args.quick),
        }


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
        rows = [row for row in rows if row.name not in QUICK_WITHOUT]
    parts = [quality.run(found, rows, store, name) for name, found in sources.items()]
    return [record for part in parts for record in part]


def _phase(quick: bool) -> str:
    """The phase methods' own tables (:mod:`benchmarks.phase`), or the error."""
    try:
        phase = import_module("benchmarks.phase")
        return phase.markdown(phase.run(quick))
    except quality.FAILURES as error:
        return f"failed: {type(error).__name__}: {error}"


def failures(results: dict[str, Any]) -> list[str]:
    """Everything that failed, one line each."""
    lines = [f"{r['case']}, {r['row']}: {r['error']}" for r in results.get("quality", []) if "error" in r]
    lines += [f"{r['statistic']}: {r['error']}" for r in results.get("validity", []) if "error" in r]
    lines += [f"{p['method']}: {error}" for p in results.get("curves", []) for error in p["failed"]]
    lines += [results["phase"]] if results.get("phase", "").startswith("failed") else []
    timed = results.get("speed", {})
    lines += [f"{r['setting']}: {r['error']}" for r in timed.get("engine", []) if "error" in r]
    return lines
