"""`stylefx live` at the real clock: misses on an idle and a busy machine, delay through PortAudio.

The files backend plays a file by a clock; the sound card is a JACK dummy server (no hardware), through which
the delay is exact to the sample. Where JACK is missing the row says so.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.cases.cases import clip_audio, clip_path
from benchmarks.report.quality import FAILURES, notify
from benchmarks.report.store import ROOT
from benchmarks.systems.engine import fit_clip
from benchmarks.timing import distribution as timing
from benchmarks.timing.speed import CONTENT, STYLE, lag

BLOCKS = (256, 1024)
JACK_PERIOD = 1024
TIMEOUT_S = 120


def run(quick: bool = False) -> dict[str, Any]:
    """Misses of a 10 s performance, idle and with one core busy; delay through a real stream."""
    found: dict[str, Any] = {"misses": [], "device": {}}
    with TemporaryDirectory() as folder:
        style = Path(folder) / "style.npz"
        clip, rate = clip_audio(STYLE)
        fit_clip(clip, rate, seed=0).style.save(style)
        for block in BLOCKS[-1:] if quick else BLOCKS:
            for busy in (0, 1):
                found["misses"].append(_performance(style, block, busy, Path(folder) / f"{block}-{busy}.wav"))
                notify(f"live: {found['misses'][-1]}")
        found["device"] = {} if quick else _through_a_device(style)
        notify(f"live through PortAudio: {found['device']}")
    return found


def _performance(style: Path, block: int, busy: int, output: Path) -> dict[str, Any]:
    """The session's own report after playing the content at the real clock."""
    command = [sys.executable, "-m", "stylefx", "live", "--style", str(style), "--blocksize", str(block)]
    command += ["--input", str(clip_path(CONTENT)), "--output", str(output), "--json"]
    about = {"block": block, "busy_cores": busy, "load": timing.load()}
    try:
        with timing.busy_cores(busy):
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
            )
    except subprocess.SubprocessError as error:
        return {**about, "error": f"{type(error).__name__}: {getattr(error, 'stderr', error)}"}
    report = json.loads(done.stdout)
    kept = ("blocks", "late", "stalls", "lost_frames", "load_percent", "iterations", "lowest_iterations")
    return {**about, **{name: report[name] for name in kept if name in report}}


def _through_a_device(style: Path) -> dict[str, Any]:
    """Declared and measured delay, in samples at 48 kHz, with the bypass and with the engine's dry path."""
    try:
        server_module = import_module("tests.support.jack_server")
        with server_module.JackServer(JACK_PERIOD) as server:
            delays = {
                name: _delay(server_module, server, style, options.split())
                for name, options in (("bypass", "--bypass"), ("engine", "--mix 0"))
            }
    except (*FAILURES, AssertionError, subprocess.SubprocessError) as error:
        return {"error": f"no JACK dummy server here ({type(error).__name__}: {error})"}
    return delays


def _delay(server_module, server, style: Path, options: list[str]) -> dict[str, int]:
    devices = ["-i", "system", "-o", "system", "--blocksize", JACK_PERIOD, "--json"]
    program = server_module.Live(server, ["--style", style, *devices, *options])
    try:
        program.wait_until_playing()
        patchbay = server_module.Patchbay(server)
        patchbay.connect()
        rate, channels = server_module.RATE, server_module.CHANNELS
        sent = np.random.default_rng(0).uniform(-0.3, 0.3, (2 * rate, channels)).astype(np.float32)
        heard = patchbay.exchange(sent, after=rate // 2)
        patchbay.close()
        program.finish(signal.SIGINT)
        declared = program.report()["latency"]["samples"]
    finally:
        program.kill()
    # A client in JACK's graph waits one period more than the program's own declaration.
    return {"declared": declared, "measured": lag(sent[:, 0], heard[:, 0]) - JACK_PERIOD}
