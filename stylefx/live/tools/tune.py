"""Tuning: the shortest block with which this machine keeps up, found in half a minute.

The engine's work on every hop of a real recording is timed at the priority that it plays at, and how late an idle
thread wakes up. A block is safe when 99.9 % of its work, begun that late, ends within a part of the block's own
duration that leaves room for other programs. Blocks longer than a hop have the work of several, so that a hitch
is shared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylefx.engine.transfer import StyleTransfer
from stylefx.live.session import calm, check_latency, real_time_priority, warm_up

# Time for each setting: some two thousand hops, so that one in a thousand is seen.
MEASURE_SECONDS = 4.0
LISTEN_SECONDS = 3.0
NAP_SECONDS = 0.001
# A rest after each hop, in parts of its work: Linux puts a real-time thread aside that takes 95 % of a second.
REST_RATIO = 0.25
# Part of a block's duration that its work may take.
SAFE_RATIO = 0.7
RARE_PERCENT = 99.9
LONGEST_BLOCK = 8192


@dataclass(frozen=True)
class Timing:
    """The work of one setting: seconds for every hop, and what follows for blocks."""

    latency: str
    iterations: int
    sample_rate: int
    hop: int
    engine_samples: int
    hop_seconds: np.ndarray
    wake_seconds: float

    def needed_seconds(self, block: int) -> float:
        """How long a block takes, but for one in a thousand."""
        hops = block // self.hop
        work = np.convolve(self.hop_seconds, np.ones(hops), "valid") if hops > 1 else self.hop_seconds
        return self.wake_seconds + float(np.percentile(work, RARE_PERCENT))

    def is_safe(self, block: int) -> bool:
        """Whether that leaves a margin."""
        return self.needed_seconds(block) <= SAFE_RATIO * block / self.sample_rate

    @property
    def smallest_block(self) -> int | None:
        """The shortest safe block; None if there is none."""
        blocks = (self.hop << k for k in range(16))
        return next((block for block in blocks if block <= LONGEST_BLOCK and self.is_safe(block)), None)

    @property
    def load_percent(self) -> float:
        """Work in percent of the sound's duration."""
        return 100 * float(np.median(self.hop_seconds)) * self.sample_rate / self.hop

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        block = self.smallest_block
        deadline_frames = block or LONGEST_BLOCK
        return {
            "latency": self.latency,
            "iterations": self.iterations,
            "load_percent": round(self.load_percent, 1),
            "hops": len(self.hop_seconds),
            "hop_p50_ms": round(1000 * float(np.median(self.hop_seconds)), 3),
            "block": block,
            "block_p99.9_ms": round(1000 * self.needed_seconds(deadline_frames), 2),
            "deadline_ms": round(1000 * deadline_frames / self.sample_rate, 2),
            "delay_ms": None
            if block is None
            else round(1000 * self.delay_samples(block) / self.sample_rate, 1),
        }

    def delay_samples(self, block: int) -> int:
        """Of engine and worker."""
        return self.engine_samples + block


@dataclass(frozen=True)
class Tuning:
    """What was measured, and which of it to play with; None if nothing keeps up."""

    timings: tuple[Timing, ...]
    chosen: Timing | None
    block: int


def tune(
    engine_for: Callable[[str], tuple[StyleTransfer, int]],
    latencies: Sequence[str],
    audio: np.ndarray,
    sample_rate: int,
    notify: Callable[[str], None],
) -> Tuning:
    """Measure and choose.

    Parameters
    ----------
    engine_for : callable
        Makes an engine for a latency profile, and tells its hop.
    latencies : sequence of str
        Profiles to measure; the first is the one to choose for.
    audio : array, (frames, channels)
        A recording to work on.
    sample_rate : int
        The rate to play at.
    notify : callable
        Gets what is being measured.
    """
    timings: list[Timing] = []
    with calm(), real_time_priority():
        wake = _wake_seconds()
        for latency in latencies:
            engine, hop = engine_for(latency)
            # More iterations than the style's own are more work and no better; without any there is less.
            fewer = [0] if engine.iterations and latency == latencies[0] else []
            for iterations in [*fewer, engine.iterations]:
                engine.iterations = iterations
                hop_seconds = _work_seconds(engine, hop, audio, sample_rate)
                timings.append(
                    Timing(latency, iterations, sample_rate, hop, engine.latency_samples, hop_seconds, wake)
                )
                notify(_sentence(timings[-1]))
    return Tuning(tuple(timings), *_choose([t for t in timings if t.latency == latencies[0]]))


def _choose(timings: list[Timing]) -> tuple[Timing | None, int]:
    """The shortest block that is safe with the style's own iterations, the last of ``timings``, or else with fewer."""
    usual = [timing for timing in timings if timing.smallest_block is not None]
    return (usual[-1], usual[-1].smallest_block or 0) if usual else (None, 0)


def _work_seconds(engine: StyleTransfer, hop: int, audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Time every hop of ``audio``, over and over for a while."""
    engine.prepare(sample_rate, audio.shape[1], hop)
    check_latency(engine.latency_samples / sample_rate)
    warm_up(engine, sample_rate, audio.shape[1], hop)
    blocks = [np.ascontiguousarray(audio[k : k + hop]) for k in range(0, len(audio) - hop + 1, hop)]
    seconds: list[float] = []
    last = began = time.perf_counter()
    while last < began + MEASURE_SECONDS:
        engine.process(blocks[len(seconds) % len(blocks)])
        seconds.append(time.perf_counter() - last)
        time.sleep(REST_RATIO * seconds[-1])
        last = time.perf_counter()
    return np.array(seconds)


def _wake_seconds() -> float:
    """How late a thread wakes up, but for one time in a thousand."""
    late = []
    end = time.perf_counter() + LISTEN_SECONDS
    while (before := time.perf_counter()) < end:
        time.sleep(NAP_SECONDS)
        late.append(time.perf_counter() - before - NAP_SECONDS)
    return float(np.percentile(late, RARE_PERCENT))


def _sentence(timing: Timing) -> str:
    found = timing.as_dict()
    kept = "keeps up with no block" if found["block"] is None else f"safe from blocks of {found['block']} on"
    return (
        f"  {timing.latency}, {timing.iterations} iterations: {found['load_percent']:.0f} % of the sound's time; "
        f"{kept} ({found['block_p99.9_ms']:.1f} ms of {found['deadline_ms']:.1f} but for one block in a thousand)"
    )
