"""The process that draws the screen: ``python -m stylefx.live.screen.process``, snapshots in, a terminal out.

A process of its own, because drawing is a millisecond of Python, and Python's lock is the one lock that the worker
cannot do without. It draws on the terminal's second page and leaves that when its input ends, however that came about,
so what stood on the terminal before is there again afterwards.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live

from stylefx.live.screen.layout import Layout
from stylefx.live.screen.snapshot import Snapshot

PIPE_BYTES = 1 << 16
# Sound comes first.
NICENESS = 5


def paint(console: Console, lines: Iterator[bytes]) -> None:
    """Draw every line's snapshot, whatever size the terminal has by then."""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for line in lines:
            layout = Layout(*console.size, console.options.ascii_only)
            live.update(layout.draw(Snapshot.from_line(line)), refresh=True)


def newest_lines(descriptor: int) -> Iterator[bytes]:
    """Whole lines as they come; of those that came in between only the newest."""
    waiting = b""
    while piece := os.read(descriptor, PIPE_BYTES):
        *lines, waiting = (waiting + piece).split(b"\n")
        if lines:
            yield lines[-1]


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    paint(Console(stderr=True, highlight=False), newest_lines(sys.stdin.fileno()))
