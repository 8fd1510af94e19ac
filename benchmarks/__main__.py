"""``python -m benchmarks``: measure everything; rewrite RESULTS.md, DETAILS.md, results/ and pictures/.

    pip install "stylefx[bench]"
    pip install --no-deps tinysoundfont basic-pitch    # what they ask for besides does not build
    apt install fluid-soundfont-gm                     # FluidR3_GM.sf2; TimGM6mb.sf2 comes inside pretty_midi

Measured results are kept under benchmarks/cache and reused while code and cases stay the same, so an
interrupted run resumes; ``--fresh`` forgets them. Two processes can share the work before the run that
reports, which then measures only what is a time:

    python -m benchmarks --fill forwards & python -m benchmarks --fill backwards; wait
    python -m benchmarks

A run that is limited (``--quick``, ``--cases``, ``--row``, ``--section``, ``--soundfont``) prints its report and
leaves RESULTS.md alone; ``--output DIR`` writes it, with all that belongs to it, to another folder. Exit code 1 if
any row or section failed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import HERE
from benchmarks.report.runs import SECTIONS, failures, run_all
from benchmarks.timing import distribution as timing
from benchmarks.timing.processor import begin_again_on_avx2, only_avx2
from stylefx.errors import StylefxError


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0]
    )
    options.add_argument("--quick", action="store_true", help="few cases, few rows: minutes, for CI")
    options.add_argument(
        "--cases", type=Path, metavar="DIR", help="a foreign folder of cases instead of ours"
    )
    options.add_argument("--row", action="append", metavar="NAME", help="only this row (repeatable)")
    options.add_argument("--section", action="append", choices=SECTIONS, help="only this part (repeatable)")
    options.add_argument("--soundfont", action="append", metavar="SF2", help="use this one (repeatable)")
    options.add_argument("--avx2", action="store_true", help="as a processor of the AVX2 generation would")
    options.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    options.add_argument(
        "--output", type=Path, metavar="DIR", help="write the pages, tables and pictures here"
    )
    filling = options.add_mutually_exclusive_group()
    filling.add_argument("--fresh", action="store_true", help="measure again what is in the cache")
    filling.add_argument(
        "--fill",
        choices=("forwards", "backwards"),
        help="only measure what the cache lacks, in this order: one process each way meet in the middle",
    )
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run, report, and say by the exit code whether anything failed."""
    from benchmarks.report import pages as report
    from benchmarks.report import tables
    from benchmarks.report.drawing import draw

    words = sys.argv[1:] if arguments is None else arguments
    args = parser().parse_args(words)
    if args.avx2 and not only_avx2():
        begin_again_on_avx2("benchmarks", words)
    timing.single_thread()
    began = time.process_time()
    results: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "arguments": "".join(f" {word}" for word in words),
        "machine": timing.machine(),
        "load": timing.load(),
        "notes": [],
        "sections": {},
        "limited": bool(args.quick or args.cases or args.row or args.section or args.soundfont),
    }
    try:
        run_all(args, results)
    except StylefxError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.exit_code
    if args.fill:
        return _failed(results)
    results["cpu_minutes"] = (time.process_time() - began) / 60
    results["medians"] = tables.all_medians(results.get("quality", []))
    folder = args.output or (HERE / "cache" / "limited" if results["limited"] else HERE)
    text = report.write(results, folder)
    draw(results, folder / "pictures", args.quick)
    if results["limited"]:
        print(text)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1, default=float))
    print(f"benchmarks: {folder / 'RESULTS.md'}", file=sys.stderr)
    return _failed(results)


def _failed(results: dict[str, Any]) -> int:
    """Say what failed; the exit code."""
    failed = failures(results)
    for line in failed:
        print(f"benchmarks: failed: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
