"""The watchdog: a thread that serves the device while the engine works; idle as long as the engine keeps up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# Shorter naps than this are all overhead.
SHORTEST_NAP_SECONDS = 0.0003


@contextmanager
def watchdog(look: Callable[[], float]) -> Iterator[None]:
    """Call ``look`` from a thread of its own, again after as many seconds as it says."""
    ended = threading.Event()

    def watch() -> None:
        _come_before_the_worker()
        while not ended.is_set():
            time.sleep(max(look(), SHORTEST_NAP_SECONDS))

    thread = threading.Thread(target=watch, name="stylefx-watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _come_before_the_worker() -> None:
    """One real-time priority more than this thread was given, if any: else it waits for the core that hangs."""
    if not hasattr(os, "sched_setscheduler") or os.sched_getscheduler(0) != os.SCHED_RR:
        return
    with suppress(OSError):
        own = os.sched_getparam(0).sched_priority
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(own + 1))
