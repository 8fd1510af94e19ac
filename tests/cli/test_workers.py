"""`render --jobs` and `--scheduler`: real workers, killed and stopped in the middle; the samples of one process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from stylefx.cli.main import main

pytestmark = pytest.mark.slow

RATE = 44_100
SECONDS = 60


@pytest.fixture(scope="session")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short files and one that is no audio."""
    folder = tmp_path_factory.mktemp("takes")
    for number in range(3):
        write_noise(folder / f"{number}.wav", 0.5)
    (folder / "bad.wav").write_text("no audio")
    return folder


def write_noise(path: Path, seconds: float) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, round(seconds * RATE))
    soundfile.write(path, noise, RATE, "PCM_16")


@pytest.fixture(scope="session")
def one_by_one(takes: Path, trumpet_style_path: Path, tmp_path_factory) -> dict[str, bytes]:
    """What one process writes; 16-bit files hold no time of day, so all bytes count."""
    folder = tmp_path_factory.mktemp("one")
    assert main(["render", str(takes), "--style", str(trumpet_style_path), "-o", str(folder)]) == 1
    return written(folder)


def written(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, hidden files too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def program(*arguments: object, **options) -> Iterator[subprocess.Popen]:
    """`python -m ARGUMENTS`, ended at the end; not deaf to Ctrl-C, as a shell's background job would be."""
    command = [sys.executable, "-m", *map(str, arguments)]
    process = subprocess.Popen(
        command, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def scheduler(workers: int = 2) -> Iterator[str]:
    """The address of a real scheduler with workers that have no nanny: what is killed stays dead."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    own = ("--host", "127.0.0.1", "--no-dashboard")
    worker = ("distributed.cli.dask_worker", address, "--nthreads", 1, "--no-nanny", *own)
    with ExitStack() as stack:
        stack.enter_context(program("distributed.cli.dask_scheduler", *own, "--port", port, **quiet))
        for _ in range(workers):
            stack.enter_context(program(*worker, **quiet))
        yield address


def writing(folder: Path) -> list[psutil.Process]:
    """Our processes that have a temporary file open in ``folder``."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if any(
                Path(file.path).parent == folder and file.path.endswith(".part")
                for file in process.open_files()
            ):
                found.append(process)
        except psutil.Error:  # ended meanwhile
            continue
    return found


def test_processes_write_the_same(takes, one_by_one, trumpet_style_path, tmp_path, capsys) -> None:
    arguments = ["render", str(takes), "--style", str(trumpet_style_path), "-o", str(tmp_path)]
    assert main([*arguments, "--jobs", "2", "--json"]) == 1
    assert written(tmp_path) == one_by_one
    printed = capsys.readouterr()
    assert "3 of 4 files rendered, 1 failed: bad.wav" in printed.err
    result = json.loads(printed.out)
    assert [Path(each["content"]).name for each in result["rendered"]] == ["0.wav", "1.wav", "2.wav"]
    assert [Path(each["content"]).name for each in result["failed"]] == ["bad.wav"]
    # Nothing is replaced unless that is asked for; --resume takes what is missing.
    assert main([*arguments, "--jobs", "2"]) == 1
    assert "0 of 4 files rendered, 4 failed" in capsys.readouterr().err
    (tmp_path / "1.wav").unlink()
    (tmp_path / "0.wav").write_bytes(b"whole")
    assert main([*arguments, "--jobs", "0", "--resume", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert [Path(each["output"]).name for each in result["rendered"]] == ["1.wav"]
    assert [Path(name).name for name in result["skipped"]] == ["0.wav", "2.wav"]
    assert written(tmp_path) == {**one_by_one, "0.wav": b"whole"}


def test_a_cluster_writes_the_same(
    takes, one_by_one, trumpet_style_path, tmp_path, capsys, monkeypatch
) -> None:
    """Relative names are this process's; the report says them as they were given."""
    monkeypatch.chdir(takes)
    output = os.path.relpath(tmp_path, takes)
    arguments = ["render", ".", "--style", str(trumpet_style_path), "-o", output, "--json"]
    with scheduler() as address:
        assert main([*arguments, "--scheduler", address]) == 1
    assert written(tmp_path) == one_by_one
    result = json.loads(capsys.readouterr().out)
    assert [each["content"] for each in result["rendered"]] == ["0.wav", "1.wav", "2.wav"]
    assert [each["content"] for each in result["failed"]] == ["bad.wav"]


@pytest.fixture
def long_takes(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for number in range(4):
        write_noise(tmp_path / "in" / f"{number}.wav", 6)
    return tmp_path / "in"


@pytest.mark.parametrize("where", ["processes", "cluster"])
def test_a_worker_that_is_killed_loses_nothing(where, long_takes, trumpet_style_path, tmp_path) -> None:
    out = tmp_path / "out"
    arguments = ["stylefx", "render", long_takes, "--style", trumpet_style_path, "-o", out]
    with ExitStack() as stack:
        address = stack.enter_context(scheduler()) if where == "cluster" else None
        how = ["--jobs", 2] if address is None else ["--scheduler", address]
        process = stack.enter_context(program(*arguments, *how, stderr=subprocess.PIPE))
        until(lambda: len(writing(out)) == 2)
        writing(out)[0].kill()
        said = process.communicate(timeout=SECONDS)[1]
        assert process.returncode == 0, said
    assert "4 of 4 files rendered" in said
    assert {path.name for path in out.glob("*.wav")} == {f"{number}.wav" for number in range(4)}
    assert len({path.read_bytes() for path in out.glob("*.wav")}) == 1  # the inputs are the same


def test_a_file_that_kills_twice_is_listed(long_takes, trumpet_style_path, tmp_path) -> None:
    out = tmp_path / "out"
    for number in (1, 2, 3):
        write_noise(long_takes / f"{number}.wav", 0.1)
    write_noise(long_takes / "0.wav", 60)  # still in work when the others are done
    arguments = ["stylefx", "render", long_takes, "--style", trumpet_style_path, "-o", out, "--jobs", 2]
    with program(*arguments, stderr=subprocess.PIPE) as process:
        for _ in range(2):
            until(lambda: len(list(out.glob("*.wav"))) == 3 and len(writing(out)) == 1)
            (victim,) = writing(out)
            victim.kill()
            victim.wait(SECONDS)
        said = process.communicate(timeout=SECONDS)[1]
    assert process.returncode == 1
    assert "0.wav failed: its worker process died 2 times" in said
    assert "3 of 4 files rendered, 1 failed: 0.wav" in said


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_resumed(kind, long_takes, trumpet_style_path, tmp_path, stylefx_command) -> None:
    out = tmp_path / "out"
    arguments = ["render", long_takes, "--style", trumpet_style_path, "-o", out, "--jobs", 2]
    with program("stylefx", *arguments, stderr=subprocess.PIPE, start_new_session=True) as process:
        until(lambda: len(list(out.glob("*.wav"))) >= 1 and len(writing(out)) >= 1)
        workers = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, kind)  # as a terminal does: to all of them
        said = process.communicate(timeout=SECONDS)[1]
    assert process.returncode == 128 + kind
    assert said.splitlines()[-1] == "stylefx: interrupted, nothing was left half-written"
    assert "Traceback" not in said
    assert not psutil.wait_procs(workers, timeout=10)[1]
    done = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert 0 < len(done) < 4
    assert not [name for name in done if name.endswith(".part")]
    run = stylefx_command(*arguments, "--resume")
    assert run.returncode == 0, run.stderr
    assert f"{len(done)} files are there already" in run.stderr
    assert sorted(path.name for path in out.iterdir()) == [f"{number}.wav" for number in range(4)]
    assert all((out / name).stat().st_mtime_ns == at for name, at in done.items())


def test_workers_end_with_a_parent_that_is_killed(long_takes, trumpet_style_path, tmp_path) -> None:
    out = tmp_path / "out"
    arguments = ["stylefx", "render", long_takes, "--style", trumpet_style_path, "-o", out, "--jobs", 2]
    with program(*arguments, stderr=subprocess.DEVNULL) as process:
        until(lambda: len(writing(out)) == 2)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        assert not psutil.wait_procs(workers, timeout=10)[1]
    assert not list(out.glob(".*"))


def test_no_scheduler_and_no_workers(takes, trumpet_style_path, tmp_path, capsys, monkeypatch) -> None:
    from stylefx.cli import workers

    monkeypatch.setattr(workers, "CONNECT_SECONDS", 2)
    arguments = ["render", str(takes), "--style", str(trumpet_style_path), "-o", str(tmp_path)]
    for address in ("tcp://127.0.0.1:9", "nowhere", "ftp://127.0.0.1:9", "tcp://127.0.0.1:many"):
        assert main([*arguments, "--scheduler", address]) == 1
        assert f"stylefx: no Dask scheduler answers at {address} within 2 s" in capsys.readouterr().err
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 5)
    with scheduler(workers=0) as address:
        assert main([*arguments, "--scheduler", address]) == 1
    assert f"the scheduler at {address} has no workers: start `dask worker" in capsys.readouterr().err


def test_without_distributed(takes, trumpet_style_path, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    arguments = ["render", str(takes), "--style", str(trumpet_style_path), "-o", str(tmp_path)]
    assert main([*arguments, "--scheduler", "tcp://127.0.0.1:9"]) == 1
    assert 'needs the package distributed: pip install "stylefx[cluster]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--resume", "-y"], "--resume keeps the files that are there and -y replaces them: choose one"),
        (
            ["--jobs", "2", "--scheduler", "tcp://a:1"],
            "--jobs is for this machine and --scheduler for a cluster",
        ),
        (
            ["--scheduler", "tcp://a:1", "-o", "-"],
            "--scheduler renders files elsewhere: without --plot and pipes",
        ),
    ],
)
def test_what_does_not_go_together(options, words, takes, trumpet_style_path, capsys) -> None:
    assert main(["render", str(takes / "0.wav"), "--style", str(trumpet_style_path), *options]) == 2
    assert words in capsys.readouterr().err
