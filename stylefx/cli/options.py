"""Options that several verbs share, and how their values are read."""

from __future__ import annotations

import argparse
from typing import Any

from stylefx.analysis.grid import LATENCIES, PROFILES, STUDIO
from stylefx.errors import UsageError


def fraction(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return value


def count(text: str) -> int:
    """A whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def add_style_options(parser: argparse.ArgumentParser, several: str, *, required: bool = True) -> None:
    """``--style``, once or more, and ``--morph``; ``several`` says what more than one are for."""
    parser.add_argument(
        "--style",
        required=required,
        action="append",
        default=[],
        metavar="STYLE.npz",
        help=f"what `stylefx fit` wrote; {several}",
    )
    parser.add_argument(
        "--morph",
        type=fraction,
        metavar="0..1",
        help="how far from the first --style to the second, as loud as either",
    )


STARTS = ("decoder", "envelope", "content")


def moment(text: str) -> float:
    """A place in a recording: seconds, or minutes and hours before them with colons."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = [-1.0]
    seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    if len(parts) > 3 or min(parts) < 0 or not seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no place in a recording: 90, 1:30 or 1:02:03.5")
    return seconds


def _start(text: str) -> float | str:
    """A place in the take; scripts from before ``--optimiser-start`` say here what the optimiser starts from."""
    return text if text in STARTS else moment(text)


def add_part_options(parser: argparse.ArgumentParser, what: str) -> None:
    """``--start`` and ``--end``: the part of the input that is used."""
    parser.add_argument("--start", type=moment, metavar="TIME", help=f"begin {what} here: 12.5 or 1:30")
    parser.add_argument("--end", type=moment, metavar="TIME", help=f"end {what} here")


def part_settings(args: argparse.Namespace) -> dict[str, Any]:
    """What those say, as keywords of `render` and `read_clips`."""
    start = args.start if isinstance(args.start, float) else 0.0
    if args.end is not None and args.end <= start:
        raise UsageError(f"--end {args.end:g} s is not behind --start {start:g} s: nothing would be left")
    return {"start_seconds": start, "end_seconds": args.end}


def add_engine_options(parser: argparse.ArgumentParser, *, of_a_take: bool = False) -> None:
    """``--mix --strength --iterations --optimiser-start --latency --device``, as `StyleTransfer` takes them."""
    parser.add_argument(
        "--mix",
        type=fraction,
        default=1.0,
        metavar="0..1",
        help="0: the input alone, 1: the styled sound alone (default 1)",
    )
    parser.add_argument(
        "--strength", type=fraction, default=1.0, metavar="0..1", help="how far towards the style (default 1)"
    )
    parser.add_argument(
        "--iterations",
        type=count,
        metavar="N",
        help="optimiser steps per hop (default: what suits the style)",
    )
    parser.add_argument(
        "--optimiser-start",
        choices=STARTS,
        default="decoder",
        help="the magnitudes that the optimiser starts from: the decoder's, the clip's envelope on the input, or the "
        "input itself, as in the classic method (default decoder)",
    )
    if of_a_take:
        parser.add_argument("--start", type=_start, metavar="TIME", help="begin the take here: 12.5 or 1:30")
        parser.add_argument("--end", type=moment, metavar="TIME", help="end the take here")
    else:
        parser.add_argument("--start", choices=STARTS, dest="optimiser_start", help=argparse.SUPPRESS)
    parser.add_argument(
        "--latency",
        choices=LATENCIES if of_a_take else tuple(PROFILES),
        default=STUDIO if of_a_take else "normal",
        help="studio (default) hears each note out; normal, low and lowest give what `live` would play"
        if of_a_take
        else "46, 29 or 15 ms of delay at 44.1 kHz; less delay costs quality (default normal)",
    )
    parser.add_argument(
        "--notes",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="play the clip's own notes where yours are heard (default), or only filter",
    )
    parser.add_argument(
        "--fold",
        action="store_true",
        help="bring notes that are more than half an octave outside the clip's range into it by octaves",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where the optimiser runs (default auto)",
    )


def engine_settings(args: argparse.Namespace) -> dict[str, Any]:
    """What those options and ``--morph`` say, as keywords of `StyleTransfer` and of `render`."""
    names = ("mix", "strength", "iterations", "latency", "notes", "fold", "device")
    start = getattr(args, "start", None)
    start = start if isinstance(start, str) else args.optimiser_start
    return {"morph": args.morph or 0.0, "start": start, **{name: getattr(args, name) for name in names}}


def add_common_options(parser: argparse.ArgumentParser, *, overwrites: bool = False) -> None:
    """``--json``, and ``-y`` for verbs that write files."""
    if overwrites:
        parser.add_argument("-y", "--yes", action="store_true", help="replace existing files")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
