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
from stylefx.style.style import Style

if TYPE_CHECKING:
    from stylefx.engine.transfer import StyleTransfer

# Part of the time there is that the engine may use; the rest is for the system and the sound card.
SAFE_LOAD = 0.7
# How late a hop may be done and still be in time, about a block of 1024: live keeps that much in its rings.
RESERVE_MS = 23.0
ITERATIONS = (0, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Times:
    """Milliseconds a hop: median, 99th percentile, maximum."""

    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Speed:
    """One measurement: the whole hop and each stage against the deadline.

    ``load`` is CPU time over the time there is. ``lateness`` is how long after its last sample came in a hop would
    be done if the hops came at the real clock: a slow one delays those behind it.
    """

    iterations: int | None
    deadline_ms: float
    load: float
    lateness: Times
    hop: Times
    stages: dict[str, Times]

    @property
    def keeps_up(self) -> bool:
        """Whether load and lateness leave room: at most 70 %, and 99 of 100 hops within the reserve."""
        return self.load <= SAFE_LOAD and self.lateness.p99_ms <= RESERVE_MS


def measure(
    style: Style,
    audio: np.ndarray,
    sample_rate: int,
    *,
    iterations: int | None = None,
    device: str = "auto",
) -> Speed:
    """Play ``audio``, float32 (frames, channels), hop by hop, and time every hop and stage."""
    from stylefx.engine.transfer import StyleTransfer

    hop = grid_for(sample_rate).hop
    fx = StyleTransfer(style, iterations=iterations, device=device)
    fx.prepare(sample_rate, audio.shape[1], hop)
    fx.process(audio[:hop])  # compiles and touches every buffer
    fx.reset()
    cpu = time.thread_time()
    whole, stages = _time_hops(fx, audio, hop)
    cpu = time.thread_time() - cpu
    return Speed(
        iterations=iterations,
        deadline_ms=1000 * hop / sample_rate,
        load=cpu * sample_rate / len(audio),
        lateness=_times(_lateness(whole, hop / sample_rate)),
        hop=_times(whole),
        stages={name: _times(seconds) for name, seconds in stages.items()},
    )


def largest_setting(style: Style, audio: np.ndarray, sample_rate: int, device: str = "auto") -> Speed | None:
    """The measurement with the most iterations per hop that still keeps up; None if not even the fewest do."""
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


def _lateness(seconds: np.ndarray, deadline: float) -> np.ndarray:
    """Seconds from each hop's arrival until it is done, arrivals one deadline apart (Lindley's recursion)."""
    late = np.empty_like(seconds)
    waiting = 0.0
    for index, taken in enumerate(seconds):
        late[index] = waiting + taken
        waiting = max(0.0, late[index] - deadline)
    return late


def _times(seconds: np.ndarray) -> Times:
    p50, p99, worst = 1000 * np.percentile(seconds, [50, 99, 100])
    return Times(float(p50), float(p99), float(worst))
