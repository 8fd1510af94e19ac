"""What the worker plays through: a sound device or a file, both counted in frames from the moment it opened.

Frame ``f`` of the output leaves together with frame ``f`` of the input arriving, whatever the device's own
delays are. The worker answers input frame ``n`` at output frame ``n + delay``; because every write names
its frame, being late costs samples but can never become a longer delay.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np

from stylefx.live.watchdog import watchdog

# Time for the work unless less is asked for: on a desktop system a thread may be preempted for 10 ms and more. Where
# much is worked on at once, so long a hitch must fit beside the work, which may take half of its sound's time.
SAFE_SECONDS, HITCH_SECONDS, WORK_SHARE = 0.020, 0.017, 0.5


class Duplex(AbstractContextManager, Protocol):
    """Audio in and out. ``open``, ``begin``, then ``read`` and ``write``, one thread at a time; leaving closes it.

    Attributes
    ----------
    name : str
        What the musician calls it.
    sample_rate, inputs, outputs : int
        Rate in Hz and channels.
    block : int
        Frames a ``read`` gives.
    hop : int
        Frames that the engine works on at once.
    delay : int
        Frames from input to output that the worker has, known after ``open``.
    ended : bool
        No more input will come.
    """

    name: str
    sample_rate: int
    inputs: int
    outputs: int
    block: int
    hop: int
    delay: int
    ended: bool

    def open(self, latency_samples: int) -> None:
        """Start listening, and find out the ``delay``. ``latency_samples`` is the engine's."""

    def begin(self) -> None:
        """Start answering: the next ``read`` is the first block that can be played in time."""

    def read(self) -> tuple[int, np.ndarray] | None:
        """The next block and the number of its first frame; None when none came yet, or ``ended``."""

    def write(self, frame: int, samples: np.ndarray) -> int:
        """Play ``samples`` (frames, outputs) from output frame ``frame`` on; returns how many were late."""

    @property
    def captured(self) -> int:
        """Input frames so far, which is also the next output frame that the device asks for."""

    @property
    def ready(self) -> bool:
        """Whether ``read`` would answer at once with a block."""

    def watchdog(self, look: Callable[[], float]) -> AbstractContextManager[None]:
        """Let ``look`` be called while time goes by, again after as many seconds as it says."""
        return watchdog(look)

    def worked(self, frames: int, quality: float) -> None:
        """The engine has worked on so many frames: where time is made up, it goes by now."""
        return

    def time(self) -> float:
        """Seconds on the clock that the device runs by."""

    def seconds_until(self, frame: int) -> float:
        """Time left until the device asks for output frame ``frame``."""

    @property
    def device_seconds(self) -> tuple[float | None, float | None]:
        """The device's own input and output delay as its driver tells it, None where it does not."""

    @property
    def flags(self) -> dict[str, int]:
        """How often the driver reported each kind of over- and underrun."""


def worker_delay(block: int, hop: int, burst: int) -> int:
    """Frames of delay between input and output of the worker.

    The device brings, and asks for, ``burst`` frames at once. From the moment at which a block is complete until
    the device asks for its answer there must be time for the work: as long as the sound that is worked on at once,
    a block, a burst, or a hop that several blocks complete. Where neither of block and burst is a multiple of the
    other, blocks wait up to a burst more.
    """
    if burst % block == 0:
        return max(hop, burst)
    waiting = block - burst if block % burst == 0 else block
    return waiting + max(block, hop, burst)


def safe_delay(delay: int, step: int, sample_rate: int) -> int:
    """At least ``delay``, and the time for an ordinary machine's hitches, in steps of ``step`` frames."""
    seconds = max(SAFE_SECONDS, HITCH_SECONDS + WORK_SHARE * delay / sample_rate)
    return max(delay, -(-round(seconds * sample_rate) // step) * step)
