"""The worker: the one thread that plays. Blocks come from the input, pass the engine, go to the output.

Every block has a moment at which the device will ask for its answer. A block whose answer cannot be ready
by then is answered with the delayed dry signal, and the engine gets it afterwards, when there is time. The worker
does so at once if it can foresee the delay; otherwise the watchdog does, while the engine still works. An engine
that lags further behind than its own latency leaves out what it missed, starts again, and is replaced by the dry
signal until its output is whole again. So overload costs wet sound, never delay; and as long as the engine keeps up,
the output is the engine's, sample for sample.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from typing import Protocol

import numpy as np

from stylefx.live.io.duplex import Duplex
from stylefx.live.monitor.meters import Meters
from stylefx.live.quality import QualityGovernor
from stylefx.live.scheduler import BlockScheduler, PendingBlock
from stylefx.params import Controls

# How many of the newest blocks tell how long the next one will take.
REMEMBERED_BLOCKS = 15


class Engine(Protocol):
    """What is played through: a `stylefx.StyleTransfer`, or what has its three methods and perhaps ``controls``."""

    @property
    def latency_samples(self) -> int:
        """Input to output, in samples; known after `prepare`."""

    def prepare(self, sample_rate: int, channels: int, max_block: int) -> None:
        """Allocate for blocks of up to ``max_block`` frames."""

    def process(self, block: np.ndarray) -> np.ndarray:
        """Answer float32 (frames, channels) with as many frames."""

    def reset(self) -> None:
        """Forget the past."""


class Worker:
    """Plays ``engine`` through an opened ``duplex``.

    Parameters
    ----------
    engine : Engine
        Prepared, warmed up and reset.
    duplex : Duplex
        Opened and begun.
    meters : Meters
        Where to count.
    most_frames : int or None
        Stop after so many input frames.
    ladder : QualityGovernor or None
        The engine's; by default a new one.
    """

    def __init__(
        self,
        engine: Engine,
        duplex: Duplex,
        meters: Meters,
        most_frames: int | None = None,
        governor: QualityGovernor | None = None,
    ):
        self.engine, self.duplex, self.meters = engine, duplex, meters
        self.governor = governor or QualityGovernor(engine)
        self._most_frames = most_frames
        controls = getattr(engine, "controls", None) or Controls()
        self._scheduler = BlockScheduler(duplex, engine.latency_samples, controls, meters, self.governor)
        self._unsettled = 0  # input frames that the engine needs before its output is whole again
        self._seconds: deque[float] = deque(maxlen=REMEMBERED_BLOCKS)

    def run(self, stop: threading.Event) -> str:
        """Play until ``stop`` is set, the input ends or ``most_frames`` were played; says which."""
        with self.duplex.watchdog(self._scheduler.look), self._scheduler.lock:
            while not stop.is_set():
                if (
                    self._most_frames is not None
                    and self.meters.blocks * self.duplex.block >= self._most_frames
                ):
                    return "time is up"
                pending = self._scheduler.take()
                if pending is not None:
                    self._play(pending)
                    self._catch_up()
                elif self.duplex.ended:
                    return "end of input"
        return "stopped"

    def _play(self, pending: PendingBlock) -> None:
        """Answer one block in time: wet if that can be, else dry."""
        wet = self._process(pending.block) if self._can_answer(pending.due) else None
        in_time = self._scheduler.open is pending  # else the watchdog has answered
        if in_time:
            self._scheduler.answer(pending, wet)
            if wet is None:
                self._scheduler.pending.append(pending.block)
        if wet is None or not in_time:
            self._scheduler.lag(pending)

    def _can_answer(self, due: int) -> bool:
        """Whether the engine is up to date, whole, and quick enough to be ready before ``due``."""
        if self._scheduler.pending or self._unsettled > 0:
            return False
        return self.duplex.seconds_until(due) >= self._expected_seconds

    @property
    def _expected_seconds(self) -> float:
        """How long the engine will take for a block."""
        return statistics.median(self._seconds) if self._seconds else 0.0

    def _catch_up(self) -> None:
        """Give the engine what it missed, as long as that makes no answer late; leave out what is too old."""
        scheduler = self._scheduler
        while scheduler.pending:
            if len(scheduler.pending) > scheduler.most_pending:
                self._leave_out()
            elif self._has_time():
                self._process(scheduler.pending.popleft())
            else:
                return

    def _has_time(self) -> bool:
        if self.duplex.ready:
            return False  # a block is waiting for its answer
        due = self._scheduler.next_frame + self.duplex.delay
        return self.duplex.seconds_until(due) >= self._expected_seconds

    def _leave_out(self) -> None:
        self._scheduler.pending.clear()
        self._seconds.clear()
        if self._unsettled < self.engine.latency_samples:
            self._start_engine_anew()
        self.meters.drops += 1

    def _start_engine_anew(self) -> None:
        self.engine.reset()
        self._unsettled = self.engine.latency_samples

    def _process(self, block: np.ndarray) -> np.ndarray | None:
        """Run the engine and measure it; None when what it answered is no sound."""
        self.governor.apply()
        began, began_here = time.perf_counter(), self.duplex.time()
        with self._scheduler.away():
            wet = self.engine.process(block)
            worked_seconds = time.perf_counter() - began
            self.duplex.worked(len(block), self.governor.quality)
        self._seconds.append(self.duplex.time() - began_here)
        self.meters.count_work(worked_seconds, len(block))
        self._unsettled = max(0, self._unsettled - len(block))
        if np.isfinite(wet.sum()) or np.isfinite(wet).all():
            return wet
        self.meters.bad_output += int(np.count_nonzero(~np.isfinite(wet)))
        self._start_engine_anew()
        return None
