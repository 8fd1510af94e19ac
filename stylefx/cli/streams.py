"""Standard streams that are closed or full: a sentence instead of a traceback.

A program that is started with a closed stream (``>&-``, some services) gets its first open file in that place, and
would then print into it.
"""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

from stylefx.errors import StylefxError

CLOSED = "standard output is closed: send it to a file, a program or /dev/null"


class _ClosedOutput(io.TextIOBase):
    """Says so when something is printed; what prints nothing works without."""

    def write(self, text: str) -> NoReturn:
        raise StylefxError(CLOSED)

    def fileno(self) -> NoReturn:
        raise StylefxError(CLOSED)


def mend_streams() -> None:
    """Put something in the place of every closed stream, and let any file name be printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = _ClosedOutput()
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def forget_output() -> None:
    """Keep Python from failing again at exit, over what is still to be written to a stream that takes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
