"""A sound device driven by rtmixer: a callback in C and two ring buffers, no Python between.

rtmixer's actions end without a word when their ring is empty or full. Here that is noticed at the next read
or write: the ring is filled with silence, a new action is started, and the frame at which it began is
measured, so that every sample after it leaves at its own frame again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from stylefx.errors import NoDeviceError
from stylefx.io.devices import Device, close_stream, load_sounddevice
from stylefx.live.io.device import CURE, SILENT_DEVICE_SECONDS, DeviceDuplex

load_sounddevice()  # names the JACK client, before rtmixer imports sounddevice by itself
import rtmixer  # noqa: E402

# Input that may wait while the worker hangs, before it is lost: longer than any stall worth surviving.
RING_SECONDS = 8.0
# Looks at the two counters: one taken in the middle of a callback reads too much, all of them will not.
LOOKS, LOOK_SECONDS = 4, 0.0003
# Silence with which playing starts again: time to find out at which frame it began, and to write the next block.
RESTART_SECONDS = 0.004
BYTES_A_SAMPLE = 4
# The frame at which playing began, before it has: whatever is looked at lies before it.
NOT_YET = sys.maxsize


class MixerDuplex(DeviceDuplex):
    """See `DeviceDuplex`."""

    def __init__(self, source: Device, sink: Device, blocksize: int | None, latency: str = "normal"):
        super().__init__(source, sink, blocksize, latency)
        # JACK's period is the server's; asked for another, PortAudio would put a block of delay in between.
        self._blocksize = 0 if source.host.startswith("JACK") else blocksize or 0
        size = 1 << int(np.ceil(np.log2(RING_SECONDS * self.sample_rate)))
        self._input = rtmixer.RingBuffer(BYTES_A_SAMPLE * self.inputs, size)
        self._output = rtmixer.RingBuffer(BYTES_A_SAMPLE * self.outputs, size)
        self._stream: Any = None
        self._playing: Any = None
        self._began = self._next = NOT_YET
        self._before = 0  # frames that earlier recordings brought
        self._overflows = 0

    def _start(self) -> None:
        self._stream = rtmixer.MixerAndRecorder(
            device=(self.source.number, self.sink.number),
            channels=(self.inputs, self.outputs),
            samplerate=self.sample_rate,
            blocksize=self._blocksize,
            latency="low",
        )
        self._recording = self._stream.record_ringbuffer(self._input)
        self._stream.start()

    def _stop(self) -> None:
        if self._stream is not None:
            close_stream(self._stream)

    def _captured_frames(self) -> int:
        return self._before + self._recording.done_frames

    def read(self) -> tuple[int, np.ndarray] | None:
        """See `DeviceDuplex.read`."""
        if self._recording not in self._stream.actions:
            self._record_again()
        return super().read()

    @property
    def ready(self) -> bool:
        """See `Duplex.ready`. rtmixer counts frames before it hands them over: asked in between, the ring knows."""
        return super().ready and self._input.read_available >= self.block

    def _take(self, block: np.ndarray) -> None:
        self._input.readinto(block)

    def _record_again(self) -> None:
        """The input ring was full: forget it, and count again; the output must then start again as well."""
        self._overflows += 1
        self._before += self._recording.done_frames
        self._taken = self._before
        self._input.flush()
        self._recording = self._stream.record_ringbuffer(self._input)
        self._began = NOT_YET

    def begin(self) -> None:
        """See `Duplex.begin`."""
        self._play_again(self.delay + self.burst)
        skipped = np.empty((self._next - self.delay - self._taken, self.inputs), np.float32)
        self._wait_until(lambda: self._input.read_available >= len(skipped))
        self._input.readinto(skipped)
        self._taken += len(skipped)

    def _play_again(self, silence: int) -> None:
        """Start playing, with so many frames of silence."""
        self._end_playing()
        self._output.flush()
        self._output.write(np.zeros((silence, self.outputs), np.float32))
        self._playing = self._stream.play_ringbuffer(self._output)
        self._wait_until(lambda: self._playing.done_frames > 0)
        self._began = min(self._look() for _ in range(LOOKS))
        self._next = self._began + silence

    def _end_playing(self) -> None:
        """Nothing may read the output ring while it is emptied."""
        if self._playing is not None and self._playing in self._stream.actions:
            self._stream.cancel(self._playing)
            self._wait_until(lambda: self._playing not in self._stream.actions)

    def _wait_until(self, done: Callable[[], bool]) -> None:
        give_up = time.perf_counter() + SILENT_DEVICE_SECONDS
        while not done():
            if time.perf_counter() > give_up:
                raise NoDeviceError(f"{self.sink.name} plays no audio: {CURE}")
            time.sleep(LOOK_SECONDS)

    def _look(self) -> int:
        """The frame at which playing began, or more: the callback records first, then plays."""
        time.sleep(LOOK_SECONDS)
        return self._distance()

    def _distance(self) -> int:
        played = self._playing.done_frames  # first, so that a callback in between reads as too much as well
        return self._captured_frames() - played

    def write(self, frame: int, samples: np.ndarray) -> int:
        """See `Duplex.write`."""
        if self._recording not in self._stream.actions:
            return len(samples)  # no frame number is known before the next read has started again
        if self._playing not in self._stream.actions or self._distance() < self._began:
            # What came in meanwhile is answered at once, wet or dry, so no more than this need be silent.
            self._play_again(self.burst * -(-round(RESTART_SECONDS * self.sample_rate) // self.burst))
        late = min(max(self._next - frame, 0), len(samples))
        if frame > self._next:
            self._write(np.zeros((frame - self._next, self.outputs), np.float32))
        self._write(samples[late:])
        return late

    def _write(self, samples: np.ndarray) -> None:
        self._next += self._output.write(np.ascontiguousarray(samples, np.float32), len(samples))

    @property
    def device_seconds(self) -> tuple[float | None, float | None]:
        """See `Duplex.device_seconds`."""
        return self._known_seconds(self._stream.latency)

    @property
    def flags(self) -> dict[str, int]:
        """See `Duplex.flags`; an input ring that was full counts as an overflow."""
        stats = self._recording.stats
        names = ("input_underflows", "input_overflows", "output_underflows", "output_overflows")
        flags = {name: int(getattr(stats, name)) for name in names}
        flags["input_overflows"] += self._overflows
        return flags
