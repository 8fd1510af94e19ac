"""Some hundred mutated styles and recordings load or are refused, and the fuzzers notice what they look for."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.fuzz import __main__ as command
from benchmarks.fuzz import archives, audio, batches, judging, styles
from stylefx.errors import StylefxError
from stylefx.io.files import read_audio

STYLES, RECORDINGS = 170, 700


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count"), [("styles", STYLES), ("audio", RECORDINGS)])
def test_mutated_files(kind: str, count: int) -> None:
    cases = list(batches.run_cases(kind, 0, count))
    found = [batches.described(kind, seed, words) for seed, outcome, words in cases if outcome == "found"]
    assert not found, "\n".join(found)
    outcomes = Counter(outcome for _, outcome, _ in cases)
    assert outcomes.keys() == {"valid", "refused"}
    assert outcomes.total() == count
    assert min(outcomes.values()) >= 0.1 * count  # neither all harmless nor all broken from the first byte


@pytest.mark.slow
def test_a_seed_makes_the_same_file_in_every_process() -> None:
    digest = (
        "import hashlib; from benchmarks.fuzz.judging import KINDS\n"
        "files = [kind.mutated(seed)[0] for kind in KINDS.values() for seed in range(0, 1000, 7)]\n"
        "print(hashlib.sha256(b''.join(files)).hexdigest())"
    )
    digests = set()
    for hashing in ("1", "2"):
        started = time.time()
        command = [sys.executable, "-c", digest]
        digests.add(subprocess.check_output(command, env={**os.environ, "PYTHONHASHSEED": hashing}))
        time.sleep(max(0.0, started + 1.1 - time.time()))  # dates of writing are of whole seconds
    assert len(digests) == 1


def test_every_container_is_met() -> None:
    containers = {soundfile.info(io.BytesIO(data)).format for data, _ in audio.seeds()}
    assert containers >= {"OGG", "FLAC", "MP3", "AIFF", "AU", "W64", "CAF", "WAV", "RF64", "SDS"}
    assert ".opus" in {extension for _, extension in audio.seeds()}


def test_ogg_pages_have_the_checksum_that_libogg_gives_them() -> None:
    data = next(data for data, extension in audio.seeds() if extension == ".ogg")
    assert audio.with_checksums(data) == data
    at = data.find(b"OggS", 4) + 22
    assert audio.with_checksums(data[:at] + bytes(4) + data[at + 4 :]) == data


def _pickles(path: Path) -> None:
    np.load(io.BytesIO(archives.npy(np.array([archives.Exploit()], dtype=object))), allow_pickle=True)


def _prints_controls(path: Path) -> None:
    raise _Unclean


class _Unclean(StylefxError):
    def __str__(self) -> str:
        return "it holds a member named \x1b[2J"


def _raises(path: Path) -> None:
    raise ValueError("shapes differ")


@pytest.mark.parametrize(
    ("use", "words"),
    [(_pickles, "pickle"), (_prints_controls, "no clean sentence"), (_raises, "shapes differ")],
)
def test_what_is_wrong_is_found(use, words: str, tmp_path: Path) -> None:
    outcome, said = judging.judge_file(tmp_path / "any", use)
    assert outcome == "found"
    assert words in said


def test_memory_is_found(monkeypatch) -> None:
    monkeypatch.setattr(judging, "MAX_STYLE_BYTES", 1000)
    outcome, words = judging.judge("styles", styles.MUTATORS.index(archives.compress))
    assert outcome == "found"
    assert "MiB" in words


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals end a process there")
def test_a_crash_is_told_with_its_seed_and_the_rest_goes_on(monkeypatch, capsys) -> None:
    crashing = (
        "import sys, os, signal; from benchmarks.fuzz import batches\n"
        "judge = batches.judge\n"
        "def crash(kind, seed):\n"
        "    if seed == 8: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    if seed == 10: os.write(1, b'Error A')\n"
        "    return judge(kind, seed)\n"
        "batches.judge = crash\n"
        "batches.serve(sys.argv[1], *map(int, sys.argv[2:]))"
    )
    monkeypatch.setattr(batches, "_CHILD", crashing)
    assert command.main(["--styles", "0", "--audio", "5", "--seed", "7"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "SIGSEGV" in lines[0]
    assert lines[0].endswith("--styles 0 --audio 1 --seed 8")
    assert "Error A" in lines[1]


def test_a_damaged_sample_dump_is_refused(tmp_path: Path, capfd) -> None:
    path = tmp_path / "damaged.sds"
    soundfile.write(path, 0.3 * np.sin(np.arange(800) / 10), 8000, subtype="PCM_16")
    whole = path.read_bytes()
    assert len(read_audio(path)[0]) >= 800
    path.write_bytes(whole[:402] + b"\x55" + whole[403:])
    with pytest.raises(StylefxError, match="damaged at byte 402"):
        read_audio(path)
    sys.stdout.flush()
    assert capfd.readouterr().out == ""
