"""What `stylefx live` can be asked for, and what does not go together."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from stylefx.cli.capturing import add_capture_options, check_capture_options
from stylefx.cli.options import add_common_options, add_engine_options, add_style_options
from stylefx.cli.surfaces import add_surface_options, check_surfaces
from stylefx.errors import UsageError

if TYPE_CHECKING:
    from stylefx.live.io.simulate import Faults

PIPE = "-"
SMALLEST_BLOCK, LARGEST_BLOCK = 16, 16384

EXAMPLES = """\
examples:
  stylefx devices                                          list the sound devices
  stylefx live --style piano.npz                           the default input and output
  stylefx live --style piano.npz -i "USB Audio" -o 3       by part of a name, by number
  stylefx live --style piano.npz --blocksize 128           shorter blocks: less delay, less safety
  stylefx live --style piano.npz --style bird.npz          a bank: keys 1 and 2 switch, ? shows all keys
  stylefx live --style piano.npz --style bird.npz --morph 0.3 --osc 9000 --midi nanoKONTROL
  stylefx live --capture 10 --capture-save now.npz         learn what you play, then play on in that sound
  stylefx live --style piano.npz --tune                    the shortest block that is safe on this machine
  stylefx live --style piano.npz --latency lowest          15 ms instead of 46 ms, at some cost of quality
  stylefx live --style piano.npz --measure                 measure the delay, through a cable from output to input
  stylefx live --style piano.npz --midi-out Synth          your notes, as MIDI, to a synthesizer
  stylefx live --style piano.npz --bypass                  the delay of the sound card only
  stylefx live --style piano.npz --input take.wav --output heard.wav

Ctrl-C ends the session with a report. Use headphones: a microphone in front of a loudspeaker causes feedback, and an
obvious pair of them is refused. The output of a file begins with the delay that a musician would hear, and is longer
than the input by that delay."""


def add_live_options(parser: argparse.ArgumentParser) -> None:
    """Everything that ``live`` understands."""
    add_style_options(parser, "several make a bank, chosen with the number keys", required=False)
    _add_audio_options(parser)
    add_engine_options(parser)
    add_surface_options(parser)
    add_capture_options(parser)
    parser.add_argument(
        "--plain", action="store_true", help="print lines of text instead of the screen, even on a terminal"
    )
    parser.add_argument(
        "--tune",
        action="store_true",
        help="find the shortest block that is safe on this machine",
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure the delay with a chirp, through a cable from the output to the input",
    )
    parser.add_argument(
        "--bypass", action="store_true", help="no engine: play the input with the device's delay only"
    )
    add_common_options(parser, overwrites=True)


def _add_audio_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-i", dest="source", metavar="DEV", help="input device: number or part of its name (see devices)"
    )
    parser.add_argument("-o", dest="sink", metavar="DEV", help="output device, likewise")
    parser.add_argument(
        "--allow-feedback",
        action="store_true",
        help="play even from a microphone to a loudspeaker, which may cause feedback",
    )
    parser.add_argument(
        "--blocksize",
        type=block_frames,
        metavar="N",
        help="frames per block, with no more delay than they need (default: the device's own; 20 ms for work unless "
        "--latency asks for less)",
    )
    parser.add_argument(
        "--backend",
        choices=("auto", "portaudio", "files"),
        default="auto",
        help="where sound comes from and goes to; auto: files if --input is given (default auto)",
    )
    parser.add_argument("--input", metavar="FILE", help="play this file instead of the sound card's input")
    parser.add_argument("--output", metavar="FILE", help="write the output to this file")
    parser.add_argument(
        "--speed",
        choices=("real", "fast"),
        default="real",
        help="files: in real time, or as fast as possible with nothing late (default real)",
    )
    parser.add_argument(
        "--simulate",
        type=faults,
        metavar="FAULTS",
        help="files: simulate trouble, in simulated time; a list of jitter=S, load=SHARE[@FROM-TO], stall=S@AT, "
        "halt=S@AT",
    )
    parser.add_argument("--seconds", type=duration, metavar="S", help="end after this many seconds of sound")


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
    from stylefx.live.io.simulate import Faults

    try:
        return Faults.parse(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def check_live_options(args: argparse.Namespace) -> None:
    """Say which options do not go together."""
    check_surfaces(args)
    check_capture_options(args)
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
