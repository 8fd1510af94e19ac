"""What the verbs say and where: results for programs on stdout, everything for people on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# Whether the object was printed.
_printed: list[bool] = []


def notify(text: str) -> None:
    """For the person at the terminal; a failure to print is ignored.

    What the name of a file smuggles in is escaped: it could move the cursor, or is no letter of any alphabet.
    """
    safe = "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)
    with suppress(OSError):
        print(safe, file=sys.stderr, flush=True)


def print_json(result: dict[str, Any]) -> None:
    """The one object that ``--json`` promises."""
    _printed.append(True)
    print(json.dumps(result, indent=2))


def print_json_error(sentence: str, exit_code: int) -> None:
    """What takes its place when the work failed before there was one."""
    if not _printed:
        print_json({"error": sentence, "exit_code": exit_code})


def forget_json() -> None:
    """Another command line begins."""
    _printed.clear()


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """A bar to be told (done, total), or None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(escape(description), total=None)
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
                notify("stylefx: compiling for this machine, once: about 10 s")

        def on_end(self, event: event.Event) -> None:
            pass

    with event.install_listener("numba:compile", Announcer()):
        yield
