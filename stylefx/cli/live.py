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

from stylefx.cli.capturing import add_capture_options, check_capture_options, prepare_capture
from stylefx.cli.options import add_common_options, add_engine_options, add_style_options
from stylefx.cli.surfaces import add_surface_options, check_surfaces
from stylefx.errors import UsageError

if TYPE_CHECKING:
    from stylefx.live.attendant import Attendant
    from stylefx.live.capture import Capture
    from stylefx.live.duplex import Duplex
    from stylefx.live.simulate import Faults
    from stylefx.live.worker import Engine
    from stylefx.style import Style

PIPE = "-"
# Ctrl-C again within this time is the same wish: closing a device takes a moment, and the report shall come.
PATIENCE_SECONDS = 3.0
SMALLEST_BLOCK, LARGEST_BLOCK = 16, 16384

EXAMPLES = """\
examples:
  stylefx devices                                          what there is to play through
  stylefx live --style piano.npz                           the default input and output
  stylefx live --style piano.npz -i "USB Audio" -o 3       by part of a name, by number
  stylefx live --style piano.npz --blocksize 128           shorter blocks: less delay, less reserve
  stylefx live --style piano.npz --style bird.npz          a bank: keys 1 and 2 switch, ? shows all keys
  stylefx live --style piano.npz --style bird.npz --morph 0.3 --osc 9000 --midi nanoKONTROL
  stylefx live --capture 10 --capture-save now.npz         learn from what is played into it, then play on
  stylefx live --style piano.npz --tune                    the shortest block that is safe on this machine
  stylefx live --style piano.npz --latency lowest          15 ms instead of 46 ms, at some cost of quality
  stylefx live --style piano.npz --measure                 the delay as it is, through a cable from output to input
  stylefx live --style piano.npz --bypass                  the delay of the sound card alone
  stylefx live --style piano.npz --input take.wav --output heard.wav

Ctrl-C ends it with a report. Use headphones: a microphone in front of a loudspeaker howls, and is refused where the
devices' names tell. A file's output
begins with the delay that a musician would hear, and is longer than the input by it."""


def register(subparsers) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "live",
        help="play through a style",
        description="Play through a style: what comes into the sound card leaves it in the style's sound.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_style_options(parser, "several make a bank: the number keys choose", required=False)
    _add_audio_options(parser)
    add_engine_options(parser)
    add_surface_options(parser)
    add_capture_options(parser)
    parser.add_argument(
        "--plain", action="store_true", help="lines of text instead of a screen, also on a terminal"
    )
    parser.add_argument(
        "--tune",
        action="store_true",
        help="find the shortest safe block and the best quality for this machine",
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure the delay with a chirp, through a cable from the output to the input",
    )
    parser.add_argument(
        "--bypass", action="store_true", help="no engine: hear the input with the device's delay alone"
    )
    add_common_options(parser, overwrites=True)
    parser.set_defaults(run=run)


def _add_audio_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-i", dest="source", metavar="DEV", help="input device: number or part of its name (see devices)"
    )
    parser.add_argument("-o", dest="sink", metavar="DEV", help="output device, likewise")
    parser.add_argument(
        "--allow-feedback",
        action="store_true",
        help="play even from a microphone to a loudspeaker: they may howl",
    )
    parser.add_argument(
        "--blocksize",
        type=block_frames,
        metavar="N",
        help="frames a block, with no more delay than they need (default: the device's own; 20 ms for the work unless "
        "--latency asks for less)",
    )
    parser.add_argument(
        "--backend",
        choices=("auto", "portaudio", "files"),
        default="auto",
        help="where sound comes from and goes to; auto: files if --input is given (default auto)",
    )
    parser.add_argument("--input", metavar="FILE", help="play this file instead of the sound card's input")
    parser.add_argument("--output", metavar="FILE", help="write here what would have been heard")
    parser.add_argument(
        "--speed",
        choices=("real", "fast"),
        default="real",
        help="files: at the real clock, or as fast as it goes with nothing late (default real)",
    )
    parser.add_argument(
        "--simulate",
        type=faults,
        metavar="FAULTS",
        help="files: in made-up time, with trouble; a list of jitter=S, load=SHARE[@FROM-TO], stall=S@AT, halt=S@AT",
    )
    parser.add_argument("--seconds", type=duration, metavar="S", help="end after so much sound")


