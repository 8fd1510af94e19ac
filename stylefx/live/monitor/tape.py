"""A tape loop: the newest samples of a stream, for observers to read while it plays.

The worker writes, others read, and no one waits: a reader copies samples that lie behind the
writer. It has to keep away from the oldest ones, over which the next block is being written.
"""

from __future__ import annotations

import numpy as np


class Tape:
    """Holds the newest ``frames`` frames of a stream with ``channels`` channels.

    Attributes
    ----------
    channels : int
        As given.
    written : int
        Frames written since the start.
    """

    def __init__(self, channels: int, frames: int):
        self._samples = np.empty((frames, channels), np.float32)
        self._samples.fill(
            0
        )  # touched here, so that the system hands out the memory now and not while playing
        self.channels, self.written = channels, 0

    def __len__(self) -> int:
        return len(self._samples)

    def write(self, block: np.ndarray) -> None:
        """Append ``block`` (frames, channels), not longer than the tape."""
        place = self.written % len(self._samples)
        before_end = min(len(block), len(self._samples) - place)
        self._samples[place : place + before_end] = block[:before_end]
        self._samples[: len(block) - before_end] = block[before_end:]
        self.written += len(block)

    def newest(self, frames: int) -> np.ndarray:
        """A copy of the newest frames (frames, channels), silence before the beginning; at most the tape's length."""
        stop = self.written % len(self._samples)
        if frames <= stop:
            return self._samples[stop - frames : stop].copy()
        return np.concatenate([self._samples[stop - frames :], self._samples[:stop]])
