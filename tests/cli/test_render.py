"""`stylefx render`: the engine's own samples, on files, folders and pipes; length kept; nothing half-written."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import stylefx
from stylefx import interruption
from stylefx.cli.jobs import plan
from stylefx.cli.main import main
from stylefx.errors import StylefxError, UsageError
from stylefx.interruption import Interrupted, unwinding

RATE = 44100


@pytest.fixture
def take(tmp_path: Path, guitar: Path) -> Path:
    """Two seconds of guitar in stereo, as float, so that samples can be compared exactly."""
    audio, rate = soundfile.read(guitar, stop=2 * RATE, dtype="float32")
    soundfile.write(tmp_path / "take.wav", np.stack([audio, 0.5 * audio], axis=1), rate, "FLOAT")
    return tmp_path / "take.wav"


@pytest.fixture
def style_path(trumpet_style_path: Path) -> str:
    return str(trumpet_style_path)


@pytest.mark.slow
@pytest.mark.parametrize(("latency", "samples"), [("normal", 2048), ("studio", 18_944)])
def test_render_is_the_engine(
    take: Path, style_path: str, tmp_path: Path, latency: str, samples: int
) -> None:
    """Block after block into a file gives the samples of the whole at once."""
    settings: dict[str, Any] = {"strength": 0.7, "mix": 0.9, "latency": latency}
    report = stylefx.render(take, style_path, tmp_path / "out.wav", **settings)
    audio, rate = soundfile.read(take, dtype="float32")
    expected = stylefx.StyleTransfer(stylefx.Style.load(style_path), **settings)(audio, rate)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "out.wav", dtype="float32")[0], expected)
    assert report.frames == len(audio)
    assert report.latency_samples == samples


@pytest.mark.slow
def test_mix_zero_is_the_input(take: Path, style_path: str, tmp_path: Path) -> None:
    stylefx.render(take, style_path, tmp_path / "out.wav", mix=0.0)
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / "out.wav", dtype="float32")[0], soundfile.read(take, dtype="float32")[0]
    )


@pytest.mark.parametrize("frames", [1, 255, 2047, 2048, 2049, 4410])
def test_any_length_comes_back(frames: int, style_path: str, tmp_path: Path) -> None:
    """0.1 s and less: too short to learn from, long enough to render."""
    noise = np.random.default_rng(frames).uniform(-0.3, 0.3, frames)
    soundfile.write(tmp_path / "short.wav", noise, RATE, "FLOAT")
    stylefx.render(tmp_path / "short.wav", style_path, tmp_path / "out.wav", mix=0.5)
    assert soundfile.info(tmp_path / "out.wav").frames == frames


def test_silence_stays_silence(style_path: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "rest.wav", np.zeros(RATE), RATE)
    stylefx.render(tmp_path / "rest.wav", style_path, tmp_path / "out.wav")
    assert not soundfile.read(tmp_path / "out.wav")[0].any()


def test_a_value_that_is_no_sound_is_refused_with_its_place(
    take: Path, style_path: str, tmp_path: Path
) -> None:
    audio, rate = soundfile.read(take)
    audio[RATE, 1] = np.inf
    soundfile.write(take, audio, rate, "FLOAT")
    with pytest.raises(StylefxError, match=r"take.wav holds the value inf at 1.000 s"):
        stylefx.render(take, style_path, tmp_path / "out.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["take.wav"]


@pytest.mark.slow
def test_pipes_give_what_files_give(take: Path, style_path: str, tmp_path: Path) -> None:
    """AU in, AU out, through the command; and the file from the same command line without pipes."""
    audio, rate = soundfile.read(take, dtype="float32")
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, rate, "FLOAT", format="AU")
    command = [sys.executable, "-m", "stylefx", "render", "-", "--style", style_path, "-o"]
    piped = subprocess.run([*command, "-"], input=buffer.getvalue(), capture_output=True, timeout=120)
    assert piped.returncode == 0, piped.stderr
    assert main(["render", str(take), "--style", style_path, "-o", str(tmp_path / "out.wav")]) == 0
    np.testing.assert_array_equal(
        soundfile.read(io.BytesIO(piped.stdout), dtype="float32")[0],
        soundfile.read(tmp_path / "out.wav", dtype="float32")[0],
    )


def test_folder_in_folder_out_and_one_bad_file(take: Path, style_path: str, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "takes"
    folder.mkdir()
    audio, rate = soundfile.read(take, stop=20_000)
    for name in ("a.flac", "b.wav"):
        soundfile.write(folder / name, audio, rate)
    (folder / "broken.wav").write_text("hello")
    (folder / "notes.txt").write_text("not audio by its name")
    (folder / "sub").mkdir()
    code = main(["render", str(folder), "--style", style_path, "-o", str(tmp_path / "styled"), "--json"])
    caught = capsys.readouterr()
    result = json.loads(caught.out)
    assert code == 1
    assert sorted(path.name for path in (tmp_path / "styled").iterdir()) == ["a.flac", "b.wav"]
    assert [Path(report["output"]).name for report in result["rendered"]] == ["a.flac", "b.wav"]
    assert "cannot be read as audio" in result["failed"][0]["error"]
    assert "2 of 3 files rendered, 1 failed" in caught.err


@pytest.mark.slow
def test_default_names(take: Path, style_path: str, tmp_path: Path, capsys) -> None:
    for _ in range(2):
        code = main(["render", str(take), "--style", style_path, "--iterations", "0"])
    assert (tmp_path / "take.trumpet.wav").is_file()
    assert code == 1  # the second time
    assert "take.trumpet.wav exists" in capsys.readouterr().err


def test_plan(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("b.wav", "a.mp3", "c.txt", ".hidden.wav"):
        (tmp_path / "in" / name).touch()
    folder = str(tmp_path / "in")

    def outputs(contents: list[str], output: str | None) -> list[str]:
        return [str(Path(job.output).relative_to(tmp_path)) for job in plan(contents, output, "sax")]

    assert outputs([folder], None) == ["in.sax/a.mp3", "in.sax/b.wav"]
    assert outputs([f"{folder}/b.wav"], None) == ["in/b.sax.wav"]
    assert outputs([f"{folder}/c.txt"], None) == ["in/c.sax.wav"]
    assert outputs([f"{folder}/b.wav"], f"{tmp_path}/new/") == ["new/b.wav"]
    assert outputs([f"{folder}/b.wav", f"{folder}/a.mp3"], f"{tmp_path}/x") == ["x/b.wav", "x/a.mp3"]


@pytest.mark.parametrize(
    ("contents", "output", "words"),
    [
        (["a.wav", "b.wav"], None, "2 inputs need a folder to write to: add -o FOLDER"),
        (["a.wav", "b.wav"], "-", "several inputs need a folder"),
        (["a.wav", "sub/a.wav"], "out", "two inputs would both be written"),
        (["-", "a.wav"], "out", "stands alone"),
        (["-"], None, "audio from standard input needs a place to go"),
    ],
)
def test_plans_that_cannot_be(contents, output, words, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        plan(contents, output, "sax")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_plot_shows_three_spectrograms(take: Path, style_path: str, tmp_path: Path, capsys) -> None:
    figure = tmp_path / "figure.png"
    arguments = ["render", str(take), "--style", style_path, "--iterations", "0", "--plot", str(figure)]
    assert main([*arguments, "-o", str(tmp_path / "one.wav")]) == 0
    from matplotlib.image import imread

    height, width = imread(figure).shape[:2]
    assert width > 3 * height  # three panels side by side
    assert main([*arguments, "-o", str(tmp_path / "two.wav")]) == 1
    assert "figure.png exists" in capsys.readouterr().err
    assert not (tmp_path / "two.wav").exists()  # refused before the work


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--plot", "figure.txt"], "is no name for a figure"),
        (["-o", "-", "--json"], "both want the standard output"),
        (["-o", "out.xyz"], "does not end like an audio file"),
    ],
)
def test_usage_errors(extra: list[str], words: str, take: Path, style_path: str, capsys) -> None:
    assert main(["render", str(take), "--style", style_path, *extra]) == 2
    assert words in capsys.readouterr().err


def test_an_interruption_that_python_drops_is_not_lost(capfd) -> None:
    class Finaliser:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with unwinding():
        interruption.check()
        Finaliser()
        with pytest.raises(Interrupted):
            interruption.check()
    interruption.check()  # that was another time
    assert capfd.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
)
def test_interrupted_it_leaves_nothing(
    kind: signal.Signals, code: int, style_path: str, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 120 * RATE).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", noise, RATE, "FLOAT")
    process = subprocess.Popen(
        [sys.executable, "-m", "stylefx", "render", "long.wav", "--style", style_path, "-o", "out.wav"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # What runs the tests may ignore it (nohup, a shell's background), and a child would do the same.
        preexec_fn=lambda: signal.signal(kind, signal.SIG_DFL),
    )
    started = time.monotonic()
    while not list(tmp_path.glob(".*.part")) and time.monotonic() < started + 60:
        time.sleep(0.05)
    process.send_signal(kind)
    # Shells, terminals and `timeout` pass on what they get as well, and a musician presses twice.
    for _ in range(300):
        process.send_signal(kind)
        time.sleep(0.01)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said.splitlines()[-1] == "stylefx: interrupted, nothing was left half-written"
    assert "Traceback" not in said
    assert "ignored" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]


@pytest.mark.slow
def test_memory_does_not_grow_with_length(style_path: str, tmp_path: Path) -> None:
    """20 s of 16 channels are 56 MB more than 2 s; the process may grow by a fifth of that."""
    peaks = []
    for seconds in (2, 20):
        path = tmp_path / f"{seconds}.wav"
        soundfile.write(path, np.zeros((seconds * RATE, 16), np.float32), RATE, "PCM_16")
        code = (
            "import resource, sys; from stylefx.cli.main import main; code = main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
        )
        command = [
            sys.executable,
            "-c",
            code,
            "render",
            str(path),
            "--style",
            style_path,
            "--iterations",
            "0",
        ]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        peaks.append(int(run.stdout) * 1024)
    assert peaks[1] - peaks[0] < 18 * 16 * RATE * 4 / 5


@pytest.mark.slow
def test_start_changes_the_sound(take: Path, style_path: str, tmp_path: Path) -> None:
    heard = []
    render = ["render", str(take), "--style", style_path]
    for start in ("decoder", "envelope", "content"):
        output = tmp_path / f"{start}.wav"
        assert main([*render, "--optimiser-start", start, "-o", str(output)]) == 0
        heard.append(soundfile.read(output)[0])
    assert not any(np.array_equal(one, other) for one, other in combinations(heard, 2))
    # The word for it until it had an option of its own.
    assert main([*render, "--start", "content", "-o", str(output), "-y"]) == 0
    # Samples, not bytes: a float WAV says when it was written.
    assert np.array_equal(soundfile.read(output)[0], heard[-1])


def test_the_samples_do_not_depend_on_the_threads_of_the_libraries(
    stylefx_command, tmp_path: Path, trumpet_style_path: Path, guitar_audio
) -> None:
    soundfile.write(tmp_path / "take.wav", guitar_audio, 44_100, subtype="FLOAT")
    outputs = []
    for threads in ("1", "2"):
        output = tmp_path / f"{threads}.wav"
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        run = stylefx_command(
            "render", tmp_path / "take.wav", "--style", trumpet_style_path, "-o", output, env=environment
        )
        assert run.returncode == 0, run.stderr
        outputs.append(soundfile.read(output, dtype="float32")[0])
    assert np.array_equal(*outputs)
