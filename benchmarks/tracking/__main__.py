"""Writes TRACKING.md: how well notes are heard, by the tracker's profiles and by the rows to beat.

python -m benchmarks.tracking [--limit N] [--fonts FluidR3_GM TimGM6mb] [-o benchmarks/TRACKING.md]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks import HERE
from benchmarks.timing.distribution import machine
from benchmarks.tracking.measure import Row, rivals_rows, tracker_rows
from benchmarks.tracking.music import FONTS, VOICES, music
from benchmarks.tracking.recordings import NO_NOTES, agreement
from stylefx.analysis.grid import LATENCIES

HEAD = """# How well notes are heard

Written by `python -m benchmarks.tracking`. Onset F1 at 50 ms by number of voices; then, over all pieces, F1 at 20 ms,
frame F1 (10 ms), octave errors and ghosts (shares of the notes named), missing notes. Truth follows what sounds, not
the key: every note is rendered by itself, begins where it has risen to 15 dB under its first peak and ends where it
has died away. No instrument here was trained on in any font, and TimGM6mb not at all. Thresholds were chosen on other
pieces of FluidR3's instruments left out. "Augmented" is a room, an equaliser, a phone's microphone and noise at 25 dB.
Faint notes (22 dB under the others) may be named or not. Delay: from the true onset to when the note was first
reported, guesses that were confirmed included. CPU seconds are those of one run, on whatever core it shared.
"""


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, help="pieces of every number of voices (default all)")
    parser.add_argument("--fonts", nargs="+", default=list(FONTS))
    parser.add_argument(
        "--rivals", type=Path, help="keep the rivals' rows in this .json, and take them from it later"
    )
    parser.add_argument("--only-rivals", action="store_true", help="write no table, only measure the rivals")
    parser.add_argument("--recordings", type=Path, help="a folder of further recordings (.flac)")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "TRACKING.md")
    options = parser.parse_args(arguments)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    parts = [HEAD, f"Processor: {machine()['processor']} ({_vectors()}), {python}, one thread.\n"]
    for font in options.fonts:
        for augmented in (False, True):
            title = f"{font}, {'augmented' if augmented else 'plain'}"
            report(title)
            pieces = music(font, augmented, options.limit)
            rows = _rivals(options.rivals, title, pieces, augmented)
            if not options.only_rivals:
                parts.append(
                    _table(
                        title, rows | tracker_rows(pieces, LATENCIES[:2] if augmented else LATENCIES, report)
                    )
                )
    if options.only_rivals:
        return 0
    parts.append(_recordings(options.recordings))
    options.output.write_text("\n".join(parts))
    return 0


def _rivals(kept: Path | None, title: str, pieces, quick: bool) -> dict[str, Row]:
    """Their rows, from the file where they have been measured before on as many pieces."""
    title = f"{title}, {sum(map(len, pieces.values()))} pieces"
    known = json.loads(kept.read_text()) if kept is not None and kept.exists() else {}
    if title not in known:
        known[title] = {name: asdict(row) for name, row in rivals_rows(pieces, quick, report).items()}
        if kept is not None:
            kept.write_text(json.dumps(known))
    return {name: Row(**row) for name, row in known[title].items()}


def _vectors() -> str:
    """The widest vector instructions of this processor."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    return next((name for name in ("avx512f", "avx2", "avx") if name in flags), "no AVX")


def report(text: str) -> None:
    """For whoever waits."""
    print(text, file=sys.stderr, flush=True)


def _table(title: str, rows: dict[str, Row]) -> str:
    voices = list(VOICES)
    head = ["", *(f"{count} voice{'' if count == '1' else 's'}" for count in voices)]
    head += ["F1 20 ms", "frame F1", "octaves", "ghosts", "missing", "delay p50 / p90 / p99 ms", "CPU s/s"]
    lines = [f"## {title}\n", _line(head), _line(["---"] * len(head))]
    for name, row in rows.items():
        by_voices = [f"{row.figures(count)['f50']:.2f}" if count in row.counts else "-" for count in voices]
        whole = row.figures()
        shares = [f"{100 * whole[part]:.0f} %" for part in ("octaves", "ghosts", "missing")]
        delay = "offline"
        if row.delays:
            delay = " / ".join(f"{1e3 * value:.0f}" for value in np.percentile(row.delays, (50, 90, 99)))
        lines.append(
            _line(
                [
                    name,
                    *by_voices,
                    f"{whole['f20']:.2f}",
                    f"{whole['frame']:.2f}",
                    *shares,
                    delay,
                    f"{row.cpu:.3f}",
                ]
            )
        )
    return "\n".join([*lines, ""])


def _recordings(folder: Path | None) -> str:
    lines = [
        "## Recordings\n",
        "Notes named, and their onset F1 at 50 ms against basic-pitch's, which is no truth. "
        f"In {', '.join(NO_NOTES)} few notes are to be named at all.\n",
        _line(["", "basic-pitch", *LATENCIES]),
        _line(["---"] * (len(LATENCIES) + 2)),
    ]
    for line in agreement(LATENCIES, folder):
        ours = [f"{line[profile][0]} ({line[profile][1]:.2f})" for profile in LATENCIES]
        lines.append(_line([line["name"], str(line["basic-pitch"]), *ours]))
    return "\n".join([*lines, ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())
