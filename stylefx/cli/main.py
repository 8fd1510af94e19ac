"""The `stylefx` command: its parser, its exit codes, and the one place where errors become sentences.

Exit codes: 0 done, 1 the work failed, 2 usage error, 3 no audio device, 130 interrupted, 143 terminated.
Each verb is a module with `register(subparsers)` and `run(args) -> int`; whatever is slow to load is imported
inside `run`, so that `stylefx --help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

import stylefx
from stylefx.app import verb as app
from stylefx.cli import (
    console,
    demo,
    devices,
    doctor,
    fit,
    info,
    live,
    methods,
    notes,
    render,
)
from stylefx.cli.manual import PrintCompletion, PrintManual
from stylefx.cli.streams import forget_output, mend_streams
from stylefx.errors import EXIT_FAILED, EXIT_USAGE, StylefxError
from stylefx.interruption import Interrupted, unwinding
from stylefx.io.output import system_words

VERBS = (fit, render, live, notes, methods, devices, info, doctor, demo, app)

INTERRUPTED = "interrupted, nothing was left half-written"

DESCRIPTION = """\
Hear yourself as a piano, a ukulele or a bird, from one ten-second clip.

  stylefx fit piano.wav -o piano.npz             learn the sound of a clip
  stylefx render song.wav --style piano.npz      put it on a file
  stylefx live --style piano.npz                 play through it
  stylefx demo                                   start with an example to hear and see"""


class BadCommandLine(SystemExit):
    """What argparse refuses; has been said already."""

    def __init__(self, sentence: str):
        super().__init__(EXIT_USAGE)
        self.sentence = sentence


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in the same form as every other error."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"stylefx: {message} (see {self.prog} --help)", file=sys.stderr)
        raise BadCommandLine(message)


def build_parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    parser = Parser(
        prog="stylefx", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"stylefx {stylefx.__version__}")
    parser.add_argument("--print-completion", action=PrintCompletion)
    parser.add_argument("--print-manual", action=PrintManual)
    parser.set_defaults(run=lambda args: _explain(parser))
    subparsers = parser.add_subparsers(title="verbs", metavar="VERB")
    for verb in VERBS:
        verb.register(subparsers)
    return parser


def _explain(parser: argparse.ArgumentParser) -> int:
    """`stylefx` alone: the help, but as an error."""
    parser.print_help(sys.stderr)
    return EXIT_USAGE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code and prints every error as one sentence on stderr."""
    with unwinding():
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    mend_streams()
    console.forget_json()
    code, sentence = _attempt(argv)
    if sentence and wants_json(sys.argv[1:] if argv is None else argv):
        try:
            console.print_json_error(sentence, code)
            sys.stdout.flush()
        except (StylefxError, OSError):  # nowhere to print to: it has been said on stderr
            pass
    return code


def _attempt(argv: Sequence[str] | None) -> tuple[int, str]:
    """The exit code, and what went wrong in one sentence."""
    try:
        args = build_parser().parse_args(argv)
        code = args.run(args)
        sys.stdout.flush()
        return code, ""
    except StylefxError as error:
        return _failed(str(error), error.exit_code)
    except Interrupted as interruption:
        return _failed(INTERRUPTED, interruption.exit_code)
    except RuntimeError as error:  # what Python 3.11 and older make of any error while a class is being made
        if isinstance(error.__cause__, Interrupted):
            return _failed(INTERRUPTED, error.__cause__.exit_code)
        raise
    except BrokenPipeError:  # the reader of stdout has gone
        forget_output()
        return EXIT_FAILED, ""
    except OSError as error:
        what = error.filename or "standard output"
        if error.filename is None:
            forget_output()
        return _failed(f"{what} cannot be used: {system_words(error)}", EXIT_FAILED)
    except BadCommandLine as refusal:
        return EXIT_USAGE, refusal.sentence
    except SystemExit as request:  # argparse: --help, --version
        return request.code if isinstance(request.code, int) else EXIT_USAGE, ""


def wants_json(argv: Sequence[str]) -> bool:
    """Whether the command line asks for one object on stdout, also where it cannot be parsed."""
    return any(len(word) > 3 and "--json".startswith(word) for word in argv)


def _failed(sentence: str, exit_code: int) -> tuple[int, str]:
    console.notify(f"stylefx: {sentence}")
    return exit_code, sentence
