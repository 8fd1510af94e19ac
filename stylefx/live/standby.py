"""The stand-by: a thread that looks after the device while the engine works, idle as long as that keeps up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Shorter naps than this are all overhead.
SHORTEST_NAP_SECONDS = 0.0003


@contextmanager
def standing_by(look: Callable[[], float]) -> Iterator[None]:
    """Call ``look`` from a thread of its own, again after as many seconds as it says."""
    ended = threading.Event()

    def patrol() -> None:
        while not ended.is_set():
            time.sleep(max(look(), SHORTEST_NAP_SECONDS))

    thread = threading.Thread(target=patrol, name="stylefx-standby", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
