"""Jobs: fits and renders in child processes, one after the other, with progress and cancel.

The server keeps them, not the page, so they survive a reload.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from stylefx.live.capture.fitter import ONE_THREAD

MAX_KEPT = 200


@dataclass
class Job:
    """One job: ``state`` is waiting, working, done, failed or cancelled; ``result`` is what it answered."""

    number: int
    kind: str
    title: str
    task: dict[str, Any]
    state: str = "waiting"
    done: float = 0.0
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state in ("done", "failed", "cancelled")

    def as_dict(self) -> dict[str, Any]:
        """For the page's list."""
        names = ("number", "kind", "title", "state", "done", "error")
        return {**{name: getattr(self, name) for name in names}, "remarks": self.result.get("remarks", [])}


class Jobs:
    """``changed`` is called, from any thread, when there is news."""

    def __init__(self, changed: Callable[[], None]):
        self._changed = changed
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="stylefx-jobs")
        self._last = 0
        self.all: dict[int, Job] = {}

    def add(self, kind: str, title: str, task: dict[str, Any]) -> Job:
        """Queue one."""
        with self._lock:
            self._last += 1
            job = self.all[self._last] = Job(self._last, kind, title, {"kind": kind, **task})
            for old in [each for each in self.all.values() if each.ended][: max(0, len(self.all) - MAX_KEPT)]:
                del self.all[old.number]
        self._pool.submit(self._run, job)
        self._changed()
        return job

    def cancel(self, job: Job) -> None:
        """End it, now or before it begins."""
        with self._lock:
            if job.ended:
                return
            job.state = "cancelled"
            if job.process is not None:
                job.process.terminate()  # it unlinks what is half-written
        self._changed()

    def close(self) -> None:
        """Cancel everything and wait."""
        for job in list(self.all.values()):
            self.cancel(job)
        self._pool.shutdown()

    def _run(self, job: Job) -> None:
        try:
            self._work(job)
        except Exception as error:  # the next one is another one
            self._end(job, "failed", f"{job.title} failed with {type(error).__name__}: {error}")
        self._changed()

    def _work(self, job: Job) -> None:
        with tempfile.TemporaryFile("w+") as complaints:
            with self._lock:
                if job.ended:
                    return
                job.state = "working"
                job.process = process = start_process("work", complaints)
            self._changed()
            assert process.stdin is not None
            assert process.stdout is not None
            with process:
                process.stdin.write(json.dumps(job.task) + "\n")
                process.stdin.flush()
                for line in process.stdout:
                    self._hear(job, json.loads(line))
            if not job.ended:
                last = last_line(complaints) or "it was killed"
                self._end(job, "failed", f"the work ended unfinished: {last}")

    def _hear(self, job: Job, words: dict[str, Any]) -> None:
        if "done" in words:
            job.done = words["done"]
            self._changed()
        elif "error" in words:
            self._end(job, "failed", words["error"])
        else:
            job.result = words["result"]
            self._end(job, "done")

    def _end(self, job: Job, state: str, error: str = "") -> None:
        with self._lock:
            if not job.ended:
                job.state, job.error = state, error
                job.done = 1.0 if state == "done" else job.done


def start_process(module: str, complaints: Any) -> subprocess.Popen:
    """`main` of a module of `stylefx.app` in a process of one thread, which waits for its first line."""
    return subprocess.Popen(
        [sys.executable, "-c", "from stylefx.interruption import unwinding\nwith unwinding():\n"
         f" from stylefx.app.{module} import main\n main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        encoding="utf-8",
        env={**os.environ, **ONE_THREAD, "PYTHONUTF8": "1"},
        start_new_session=True,  # Ctrl-C is for the server, which ends it
    )  # fmt: skip


def last_line(complaints: Any) -> str:
    """The last that a process has said on stderr, empty where it said nothing."""
    complaints.seek(0)
    return next((line for line in reversed(complaints.read().splitlines()) if line.strip()), "")
