"""`stylefx` and `python -m stylefx`: one command line, and signals that are minded from the first import to the end."""

from __future__ import annotations

import sys
from typing import NoReturn

from stylefx.interruption import Interrupted, ignore_signals, raise_at_first_signal


def run() -> NoReturn:
    """Run the command line of this process and end with its exit code."""
    try:
        raise_at_first_signal()
        from stylefx.cli.main import main

        code = main()
    except Interrupted as interruption:  # before or after main's own care: nothing was begun, or all is done
        code = interruption.exit_code
    ignore_signals()  # Python's own way out would die of them
    sys.exit(code)


if __name__ == "__main__":
    run()
