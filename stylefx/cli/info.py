"""`stylefx info`: what a style file holds and where it comes from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylefx.cli.methods import running
from stylefx.cli.options import add_common_options
from stylefx.style.methods import METHODS

if TYPE_CHECKING:
    import numpy as np


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "info",
        help="show what a style file contains",
        description="Check a style file and show what it contains: method, sources, grid and arrays.",
        epilog="example: stylefx info piano.npz",
    )
    parser.add_argument("style", metavar="STYLE.npz", help="style file that `stylefx fit` wrote")
    add_common_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, which checks everything, and print."""
    from stylefx.cli.console import print_json
    from stylefx.instrument.table import NOTES, instrument_rows
    from stylefx.style.style import Style

    style = Style.load(args.style)
    arrays = {
        name: {"shape": list(array.shape), "type": str(array.dtype)} for name, array in style.arrays.items()
    }
    method = METHODS[style.method]
    result = {
        **style.meta,
        "real_time": method.real_time,
        "cpu_factor": method.cpu_factor,
        "notes_fall_db_per_second": _fall(style.arrays.get("decoder_decay_rates")),
        "arrays": arrays,
        "bytes": Path(args.style).stat().st_size,
    }
    if NOTES in style.arrays:
        result["instrument"] = instrument_rows(style.arrays)
    if args.json:
        print_json(result)
    else:
        print("\n".join(_lines(result)))
    return 0


def _fall(rates: np.ndarray | None) -> list[float] | None:
    """By how many dB per second notes die away, least and most over frequency; None where they are held."""
    if rates is None or not rates.any():
        return None
    return [round(-10 * float(rate), 1) for rate in (rates.max(), rates.min())]


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [
        f"method    {result['method']}, quality {result['quality']}, seed {result['seed']}",
        f"runs      {running(result['real_time'], result['cpu_factor'])}",
        f"written   by stylefx {result['stylefx']}, format {result['version']}, {result['bytes']:,} bytes",
        f"grid      {result['sample_rate']} Hz, {result['window']} window {result['window_length']}, "
        f"FFT {result['n_fft']}, hop {result['hop']}",
    ]
    if result["notes_fall_db_per_second"]:
        least, most = result["notes_fall_db_per_second"]
        lines.append(f"notes     die away, by {least:.0f} to {most:.0f} dB per second")
    lines += [
        f"learned   from {source['name']}, {source['seconds']:.2f} s, sha256 {source['sha256'][:12]}..."
        for source in result["sources"]
    ]
    lines += [
        f"note      {note['pitch']:.2f} at {note['second']:.2f} s, {note['seconds']:.2f} s long, "
        f"{note['level_db']:.0f} dB, {'held' if note['held'] else 'struck'}"
        for note in result.get("instrument", [])
    ]
    lines += [f"default   {name} {value}" for name, value in result["defaults"].items()]
    lines += [
        f"array     {name} {'x'.join(map(str, array['shape']))} {array['type']}"
        for name, array in result["arrays"].items()
    ]
    return [*lines, f"licence   {result['licence_note']}"]
