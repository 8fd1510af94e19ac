"""A sound device driven by a Python callback: the fallback where rtmixer cannot be loaded.

Two rings of a fixed length hold every frame at the place that its number tells, so a block that comes late is
dropped by itself and the next is in place again. The callback only copies. It waits for other Python threads all
the same, which costs blocks on a busy machine: rtmixer is the better way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stylefx.io.devices import Device, close_stream, load_sounddevice
from stylefx.live.io.device import DeviceDuplex
from stylefx.ring import Ring

# Input that may wait while the worker hangs.
RING_SECONDS = 8.0
FLAGS = ("input_underflows", "input_overflows", "output_underflows", "output_overflows")


class CallbackDuplex(DeviceDuplex):
    """See `DeviceDuplex`; device and worker use the same block."""

    def __init__(self, source: Device, sink: Device, blocksize: int | None, latency: str = "normal"):
        super().__init__(source, sink, blocksize, latency)
        frames = round(RING_SECONDS * self.sample_rate)
        self._input, self._output = Ring((frames, self.inputs)), Ring((frames, self.outputs))
        self._frames = 0
        self._flags = dict.fromkeys(FLAGS, 0)
        self._stream: Any = None

    def _start(self) -> None:
        self._stream = load_sounddevice().Stream(
            device=(self.source.number, self.sink.number),
            channels=(self.inputs, self.outputs),
            samplerate=self.sample_rate,
            blocksize=self.block,
            dtype="float32",
            latency="low",
            callback=self._exchange,
        )
        self._stream.start()

    def _stop(self) -> None:
        if self._stream is not None:
            close_stream(self._stream)

    def _exchange(self, recorded: np.ndarray, due: np.ndarray, frames: int, when: Any, status: Any) -> None:
        """PortAudio's callback: keep what is in, give what is due, leave silence behind."""
        self._input.put(self._frames, recorded)
        self._output.get(self._frames, due)
        self._output.clear(self._frames, frames)
        self._frames += frames
        if status:
            for name in FLAGS:
                self._flags[name] += getattr(status, name[:-1])

    def _captured_frames(self) -> int:
        return self._frames

    def read(self) -> tuple[int, np.ndarray] | None:
        """See `DeviceDuplex.read`; input that has been written over is left out."""
        if self._frames - self._taken > len(self._input) - self.block:
            self._flags["input_overflows"] += 1
            self._taken = self._frames
        return super().read()

    def _take(self, block: np.ndarray) -> None:
        self._input.get(self._taken, block)

    def begin(self) -> None:
        """See `Duplex.begin`."""
        self._taken = self._frames

    def write(self, frame: int, samples: np.ndarray) -> int:
        """See `Duplex.write`."""
        late = self._late(frame, len(samples))
        self._output.put(frame + late, samples[late:])
        late_now = self._late(frame, len(samples))
        self._output.clear(frame + late, late_now - late)  # written where the callback had just been
        return late_now

    def _late(self, frame: int, count: int) -> int:
        return min(max(self._frames - frame, 0), count)

    @property
    def device_seconds(self) -> tuple[float | None, float | None]:
        """See `Duplex.device_seconds`."""
        return self._known_seconds(self._stream.latency)

    @property
    def flags(self) -> dict[str, int]:
        """See `Duplex.flags`; an input ring that was full counts as an overflow."""
        return dict(self._flags)
