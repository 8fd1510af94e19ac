"""``python -m benchmarks.timing.longrun --minutes 10 --block 1024``: does a long performance lose a sample?

Noise goes through `stylefx live --mix 0` and a JACK dummy server at the real clock: the engine works as for any
sound and gives back the dry signal bit for bit, so that every sample is known. A lost, repeated or changed one
is counted. Beside that the reasons: how late an idle real-time thread of its own wakes up on each core (a machine
that is put aside as a whole shows there), the server's late cycles, and how long the program's threads waited for
a core. One row for a table is printed; run it by hand.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.cases.cases import clip_audio
from benchmarks.report.tables import markdown_table
from benchmarks.systems.engine import fit_clip
from benchmarks.timing import distribution as timing
from benchmarks.timing import longrun_table
from benchmarks.timing.speed import STYLE

# A prime number of frames of noise, over and over: no shift by whole blocks looks like none.
LOOP_FRAMES = 1_000_003
SETTLE_SECONDS = 1.0
ABOUT = (
    "Noise through `stylefx live --mix 0` and a JACK dummy server at 48 kHz; every sample is compared. A block that is "
    "played dry costs two fades of 10 ms and no sample. A hitch is an idle thread of the highest priority that wakes "
    "up late; when all cores have one at once, the machine itself stood still."
)
# Sound is made at most so long before it is heard: period, block and the worker's delay.
MADE_SECONDS = 0.1
# An idle thread of the highest priority wakes up this often; later than that by so much is a hitch.
PROBE_SECONDS, HITCH_SECONDS = 0.001, 0.002
PROBE = """
import json, os, sys, time
core = int(sys.argv[1])
os.sched_setaffinity(0, {core})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(90))
print("ready", flush=True)
hitches, last = [], time.monotonic()
try:
    while True:
        time.sleep(%f)
        now = time.monotonic()
        if now - last > %f:
            hitches.append((last, now - last))
        last = now
except KeyboardInterrupt:
    print(json.dumps(hitches))
"""


def main() -> int:
    """Run once and print the row."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.timing.longrun", description="see the module's text"
    )
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--block", type=int, default=None, help="stylefx live --blocksize; default its own")
    options.add_argument("--period", type=int, default=None, help="of the server; default the block, or 1024")
    options.add_argument("--busy", type=int, default=0, help="cores kept busy by other processes")
    options.add_argument("--evidence", type=Path, help="keep what was lost when, and why, in this file")
    options.add_argument("--keep", action="store_true", help="add the row to benchmarks/longrun.json")
    args = options.parse_args()
    # Whoever was started in the background ignores Ctrl-C, and so would the programs that are ended with it here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    period = args.period or args.block or 1024
    found = run(args.minutes, args.block, period, args.busy)
    if args.evidence:
        args.evidence.write_text(json.dumps(found, indent=1), encoding="utf-8")
    cells = row(found)
    if args.keep:
        keep(cells)
    print(markdown_table(list(cells), [list(map(str, cells.values()))]))
    return 0


def row(found: dict[str, Any]) -> dict[str, Any]:
    """The table's cells."""
    report, load = found["report"], found["report"]["load_percent"]
    delays = {line["name"]: line["samples"] or 0 for line in report["latency"]["lines"]}
    return {
        "minutes": round(found["minutes"], 1),
        "JACK period": found["period"],
        "block": report["block"],
        "worker's delay": delays["block"] + delays["worker"],
        "busy cores": found["busy"],
        "load average": round(found["load"], 1),
        "lost frames": report["lost_frames"],
        "frames not as sent": found["wrong_frames"],
        "in places": len(found["losses"]),
        "at a hitch": sum(_at_a_hitch(at, found["hitches"]) for at, _ in found["losses"]),
        "blocks played dry": report["late"],
        "CPU % p50 / p99 / max": f"{load['p50']} / {load['p99']} / {load['max']}",
        "hitches > 2 ms": sum(map(len, found["hitches"])),
        "of all cores": found["both"],
        "longest ms": round(1000 * max((s for core in found["hitches"] for _, s in core), default=0), 1),
        "jackd late": len(found["late_cycles"]),
        "memory MB": "{} -> {}".format(*found["memory_mb"]),
    }


