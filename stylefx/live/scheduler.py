"""The block scheduler: every block of input is taken and answered here, in time, with the wet or the dry signal.

The worker holds it, except while the engine works. If the engine hangs, the watchdog takes over
instead: it answers what would otherwise be late with the delayed dry signal, block after block, until the
worker is back. The thread that answers holds the lock, so no two threads touch the device or the concealer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from stylefx.errors import StylefxError
from stylefx.live.concealment import DropoutConcealer
from stylefx.live.io.duplex import Duplex
from stylefx.live.monitor.meters import Meters
from stylefx.live.quality import QualityGovernor
from stylefx.params import Controls

# The watchdog answers this much before the device asks, or a fifth of the delay if that is less: time to wake up
# and write a block.
MARGIN_SECONDS = 0.002
MARGIN_RATIO = 1 / 5
# An engine that works and is still not in time after this, longer than it needs to recover from an accident, is
# too slow.
LAGGING_SECONDS = 0.3
# Looks of the watchdog within the worker's delay: the first finds out when the answer is due.
LOOKS = 2


@dataclass(frozen=True)
class PendingBlock:
    """A block of input that waits for its answer: due at output frame ``due``; ``dry`` is what suits it then."""

    block: np.ndarray
    dry: np.ndarray
    due: int


class BlockScheduler:
    """Blocks in, answers out.

    Parameters
    ----------
    duplex : Duplex
        Opened and begun.
    latency_samples : int
        The engine's.
    controls : Controls
        The engine's: gains count for the dry sound too.
    meters, ladder : Meters, QualityGovernor
        Where to count, and what must be told of stalls.

    Attributes
    ----------
    lock : threading.Lock
        Held by the thread that answers; everything below needs it.
    open : PendingBlock or None
        The block that the engine works on.
    pending : deque of array
        Blocks that were answered without the engine, oldest first; at some length the oldest fall out.
    next_frame : int
        The first frame of input that was not taken.
    hung : bool
        The watchdog has answered since the worker last held the lock.
    """

    def __init__(
        self,
        duplex: Duplex,
        latency_samples: int,
        controls: Controls,
        meters: Meters,
        governor: QualityGovernor,
    ):
        self.lock = threading.Lock()
        self._duplex, self._meters, self._governor = duplex, meters, governor
        channels = engine_channels(duplex)
        self._concealer = DropoutConcealer(
            duplex.sample_rate, channels, latency_samples, duplex.block, controls
        )
        # More than that is too old to catch up with.
        self.most_pending = 1 + max(duplex.delay, latency_samples) // duplex.block
        self.pending: deque[np.ndarray] = deque(maxlen=self.most_pending + 1)
        self.open: PendingBlock | None = None
        self.next_frame = 0
        self.hung = False
        self._covering = False
        self._lagging_frames = 0
        self._error: StylefxError | None = None
        delay_seconds = duplex.delay / duplex.sample_rate
        self._margin_seconds = min(MARGIN_SECONDS, MARGIN_RATIO * delay_seconds)
        self.look_seconds = delay_seconds / LOOKS

    # For the worker --------------------------------------------------------------------------------------

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the lock to the watchdog for a while."""
        self.lock.release()
        try:
            yield
        finally:
            self.lock.acquire()
            self.hung = False
            if self._error is not None:
                raise self._error

    def take(self) -> PendingBlock | None:
        """The next block; None when none came yet, or none ever will."""
        taken = self._duplex.read()
        if taken is None:
            return None
        frame, block = taken
        self._meters.blocks += 1
        self.next_frame = frame + len(block)
        block = self._fold(self._finite(block))
        self.open = PendingBlock(block, self._concealer.delay(block), frame + self._duplex.delay)
        return self.open

    def answer(self, pending: PendingBlock, wet: np.ndarray | None) -> None:
        """Play ``wet``, or the dry sound where there is none."""
        out = self._concealer.process(pending.dry, wet)
        lost = self._duplex.write(pending.due, self._spread(out))
        self._meters.count_sound(pending.block, out)
        self._note(late=wet is None or lost > 0, lost=lost)
        self.open = None

    def lag(self, pending: PendingBlock) -> None:
        """The engine was too late for this block; when it is for long, although it works, that is a stall more."""
        self._lagging_frames += len(pending.block)
        if self._lagging_frames > LAGGING_SECONDS * self._duplex.sample_rate:
            self._lagging_frames = 0
            self._governor.stalled(self._duplex.time())

    # For the watchdog ------------------------------------------------------------------------------------

    def look(self) -> float:
        """Answer what would be late if the worker does not come back soon; seconds until the next look."""
        if not self.lock.acquire(blocking=False):
            return self.look_seconds
        try:
            return self._stand_in()
        except StylefxError as error:
            self._error = error  # the worker's to raise
            return self.look_seconds
        finally:
            self.lock.release()

    def _stand_in(self) -> float:
        while self._error is None:
            left = self._seconds_left()
            if left > 0:
                return min(left, self.look_seconds)
            self.hung = True
            if self.open is not None:  # the engine has this one
                self.answer(self.open, None)
                continue
            pending = self.take()
            if pending is None:
                break
            self.answer(pending, None)
            self.pending.append(pending.block)
        return self.look_seconds

    def _seconds_left(self) -> float:
        """Until something must be answered without the worker."""
        if self.open is not None:
            return self._duplex.seconds_until(self.open.due) - self._margin_seconds
        if not self._duplex.ready:
            return self.look_seconds
        if self.hung:
            return 0.0
        return self._duplex.seconds_until(self.next_frame + self._duplex.delay) - self._margin_seconds

    # For both --------------------------------------------------------------------------------------------

    def _note(self, late: bool, lost: int) -> None:
        """Count, and inform the quality governor."""
        if lost:
            self._concealer.gap()
            self._meters.lost_frames += lost
        if late:
            self._meters.late += 1
        now = self._duplex.time()
        if late and not self._covering:
            self._meters.stalls += 1
            self._governor.stalled(now)
        elif not late:
            self._governor.kept_up(now)
            self._lagging_frames = 0
        self._covering = late

    def _finite(self, block: np.ndarray) -> np.ndarray:
        """Zero what is not a number: the engine would carry it on."""
        if np.isfinite(block.sum()):
            return block
        finite = np.isfinite(block)
        self._meters.bad_input += int(np.count_nonzero(~finite))
        return np.where(finite, block, np.float32(0))

    def _fold(self, block: np.ndarray) -> np.ndarray:
        """Device channels -> engine channels: as they are, or their mean when the output has one only."""
        if block.shape[1] == engine_channels(self._duplex):
            return block
        return block.mean(axis=1, keepdims=True, dtype=np.float32)

    def _spread(self, out: np.ndarray) -> np.ndarray:
        """Engine channels -> device channels: as they are, or the one on all of them."""
        return out if out.shape[1] == self._duplex.outputs else np.repeat(out, self._duplex.outputs, axis=1)


def engine_channels(duplex: Duplex) -> int:
    """Channels that the engine plays: the device's own when input and output agree, else one."""
    return duplex.inputs if duplex.inputs == duplex.outputs else 1
