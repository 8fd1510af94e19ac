"""The engine against its deadline: hop by hop at one thread, CPU and wall seconds apart.

A hop is what the engine does at once; at 44.1 kHz it must be done within 5.8 ms, every time. The real-time
factor is CPU seconds per second of audio. Latency is declared by the engine and measured here through its dry
path (an impulse) and its wet path (a chirp's group delay).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.cases.cases import clip_audio
from benchmarks.metrics.paired import at_rate
from benchmarks.report.quality import FAILURES, notify
from benchmarks.systems.engine import fit_clip
from benchmarks.timing import distribution as timing
from stylefx.analysis.grid import grid_for

CONTENT, STYLE = "guitar_solo", "trumpet_solo"
RATES = (44_100, 48_000, 96_000, 22_050)
ITERATIONS = (0, 1, 2, 4, 8)
# Samples a call: less than a hop (most calls do nothing, some a whole hop) and more.
BLOCKS = (64, 1024)
SECONDS, QUICK_SECONDS = 8.0, 2.0
MARKER_SECONDS = 1.0


def run(quick: bool = False) -> dict[str, Any]:
    """Records of the engine's settings and of its latency."""
    return {"engine": engine_settings(quick), "latency": latencies(quick)}


def engine_settings(quick: bool) -> list[dict[str, Any]]:
    """The default, then one knob at a time: channels, rate, iterations, device."""
    settings: list[dict[str, Any]] = [{}, {"channels": 2}]
    if not quick:
        settings += [{"sample_rate": rate} for rate in RATES[1:]]
        settings += [{"sample_rate": 48_000, "channels": 2}]
        settings += [{"iterations": count} for count in ITERATIONS]
        settings += [{"block": size} for size in BLOCKS]
        settings += [{"start": "content"}, *_cuda()]
    seconds = QUICK_SECONDS if quick else SECONDS
    return [_tried(setting, seconds) for setting in settings]


def _cuda() -> list[dict[str, Any]]:
    import torch

    return [{"device": "cuda"}] if torch.cuda.is_available() else []


def _tried(setting: dict[str, Any], seconds: float) -> dict[str, Any]:
    name = ", ".join(f"{key} {value}" for key, value in setting.items()) or "default"
    try:
        record = time_hops(seconds=seconds, **setting)
    except FAILURES as error:
        record = {"error": f"{type(error).__name__}: {error}"}
    notify(f"speed, {name}: {record}")
    return {"setting": name, **record}


def time_hops(
    seconds: float,
    sample_rate: int = 44_100,
    channels: int = 1,
    device: str = "cpu",
    block: int | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Every call over ``seconds`` of music: percentiles, misses, real-time factor whole and by stage.

    ``block`` is the samples a call, a hop where it is None.
    """
    import stylefx

    audio, rate = clip_audio(CONTENT)
    mono = at_rate(audio[: int(seconds * rate)], rate, sample_rate)
    # Channels that differ, or a shortcut for equal ones would be timed.
    content = np.stack([np.roll(mono, 1000 * channel) for channel in range(channels)], axis=1)
    clip, clip_rate = clip_audio(STYLE)
    effect = stylefx.StyleTransfer(fit_clip(clip, clip_rate, seed=0).style, device=device, **settings)
    hop = block or grid_for(sample_rate).hop
    effect.prepare(sample_rate, channels, hop)
    for start in range(0, min(40 * hop, len(content) - hop), hop):
        effect.process(content[start : start + hop])
    effect.reset()
    cpu, wall = _each_hop(effect, content, hop)
    deadline = hop / sample_rate
    length = len(cpu) * deadline
    return {
        "block": hop,
        "deadline_ms": 1000 * deadline,
        "rtf": float(cpu.sum()) / length,
        "stages": {name: value / length for name, value in effect.stage_seconds.items()},
        "cpu": timing.percentiles(cpu),
        "wall": timing.percentiles(wall),
        "misses": int((wall > deadline).sum()),
        "hops": len(wall),
        "load": timing.load(),
    }


def _each_hop(effect, content: np.ndarray, hop: int) -> tuple[np.ndarray, np.ndarray]:
    cpu, wall = [], []
    for start in range(0, len(content) - hop + 1, hop):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        effect.process(content[start : start + hop])
        cpu.append(time.process_time() - cpu_before)
        wall.append(time.perf_counter() - wall_before)
    return np.array(cpu), np.array(wall)


def latencies(quick: bool) -> list[dict[str, Any]]:
    """Declared against measured latency in samples, dry and wet, at every rate."""
    return [_latency(rate) for rate in (RATES[:1] if quick else RATES)]


def _latency(sample_rate: int) -> dict[str, Any]:
    import stylefx

    clip, clip_rate = clip_audio(STYLE)
    style = fit_clip(clip, clip_rate, seed=0).style
    record: dict[str, Any] = {"sample_rate": sample_rate}
    markers: dict[str, tuple[dict[str, Any], np.ndarray]] = {
        "dry": ({"mix": 0.0}, impulse(sample_rate)),
        "wet": ({"strength": 0.0}, chirp(sample_rate)),
    }
    try:
        for path, (setting, marker) in markers.items():
            effect = stylefx.StyleTransfer(style, device="cpu", **setting)
            effect.prepare(sample_rate, 1, len(marker))
            heard = np.concatenate([effect.process(marker[:, None]).copy(), effect.flush()])[:, 0]
            record[f"{path}_measured"] = lag(marker, heard)
            record["declared"] = effect.latency_samples
    except FAILURES as error:
        record["error"] = f"{type(error).__name__}: {error}"
    return record


def impulse(sample_rate: int) -> np.ndarray:
    """Silence with one click in the middle."""
    marker = np.zeros(int(MARKER_SECONDS * sample_rate), np.float32)
    marker[len(marker) // 2] = 0.5
    return marker


def chirp(sample_rate: int) -> np.ndarray:
    """A sweep from 100 Hz to 5 kHz under a smooth envelope."""
    from scipy import signal

    time_s = np.arange(int(MARKER_SECONDS * sample_rate)) / sample_rate
    sweep = signal.chirp(time_s, 100, MARKER_SECONDS, 5000) * np.hanning(len(time_s))
    return (0.5 * sweep).astype(np.float32)


def lag(sent: np.ndarray, heard: np.ndarray) -> int:
    """By how many samples ``heard`` comes after ``sent``: the peak of their cross-correlation."""
    from scipy.signal import correlate

    return int(np.argmax(correlate(heard, sent, "full", "fft")) - (len(sent) - 1))
