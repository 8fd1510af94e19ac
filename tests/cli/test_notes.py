"""`stylefx notes`: the JSON that other programs read, MIDI, the figure, and nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from stylefx.cli.main import main
from tests.support.tunes import RATE, SCALE, tune


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "scale.wav"
    soundfile.write(path, tune(SCALE, 2.0), RATE)
    return path


def test_json_is_the_contract(song, capsys):
    assert main(["notes", str(song), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == ["notes"]
    assert [round(note["pitch"]) for note in result["notes"]] == [pitch for _, pitch in SCALE]
    onsets = [note["onset"] for note in result["notes"]]
    assert onsets == sorted(onsets)
    for note in result["notes"]:
        assert list(note) == ["onset", "offset", "pitch", "level_db", "confidence"]
        assert note["onset"] < note["offset"] <= 2.0
        assert 0 <= note["confidence"] <= 1
        assert -60 < note["level_db"] < 0


def test_silence_is_an_empty_list(tmp_path, capsys):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    assert main(["notes", str(tmp_path / "silence.wav"), "--json", "--latency", "lowest"]) == 0
    assert json.loads(capsys.readouterr().out) == {"notes": []}
    assert main(["notes", str(tmp_path / "silence.wav")]) == 0
    assert capsys.readouterr().out == "no notes\n"


def test_a_person_reads_names_and_times(song, capsys):
    assert main(["notes", str(song)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["C4", "E4", "G4", "C5"]


@pytest.mark.slow
def test_midi_and_figure_are_written(song, tmp_path):
    midi, figure = tmp_path / "scale.mid", tmp_path / "scale.png"
    assert main(["notes", str(song), "--midi", str(midi), "--plot", str(figure)]) == 0
    now, starts = 0.0, []
    for message in mido.MidiFile(midi):
        now += message.time
        if message.type == "note_on" and message.velocity:
            starts.append((now, message.note))
    assert [key for _, key in starts] == [pitch for _, pitch in SCALE]
    np.testing.assert_allclose([at for at, _ in starts], [onset for onset, _ in SCALE], atol=0.03)
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize(("option", "name"), [("--midi", "there.mid"), ("--plot", "there.png")])
def test_nothing_is_overwritten_unless_allowed(song, tmp_path, capsys, option, name):
    (tmp_path / name).write_bytes(b"kept")
    assert main(["notes", str(song), option, str(tmp_path / name)]) == 1
    assert "-y" in capsys.readouterr().err
    assert (tmp_path / name).read_bytes() == b"kept"
    assert main(["notes", str(song), option, str(tmp_path / name), "-y"]) == 0
    assert (tmp_path / name).read_bytes() != b"kept"


@pytest.mark.parametrize(("option", "name"), [("--midi", "song.wav"), ("--plot", "notes.mid")])
def test_names_of_another_kind_are_usage_errors(song, tmp_path, capsys, option, name):
    assert main(["notes", str(song), option, str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


def test_a_file_that_is_no_audio_leaves_nothing_behind(tmp_path, capsys):
    (tmp_path / "song.wav").write_text("no audio")
    assert main(["notes", str(tmp_path / "song.wav"), "--midi", str(tmp_path / "song.mid")]) == 1
    assert "song.wav" in capsys.readouterr().err
    assert not (tmp_path / "song.mid").exists()


@pytest.mark.slow
def test_standard_input_is_read(song, stylefx_command):
    run = stylefx_command("notes", "-", "--json", "--latency", "normal", text=False, input=song.read_bytes())
    assert run.returncode == 0
    assert len(json.loads(run.stdout)["notes"]) == len(SCALE)


LOOKING = """
import json, sys
from threadpoolctl import threadpool_info
from stylefx.cli.main import main
from stylefx.tracking.tracker import OfflineTracker
add, threads = OfflineTracker.add, []
def looking(tracker, block):
    add(tracker, block)
    threads.extend(each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas")
OfflineTracker.add = looking
code = main(["notes", sys.argv[1], "--json"])
print(json.dumps(threads), file=sys.stderr)
sys.exit(code)
"""


def test_the_tracker_has_one_thread_of_blas(song):
    """Two of them wait for each other on a busy machine: 7.7 s instead of 1.7 for ten seconds of guitar."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", LOOKING, str(song)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stderr.splitlines()[-1])) == {1}
