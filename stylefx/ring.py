"""The ring buffer, which holds the newest frames of a stream, and the queue that is made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike


class Ring:
    """The newest frames of a stream, each at the place that its number gives.

    One thread writes, others may read, and none waits: a reader copies frames that lie behind the writer. It has to
    keep away from the oldest ones, over which the next block is being written.

    Parameters
    ----------
    shape : tuple of int
        (frames, ...), as an array of what it holds.
    dtype
        Of a frame's values.

    Attributes
    ----------
    written : int
        Frames that `write` has appended since the start.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike = np.float32):
        self._frames = np.empty(shape, dtype)
        # Touched here, so that the system hands out the memory now and not while playing.
        self._frames.fill(0)
        self.written = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Of one frame."""
        return self._frames.shape[1:]

    def reset(self) -> None:
        """All frames 0, none written."""
        self._frames[:] = 0
        self.written = 0

    def write(self, block: np.ndarray) -> None:
        """Append ``block`` (frames, ...), not longer than the ring."""
        self.put(self.written, block)
        self.written += len(block)

    def newest(self, frames: int) -> np.ndarray:
        """A copy of the newest frames (frames, ...), 0 before the beginning; at most the ring's length."""
        newest = np.empty((frames, *self.frame_shape), self._frames.dtype)
        self.get(self.written - frames, newest)
        return newest

    def put(self, number: int, block: np.ndarray) -> None:
        """Write ``block`` from frame ``number`` on."""
        place, first = self._places(number, len(block))
        self._frames[place : place + first] = block[:first]
        self._frames[: len(block) - first] = block[first:]

    def get(self, number: int, target: np.ndarray) -> None:
        """Read into ``target`` from frame ``number`` on."""
        place, first = self._places(number, len(target))
        target[:first] = self._frames[place : place + first]
        target[first:] = self._frames[: len(target) - first]

    def clear(self, number: int, count: int) -> None:
        """Set ``count`` frames from ``number`` on to 0."""
        place, first = self._places(number, count)
        self._frames[place : place + first] = 0
        self._frames[: count - first] = 0

    def _places(self, number: int, count: int) -> tuple[int, int]:
        """Where a frame is, and how many of ``count`` lie there before the ring begins again."""
        place = number % len(self)
        return place, min(count, len(self) - place)


class Fifo:
    """First in, first out, for samples float32 (frames, channels); grows only when more than ever is waiting."""

    def __init__(self, channels: int, capacity: int):
        self._ring = Ring((capacity, channels))
        self._taken = 0

    def __len__(self) -> int:
        return self._ring.written - self._taken

    def fill(self, silence: int) -> None:
        """Empty it, then put ``silence`` samples of silence."""
        self._taken = self._ring.written
        self.put(np.zeros((silence, *self._ring.frame_shape), np.float32))

    def put(self, samples: np.ndarray) -> None:
        """Append ``samples`` (frames, channels)."""
        if len(self) + len(samples) > len(self._ring):
            self._grow(len(self) + len(samples))
        self._ring.write(samples)

    def _grow(self, capacity: int) -> None:
        waiting = self.peek(0, len(self))
        self._ring = Ring((2 * capacity, *self._ring.frame_shape))
        self._ring.write(waiting)
        self._taken = 0

    def peek(self, start: int, count: int) -> np.ndarray:
        """A copy of ``count`` samples, the oldest but ``start`` first."""
        samples = np.empty((count, *self._ring.frame_shape), np.float32)
        self._ring.get(self._taken + start, samples)
        return samples

    def take(self, count: int) -> np.ndarray:
        """Remove and return the oldest ``count`` samples."""
        taken = self.peek(0, count)
        self._taken += count
        return taken
