"""Cases in another process, so that a crash or a hang of it is told with its seed, and the rest goes on."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.fuzz.judging import KINDS, judge, warm_up

SECONDS_A_CASE = 120.0  # of a machine that has other work
_CHILD = "import sys; from benchmarks.fuzz.batches import serve; serve(sys.argv[1], *map(int, sys.argv[2:]))"


def serve(kind: str, first: int, end: int) -> None:
    """Judge the seeds one by one, telling the standard output before and after each.

    A library that prints there itself spoils a sound or JSON that goes there, and is a finding.
    """
    out = os.fdopen(os.dup(1), "w")
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)
        if kind == "styles":
            warm_up()
        for seed in range(first, end):
            print("begin", file=out, flush=True)
            outcome, words = judge(kind, seed)
            if said := _printed():
                outcome, words = "found", f"on the standard output it says {said!r}; {outcome}: {words}"
            print(outcome, ascii(words), file=out, flush=True)


def _printed() -> bytes:
    """What C libraries have printed since the last call, its beginning; nothing where that cannot be asked for."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
    size = os.lseek(1, 0, os.SEEK_CUR)
    os.lseek(1, 0, os.SEEK_SET)
    said = os.read(1, min(size, 60))
    os.lseek(1, 0, os.SEEK_SET)
    os.ftruncate(1, 0)
    return said


def run_cases(kind: str, first: int, count: int) -> Iterator[tuple[int, str, str]]:
    """Seed, outcome and words (see `judging.judge`) of ``count`` cases from ``first`` on; a crash is found too."""
    seed, end = first, first + count
    while seed < end:
        command = [sys.executable, "-X", "faulthandler", "-c", _CHILD, kind, str(seed), str(end)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as child:
            begun = False
            for line in _lines(child):
                begun = True
                if line != "begin":
                    outcome, _, words = line.partition(" ")
                    yield seed, outcome, words[1:-1]
                    seed, begun = seed + 1, False
            if seed < end:
                if not begun:
                    raise RuntimeError(f"the process that judges {kind} ended before it began seed {seed}")
                yield seed, "found", _ending(child)
                seed += 1


def _lines(child: subprocess.Popen[bytes]) -> Iterator[str]:
    """What it says, until it ends or has said nothing for too long."""
    assert child.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        # Windows cannot wait for a pipe with a limit: there a hang hangs.
        while os.name != "posix" or ready.select(SECONDS_A_CASE):
            if not (line := child.stdout.readline()):
                child.wait()
                return
            yield line.decode().rstrip("\n")
    child.kill()


def _ending(child: subprocess.Popen[bytes]) -> str:
    code = child.wait()
    if code == -getattr(signal, "SIGKILL", 9):
        return f"the process was killed: it used up the memory, or hung for {SECONDS_A_CASE:.0f} s"
    return f"the process ended with {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"


def described(kind: str, seed: int, words: str) -> str:
    """One finding in one line, and how to repeat it."""
    again = f"--styles {int(kind == 'styles')} --audio {int(kind == 'audio')} --seed {seed}"
    return f"{kind} ({KINDS[kind].name_of(seed)}): {words}; again: python -m benchmarks.fuzz {again}"
