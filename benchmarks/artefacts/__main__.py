"""``python -m benchmarks.artefacts``: every artefact's figure on a few cases, as a Markdown table.

Through the streaming engine in blocks of 256 samples, normal quality; values that do not read right are bold.
``--quality`` and ``--iterations`` choose another style and optimiser; ``--good`` measures the targets (contents where
there is none) instead, which is what the limits were chosen on.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from benchmarks.artefacts.figures import LIMITS, figures, reads_right
from benchmarks.artefacts.recovery import Play
from benchmarks.cases import cases
from benchmarks.report.tables import markdown_table
from benchmarks.systems.engine import fit_clip, stream
from benchmarks.timing import distribution as timing

# Of the rendered pairs: ukulele -> piano, violin -> piano, piano -> violin, trumpet -> flute, ocarina -> oboe and, for
# chords, organ -> piano. Of the recorded: voice, melody, band, drums.
RENDERED, RECORDED = (0, 2, 3, 5, 6, len(cases.MELODIC) + 1), (0, 6, 12, 13)
BLOCK = 256


def chosen() -> list[cases.Case]:
    """Five melodic pairs, one polyphonic, and four of recordings."""
    rendered, recorded = cases.paired(), cases.real()
    return [rendered[k] for k in RENDERED] + [recorded[k] for k in RECORDED]


def player(case: cases.Case, quality: str, iterations: int | None) -> Play:
    """The engine with the style of a case, live settings."""
    import stylefx

    style = fit_clip(case.style, case.sample_rate, quality=quality, seed=0).style
    effect = stylefx.StyleTransfer(style, iterations=iterations, device="cpu")
    return lambda audio: stream(effect, audio, case.sample_rate, BLOCK)


def cell(name: str, value: float) -> str:
    """Two digits, bold where it does not read right, a dash where the case does not tell."""
    if np.isnan(value):
        return "-"
    text = f"{value:.2f}"
    return text if reads_right(name, value) else f"**{text}**"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 0 whatever it says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.artefacts", description=__doc__)
    parser.add_argument("--quality", default="normal", choices=("draft", "normal", "best"))
    parser.add_argument("--iterations", type=int, help="optimiser steps per hop (default: the engine's)")
    parser.add_argument("--good", action="store_true", help="measure the targets instead of outputs")
    args = parser.parse_args(arguments)
    timing.single_thread()
    rows = []
    for case in chosen():
        good = case.content if case.target is None else case.target
        play = None if args.good else player(case, args.quality, args.iterations)
        found = figures(good if play is None else play(case.content), case, play)
        rows.append([case.name, *(cell(name, value) for name, value in found.items())])
        print(case.name, file=sys.stderr, flush=True)
    limits = ["reads right up to", *(f"{limit:g}" for limit in LIMITS.values())]
    print(markdown_table(["case", *LIMITS], [*rows, limits]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
