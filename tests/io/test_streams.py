"""Streams that are closed or full, and --json when the work fails: a sentence, an exit code, one object."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stylefx.cli.main import main

STYLEFX = f"{sys.executable} -m stylefx"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("{stylefx} methods >&-", 1, "standard output is closed"),
        ("{stylefx} methods --json >&-", 1, "standard output is closed"),
        ("{stylefx} methods > /dev/full", 1, "standard output cannot be used: no space left on device"),
        ("{stylefx} info {style} --json > /dev/full", 1, "no space left on device"),
        ("{stylefx} info none.npz 2> /dev/full", 1, ""),
        ("{stylefx} render - --style {style} -o out.wav <&-", 2, "standard input is closed"),
        ("{stylefx} render {take} --style {style} -o - >&-", 1, "standard output is closed"),
        ("{stylefx} render {take} --style {style} -o - > /dev/full", 1, "(no space left on device)"),
    ],
)
def test_a_stream_that_is_closed_or_full(
    command: str, code: int, words: str, trumpet_style_path: Path, guitar: Path, tmp_path: Path
) -> None:
    run = shell(command.format(stylefx=STYLEFX, style=trumpet_style_path, take=guitar), tmp_path)
    assert run.returncode == code
    said = [line for line in run.stderr.splitlines() if line.startswith("stylefx: ") and words in line]
    assert len(said) == (1 if words else 0)
    assert "Traceback" not in run.stderr
    assert "ignored" not in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_printed_into_a_file_that_took_the_place_of_a_closed_stream(
    trumpet_style_path: Path, tmp_path: Path
) -> None:
    """The first file that is opened gets the number of the closed stream."""
    command = f"{STYLEFX} info {trumpet_style_path} >&- 2>&-; echo $?"
    assert shell(command, tmp_path).stdout == "1\n"


def test_a_closed_output_that_is_not_needed(trumpet_style_path: Path, tmp_path: Path) -> None:
    command = f"{STYLEFX} --version >/dev/null && {STYLEFX} info {trumpet_style_path} >/dev/null 2>&- <&-"
    assert shell(command, tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["info", "none.npz", "--json"], 1, "none.npz does not exist"),
        (["fit", "none.wav", "-o", "s.npz", "--json"], 1, "none.wav does not exist"),
        (["fit", "a.wav", "-o", "s.txt", "--json"], 2, "does not end in .npz"),
        (["render", "a.wav", "--json"], 2, "required: --style"),
        (["sing", "--json"], 2, "invalid choice: 'sing'"),
    ],
)
def test_json_on_failure_is_one_object(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    caught = capsys.readouterr()
    told = json.loads(caught.out)
    assert told["exit_code"] == code
    assert words in told["error"]
    assert words in caught.err


def test_without_json_a_failure_prints_nothing(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["info", "none.npz"]) == 1
    assert capsys.readouterr().out == ""
