"""A session: engine, device and worker, from the first look at the device to the report.

Before the first note everything slow happens: the engine is prepared, warmed up with noise and reset, the
device is opened and its rhythm listened to, the delay is announced. While playing, Python's garbage
collector rests and every library keeps to one thread.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager

import numpy as np

from stylefx import interruption
from stylefx.errors import StylefxError
from stylefx.live.io.duplex import Duplex
from stylefx.live.monitor.latency import latency_of
from stylefx.live.monitor.meters import RING_FRAMES, Meters
from stylefx.live.monitor.report import Report
from stylefx.live.observer import Playing, SessionObserver
from stylefx.live.quality import QualityGovernor
from stylefx.live.scheduler import engine_channels
from stylefx.live.worker import Engine, Worker

# Enough for every stage to have run with full buffers, and for the processor to have woken up.
WARM_UP_SECONDS = 0.5
# -20 dB of noise: loud enough that no stage takes its way for silence.
WARM_UP_LEVEL = 0.1
# More of a block's duration than this is too much for its work: other programs need some, and some hops take longer.
SAFE_LOAD = 0.75
# No one can play with more delay than this; the offline methods need seconds.
MAX_LATENCY_SECONDS = 0.5
# How often the waiting main thread looks up: for Ctrl-C, to tell what was late, for its observers.
LOOK_UP_SECONDS = 0.08
# The lowest of the real-time priorities: above every ordinary program, below the sound server's own threads.
REAL_TIME_PRIORITY = 1
# A thread that has something to do waits at most so long for another one's Python code; the usual 5 ms are a block.
SWITCH_SECONDS = 0.0005


class Bypass:
    """An engine that changes nothing and delays nothing: what is left is the delay of device and worker."""

    latency_samples = 0

    def prepare(self, sample_rate: int, channels: int, max_block: int) -> None:
        """Nothing to allocate."""

    def process(self, block: np.ndarray) -> np.ndarray:
        """The block itself."""
        return block

    def reset(self) -> None:
        """Nothing to forget."""


def play(
    engine: Engine,
    duplex: Duplex,
    stop: threading.Event,
    notify: Callable[[str], None],
    seconds: float | None = None,
    observers: Sequence[SessionObserver] = (),
) -> Report:
    """Play ``engine`` through ``duplex`` until ``stop`` is set, the input ends or ``seconds`` have passed.

    Parameters
    ----------
    engine : Engine
        A `stylefx.StyleTransfer`, `Bypass`, or anything like them.
    duplex : Duplex
        Neither opened nor begun; it is closed at the end, whatever happens.
    stop : threading.Event
        Set it to end.
    notify : callable
        Gets what the musician should read while it happens.
    seconds : float or None
        Stop after so much input.
    observers : sequence of SessionObserver
        Called by this thread while the worker plays.
    """
    with duplex, calm():
        channels = engine_channels(duplex)
        engine.prepare(duplex.sample_rate, channels, duplex.block)
        check_latency(engine.latency_samples / duplex.sample_rate)
        governor = QualityGovernor(engine)
        settle(engine, governor, duplex.sample_rate, channels, duplex.block, notify, stop)
        duplex.open(engine.latency_samples)
        latency = latency_of(duplex, engine.latency_samples)
        notify(f"{duplex.name}: {duplex.sample_rate} Hz, {channels} channels, blocks of {duplex.block}")
        notify(str(latency))
        ring_seconds = max((observer.ring_seconds for observer in observers), default=0.0)
        ring_frames = max(RING_FRAMES, duplex.block, round(ring_seconds * duplex.sample_rate))
        meters = Meters(duplex.sample_rate, max(duplex.block, duplex.hop), channels, ring_frames)
        frames = None if seconds is None else round(seconds * duplex.sample_rate)
        most_iterations = getattr(engine, "iterations", None) or 0
        worker = Worker(engine, duplex, meters, frames, governor)
        playing = Playing(
            duplex.name, duplex.sample_rate, channels, duplex.block, latency, engine, meters, governor
        )
        with ExitStack() as stack:
            for observer in observers:
                stack.enter_context(observer).begin(playing)
            duplex.begin()
            notify("playing, Ctrl-C ends")
            with real_time_priority() as real_time:
                ended = _run(worker, stop, notify, observers)
        flags = duplex.flags
    return Report(
        name=duplex.name,
        ended=ended,
        sample_rate=duplex.sample_rate,
        channels=channels,
        block=duplex.block,
        latency=latency,
        meters=meters,
        flags=flags,
        real_time=real_time,
        iterations=most_iterations,
        lowest_iterations=governor.lowest_iterations,
        economised=governor.economised,
    )


def check_latency(seconds: float) -> None:
    """Refuse an engine whose delay is too long to play with."""
    if seconds > MAX_LATENCY_SECONDS:
        raise StylefxError(
            f"this style's method answers after {seconds:.1f} s, too late to play with: fit the clip again with "
            "the default method, or use 'stylefx render'"
        )


def warm_up(
    engine: Engine, sample_rate: int, channels: int, block: int, stop: threading.Event | None = None
) -> float:
    """Run noise through a prepared engine until it is warm or ``stop`` is set, then reset it.

    Returns the median part of a block's duration that a block took.
    """
    noise, seconds = np.random.default_rng(0), []
    for _ in range(1 + round(WARM_UP_SECONDS * sample_rate) // block):
        if stop is not None and stop.is_set():
            break
        interruption.check()
        samples = (WARM_UP_LEVEL * noise.standard_normal((block, channels))).astype(np.float32)
        began = time.perf_counter()
        engine.process(samples)
        seconds.append(time.perf_counter() - began)
    engine.reset()
    return statistics.median(seconds) * sample_rate / block if seconds else 0.0


def settle(
    engine: Engine,
    governor: QualityGovernor,
    sample_rate: int,
    channels: int,
    block: int,
    notify: Callable[[str], None],
    stop: threading.Event | None = None,
) -> None:
    """Warm up, and begin with less quality where this machine would not keep up; say so, and where even that is
    too much."""
    load = warm_up(engine, sample_rate, channels, block, stop)
    if load > SAFE_LOAD and not governor.at_lowest:
        governor.start_at_lowest()
        least = warm_up(engine, sample_rate, channels, block, stop)
        notify(
            f"slow: the whole engine takes {load:.0%} of a block's time on this machine, so less is done in each hop "
            f"({least:.0%})"
        )
        load = least
    if load > SAFE_LOAD:
        notify(
            f"too slow: a block of {block} takes {load:.0%} of its own time, and where it is late the dry sound is "
            "heard: close other programs, or let 'stylefx live --tune' look for a longer block"
        )


def _run(
    worker: Worker, stop: threading.Event, notify: Callable[[str], None], observers: Sequence[SessionObserver]
) -> str:
    """Let the worker play in its thread, tell what is late, return why it ended or raise its error."""
    with ThreadPoolExecutor(1, thread_name_prefix="stylefx-worker") as pool:
        playing = pool.submit(worker.run, stop)
        late = 0
        try:
            while not playing.done():
                wait([playing], timeout=LOOK_UP_SECONDS)
                late = _notify_late(worker.meters, late, notify)
                for observer in observers:
                    observer.poll()
        finally:
            stop.set()
        return playing.result()


def _notify_late(meters: Meters, reported: int, notify: Callable[[str], None]) -> int:
    late = meters.late
    if late > reported:
        notify(f"late: {late - reported} blocks ({late} of {meters.blocks})")
    return late


@contextmanager
def real_time_priority() -> Iterator[bool]:
    """Run before programs that are only busy, where the system allows it (on Linux: rtprio); whether it does.

    Both threads do: one that is preempted while it holds Python's lock would hold up the worker.
    """
    if not hasattr(os, "sched_setscheduler"):
        yield False
        return
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, *before)


@contextmanager
def calm() -> Iterator[None]:
    """No garbage collection, and one thread for BLAS and torch: more of them only wait for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)
        collecting = gc.isenabled()
        gc.collect()
        gc.freeze()
        gc.disable()
        switching = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            yield
        finally:
            sys.setswitchinterval(switching)
            gc.unfreeze()
            if collecting:
                gc.enable()
