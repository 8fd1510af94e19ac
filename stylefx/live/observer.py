"""Session observers: what the main thread does while the worker plays. A screen, keys, a capture.

They look at counters and copies, and change the sound through values that the worker reads once a block.
Python code of theirs that runs for long holds up the worker all the same: an observer is quick, or leaves
the work to another process.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from stylefx.live.monitor.latency import Latency
from stylefx.live.monitor.meters import Meters
from stylefx.live.quality import QualityGovernor
from stylefx.live.worker import Engine


@dataclass(frozen=True)
class Playing:
    """What there is to look at; everything in it is read without a lock."""

    name: str
    sample_rate: int
    channels: int
    block: int
    latency: Latency
    engine: Engine
    meters: Meters
    governor: QualityGovernor


class SessionObserver(AbstractContextManager, Protocol):
    """Entered before the first note with `begin`, left when the worker has ended.

    Attributes
    ----------
    ring_seconds : float
        How much of the input and the output it wants to be able to look back.
    """

    ring_seconds: float = 0.0

    def begin(self, playing: Playing) -> None:
        """Playing starts now."""

    def poll(self) -> None:
        """Called some ten times a second."""
