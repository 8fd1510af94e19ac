"""Named pipes: opening one blocks until another program writes, which looks like a fault unless it is said."""

from __future__ import annotations

import sys
from pathlib import Path

from stylefx.errors import one_line


def tell_if_waiting(path: Path) -> None:
    """Say on stderr that ``path`` is a pipe and is waited for, if it is one."""
    if path.is_fifo():
        name = one_line(str(path))
        print(f"stylefx: {name} is a pipe: waiting for what is written into it", file=sys.stderr, flush=True)