def keep(cells: dict[str, Any]) -> None:
    """Add a row to what the report shows."""
    machine = timing.machine()
    found: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{machine['processor']}, {machine['cores']} cores, {machine['system']}",
        "about": ABOUT,
        "runs": [],
    }
    if longrun_table.FILE.is_file():
        found["runs"] = json.loads(longrun_table.FILE.read_text(encoding="utf-8"))["runs"]
    found["runs"] = [*found["runs"], cells]
    longrun_table.FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def run(minutes: float, block: int | None, period: int, busy: int) -> dict[str, Any]:
    """Play for so long; what came back wrong, when, and what else happened then."""
    server_module = import_module("tests.support.jack_server")
    with TemporaryDirectory() as folder, timing.busy_cores(busy):
        style = Path(folder) / "style.npz"
        clip, rate = clip_audio(STYLE)
        fit_clip(clip, rate, seed=0).style.save(style)
        with server_module.JackServer(period) as server:
            found = _perform(server_module, server, style, block, minutes * 60)
    return {"minutes": minutes, "period": period, "busy": busy, **found}


def _perform(server_module, server, style: Path, block: int | None, seconds: float) -> dict[str, Any]:
    options = ["--style", style, "-i", "system", "-o", "system", "--mix", 0, "--json", "--plain"]
    program = server_module.Live(server, options + ([] if block is None else ["--blocksize", block]))
    try:
        program.wait_until_playing()
        bay = _long_patchbay(server_module, server, seconds)
        probes = [Probe(core) for core in range(os.cpu_count() or 1)]
        bay.connect()
        time.sleep(SETTLE_SECONDS)
        stolen, memory = _stolen_seconds(), _memory_mb(program.pid)
        began, load = time.monotonic(), timing.load()
        bay.begin()
        bay.done.wait(2 * seconds + 60)
        ended = time.monotonic()
        hitches = [probe.finish(began, ended) for probe in probes]
        after = {
            "stolen_seconds": _stolen_seconds() - stolen,
            "memory_mb": (memory, _memory_mb(program.pid)),
            "threads": _threads(program.pid),
        }
        bay.close()
        assert program.finish(signal.SIGINT) == 0
        report = program.report()
    finally:
        program.kill()
    delay = report["latency"]["samples"] + bay.period
    wrong = np.flatnonzero(bay.wrong(delay))
    losses = _pieces(wrong, delay)
    return {
        "load": (load + timing.load()) / 2,
        "report": report,
        "said": program.said,
        "began": began,
        "wrong_frames": len(wrong),
        "losses": [(first / server_module.RATE, count) for first, count in losses],
        "hitches": hitches,
        "both": _together(hitches),
        "skipped_cycles": bay.skipped_cycles,
        "long": [bay.explain(*piece, delay) for piece in losses if piece[1] > server_module.RATE // 2],
        "late_cycles": [at - began for at in bay.late_cycles if began <= at <= ended],
        **after,
    }


def _long_patchbay(server_module, server, seconds: float):
    """A patchbay that plays noise without end and keeps the left channel of what comes back."""

    class LongPatchbay(server_module.Patchbay):
        def __init__(self) -> None:
            self.noise = np.random.default_rng(7).uniform(-0.5, 0.5, LOOP_FRAMES).astype(np.float32)
            # Touched here, not while playing.
            self.heard = np.full(round(seconds * server_module.RATE), np.nan, np.float32)
            self.at, self.running, self.period = 0, False, 0
            self.done = threading.Event()
            self.late_cycles: list[float] = []
            self.skipped_cycles: list[tuple[float, int]] = []
            self.frame_time = 0
            super().__init__(server)

        def _prepare(self, client) -> None:
            client.set_xrun_callback(lambda microseconds: self.late_cycles.append(time.monotonic()))

        def _exchange(self, frames: int) -> None:
            self.period = frames
            outs = [port.get_array() for port in self._send]
            if not self.running:
                for out in outs:
                    out[:] = 0
                return
            start, frame_time = self.at, self._client.last_frame_time
            if start and frame_time != self.frame_time + frames:
                self.skipped_cycles.append(
                    (start / server_module.RATE, frame_time - self.frame_time - frames)
                )
            self.frame_time = frame_time
            sent = self.noise[np.arange(start, start + frames) % LOOP_FRAMES]
            for out in outs:
                out[:] = sent
            stop = min(start + frames, len(self.heard))
            self.heard[start:stop] = self._hear[0].get_array()[: stop - start]
            self.at = stop
            if stop == len(self.heard):
                self.done.set()
                self.running = False

        def begin(self) -> None:
            """From the next cycle on."""
            self.running = True

        def explain(self, first: int, count: int, delay: int) -> str:
            """What a long piece of wrong frames is: silence, a shift, or something else."""
            stop = first + min(count, server_module.RATE // 2)
            piece = self.heard[first + self.period : stop]
            if not piece.any():
                return "silence"
            for periods in range(-64, 65):
                place = np.arange(first + self.period, stop) - delay - periods * self.period
                if np.mean(piece == self.noise[place % LOOP_FRAMES]) > 0.5:
                    return f"{periods} periods later"
            return "no shift by up to 64 periods"

        def wrong(self, delay: int) -> np.ndarray:
            """For every frame, whether it is another than was sent ``delay`` frames before."""
            expected = self.noise[np.arange(len(self.heard) - delay) % LOOP_FRAMES]
            return np.concatenate([self.heard[:delay] != 0, self.heard[delay:] != expected])

    return LongPatchbay()


class Probe:
    """An idle real-time process on one core that notes when it woke up late."""

    def __init__(self, core: int):
        code = PROBE % (PROBE_SECONDS, HITCH_SECONDS)
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(core)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def finish(self, began: float, ended: float) -> list[tuple[float, float]]:
        """Hitches between two moments, as seconds after the first and length in seconds."""
        self._process.send_signal(signal.SIGINT)
        said, _ = self._process.communicate(timeout=30)
        return [(at - began, length) for at, length in json.loads(said) if began <= at <= ended]


def _together(hitches: list[list[tuple[float, float]]]) -> int:
    """How many hitches of the first core fall into one of every other core: the machine stood still."""
    return sum(
        all(
            any(other < at + length and at < other + other_length for other, other_length in core)
            for core in hitches[1:]
        )
        for at, length in hitches[0]
    )


def _at_a_hitch(at: float, hitches: list[list[tuple[float, float]]]) -> bool:
    """Whether a core had one while the sound that was wrong at this second was made."""
    return any(at - MADE_SECONDS < start < at + HITCH_SECONDS for core in hitches for start, _ in core)


def _pieces(wrong: np.ndarray, gap: int) -> list[tuple[int, int]]:
    """Losses as first frame and count; what is nearer than ``gap`` is one."""
    if len(wrong) == 0:
        return []
    return [
        (int(piece[0]), len(piece)) for piece in np.split(wrong, np.flatnonzero(np.diff(wrong) > gap) + 1)
    ]


def _stolen_seconds() -> float:
    """Time that the host took from this machine's cores."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def _memory_mb(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) // 1024 if found else 0


def _threads(process: int) -> dict[str, dict[str, float]]:
    """Of every thread that ran: seconds on a core, seconds waiting for one."""
    found = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        name = (task / "comm").read_text(encoding="utf-8").strip()
        ran, waited, _ = map(int, (task / "schedstat").read_text(encoding="ascii").split())
        if ran > 1e8:
            found[f"{name} {task.name}"] = {"ran_s": ran / 1e9, "waited_s": waited / 1e9}
    return found


if __name__ == "__main__":
    sys.exit(main())
