"""Compiled code is kept where it can be, found again, and never believed when it is damaged or out of date."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A package of two loops, one of which calls the other and reads a constant.
INNER = "from stylefx.jit import compiled\nSTEP = 1\n@compiled\ndef inner(x):\n    return x + STEP\n"
OUTER = (
    "from inner import inner\nfrom stylefx.jit import compiled\n"
    "@compiled\ndef outer(x):\n    return inner(x) * 10\n"
)
PLAY = "from outer import outer\nprint(outer(1), sum(outer.stats.cache_misses.values()))"


class Loops:
    """Runs the two loops in a process of their own; ``run`` returns the result and how many were compiled."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
        self.environment.pop("NUMBA_CACHE_DIR", None)
        self.edit(inner=INNER, outer=OUTER)

    def edit(self, **sources: str) -> None:
        for name, source in sources.items():
            (self.folder / f"{name}.py").write_text(source)

    def start(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", PLAY],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> tuple[int, int, str]:
        process = self.start()
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        result, compiled = map(int, out.split())
        return result, compiled, error


@pytest.fixture
def loops(tmp_path: Path) -> Loops:
    return Loops(tmp_path)


def kept(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jit"))


@pytest.mark.slow
def test_compiled_once_then_found(loops: Loops) -> None:
    assert loops.run() == (20, 1, "")
    assert len(kept(loops.folder / "__pycache__")) == 2
    assert loops.run() == (20, 0, "")


@pytest.mark.slow
def test_an_edit_of_what_a_loop_calls_or_reads_takes_effect(loops: Loops) -> None:
    loops.run()
    loops.edit(inner=INNER.replace("x + STEP", "x - STEP"))
    assert loops.run()[:2] == (0, 1)
    loops.edit(inner=INNER.replace("STEP = 1", "STEP = 4"))
    assert loops.run()[:2] == (50, 1)
    loops.edit(inner="# a comment moves every line\n" + INNER.replace("STEP = 1", "STEP = 4"))
    assert loops.run()[:2] == (50, 0)


@pytest.mark.slow
def test_damaged_files_are_compiled_again(loops: Loops) -> None:
    """One cut off by a full disk, one with wrong bytes."""
    loops.run()
    inner, outer = kept(loops.folder)
    inner.write_bytes(inner.read_bytes()[:50])
    outer.write_bytes(outer.read_bytes()[:-5] + b"xxxxx")
    assert loops.run() == (20, 1, "")
    assert [path.stat().st_size > 1000 for path in kept(loops.folder)] == [True, True]


@pytest.mark.slow
def test_two_first_runs_at_once(loops: Loops) -> None:
    for process in [loops.start() for _ in range(2)]:
        out, error = process.communicate(timeout=120)
        assert (process.returncode, error, out.split()[0]) == (0, "", "20")
    assert loops.run() == (20, 0, "")
    assert not list((loops.folder / "__pycache__").glob("*.part"))


def block(folder: Path) -> None:
    """Nothing can be made in what is a file, not even by root."""
    folder.write_text("in the way")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blocked", "used", "words"),
    [
        (("loops/__pycache__",), "cache", ""),
        (("loops/__pycache__", "cache"), "temporary", "compiled code is kept in"),
        (("loops/__pycache__", "cache", "temporary"), None, "compiled code cannot be kept"),
    ],
)
def test_where_it_is_kept_when_folders_cannot_be_written(
    blocked: tuple[str, ...], used: str | None, words: str, tmp_path: Path
) -> None:
    places = {name: tmp_path / name for name in ("loops", "cache", "temporary")}
    places["loops"].mkdir()
    places["temporary"].mkdir()
    for name in blocked[:2]:
        block(tmp_path / name)
    if "temporary" in blocked:
        block(places["temporary"] / f"stylefx-{os.getuid()}")
    loops = Loops(
        places["loops"],
        XDG_CACHE_HOME=str(places["cache"]),
        TMPDIR=str(places["temporary"]),
        HOME=str(tmp_path),
    )
    result, compiled, error = loops.run()
    assert (result, compiled) == (20, 1)
    assert words in error
    assert error.count("\n") == (1 if words else 0)  # one line, once, for two loops
    found = kept(tmp_path)
    assert len(found) == (0 if used is None else 2)
    assert all(path.is_relative_to(places[used]) for path in found if used is not None)
    if used == "temporary":
        assert loops.run() == (20, 0, "")


@pytest.mark.slow
def test_a_temporary_folder_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    """Others can write in it, so what lies in it may be their code. Nor is a cache made where one happens to be."""
    (tmp_path / "loops").mkdir()
    block(tmp_path / "loops" / "__pycache__")
    folder = tmp_path / f"stylefx-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    loops = Loops(tmp_path / "loops", XDG_CACHE_HOME="cache", TMPDIR=str(tmp_path))
    assert "compiled code cannot be kept" in loops.run()[2]
    assert kept(tmp_path) == []
