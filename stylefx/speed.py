"""How fast the engine runs on this machine: the time of every hop, stage by stage, against its deadline.

A hop of 256 samples at 44.1 kHz must be done within 5.8 ms, every time; so the numbers are the median, the
99th percentile and the maximum over single hops, never a mean alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stylefx.analysis.grid import grid_for
from stylefx.style import Style

if TYPE_CHECKING:
    from stylefx.transfer import StyleTransfer

# A hop may take this part of its deadline at the 99th percentile; the rest is for the system and the card.
SAFE_LOAD = 0.7
ITERATIONS = (0, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Times:
    """Milliseconds a hop: median, 99th percentile, maximum."""

    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Speed:
    """One measurement: the whole hop and each stage, against the deadline."""

    iterations: int | None
    deadline_ms: float
    hop: Times
    stages: dict[str, Times]

    @property
    def keeps_up(self) -> bool:
        """Whether 99 of 100 hops take at most 70 % of the time there is."""
        return self.hop.p99_ms <= SAFE_LOAD * self.deadline_ms


def measure(
    style: Style,
    audio: np.ndarray,
    sample_rate: int,
    *,
    iterations: int | None = None,
    device: str = "auto",
) -> Speed:
    """Play ``audio``, float32 (frames, channels), hop by hop, and time every hop and stage."""
    from stylefx.transfer import StyleTransfer

    hop = grid_for(sample_rate).hop
    fx = StyleTransfer(style, iterations=iterations, device=device)
    fx.prepare(sample_rate, audio.shape[1], hop)
    fx.process(audio[:hop])  # compiles and touches every buffer
    fx.reset()
    whole, stages = _time_hops(fx, audio, hop)
    return Speed(
        iterations=iterations,
        deadline_ms=1000 * hop / sample_rate,
        hop=_times(whole),
        stages={name: _times(seconds) for name, seconds in stages.items()},
    )


def largest_setting(style: Style, audio: np.ndarray, sample_rate: int, device: str = "auto") -> Speed | None:
    """The measurement with the most iterations a hop that still keeps up; None if not even the fewest do."""
    best = None
    for iterations in ITERATIONS:
        speed = measure(style, audio, sample_rate, iterations=iterations, device=device)
        if not speed.keeps_up:
            break
        best = speed
    return best


def _time_hops(fx: StyleTransfer, audio: np.ndarray, hop: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Seconds of each hop, whole and by stage: differences of the stages' running clocks."""
    whole, clocks = [], []
    for start in range(0, len(audio) - hop + 1, hop):
        before = time.perf_counter()
        fx.process(audio[start : start + hop])
        whole.append(time.perf_counter() - before)
        clocks.append(dict(fx.stage_seconds))
    stages = {name: np.diff([clock[name] for clock in clocks], prepend=0.0) for name in clocks[-1]}
    return np.array(whole), stages


def _times(seconds: np.ndarray) -> Times:
    p50, p99, worst = 1000 * np.percentile(seconds, [50, 99, 100])
    return Times(float(p50), float(p99), float(worst))
