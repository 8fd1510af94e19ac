"""What there is to see while it plays: peaks with hold, load, a small spectrum, as one snapshot a look.

A look reads the worker's counters and copies some thousand samples off its tapes. It takes no lock but Python's own,
and that for 0.2 ms.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable

import numpy as np

from stylefx.live.observer import Playing
from stylefx.live.screen.snapshot import FLOOR_DB, SPECTRUM_HIGH_HZ, SPECTRUM_LOW_HZ, Level, Snapshot
from stylefx.ring import Ring

# A peak is held for this time. The bar falls as fast as studio meters do (IEC 60268-10, type I: 20 dB in 1.5 s).
HOLD_SECONDS = 1.5
FALL_DB_PER_SECOND = 13.3
# The mean load is that of the last seconds, so that it shows what changed.
MEAN_SECONDS = 3.0
SPECTRUM_FRAMES, BANDS = 4096, 80
SILENT = 10 ** (FLOOR_DB / 20)


class Watch:
    """Looks at ``playing``."""

    def __init__(self, playing: Playing):
        self._playing = playing
        self._meters = playing.meters
        self._device = f"{playing.name}, {playing.sample_rate} Hz, blocks of {playing.block}"
        self._delay_ms = playing.latency.milliseconds(playing.latency.samples)
        self._input, self._output = PeakMeter(self._meters.input), PeakMeter(self._meters.output)
        self._spectrum = Spectrum(self._meters.output, playing.sample_rate)
        self._loads: deque[tuple[float, float, int]] = deque()

    def look(self, status: Iterable[tuple[str, str]] = (), said: Iterable[str] = ()) -> Snapshot:
        """What is to be seen now."""
        meters, now = self._meters, time.perf_counter()
        return Snapshot(
            device=self._device,
            seconds=meters.blocks * self._playing.block / self._playing.sample_rate,
            input=self._input.look(now),
            output=self._output.look(now),
            mean_load=self._mean_load(now),
            worst_load=meters.most_load_percent,
            blocks=meters.blocks,
            late=meters.late,
            lost_frames=meters.lost_frames,
            delay_ms=self._delay_ms,
            spectrum_db=tuple(self._spectrum.look(now).astype(int).tolist()),
            status=tuple(status),
            said=tuple(said),
        )

    def _mean_load(self, now: float) -> float:
        meters = self._meters
        self._loads.append((now, meters.total_worked_seconds, meters.total_worked_frames))
        while now - self._loads[0][0] > MEAN_SECONDS:
            self._loads.popleft()
        _, seconds, frames = self._loads[0]
        frames = meters.total_worked_frames - frames
        worked = meters.total_worked_seconds - seconds
        return 100 * worked * self._playing.sample_rate / frames if frames else 0.0


class PeakMeter:
    """The peak of what ``ring`` got since the last look, falling slowly, and its maximum for a while."""

    def __init__(self, ring: Ring):
        self._ring = ring
        self._seen = ring.written
        self._at = self._held_at = 0.0
        self._now_db = self._hold_db = FLOOR_DB
        self._clipped = False

    def look(self, now: float) -> Level:
        """The reading at ``now``, in seconds of any clock."""
        written = self._ring.written
        new, self._seen = min(written - self._seen, len(self._ring)), written
        samples = self._ring.newest(new)
        peak = float(max(samples.max(initial=0.0), -samples.min(initial=0.0)))
        self._clipped |= peak >= 1.0
        fallen = self._now_db - FALL_DB_PER_SECOND * (now - self._at)
        self._at = now
        self._now_db = max(decibels(peak), fallen)
        if self._now_db >= self._hold_db or now - self._held_at > HOLD_SECONDS:
            self._hold_db, self._held_at = self._now_db, now
        return Level(self._now_db, self._hold_db, self._clipped)


class Spectrum:
    """The newest sound on ``ring`` in logarithmic bands, falling slowly."""

    def __init__(self, ring: Ring, sample_rate: int):
        self._ring = ring
        bin_hz = sample_rate / SPECTRUM_FRAMES
        edges_hz = np.geomspace(SPECTRUM_LOW_HZ, min(SPECTRUM_HIGH_HZ, 0.45 * sample_rate), BANDS + 1)
        self._first_bins = np.round(edges_hz[:-1] / bin_hz).astype(int)
        self._bins = round(edges_hz[-1] / bin_hz) + 1
        # A sine of full scale reads 0 dB.
        self._window = np.hanning(SPECTRUM_FRAMES).astype(np.float32) * np.float32(4 / SPECTRUM_FRAMES)
        self._mean = np.full(ring.frame_shape, 1 / ring.frame_shape[0], np.float32)
        self._bands_db = np.full(BANDS, FLOOR_DB)
        self._at = 0.0

    def look(self, now: float) -> np.ndarray:
        """Level of each band in dB, the lowest first."""
        samples = self._ring.newest(SPECTRUM_FRAMES) @ self._mean
        magnitude = np.abs(np.fft.rfft(samples * self._window)[: self._bins])
        new = 20 * np.log10(np.maximum.reduceat(magnitude, self._first_bins) + SILENT)
        fallen = self._bands_db - FALL_DB_PER_SECOND * (now - self._at)
        self._at = now
        self._bands_db = np.maximum(new, fallen)
        return self._bands_db


def decibels(level: float) -> float:
    """Of full scale, not below the floor."""
    return max(FLOOR_DB, 20 * math.log10(level)) if level > 0 else FLOOR_DB
