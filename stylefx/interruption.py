"""Ctrl-C, SIGTERM, SIGHUP and SIGQUIT: the first one unwinds the program, and nothing after it interrupts the way out.

A terminal, a shell and `timeout` may each pass the same Ctrl-C on, so a second signal often follows the first
while temporary files are being deleted.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

# A terminal that is closed and Ctrl-\\ end the program as Ctrl-C does; Windows has neither.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


class Interrupted(KeyboardInterrupt):
    """One of the signals came; the exit code is what shells expect."""

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


# What came since the program began or `unwinding` did.
_come: list[Interrupted] = []


def check() -> None:
    """Raise what came and was lost: Python drops an exception that a finaliser or a callback of C code meets.

    For the loops of long work; what is being unwound never gets here again.
    """
    if _come:
        raise _come[0]


def raise_at_first_signal() -> None:
    """Let the first of the signals raise `Interrupted` in the main thread; those after it do nothing."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # a shell's background job is not Ctrl-C's
            signal.signal(number, _unwind)
    sys.unraisablehook = _print_unless_kept


def ignore_signals() -> None:
    """From now on the program ends by itself; for the very end, when Python forgets all handlers of its own."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _unwind(number: int, _frame: object) -> NoReturn:
    for each in SIGNALS:
        signal.signal(each, _do_nothing)  # SIG_IGN here, and Python complains of a signal that is on its way
    _come.append(Interrupted(number))
    raise _come[0]


def _print_unless_kept(unraisable: sys.UnraisableHookArgs) -> None:
    """What Python says of an exception that it drops; but ours is kept, for `check`."""
    if not isinstance(unraisable.exc_value, Interrupted):
        sys.__unraisablehook__(unraisable)


def _do_nothing(_number: int, _frame: object) -> None:
    """The way out has begun."""


@contextmanager
def unwinding() -> Iterator[None]:
    """`raise_at_first_signal` for a while; outside the main thread signals are somebody else's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    hook = sys.unraisablehook
    _come.clear()
    raise_at_first_signal()
    try:
        yield
    finally:
        _come.clear()
        sys.unraisablehook = hook
        for number, handler in before.items():
            if handler is not _unwind:  # else the program is on its way out: what is ignored stays so
                signal.signal(number, handler)
