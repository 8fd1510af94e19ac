"""What the verbs say and where: results for programs on stdout, everything for people on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def print_json(result: dict[str, Any]) -> None:
    """The one object that ``--json`` promises."""
    print(json.dumps(result, indent=2))


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """A bar to be told (done, total), or None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(description, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def compiling_announced() -> Iterator[None]:
    """Say so when numba compiles: the first run on a machine takes seconds that later runs do not."""
    from numba.core import event

    said = False

    class Announcer(event.Listener):
        def on_start(self, event: event.Event) -> None:
            nonlocal said
            if not said:
                said = True
                say("stylefx: compiling for this machine, once: about 20 s")

        def on_end(self, event: event.Event) -> None:
            pass

    with event.install_listener("numba:compile", Announcer()):
        yield
