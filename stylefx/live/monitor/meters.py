"""What happened while playing: counts, peaks and the engine's load, in memory that does not grow."""

from __future__ import annotations

import numpy as np

from stylefx.ring import Ring

# The load histogram's resolution and end, in percent; the maximum is kept exactly.
LOAD_STEP_PERCENT = 0.1
LOAD_END_PERCENT = 1000.0
# Sound kept for observers, in frames: a spectrum, and what arrives between two polls.
RING_FRAMES = 16_384


class Meters:
    """Counted by the worker, read by anyone; every number only grows.

    Parameters
    ----------
    sample_rate : int
        Of the stream.
    load_frames : int
        How much sound one load is the load of: a block, or the blocks that make a hop.
    channels : int
        Of the stream.
    ring_frames : int
        How much of the input and of the output is kept for observers.

    Attributes
    ----------
    blocks : int
        Blocks taken from the input.
    late : int
        Blocks whose wet sound was not ready in time, so that the dry one was played, or nothing.
    stalls : int
        How often a row of late blocks began.
    drops : int
        How often the engine left out input to come back to the present.
    lost_frames : int
        Frames that were not played at all.
    bad_input, bad_output : int
        Samples that were NaN or infinite, and replaced by silence.
    peak_in, peak_out : float
        Largest absolute sample.
    total_worked_seconds, total_worked_frames : float, int
        Time that the engine took, and for how much sound.
    input, output : Ring
        The newest input and output.
    """

    def __init__(self, sample_rate: int, load_frames: int, channels: int = 1, ring_frames: int = RING_FRAMES):
        self._sample_rate, self._load_frames = sample_rate, load_frames
        self._worked_seconds, self._worked_frames = 0.0, 0
        self.blocks = self.late = self.stalls = self.drops = self.lost_frames = 0
        self.bad_input = self.bad_output = 0
        self.peak_in = self.peak_out = 0.0
        self.most_load_percent = 0.0
        self.total_worked_seconds, self.total_worked_frames = 0.0, 0
        self.input, self.output = Ring((ring_frames, channels)), Ring((ring_frames, channels))
        self._loads = np.zeros(round(LOAD_END_PERCENT / LOAD_STEP_PERCENT) + 1, np.int64)

    def count_work(self, seconds: float, frames: int) -> None:
        """Note that the engine worked for ``seconds`` on ``frames`` frames."""
        self.total_worked_seconds += seconds
        self.total_worked_frames += frames
        self._worked_seconds += seconds
        self._worked_frames += frames
        if self._worked_frames < self._load_frames:
            return
        percent = 100 * self._worked_seconds * self._sample_rate / self._worked_frames
        self._worked_seconds, self._worked_frames = 0.0, 0
        self.most_load_percent = max(self.most_load_percent, percent)
        self._loads[min(int(percent / LOAD_STEP_PERCENT), len(self._loads) - 1)] += 1

    def load_percentile(self, percent: float) -> float:
        """The load that ``percent`` of them stayed below, in percent of the sound's own duration."""
        counted = np.cumsum(self._loads)
        if counted[-1] == 0:
            return 0.0
        place = int(np.searchsorted(counted, percent / 100 * counted[-1]))
        return min((place + 1) * LOAD_STEP_PERCENT, self.most_load_percent)

    def count_sound(self, input: np.ndarray, output: np.ndarray) -> None:
        """Note an input and an output block: their peaks, and for a while their samples."""
        self.input.write(input)
        self.output.write(output)
        self.peak_in = max(self.peak_in, float(np.abs(input).max(initial=0.0)))
        self.peak_out = max(self.peak_out, float(np.abs(output).max(initial=0.0)))
