"""The `stylefx` command: its parser, its exit codes, and the one place where errors become sentences.

Exit codes: 0 done, 1 the work failed, 2 the command line is off, 3 no audio device, 130 interrupted, 143 terminated.
Each verb is a module with `register(subparsers)` and `run(args) -> int`; whatever is slow to load is imported
inside `run`, so that `stylefx --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import stylefx
from stylefx.cli import demo, devices, doctor, fit, info, live, methods, notes, render
from stylefx.errors import EXIT_FAILED, EXIT_USAGE, StylefxError
from stylefx.interruption import Interrupted, unwinding

VERBS = (fit, render, live, notes, methods, devices, info, doctor, demo)

DESCRIPTION = """\
Hear yourself as a piano, a ukulele or a bird, from one ten-second clip.

  stylefx fit piano.wav -o piano.npz             learn the sound of a clip
  stylefx render song.wav --style piano.npz      put it on a file
  stylefx live --style piano.npz                 play through it
  stylefx demo                                   hear and see an example first"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in the same form as every other error."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"stylefx: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    parser = Parser(
        prog="stylefx", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"stylefx {stylefx.__version__}")
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
    try:
        args = build_parser().parse_args(argv)
        code = args.run(args)
        sys.stdout.flush()
        return code
    except StylefxError as error:
        print(f"stylefx: {error}", file=sys.stderr)
        return error.exit_code
    except Interrupted as interruption:
        return _interrupted(interruption)
    except RuntimeError as error:  # what Python 3.11 and older make of any error while a class is being made
        if isinstance(error.__cause__, Interrupted):
            return _interrupted(error.__cause__)
        raise
    except BrokenPipeError:
        # Whoever read stdout has gone; keep Python from complaining about it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except SystemExit as request:  # argparse: --help, --version, usage errors
        return request.code if isinstance(request.code, int) else EXIT_USAGE


def _interrupted(interruption: Interrupted) -> int:
    print("stylefx: interrupted, nothing was left half-written", file=sys.stderr)
    return interruption.exit_code
