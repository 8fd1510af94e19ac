"""A batch never ends because of one file: odd names, folders within folders, what cannot be read, empty variables."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

import stylefx.rendering
from stylefx.cli.jobs import plan
from stylefx.cli.main import main
from stylefx.errors import StylefxError, UsageError

RATE = 44_100
LATIN_1 = os.fsdecode(b"m\xfcsik.wav")


def sound(path: Path, seconds: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, round(seconds * RATE))
    with path.open("wb") as file:
        soundfile.write(file, noise, RATE, "FLOAT", format="WAV")
    return path


def test_a_name_that_is_not_utf_8(tmp_path: Path, trumpet_style_path: Path, capsys) -> None:
    for name in ("a.wav", LATIN_1, "z.wav"):
        sound(tmp_path / "takes" / name)
    arguments = ["render", str(tmp_path / "takes"), "--style", str(trumpet_style_path), "--json"]
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 0
    assert set(os.listdir(tmp_path / "out")) == {"a.wav", LATIN_1, "z.wav"}
    rendered = json.loads(capsys.readouterr().out)["rendered"]
    assert [Path(each["output"]).name for each in rendered] == ["a.wav", LATIN_1, "z.wav"]


def test_names_do_not_reach_the_terminal_raw(tmp_path: Path, trumpet_style_path: Path, capsys) -> None:
    take = sound(tmp_path / "a\x1b]0;owned\x07.wav")
    assert main(["render", str(take), "--style", str(trumpet_style_path), "-o", "/dev/null"]) == 0
    assert main(["render", str(take), "--style", str(trumpet_style_path)]) == 0
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert r"a\x1b]0;owned\x07.trumpet.wav" in said


def test_a_fault_with_one_file_does_not_cost_the_others(
    tmp_path: Path, trumpet_style_path: Path, capsys, monkeypatch
) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        sound(tmp_path / "takes" / name)
    real = stylefx.rendering.AudioReader

    def failing(content, *part):
        if str(content).endswith("b.wav"):
            raise ZeroDivisionError("made up")
        return real(content, *part)

    monkeypatch.setattr(stylefx.rendering, "AudioReader", failing)
    arguments = ["render", str(tmp_path / "takes"), "--style", str(trumpet_style_path)]
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "b.wav failed with ZeroDivisionError: made up" in said
    assert "2 of 3 files rendered, 1 failed: b.wav" in said


@pytest.mark.slow
def test_what_looks_like_audio_is_counted_when_it_cannot_be_read(
    tmp_path: Path, trumpet_style_path: Path, capsys
) -> None:
    sound(tmp_path / "takes" / "a.wav")
    (tmp_path / "takes" / "voice.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(500))
    (tmp_path / "takes" / "notes.txt").write_text("no sound by its name")
    arguments = ["render", str(tmp_path / "takes"), "--style", str(trumpet_style_path)]
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 1
    assert "1 of 2 files rendered, 1 failed: voice.m4a" in capsys.readouterr().err


def outputs(folder: Path, contents: list[str], output: str | None, **options) -> list[str]:
    return [str(Path(job.output).relative_to(folder)) for job in plan(contents, output, "sax", **options)]


def test_recursive_makes_the_subfolders_again(tmp_path: Path) -> None:
    for name in ("in/b.wav", "in/one/a.wav", "in/two/deep/a.flac", "in/two/.hidden.wav", "in/text.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    folder = str(tmp_path / "in")
    assert outputs(tmp_path, [folder], None) == ["in.sax/b.wav"]
    expected = ["out/b.wav", "out/one/a.wav", "out/two/deep/a.flac"]
    assert outputs(tmp_path, [folder], str(tmp_path / "out"), recursive=True) == expected
    assert (tmp_path / "out" / "two" / "deep").is_dir()
    # What an earlier run has written inside the folder is no input of the next.
    inside = str(tmp_path / "in" / "styled")
    first = outputs(tmp_path, [folder], inside, recursive=True)
    for name in first:
        (tmp_path / name).touch()
    assert outputs(tmp_path, [folder], inside, recursive=True) == first


def test_a_folder_without_audio_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "a.wav").touch()
    with pytest.raises(StylefxError, match="holds no audio files: --recursive looks into its subfolders"):
        plan([str(tmp_path / "in")], str(tmp_path / "out"), "sax")


def test_inputs_that_change_their_format_do_not_collide(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.m4a", "a.wav", "b.m4a"):
        (tmp_path / "in" / name).touch()
    assert outputs(tmp_path, [str(tmp_path / "in")], None) == [
        "in.sax/a.m4a.wav",
        "in.sax/a.wav",
        "in.sax/b.wav",
    ]


def test_empty_names_are_refused(tmp_path: Path, monkeypatch) -> None:
    """A variable of the shell that is not set once rendered the whole working directory into a sibling of it."""
    (tmp_path / "work").mkdir()
    sound(tmp_path / "work" / "a.wav")
    monkeypatch.chdir(tmp_path / "work")
    for contents, output in (([""], None), (["a.wav", ""], "out"), (["a.wav"], "")):
        with pytest.raises(UsageError, match="a name is empty: is a variable of the shell not set"):
            plan(contents, output, "sax")
    assert os.listdir(tmp_path) == ["work"]
    assert os.listdir(tmp_path / "work") == ["a.wav"]


@pytest.mark.parametrize("inputs", [["a.wav", "b.wav"], ["."]])
def test_several_inputs_and_the_name_of_one_file(inputs: list[str], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.wav", "b.wav"):
        sound(tmp_path / name)
    with pytest.raises(
        UsageError, match=r"cannot be written to one file, one.wav: name a folder \(one.wav/ if"
    ):
        plan(inputs, "one.wav", "sax")
    assert sorted(os.listdir(tmp_path)) == ["a.wav", "b.wav"]
    assert [job.output for job in plan(["a.wav", "b.wav"], "one.wav/", "sax")] == [
        "one.wav/a.wav",
        "one.wav/b.wav",
    ]


def test_the_null_device_takes_any_number(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        sound(tmp_path / name)
    assert [job.output for job in plan([str(tmp_path)], "/dev/null", "sax")] == ["/dev/null"] * 2


@pytest.mark.slow
def test_a_part_of_a_take(tmp_path: Path, trumpet_style_path: Path, capsys) -> None:
    take = sound(tmp_path / "take.wav", 1.0)
    audio = soundfile.read(take, dtype="float32")[0]
    command = ["render", str(take), "--style", str(trumpet_style_path), "--mix", "0", "-y"]
    for options, start, end in (
        (["--start", "0.25", "--end", "0:00.75"], 0.25, 0.75),
        (["--start", "0.9"], 0.9, 1.0),
        (["--end", "0.1", "--start", "decoder"], 0.0, 0.1),
        (["--end", "5"], 0.0, 1.0),
    ):
        assert main([*command, *options, "-o", str(tmp_path / "out.wav")]) == 0
        played = soundfile.read(tmp_path / "out.wav", dtype="float32")[0]
        np.testing.assert_array_equal(played, audio[round(start * RATE) : round(end * RATE)])
    capsys.readouterr()
    for late in ("7", "1"):
        assert main([*command, "--start", late, "-o", str(tmp_path / "late.wav")]) == 1
        words = f"take.wav ends at 1.00 s, the part of it begins at {late} s: begin earlier"
        assert words in capsys.readouterr().err
    assert main([*command, "--start", "0.5", "--end", "0.5"]) == 2
    assert "--end 0.5 s is not behind --start 0.5 s" in capsys.readouterr().err
    assert main([*command, "--start", "soon"]) == 2
    assert "'soon' is no place in a recording: 90, 1:30 or 1:02:03.5" in capsys.readouterr().err
