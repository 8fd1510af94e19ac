"""The command as users run it: help at once, sentences for mistakes, exit codes, JSON that a program can read."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import stylefx
from stylefx.cli.main import main
from stylefx.style.style import Style

VERBS = ("fit", "render", "live", "notes", "methods", "devices", "info", "doctor", "demo", "app")
SLOW_MODULES = {"torch", "numba", "numpy", "scipy", "sounddevice", "soundfile", "soxr", "matplotlib", "rich"}


@pytest.mark.slow
def test_help_answers_at_once(stylefx_command) -> None:
    """The bound is CPU time, the best of three: what else runs here is not our doing."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert stylefx_command("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["--version"], ["fit"]])
def test_help_and_usage_errors_import_nothing_slow(arguments: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stylefx", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    imported = {
        line.rsplit("|", 1)[-1].strip().split(".")[0] for line in run.stderr.splitlines() if "|" in line
    }
    assert "argparse" in imported
    assert imported & SLOW_MODULES == set()


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, stylefx_command) -> None:
    run = stylefx_command(verb, "--help")
    assert run.returncode == 0
    assert "example" in run.stdout or verb == "devices"
    assert "--json" in run.stdout or verb == "app"  # which prints an address, and nothing else


def test_version(stylefx_command) -> None:
    assert stylefx_command("--version").stdout == f"stylefx {stylefx.__version__}\n"


def test_alone_it_shows_the_verbs(stylefx_command) -> None:
    run = stylefx_command()
    assert run.returncode == 2
    assert run.stdout == ""
    assert all(f"\n    {verb} " in run.stderr for verb in VERBS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sing"], "invalid choice: 'sing'"),
        (["fit", "a.wav"], "required: -o/--output"),
        (["render", "a.wav"], "required: --style"),
        (["render", "a.wav", "--style", "s.npz", "--mix", "1.5"], "'1.5' is no number from 0 to 1"),
        (["render", "a.wav", "--style", "s.npz", "--mix", "nan"], "'nan' is no number from 0 to 1"),
        (["render", "a.wav", "--style", "s.npz", "--iterations", "-1"], "'-1' is no whole number"),
        (["fit", "a.wav", "-o", "s.npz", "--method", "magic"], "invalid choice: 'magic'"),
    ],
)
def test_usage_errors(arguments: list[str], words: str, capsys: pytest.CaptureFixture) -> None:
    assert main(arguments) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert words in caught.err
    assert caught.err.splitlines()[-1].startswith("stylefx: ")


@pytest.mark.slow
def test_fit_info_render(trumpet: Path, tmp_path: Path, stylefx_command) -> None:
    """The way through, each step's JSON read as a program would."""
    style = tmp_path / "style.npz"
    fitted = json.loads(stylefx_command("fit", trumpet, "-o", style, "--json").stdout)
    assert fitted["sources"][0]["name"] == "trumpet_solo.flac"
    told = json.loads(stylefx_command("info", style, "--json").stdout)
    assert told["arrays"].keys() >= {"preview"}
    assert told["real_time"] is True
    assert 0 < told["cpu_factor"] < 1
    assert told["notes_fall_db_per_second"] is None
    assert {note["held"] for note in told["instrument"]} == {True}
    of_the_file = ("arrays", "instrument", "bytes", "real_time", "cpu_factor", "notes_fall_db_per_second")
    assert {key: told[key] for key in told if key not in of_the_file} == {
        key: fitted[key] for key in fitted if key not in ("style", "bytes", "seconds")
    }
    assert told["bytes"] == fitted["bytes"] == style.stat().st_size
    run = stylefx_command("render", trumpet, "--style", style, "-o", tmp_path / "out.wav", "--json")
    assert run.returncode == 0
    (report,) = json.loads(run.stdout)["rendered"]
    sound = soundfile.info(tmp_path / "out.wav")
    assert (report["frames"], report["sample_rate"], report["channels"]) == (sound.frames, 44100, 1)
    assert sound.subtype == "PCM_16"
    assert f"wrote {tmp_path / 'out.wav'}" in run.stderr


def test_info_for_people(trumpet_style_path: Path, stylefx_command) -> None:
    out = stylefx_command("info", trumpet_style_path).stdout
    assert "method    harmonic, quality draft, seed 0" in out
    assert "from trumpet_solo.flac, 5.33 s" in out
    assert "die away" not in out


