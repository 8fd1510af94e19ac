"""A file as a sound device: the same worker and engine, no hardware, every run repeatable.

The output file holds what the loudspeaker would have played from the first frame of the input on: it begins
with the delay (worker and engine) and is longer than the input by it, so the end is not cut off. At the
real clock a late block is missing in the file as it would be on stage; the fast clock waits for the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from stylefx.analysis.grid import grid_for
from stylefx.io.files import AudioReader, AudioWriter
from stylefx.live.io.duplex import Duplex, safe_delay, worker_delay
from stylefx.live.io.simulate import Faults
from stylefx.live.watchdog import SHORTEST_NAP_SECONDS, watchdog


class RealClock:
    """Frames go by as they do in a sound card."""

    def start(self, sample_rate: int) -> None:
        """Frame 0 is now."""
        self._sample_rate = sample_rate
        self._origin = time.perf_counter()

    def frames(self) -> int:
        """Frames since the start."""
        return int((time.perf_counter() - self._origin) * self._sample_rate)

    def wait_for(self, frame: int) -> None:
        """Sleep until ``frame`` has gone by."""
        while (missing := frame - self.frames()) > 0:
            time.sleep(missing / self._sample_rate)

    def watchdog(self, look: Callable[[], float]) -> AbstractContextManager[None]:
        """See `Duplex.standing_by`."""
        return watchdog(look)


class FastClock:
    """Frames go by when somebody waits for them, or lets them by: work takes no time unless it says so.

    While they are let by, the stand-by looks now and then, as its thread would.
    """

    def __init__(self) -> None:
        self._now = 0
        self._look: Callable[[], float] | None = None

    def start(self, sample_rate: int) -> None:
        """Frame 0 is now."""
        self._sample_rate, self._now = sample_rate, 0

    def frames(self) -> int:
        """Frames since the start."""
        return self._now

    def wait_for(self, frame: int) -> None:
        """Jump to ``frame``, unless it has gone by."""
        self._now = max(self._now, frame)

    def let_by(self, frames: int) -> None:
        """Make believe that something took the time of so many frames."""
        end = self._now + frames
        while self._look is not None and self._now < end:
            nap = max(SHORTEST_NAP_SECONDS, self._look())
            self._now += min(end - self._now, int(nap * self._sample_rate))
        self._now = end

    def halt(self, frames: int) -> None:
        """The same for the whole program: nothing is watched."""
        self._now += frames

    @contextmanager
    def watchdog(self, look: Callable[[], float]) -> Iterator[None]:
        """See `Duplex.standing_by`."""
        self._look = look
        yield


class FileDuplex(Duplex):
    """Plays ``source`` into ``target`` block by block, by ``clock``.

    Parameters
    ----------
    source, target : path
        Audio files; the target gets the source's rate, channels and, if its container can, sample format.
    block : int or None
        Frames a block; by default one hop of the engine, with the delay of `safe_delay`.
    clock : RealClock or FastClock
        What a frame lasts.
    seconds : float or None
        Play only so much of the source.
    overwrite : bool
        Whether an existing target may be replaced.
    faults : Faults or None
        Trouble to put the engine in; it needs the fast clock.
    latency : str
        The engine's profile, which tells its hop.
    """

    def __init__(
        self,
        source: str | Path,
        target: str | Path,
        block: int | None,
        clock: RealClock | FastClock,
        seconds: float | None = None,
        overwrite: bool = False,
        faults: Faults | None = None,
        latency: str = "normal",
    ):
        self._files = ExitStack()
        with ExitStack() as opened:
            reader = opened.enter_context(AudioReader(source))
            self._writer = opened.enter_context(AudioWriter.like(reader, target, overwrite=overwrite))
            self._files = opened.pop_all()
        self.name = f"{reader.name} -> {self._writer.name}"
        self.sample_rate, self.inputs, self.outputs = reader.sample_rate, reader.channels, reader.channels
        self.hop = grid_for(reader.sample_rate, latency).hop
        self.block = block or self.hop
        self._delay_is_free = block is None and latency == "normal"
        self._blocks = reader.blocks(self.block)
        self._clock, self._faults = clock, faults
        self._most_frames = None if seconds is None else round(seconds * reader.sample_rate)
        self._input_frames: int | None = None  # unknown until the source has ended
        self._taken = self._written = 0
        self.ended = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._files.__exit__(kind, error, traceback)

    def open(self, latency_samples: int) -> None:
        """See `Duplex.open`."""
        self._latency_samples = latency_samples
        self.delay = worker_delay(self.block, self.hop, self.block)
        if self._delay_is_free:
            self.delay = safe_delay(self.delay, self.block, self.sample_rate)

    def begin(self) -> None:
        """See `Duplex.begin`."""
        self._clock.start(self.sample_rate)

    def read(self) -> tuple[int, np.ndarray] | None:
        """The next block; after the source's end silence, until the engine has given everything back."""
        last = self._input_frames
        if last is not None and self._taken >= last + self._latency_samples:
            self.ended = True
            return None
        frame, block = self._taken, self._next_block()
        self._taken += self.block
        self._clock.wait_for(self._taken)
        return frame, block

    def _next_block(self) -> np.ndarray:
        block = np.zeros((self.block, self.inputs), np.float32)
        if self._input_frames is None:
            samples = next(self._blocks, block[:0])
            if self._most_frames is not None:
                samples = samples[: self._most_frames - self._taken]
            block[: len(samples)] = samples
            if len(samples) < self.block:
                self._input_frames = self._taken + len(samples)
        return block

    def write(self, frame: int, samples: np.ndarray) -> int:
        """See `Duplex.write`; what was not written in time is silence in the file."""
        late = min(max(self.captured - frame, 0), len(samples))
        if frame + late > self._written:
            self._append(np.zeros((frame + late - self._written, self.outputs), np.float32))
        self._append(samples[late:])
        return late

    def _append(self, samples: np.ndarray) -> None:
        if self._input_frames is not None:
            whole = self._input_frames + self._latency_samples + self.delay
            samples = samples[: max(0, whole - self._written)]
        if len(samples):
            self._writer.write(samples)
            self._written += len(samples)

    @property
    def captured(self) -> int:
        """See `Duplex.captured`: a device hands over whole blocks."""
        return self._clock.frames() // self.block * self.block

    @property
    def ready(self) -> bool:
        """See `Duplex.ready`."""
        return self._clock.frames() >= self._taken + self.block

    def watchdog(self, look: Callable[[], float]) -> AbstractContextManager[None]:
        """See `Duplex.standing_by`."""
        return self._clock.watchdog(look)

    def worked(self, frames: int, quality: float) -> None:
        """See `Duplex.worked`."""
        if self._faults is None or not isinstance(self._clock, FastClock):
            return
        now = self.time()
        seconds = self._faults.work_seconds(now, frames / self.sample_rate, quality)
        seconds += self._faults.stall_seconds(now)
        self._clock.let_by(round(seconds * self.sample_rate))
        self._clock.halt(round(self._faults.halt_seconds(now) * self.sample_rate))

    def time(self) -> float:
        """See `Duplex.time`."""
        return self._clock.frames() / self.sample_rate

    def seconds_until(self, frame: int) -> float:
        """See `Duplex.seconds_until`: a frame is asked for when its block of input is complete."""
        return ((frame // self.block + 1) * self.block - self._clock.frames()) / self.sample_rate

    @property
    def device_seconds(self) -> tuple[float | None, float | None]:
        """There is no device."""
        return 0.0, 0.0

    @property
    def flags(self) -> dict[str, int]:
        """There is no driver."""
        return {}
