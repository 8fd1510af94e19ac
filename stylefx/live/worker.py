"""The worker: the one thread that plays. Blocks come from the input, pass the engine, go to the output.

Every block has a moment at which the device will ask for its answer. A block whose answer cannot be ready
by then is answered with the delayed dry signal at once, and the engine gets it afterwards, when there is
time. An engine that lags further behind than its own latency leaves out what it missed, starts anew, and is
covered by the dry signal until its output is whole again. So overload costs wet sound, never delay; and as
long as the engine keeps up the output is the engine's, sample for sample.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from typing import Protocol

import numpy as np

from stylefx.live.cover import Cover
from stylefx.live.duplex import Duplex
from stylefx.live.ladder import Ladder
from stylefx.live.meters import Meters

# How many of the newest blocks tell how long the next one will take.
REMEMBERED_BLOCKS = 15


class Engine(Protocol):
    """What is played through: a `stylefx.StyleTransfer`, or anything with its three methods."""

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
    """

    def __init__(self, engine: Engine, duplex: Duplex, meters: Meters, most_frames: int | None = None):
        self.engine, self.duplex, self.meters = engine, duplex, meters
        self.ladder = Ladder(engine)
        self._most_frames = most_frames
        self._cover = Cover(duplex.sample_rate, engine_channels(duplex), engine.latency_samples, duplex.block)
        self._pending: deque[np.ndarray] = deque()  # answered already, still unknown to the engine
        self._most_pending = 1 + max(duplex.delay, engine.latency_samples) // duplex.block
        self._unsettled = 0  # input frames that the engine needs before its output is whole again
        self._seconds: deque[float] = deque(maxlen=REMEMBERED_BLOCKS)
        self._covering = False
        self._next_frame = 0

    def run(self, stop: threading.Event) -> str:
        """Play until ``stop`` is set, the input ends or ``most_frames`` were played; says which."""
        while not stop.is_set():
            if self._most_frames is not None and self.meters.blocks * self.duplex.block >= self._most_frames:
                return "time is up"
            taken = self.duplex.read()
            if taken is not None:
                self._play(*taken)
                self._catch_up()
            elif self.duplex.ended:
                return "end of input"
        return "stopped"

    def _play(self, frame: int, block: np.ndarray) -> None:
        """Answer one block in time: wet if that can be, else dry."""
        self.meters.blocks += 1
        self._next_frame = frame + len(block)
        block = self._fold(self._finite(block))
        dry = self._cover.delay(block)
        due = frame + self.duplex.delay
        wet = self._process(block) if self._can_answer(due) else None
        if wet is None:
            self._pending.append(block)
        out = self._cover.process(dry, wet)
        lost = self.duplex.write(due, self._spread(out))
        self.meters.count_sound(block, out)
        self._note(late=wet is None or lost > 0, lost=lost)

    def _can_answer(self, due: int) -> bool:
        """Whether the engine is up to date, whole, and quick enough to be ready before ``due``."""
        if self._pending or self._unsettled > 0:
            return False
        expected = statistics.median(self._seconds) if self._seconds else 0.0
        return self.duplex.seconds_until(due) >= expected

    def _note(self, late: bool, lost: int) -> None:
        """Count, and let the ladder know."""
        if lost:
            self._cover.gap()
            self.meters.lost_frames += lost
        if late:
            self.meters.late += 1
        now = self.duplex.time()
        if late and not self._covering:
            self.meters.stalls += 1
            self.ladder.stalled(now)
        elif not late:
            self.ladder.kept_up(now)
        self._covering = late

    def _catch_up(self) -> None:
        """Give the engine what it missed, as long as that makes no answer late; leave out what is too old."""
        while len(self._pending) > self._most_pending:
            self._leave_out()
        while self._pending and self._has_time():
            block = self._pending.popleft()
            self._process(block)

    def _has_time(self) -> bool:
        if self.duplex.captured >= self._next_frame + self.duplex.block:
            return False  # a block is waiting for its answer
        expected = statistics.median(self._seconds) if self._seconds else 0.0
        return self.duplex.seconds_until(self._next_frame + self.duplex.delay) >= expected

    def _leave_out(self) -> None:
        self._pending.clear()
        self._seconds.clear()
        if self._unsettled < self.engine.latency_samples:
            self._start_engine_anew()
        self.meters.drops += 1

    def _start_engine_anew(self) -> None:
        self.engine.reset()
        self._unsettled = self.engine.latency_samples

    def _process(self, block: np.ndarray) -> np.ndarray | None:
        """Run the engine and measure it; None when what it answered is no sound."""
        began, began_here = time.perf_counter(), self.duplex.time()
        wet = self.engine.process(block)
        self._seconds.append(self.duplex.time() - began_here)
        self.meters.count_work(time.perf_counter() - began, len(block))
        self._unsettled = max(0, self._unsettled - len(block))
        if np.isfinite(wet.sum()) or np.isfinite(wet).all():
            return wet
        self.meters.bad_output += int(np.count_nonzero(~np.isfinite(wet)))
        self._start_engine_anew()
        return None

    def _finite(self, block: np.ndarray) -> np.ndarray:
        """Zero what is not a number: the engine would carry it on."""
        if np.isfinite(block.sum()):
            return block
        finite = np.isfinite(block)
        self.meters.bad_input += int(np.count_nonzero(~finite))
        return np.where(finite, block, np.float32(0))

    def _fold(self, block: np.ndarray) -> np.ndarray:
        """Device channels -> engine channels: as they are, or their mean when the output has one only."""
        if block.shape[1] == engine_channels(self.duplex):
            return block
        return block.mean(axis=1, keepdims=True, dtype=np.float32)

    def _spread(self, out: np.ndarray) -> np.ndarray:
        """Engine channels -> device channels: as they are, or the one on all of them."""
        return out if out.shape[1] == self.duplex.outputs else np.repeat(out, self.duplex.outputs, axis=1)


def engine_channels(duplex: Duplex) -> int:
    """Channels that the engine plays: the device's own when input and output agree, else one."""
    return duplex.inputs if duplex.inputs == duplex.outputs else 1