@pytest.mark.slow
def test_info_tells_that_a_guitar_is_plucked(guitar: Path, tmp_path: Path, stylefx_command) -> None:
    stylefx_command("fit", guitar, "-o", tmp_path / "guitar.npz", "--quality", "draft")
    assert re.search(
        r"notes     die away, by \d+ to \d+ dB per second",
        stylefx_command("info", tmp_path / "guitar.npz").stdout,
    )


@pytest.mark.slow
def test_same_seed_same_file(trumpet: Path, tmp_path: Path, stylefx_command) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        stylefx_command("fit", trumpet, "-o", tmp_path / f"{name}.npz", "--seed", seed, "--quality", "draft")
    a, b, c = ((tmp_path / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def sine(seconds: float, rate: int = 44100, channels: int = 1) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


def bad_clips(folder: Path) -> dict[str, Path]:
    spoilt = sine(1)
    spoilt[100] = np.nan
    sounds = {
        "lasts 0.1 s, a clip needs 0.5 s or more": ("short.wav", sine(0.1), 44100, "PCM_16"),
        "is silent: there is no sound to learn from": ("silent.wav", 0 * sine(1), 44100, "PCM_16"),
        "holds a constant value": ("direct.wav", 0 * sine(1) + 2**-15, 44100, "PCM_16"),
        "holds the value nan at 0.002 s": ("nan.wav", spoilt, 44100, "FLOAT"),
        "is longer than 600 s at 8000 Hz: cut out the part": ("long.wav", sine(601, 8000), 8000, "PCM_U8"),
        "holds no samples": ("none.wav", sine(0), 44100, "PCM_16"),
    }
    for name, audio, rate, subtype in sounds.values():
        soundfile.write(folder / name, audio, rate, subtype)
    (folder / "text.wav").write_text("hello")
    (folder / "empty.wav").touch()
    return {words: folder / name for words, (name, *_) in sounds.items()} | {
        "cannot be read as audio": folder / "text.wav",
        "is empty, expected an audio file": folder / "empty.wav",
        "is a directory": folder,
        "does not exist": folder / "missing.wav",
    }


@pytest.mark.slow
def test_fit_refuses_what_it_cannot_learn_from(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for words, clip in bad_clips(tmp_path).items():
        assert main(["fit", str(clip), "-o", str(tmp_path / "s.npz")]) == 1, words
        caught = capsys.readouterr()
        assert words in caught.err
        assert caught.err.startswith(f"stylefx: {clip}")
        assert caught.err.count("\n") == 1
        assert list(tmp_path.glob("*.npz")) == []
        assert list(tmp_path.glob(".*")) == []


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (192_000, 1), (44_100, 6)])
def test_fit_and_render_take_odd_audio(rate: int, channels: int, tmp_path: Path, stylefx_command) -> None:
    soundfile.write(tmp_path / "odd.wav", sine(0.8, rate, channels), rate, "PCM_24")
    assert stylefx_command("fit", tmp_path / "odd.wav", "-o", tmp_path / "odd.npz").returncode == 0
    run = stylefx_command("render", tmp_path / "odd.wav", "--style", tmp_path / "odd.npz")
    assert run.returncode == 0, run.stderr
    written = soundfile.info(tmp_path / "odd.odd.wav")
    assert (written.samplerate, written.channels, written.subtype) == (rate, channels, "PCM_24")
    assert written.frames == int(0.8 * rate)


@pytest.mark.slow
def test_several_clips_make_one_style(trumpet: Path, tmp_path: Path, stylefx_command) -> None:
    soundfile.write(tmp_path / "low.wav", sine(1, 22_050, 2), 22_050)
    run = stylefx_command("fit", trumpet, tmp_path / "low.wav", "-o", tmp_path / "both.npz", "--json")
    sources = json.loads(run.stdout)["sources"]
    assert [source["name"] for source in sources] == ["trumpet_solo.flac", "low.wav"]
    assert "6.3 s of sound" in run.stderr


@pytest.mark.slow
def test_a_clip_from_a_pipe(trumpet: Path, tmp_path: Path, stylefx_command) -> None:
    audio, rate = soundfile.read(trumpet, frames=44100)
    soundfile.write(tmp_path / "clip.wav", audio, rate)
    style = tmp_path / "style.npz"
    data = (tmp_path / "clip.wav").read_bytes()
    run = stylefx_command("fit", "-", "-o", style, "--json", input=data, text=False)
    assert json.loads(run.stdout)["sources"][0]["name"] == "standard input"


def test_a_reader_who_leaves_is_no_traceback(trumpet_style_path: Path) -> None:
    command = (
        f"{sys.executable} -m stylefx info {trumpet_style_path} --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    )
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert run.stderr == ""
    assert run.stdout in ("{0\n", "{1\n")


@pytest.mark.parametrize(
    ("target", "words", "code"),
    [
        ("mine.npz", "exists: choose another name, or allow it to be replaced with -y", 1),
        ("style.txt", "does not end in .npz", 2),
        ("nowhere/s.npz", "the folder", 1),
        ("folder.npz", "is a directory", 1),
    ],
)
def test_fit_checks_the_target_first(target, words, code, trumpet, tmp_path, capsys) -> None:
    (tmp_path / "mine.npz").write_bytes(b"mine")
    (tmp_path / "folder.npz").mkdir()
    assert main(["fit", str(trumpet), "-o", str(tmp_path / target)]) == code
    assert words in capsys.readouterr().err
    assert (tmp_path / "mine.npz").read_bytes() == b"mine"


@pytest.mark.slow
def test_doctor_measures_every_stage(stylefx_command) -> None:
    run = stylefx_command("doctor", "--json")
    assert run.returncode == 0, run.stderr
    facts = json.loads(run.stdout)
    assert facts["packages"]["numba"].count(".") == 2
    assert facts["devices"]["found"] or "no audio device" in facts["devices"]["why_none"]
    default = facts["speed"]["default"]
    assert default["deadline_ms"] == pytest.approx(1000 * 256 / 44100)
    assert default["hop"]["p50_ms"] <= default["hop"]["p99_ms"] <= default["hop"]["max_ms"]
    assert sum(stage["p50_ms"] for stage in default["stages"].values()) <= default["hop"]["max_ms"]
    assert default["stages"].keys() == {"analysis", "decode", "phase", "overlap_add"}


@pytest.mark.slow
def test_demo_writes_sound_and_picture(tmp_path: Path, stylefx_command) -> None:
    for _ in range(2):  # a second time replaces the first
        run = stylefx_command("demo", "-o", tmp_path / "out", "--json", timeout=300)
        assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    heard, played = soundfile.info(result["render"]["content"]), soundfile.info(result["render"]["output"])
    assert (heard.frames, heard.samplerate) == (played.frames, played.samplerate)
    assert Path(result["figure"]).read_bytes().startswith(b"\x89PNG")
    for name in os.listdir(tmp_path / "out"):
        assert name in run.stderr


@pytest.mark.slow
def test_info_plays_a_scale_and_draws_the_notes(
    trumpet_style_path: Path, tmp_path: Path, stylefx_command
) -> None:
    from stylefx.tracking.tracker import track

    scale, figure = tmp_path / "scale.wav", tmp_path / "notes.png"
    run = stylefx_command("info", trumpet_style_path, "--play", scale, "--plot", figure)
    assert run.returncode == 0, run.stderr
    assert figure.read_bytes().startswith(b"\x89PNG")
    told = json.loads(stylefx_command("info", trumpet_style_path, "--json").stdout)
    lowest, highest = (round(end(note["pitch"] for note in told["instrument"])) for end in (min, max))
    audio, rate = soundfile.read(scale, dtype="float32")
    heard = sorted({round(note.pitch) for note in track(audio, rate) if note.confidence > 0.9})
    assert heard[0] == lowest
    assert lowest < heard[-1] <= highest
    assert np.abs(audio).max() < 1
    again = stylefx_command("info", trumpet_style_path, "--play", scale)
    assert (again.returncode, "exists" in again.stderr) == (1, True)


def test_info_has_no_scale_for_a_style_without_notes(
    made_up_style: Style, tmp_path: Path, stylefx_command
) -> None:
    made_up_style.save(tmp_path / "style.npz")
    run = stylefx_command("info", tmp_path / "style.npz", "--play", tmp_path / "scale.wav")
    assert run.returncode != 0
    assert "holds no notes" in run.stderr
    assert not (tmp_path / "scale.wav").exists()
