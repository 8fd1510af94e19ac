"""`stylefx live`: play through a style, sound card in, sound card out, or a file by the same engine."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stylefx.cli.capturing import prepare_capture
from stylefx.cli.live_options import EXAMPLES, PIPE, add_live_options, check_live_options
from stylefx.cli.options import engine_settings
from stylefx.interruption import SIGNALS

if TYPE_CHECKING:
    from stylefx.live.capture.capture import Capture
    from stylefx.live.io.duplex import Duplex
    from stylefx.live.observer import SessionObserver
    from stylefx.live.screen.front import Display, Front
    from stylefx.live.worker import Engine
    from stylefx.style.style import Style

# Ctrl-C again within this time is the same request: closing a device takes a moment, and the report must still come.
PATIENCE_SECONDS = 3.0


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "live",
        help="play through a style",
        description="Play through a style: what comes into the sound card leaves it in the style's sound.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_live_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, front: Front | None = None) -> int:
    """Play until Ctrl-C, SIGTERM, the end of the input or ``--seconds``, then report."""
    check_live_options(args)
    if args.tune:
        from stylefx.cli.tuning import tune_for

        return tune_for(args)
    if args.measure:
        return _measure(args)
    from stylefx.cli.console import compiling_announced, notify, print_json
    from stylefx.cli.surfaces import surfaces
    from stylefx.live.control.keys import Keys
    from stylefx.live.screen.screen import Screen
    from stylefx.live.screen.status import status_of
    from stylefx.live.session import play
    from stylefx.style.style import Style

    with _stopped_by_signals() as stop, compiling_announced(), ExitStack() as opened:
        styles = [Style.load(path) for path in args.style]
        duplex = _duplex(args)
        # A file that ends early still gives back all that went in; a device just stops.
        seconds = args.seconds if args.input is None else None
        captures: list[Capture] = []

        def status() -> list[tuple[str, str]]:
            return status_of(engine) + [("capture", each.status) for each in captures]

        screen: Display = front.screen(status) if front else Screen(status)
        if args.capture is not None:
            capture, stand_in = prepare_capture(args, opened, screen.notify)
            captures, styles = [capture], styles or [stand_in]
        engine = _engine(args, styles, screen.notify)
        shown: list[SessionObserver] = [screen] if screen.usable() and not args.plain else []
        observers = [*shown, *captures, *_guards(args, screen.notify)]
        begin_capture = captures[0].start if captures else None
        keys = front.keys if front else Keys if Keys.usable() else None
        observers += surfaces(args, engine, stop, screen.notify, not shown, begin_capture, keys)
        report = play(engine, duplex, stop, screen.notify, seconds, observers)
        if args.json:
            captured = {"captured": [name for capture in captures for name in capture.names]}
            print_json(report.as_dict() | (captured if captures else {}))
        elif args.output == PIPE:
            notify(str(report))
        else:
            print(report, flush=True)
    return 0


def _measure(args: argparse.Namespace) -> int:
    from stylefx.cli.console import compiling_announced
    from stylefx.cli.measuring import measure_for

    args.allow_feedback = (
        True  # a cable from output to input is what is wanted, and nothing is sent round twice
    )
    with _stopped_by_signals() as stop, compiling_announced():
        return measure_for(args, _duplex(args), stop)


def _guards(args: argparse.Namespace, notify: Callable[[str], None]) -> list[SessionObserver]:
    """Who looks after what may go wrong while it plays."""
    from stylefx.live.monitor.feedback import HowlGuard
    from stylefx.live.monitor.replaced import ReplacedWatch

    guards: list[SessionObserver] = [ReplacedWatch(args.style, notify)]
    if args.input is None and not args.allow_feedback:
        guards.append(HowlGuard(notify))
    return guards


def _duplex(args: argparse.Namespace) -> Duplex:
    if args.input is None:
        from stylefx.live.io.device import open_device

        return open_device(args.source, args.sink, args.blocksize, args.allow_feedback, args.latency)
    from stylefx.live.io.files import FastClock, FileDuplex, RealClock

    clock = FastClock() if args.speed == "fast" or args.simulate is not None else RealClock()
    return FileDuplex(
        args.input,
        args.output,
        args.blocksize,
        clock,
        args.seconds,
        args.yes,
        faults=args.simulate,
        latency=args.latency,
    )


def _engine(args: argparse.Namespace, styles: list[Style], notify: Callable[[str], None]) -> Engine:
    if args.bypass:
        from stylefx.live.session import Bypass

        return Bypass()
    from stylefx.engine.transfer import StyleTransfer

    engine = StyleTransfer(
        styles,
        names=[Path(path).stem for path in args.style] or None,
        **engine_settings(args),
    )
    if not args.style:
        engine.controls.change(bypass=True)  # until there is something to hear
    return engine


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and their like set; another one ends the program at once, if that takes a while."""
    stop = threading.Event()
    before = {}
    asked_at = 0.0

    def end(number: int, _frame: object) -> None:
        nonlocal asked_at
        if not stop.is_set():
            asked_at = time.monotonic()
            stop.set()
        elif time.monotonic() - asked_at > PATIENCE_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in SIGNALS:
        # A hang-up is ignored where nohup asked for that. Ctrl-C is not, though a shell's background job ignores it.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, end)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
