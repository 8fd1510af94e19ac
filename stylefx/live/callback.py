"""A sound device driven by a Python callback: the fallback where rtmixer cannot be loaded.

Every block carries its frame number, so that one that comes late is dropped and the next is in place again.
The callback waits for other Python threads, which costs blocks on a busy machine: rtmixer is the better
way.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import numpy as np

from stylefx.audio.devices import Device, close_stream, load_sounddevice
from stylefx.live.device import DeviceDuplex


class CallbackDuplex(DeviceDuplex):
    """See `DeviceDuplex`; device and worker use the same block."""

    def __init__(self, source: Device, sink: Device, blocksize: int | None):
        super().__init__(source, sink, blocksize)
        self._heard: deque[np.ndarray] = deque()
        self._said: deque[tuple[int, np.ndarray]] = deque()
        self._frames = 0
        self._dropped = self._reported = 0
        self._flags: Counter[str] = Counter()
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

    def _exchange(self, heard: np.ndarray, said: np.ndarray, frames: int, when: Any, status: Any) -> None:
        """PortAudio's callback: take what is in, give what is due."""
        self._heard.append(heard.copy())
        while self._said and self._said[0][0] < self._frames:
            self._dropped += len(self._said.popleft()[1])
        if self._said and self._said[0][0] == self._frames:
            said[:] = self._said.popleft()[1]
        else:
            said.fill(0)
        self._frames += frames
        if status:
            self._flags.update(name for name in FLAGS if getattr(status, name[:-1]))

    def _captured_frames(self) -> int:
        return self._frames

    def _take(self, block: np.ndarray) -> None:
        block[:] = self._heard.popleft()

    def begin(self) -> None:
        """See `Duplex.begin`."""
        while len(self._heard) > 1:
            self._heard.popleft()
            self._taken += self.block

    def write(self, frame: int, samples: np.ndarray) -> int:
        """See `Duplex.write`; a block is late as a whole, and that is known at the next write."""
        self._said.append((frame, np.array(samples)))
        dropped = self._dropped
        late, self._reported = dropped - self._reported, dropped
        return late

    @property
    def device_seconds(self) -> tuple[float | None, float | None]:
        """See `Duplex.device_seconds`."""
        return self._known_seconds(self._stream.latency)

    @property
    def flags(self) -> dict[str, int]:
        """See `Duplex.flags`."""
        return {name: self._flags[name] for name in FLAGS}


FLAGS = ("input_underflows", "input_overflows", "output_underflows", "output_overflows")
