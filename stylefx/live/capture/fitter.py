"""Fit styles without holding up the sound: the work is another process's (fitting.py), this is how to ask it.

Neither the learning nor its libraries run in the process that plays, where they would take Python's lock from the
worker. Clips and styles pass through a temporary folder.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from stylefx.errors import StylefxError
from stylefx.live.capture.fitting import Job
from stylefx.style.style import Style

CLOSE_SECONDS = 2.0
# The first job loads libraries and, on a machine's first run, compiles.
REHEARSAL_SECONDS = 300.0
REHEARSAL_RATE = 44_100
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class Fitter(AbstractContextManager):
    """Does one job after the other; use it in a ``with`` statement, and enter it before the sound begins."""

    def __enter__(self) -> Fitter:
        with ExitStack() as opened:
            self._folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="stylefx-")))
            self._complaints = opened.enter_context((self._folder / "complaints").open("w+"))
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stylefx.live.capture.fitting"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                text=True,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,  # Ctrl-C is for the player
                creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
            )
            opened.callback(self._end)
            self._opened = opened.pop_all()
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._jobs: list[Job] = []
        self._requests = 0
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line.strip())
        self._answers.put(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._opened.close()

    def _end(self) -> None:
        """Kill it: what it was learning is no longer needed."""
        self._process.kill()
        self._process.wait(CLOSE_SECONDS)

    def rehearse(self) -> Style:
        """Learn a second of noise, so that everything is loaded; its style is not meant to be heard."""
        noise = np.random.default_rng(0).uniform(-0.3, 0.3, (REHEARSAL_RATE, 1)).astype(np.float32)
        self.ask(noise, REHEARSAL_RATE, "draft", "nothing yet")
        style = self.answer(REHEARSAL_SECONDS)
        if style is None:
            raise StylefxError("the process that fits styles does not answer: start again")
        return style

    def ask(self, audio: np.ndarray, sample_rate: int, quality: str, name: str) -> None:
        """Fit ``audio`` (frames, channels) next."""
        self._requests += 1
        clip, style = (str(self._folder / f"{self._requests}.{kind}") for kind in ("npy", "npz"))
        np.save(clip, audio)
        job = Job(clip, sample_rate, quality, name, style)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job.to_line())
            self._process.stdin.flush()
        except OSError as error:
            raise StylefxError(self._why_it_ended()) from error
        self._jobs.append(job)

    def answer(self, wait_seconds: float = 0.0) -> Style | None:
        """The style of the oldest job, None while it is not ready.

        Raises
        ------
        StylefxError
            There is nothing to learn from the clip, or the process has ended.
        """
        try:
            complaint = (
                self._answers.get(timeout=wait_seconds) if wait_seconds else self._answers.get_nowait()
            )
        except queue.Empty:
            return None
        if complaint is None:
            self._jobs.clear()
            raise StylefxError(self._why_it_ended())
        job = self._jobs.pop(0)
        Path(job.clip).unlink()
        if complaint:
            raise StylefxError(complaint)
        return Style.load(job.style)

    def _why_it_ended(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        return f"the process that fits styles has ended ({last}): start again"