def block_frames(text: str) -> int:
    """A block length that drivers can be asked for."""
    if not text.isdecimal() or not SMALLEST_BLOCK <= int(text) <= LARGEST_BLOCK:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no whole number from {SMALLEST_BLOCK} to {LARGEST_BLOCK}"
        )
    return int(text)


def duration(text: str) -> float:
    """Seconds, more than none."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value


def faults(text: str) -> Faults:
    """What `Faults` can be made of."""
    from stylefx.live.simulate import Faults

    try:
        return Faults.parse(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(args: argparse.Namespace) -> int:
    """Play until Ctrl-C, SIGTERM, the end of the input or ``--seconds``, then report."""
    _check(args)
    check_capture_options(args)
    if args.tune:
        from stylefx.cli.tuning import tune_for

        return tune_for(args)
    if args.measure:
        return _measure(args)
    from stylefx.cli.console import compiling_announced, print_json, say
    from stylefx.cli.surfaces import surfaces
    from stylefx.live.facts import facts_about
    from stylefx.live.screen import Screen
    from stylefx.live.session import play
    from stylefx.style import Style

    with _stopped_by_signals() as stop, compiling_announced(), ExitStack() as opened:
        styles = [Style.load(path) for path in args.style]
        duplex = _duplex(args)
        # A file that ends early still gives back all that went in; a device just stops.
        seconds = args.seconds if args.input is None else None
        captures: list[Capture] = []
        screen = Screen(lambda: facts_about(engine) + [("capture", each.status) for each in captures])
        if args.capture is not None:
            capture, stand_in = prepare_capture(args, opened, screen.say)
            captures, styles = [capture], styles or [stand_in]
        engine = _engine(args, styles)
        shown: list[Attendant] = [screen] if screen.usable() and not args.plain else []
        attendants = [*shown, *captures, *_guards(args, screen.say)]
        begin_capture = captures[0].start if captures else None
        attendants += surfaces(args, engine, stop, screen.say, not shown, begin_capture)
        report = play(engine, duplex, stop, screen.say, seconds, attendants)
        if args.json:
            captured = {"captured": [name for capture in captures for name in capture.names]}
            print_json(report.as_dict() | (captured if captures else {}))
        elif args.output == PIPE:
            say(str(report))
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


def _check(args: argparse.Namespace) -> None:
    """Say which options do not go together."""
    check_surfaces(args)
    files = args.input is not None or args.output is not None
    if args.backend == "portaudio" and files:
        raise UsageError("--input and --output are files: use --backend files, or -i and -o for devices")
    if (args.backend == "files" or files) and (args.input is None or args.output is None):
        raise UsageError("--backend files needs both: --input FILE and --output FILE")
    if files and (args.source is not None or args.sink is not None):
        raise UsageError("-i and -o name devices, --input and --output files: choose one pair")
    if args.json and args.output == PIPE:
        raise UsageError("--json and --output - both want the standard output: choose one")
    if files and args.measure:
        raise UsageError("--measure is for sound cards: a file's delay is the declared one")
    if not files and args.simulate is not None:
        raise UsageError("--simulate is for files: add --input FILE and --output FILE")
    if not files and args.speed == "fast":
        raise UsageError("--speed fast is for files: a sound card has its own clock")


def _guards(args: argparse.Namespace, say: Callable[[str], None]) -> list[Attendant]:
    """Who looks after what may go wrong while it plays."""
    from stylefx.live.feedback import HowlGuard
    from stylefx.live.replaced import ReplacedWatch

    guards: list[Attendant] = [ReplacedWatch(args.style, say)]
    if args.input is None and not args.allow_feedback:
        guards.append(HowlGuard(say))
    return guards


def _duplex(args: argparse.Namespace) -> Duplex:
    if args.input is None:
        from stylefx.live.device import open_device

        return open_device(args.source, args.sink, args.blocksize, args.allow_feedback, args.latency)
    from stylefx.live.files import FastClock, FileDuplex, RealClock

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


def _engine(args: argparse.Namespace, styles: list[Style]) -> Engine:
    if args.bypass:
        from stylefx.live.session import Bypass

        return Bypass()
    from stylefx.transfer import StyleTransfer

    engine = StyleTransfer(
        styles,
        names=[Path(path).stem for path in args.style] or None,
        mix=args.mix,
        strength=args.strength,
        morph=args.morph or 0.0,
        iterations=args.iterations,
        start=args.start,
        latency=args.latency,
        device=args.device,
    )
    if not args.style:
        engine.controls.change(bypass=True)  # until there is something to hear
    return engine


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; another one ends the program at once, if that has taken a while."""
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

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, end)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
