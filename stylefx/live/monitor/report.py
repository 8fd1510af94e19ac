"""What `live` says at the end: how much was played, what was late or lost, how long it took."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from stylefx.live.monitor.latency import Latency
from stylefx.live.monitor.meters import Meters

# Silence has no level in decibels; this stands for it.
SILENT_DB = -200.0


@dataclass(frozen=True)
class Report:
    """One session.

    ``ended`` is why it ended, ``flags`` the driver's over- and underruns, ``real_time`` whether the system let the
    worker run before other programs.
    """

    name: str
    ended: str
    sample_rate: int
    channels: int
    block: int
    latency: Latency
    meters: Meters
    flags: dict[str, int]
    real_time: bool
    iterations: int
    lowest_iterations: int
    economised: bool = False

    @property
    def seconds(self) -> float:
        """Sound played."""
        return self.meters.blocks * self.block / self.sample_rate

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        meters = self.meters
        return {
            "device": self.name,
            "ended": self.ended,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "block": self.block,
            "seconds": round(self.seconds, 3),
            "blocks": meters.blocks,
            "late": meters.late,
            "stalls": meters.stalls,
            "drops": meters.drops,
            "lost_frames": meters.lost_frames,
            "xruns": self.flags,
            "bad_input": meters.bad_input,
            "bad_output": meters.bad_output,
            "peak_in_db": round(_decibels(meters.peak_in), 2),
            "peak_out_db": round(_decibels(meters.peak_out), 2),
            "latency": self.latency.as_dict(),
            "load_percent": {
                "p50": round(meters.load_percentile(50), 1),
                "p99": round(meters.load_percentile(99), 1),
                "max": round(meters.most_load_percent, 1),
            },
            "real_time": self.real_time,
            "iterations": self.iterations,
            "lowest_iterations": self.lowest_iterations,
            "economised": self.economised,
        }

    def __str__(self) -> str:
        meters = self.meters
        lines = [
            f"{self.ended} after {self.seconds:.1f} s, {meters.blocks} blocks of {self.block}",
            f"  late      {meters.late} blocks in {meters.stalls} stalls",
            f"  lost      {meters.lost_frames} samples",
            f"  xruns     {sum(self.flags.values())} reported by the driver",
            f"  peak      in {_level(meters.peak_in)}, out {_level(meters.peak_out)}",
            f"  CPU       {meters.load_percentile(50):.0f} % of the sound's time, 99th percentile "
            f"{meters.load_percentile(99):.0f} %, at most {meters.most_load_percent:.0f} %",
            f"  delay     {self.latency.milliseconds(self.latency.samples):.1f} ms",
        ]
        if meters.bad_input or meters.bad_output:
            lines.append(f"  not a number: {meters.bad_input} samples in, {meters.bad_output} out, silenced")
        if meters.late and not self.real_time:
            lines.append(
                "  the system gave no real-time priority (Linux: put your user into the group 'audio')"
            )
        if self.lowest_iterations < self.iterations:
            lines.append(f"  iterations as low as {self.lowest_iterations} a hop to keep up")
        if self.economised:
            lines.append("  less was done in each hop for a while, to keep up")
        return "\n".join(lines)


def _decibels(level: float) -> float:
    return 20 * math.log10(level) if level > 0 else SILENT_DB


def _level(level: float) -> str:
    return f"{_decibels(level):.1f} dB" if level > 0 else "silent"
