"""What grows with what: fit with the clip, render with the content (a line must fit); what a process needs.

Also the published method's price: one loss and gradient through the closed form against the sampled network,
and its whole 10 s, 300-iteration job.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks.cases.cases import clip_audio
from benchmarks.report.quality import FAILURES, notify
from benchmarks.report.store import CACHE, ROOT
from benchmarks.systems.baselines.ulyanov_published import ITERATIONS, learn_published, ulyanov_published
from benchmarks.timing import distribution as timing
from benchmarks.timing.speed import CONTENT, STYLE

CLIP_SECONDS = (1.0, 2.5, 5.0, 10.0, 20.0)
CONTENT_SECONDS = (5.0, 10.0, 20.0, 40.0)
QUALITIES = ("draft", "normal", "best")
SAMPLED_FILTERS = (512, 4096)
BINS, WIDTH, FRAMES = 1025, 11, 431  # 10 s at 22.05 kHz, hop 512


def run(quick: bool = False) -> dict[str, Any]:
    """Fits, renders, processes and the published method's loss."""
    parts = {
        "fit": fits,
        "render": renders,
        "process": processes,
        "published": published_losses,
        "published_job": published_job,
    }
    found = {}
    for name in ("fit", "process") if quick else parts:
        try:
            found[name] = parts[name](quick)
        except FAILURES as error:
            found[name] = {"error": f"{type(error).__name__}: {error}"}
        notify(f"scaling, {name}: {found[name]}")
    return found


def stretch(audio: np.ndarray, sample_rate: int, seconds: float) -> np.ndarray:
    """The clip repeated or cut to a length."""
    return np.resize(audio, int(seconds * sample_rate))


def fits(quick: bool) -> dict[str, Any]:
    """CPU seconds and file size of ``fit`` against clip length, and by quality."""
    import stylefx

    audio, rate = clip_audio(STYLE)
    path = CACHE / "scaling.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    jobs = [("draft", 5.0)] if quick else [("normal", seconds) for seconds in CLIP_SECONDS]
    jobs += [] if quick else [(quality, 10.0) for quality in QUALITIES if quality != "normal"]
    for quality, seconds in jobs:
        before, began = time.process_time(), time.perf_counter()
        style = stylefx.fit(stretch(audio, rate, seconds), rate, quality=quality, seed=0)
        spent, waited = time.process_time() - before, time.perf_counter() - began
        style.save(path, overwrite=True)
        record = {"quality": quality, "seconds": seconds, "cpu_s": spent, "wall_s": waited}
        rows.append({**record, "bytes": path.stat().st_size, "load": timing.load()})
    path.unlink()
    normal = [row for row in rows if row["quality"] == "normal"]
    line = timing.fit_line([r["seconds"] for r in normal], [r["cpu_s"] for r in normal]) if normal else {}
    return {"rows": rows, "line": line}


def renders(quick: bool) -> dict[str, Any]:
    """CPU seconds of a whole render against content length; a straight line is fitted."""
    import stylefx

    audio, rate = clip_audio(CONTENT)
    clip, clip_rate = clip_audio(STYLE)
    effect = stylefx.StyleTransfer(stylefx.fit(clip, clip_rate, quality="draft", seed=0), device="cpu")
    effect(audio[:rate], rate)
    rows = []
    for seconds in CONTENT_SECONDS:
        before = time.process_time()
        effect(stretch(audio, rate, seconds), rate)
        rows.append({"seconds": seconds, "cpu_s": time.process_time() - before, "load": timing.load()})
    return {"rows": rows, "line": timing.fit_line([r["seconds"] for r in rows], [r["cpu_s"] for r in rows])}


PROBE = """
import json, resource, sys, time
began = time.perf_counter()
import numpy as np, stylefx, soundfile
style_clip, rate = soundfile.read(sys.argv[1], dtype="float32")
style = stylefx.fit(style_clip, rate, quality="draft")
fitted = time.perf_counter()
effect = stylefx.StyleTransfer(style, device="cpu")
effect.prepare(rate, 1, 256)
effect.process(np.zeros((256, 1), np.float32))
ready = time.perf_counter()
content, rate = soundfile.read(sys.argv[2], dtype="float32")
effect(content, rate)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"ready_s": ready - fitted, "peak_mb": peak / 1024}))
"""


def processes(quick: bool) -> dict[str, Any]:
    """Start-up of the command line; peak memory and readiness of a process that fits and renders."""
    from benchmarks.cases.cases import clip_path

    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "stylefx", "--help"], cwd=ROOT, check=True, capture_output=True)
    started = time.perf_counter() - began
    command = [sys.executable, "-c", PROBE, str(clip_path(STYLE)), str(clip_path(CONTENT))]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {"help_s": started, **json.loads(answer.stdout), "load": timing.load()}


def published_losses(quick: bool) -> list[dict[str, Any]]:
    """CPU seconds of one style loss and gradient: closed form, and sampled networks by filters."""
    import torch

    from stylefx.published.closed_form import ArcCosineKernel, GramLoss
    from stylefx.published.sampled import SampledNetwork

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    frames, style = torch.rand(2, FRAMES, BINS, generator=generator)
    loss = GramLoss(ArcCosineKernel(4096, 0.01, WIDTH), style)
    records = [{"network": "closed form (any number of filters)", "cpu_s": _best(lambda: loss(frames))}]
    for filters in SAMPLED_FILTERS:
        network = SampledNetwork(filters, BINS, WIDTH, 0.01, seed=0)
        target = network.gram(style)

        def descend(network=network, target=target):
            moved = frames.clone().requires_grad_()
            network.gram_loss(moved, target).backward()

        records.append({"network": f"sampled, {filters} filters", "cpu_s": _best(descend, 2)})
    return records


def _best(call, times: int = 5) -> float:
    spent = []
    for _ in range(times):
        before = time.process_time()
        call()
        spent.append(time.process_time() - before)
    return min(spent)


def published_job(quick: bool) -> dict[str, Any]:
    """The whole published job: 10 s of content, 300 iterations, phase reconstruction."""
    (content, rate), (clip, clip_rate) = clip_audio(CONTENT), clip_audio(STYLE)
    learned = learn_published(clip, clip_rate)
    before = time.process_time()
    ulyanov_published(stretch(content, rate, 10.0), learned, rate)
    return {
        "seconds": 10.0,
        "iterations": ITERATIONS,
        "cpu_s": time.process_time() - before,
        "load": timing.load(),
    }
