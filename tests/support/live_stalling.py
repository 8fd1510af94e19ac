"""Plays a delay through JACK that hangs once, for a second: run by the stall test as a program of its own.

Its arguments are the length of the input ring in seconds, and what hangs: the ``engine``, or ``all`` of Python. The
engine turns the sign, so that its sound is not the dry one.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
import threading
import time

import numpy as np

from stylefx.live.io import mixer
from stylefx.live.io.device import open_device
from stylefx.live.session import play
from tests.support.live_engines import Delay

STALL_SECONDS = 1
BLOCKS_BEFORE_STALL = 100
BLOCK = 1024


class Stalling(Delay):
    """Hangs once, a while after the first sound."""

    stalled_seconds = 0.0
    heard_blocks = 0
    hang = staticmethod(time.sleep)

    def process(self, block: np.ndarray) -> np.ndarray:
        if self.resets == 2 and np.any(block):
            self.heard_blocks += 1
            if self.heard_blocks == BLOCKS_BEFORE_STALL:
                began = time.perf_counter()
                self.hang(STALL_SECONDS)
                self.stalled_seconds = time.perf_counter() - began
        return super().process(block)


def main() -> None:
    """Play until SIGINT, then print the report as JSON."""
    mixer.RING_SECONDS = float(sys.argv[1])
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    engine = Stalling(2560, gain=-1)
    if sys.argv[2] == "all":
        engine.hang = ctypes.PyDLL(None).sleep  # called with Python's lock held
    duplex = open_device("system", "system", BLOCK)
    report = play(engine, duplex, stop, lambda text: print(text, file=sys.stderr, flush=True))
    print(json.dumps({**report.as_dict(), "stalled_seconds": engine.stalled_seconds}))


if __name__ == "__main__":
    main()
