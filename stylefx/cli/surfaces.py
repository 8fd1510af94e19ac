"""Options and wiring of what plays the parameters while `live` runs: keys, OSC, MIDI; and of the notes that go out."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from stylefx.errors import StylefxError, UsageError

if TYPE_CHECKING:
    from stylefx.live.observer import SessionObserver
    from stylefx.live.worker import Engine

HIGHEST_PORT = 65_535


def add_surface_options(parser: argparse.ArgumentParser) -> None:
    """``--osc``, ``--midi`` and ``--midi-out``; keys need none."""
    parser.add_argument(
        "--osc",
        type=port_number,
        metavar="PORT",
        help="listen for OSC on 127.0.0.1, 0 for any free port: /stylefx/mix 0.5, /stylefx/style 2, /stylefx/state",
    )
    parser.add_argument(
        "--midi", metavar="PORT-NAME", help="MIDI input (part of its name); press l to assign knobs"
    )
    parser.add_argument(
        "--midi-out",
        metavar="PORT-NAME",
        help="send the notes you play to this MIDI output (part of its name); -: open a port of our own",
    )


def port_number(text: str) -> int:
    """A UDP port, or 0."""
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to {HIGHEST_PORT}")
    return int(text)


def check_surfaces(args: argparse.Namespace) -> None:
    """Refuse at once what cannot be had: an extra that is not installed, parameters where there are none."""
    if args.bypass and (args.osc is not None or args.midi is not None):
        raise UsageError("--bypass has no parameters: leave out --osc and --midi")
    for option, wanted, modules in (
        ("osc", args.osc, ("pythonosc",)),
        ("midi", args.midi, ("mido", "rtmidi")),
        ("midi-out", args.midi_out, ("mido", "rtmidi")),
    ):
        for module in modules if wanted is not None else ():
            try:
                import_module(module)
            except ImportError:
                raise StylefxError(
                    f"--{option} needs more: pip install 'stylefx[{option.partition('-')[0]}]'"
                ) from None


def surfaces(
    args: argparse.Namespace,
    engine: Engine,
    stop: threading.Event,
    notify: Callable[[str], None],
    echo: bool,
    capture: Callable[[], None] | None,
    keys: Callable[..., SessionObserver] | None,
) -> list[SessionObserver]:
    """What the options ask for, and what ``keys`` makes where there are any; see `Keys` for the rest."""
    from stylefx.engine.transfer import StyleTransfer

    found: list[SessionObserver] = []
    if args.midi_out is not None:
        from stylefx.live.control.notes_out import NotesOut

        found.append(NotesOut(args.midi_out, args.latency, notify))
    if not isinstance(engine, StyleTransfer):
        return found
    learn = None
    if args.midi is not None:
        from stylefx.live.control.knobs import Knobs, default_path
        from stylefx.live.control.midi import Midi

        midi = Midi(engine, args.midi, Knobs(default_path()), notify)
        learn = midi.learn
        found.append(midi)
    if args.osc is not None:
        from stylefx.live.control.osc import Osc

        found.append(Osc(engine, args.osc, notify, learn))
    if keys is not None:
        found.append(keys(engine, stop, notify, echo, learn, capture))
    return found
