"""``--capture`` and ``--capture-save``: what `live` needs to learn a sound while it plays."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from stylefx.errors import UsageError

if TYPE_CHECKING:
    from stylefx.live.capture.capture import Capture
    from stylefx.style.style import Style

# Shorter ones are hardly a sound; of longer ones fitting hears the first 30 s.
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 30.0


def add_capture_options(parser: argparse.ArgumentParser) -> None:
    """To `live`."""
    parser.add_argument(
        "--capture",
        type=capture_seconds,
        metavar="S",
        help="listen for S seconds from the first sound on, learn it, and continue in that sound; needs no --style",
    )
    parser.add_argument("--capture-save", metavar="STYLE.npz", help="write what was captured to a style file")


def capture_seconds(text: str) -> float:
    """A length that a clip may have."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not SHORTEST_SECONDS <= value <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of seconds from {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g}"
        )
    return value


def check_capture_options(args: argparse.Namespace) -> None:
    """Say which options do not go together, and which file cannot be written, before anything slow happens."""
    needs_none = args.bypass or args.tune or args.measure  # or says so itself
    if not args.style and args.capture is None and not needs_none:
        raise UsageError(
            "nothing to play through: give --style STYLE.npz, or --capture 10 to learn what you play"
        )
    if args.capture_save is not None and args.capture is None:
        raise UsageError("--capture-save saves what --capture learns: add --capture 10")
    if args.capture is not None and args.bypass:
        raise UsageError("--bypass leaves the engine out, which --capture needs: choose one")
    if args.capture_save is not None:
        from stylefx.style.style import check_style_path

        check_style_path(args.capture_save, args.yes)


def prepare_capture(
    args: argparse.Namespace, opened: ExitStack, notify: Callable[[str], None]
) -> tuple[Capture, Style]:
    """What listens, and a style that stands in for the first captured one where there is none to begin with."""
    from stylefx.live.capture.capture import Capture
    from stylefx.live.capture.fitter import Fitter

    notify("stylefx: getting ready to learn")
    fitter = opened.enter_context(Fitter())
    stand_in = fitter.rehearse()
    save = None if args.capture_save is None else Path(args.capture_save)
    return Capture(args.capture, fitter, notify, not args.style, save, args.yes), stand_in
