"""`stylefx live --backend files`: the real engine by the live worker gives what `render` gives, sample for sample."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 44_100


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory, guitar: Path) -> Path:
    """Two seconds of guitar in stereo, one channel late, as 32-bit float: nothing is rounded on the way."""
    audio, rate = soundfile.read(guitar, dtype="float32", always_2d=True)
    assert rate == RATE
    mono = audio[: 2 * RATE, 0]
    path = tmp_path_factory.mktemp("take") / "take.wav"
    soundfile.write(path, np.stack([mono, np.roll(mono, 500)], axis=1), RATE, subtype="FLOAT")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("blocksize", [[], ["--blocksize", 1000]])
def test_the_output_is_what_render_gives_after_the_declared_delay(
    stylefx_command, trumpet_style_path, take, tmp_path, blocksize
):
    rendered, heard = tmp_path / "rendered.wav", tmp_path / "heard.wav"
    done = stylefx_command(
        "render", take, "--style", trumpet_style_path, "-o", rendered, "--latency", "normal"
    )
    assert done.returncode == 0, done.stderr
    files = ["--backend", "files", "--input", take, "--output", heard, "--speed", "fast"]
    done = stylefx_command("live", "--style", trumpet_style_path, *files, *blocksize, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    expected, rate = soundfile.read(rendered, dtype="float32")
    samples = soundfile.read(heard, dtype="float32")[0]
    delay = report["latency"]["samples"]
    assert (report["late"], report["lost_frames"], report["ended"]) == (0, 0, "end of input")
    assert (rate, len(samples)) == (RATE, len(expected) + delay)
    assert np.array_equal(samples[delay:], expected)
    assert np.abs(expected).max() > 0.01
    assert soundfile.info(heard).subtype == "FLOAT"


@pytest.mark.slow
def test_seconds_play_the_beginning_whole(stylefx_command, trumpet_style_path, take, tmp_path):
    files = ["--input", take, "--output", tmp_path / "heard.wav", "--speed", "fast", "--seconds", 0.5]
    done = stylefx_command("live", "--style", trumpet_style_path, *files, "--mix", 0, "--json")
    report = json.loads(done.stdout)
    samples = soundfile.read(tmp_path / "heard.wav", dtype="float32")[0]
    delay = report["latency"]["samples"]
    audio = soundfile.read(take, dtype="float32")[0]
    assert len(samples) == RATE // 2 + delay
    assert np.array_equal(samples[delay:], audio[: RATE // 2])


@pytest.mark.slow
def test_at_the_real_clock_it_takes_as_long_as_the_sound_and_answers_with_a_report(
    stylefx_command, trumpet_style_path, take, tmp_path
):
    files = ["--input", take, "--output", tmp_path / "heard.wav", "--blocksize", 4096]
    done = stylefx_command("live", "--style", trumpet_style_path, *files, "--bypass")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stderr.splitlines()[1:8]}
    assert "4096 samples" in lines["block"]
    assert "4096 samples" in lines["delay"]
    assert done.stdout.startswith("end of input after 2.")
    samples = soundfile.read(tmp_path / "heard.wav", dtype="float32")[0]
    assert np.array_equal(samples[4096:], soundfile.read(take, dtype="float32")[0])


@pytest.mark.slow
def test_simulated_trouble_is_covered_reported_and_the_same_every_time(
    stylefx_command, trumpet_style_path, take, tmp_path
):
    """A stall of half a second at 0.5 s, while the engine needs half of the time."""
    heard = []
    for name in ("a.wav", "b.wav"):
        files = ["--input", take, "--output", tmp_path / name, "--blocksize", 512]
        trouble = ["--simulate", "jitter=0.002,load=0.5,stall=0.5@0.5"]
        done = stylefx_command("live", "--style", trumpet_style_path, *files, *trouble, "--json")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        heard.append(soundfile.read(tmp_path / name, dtype="float32")[0])
    assert np.array_equal(*heard)
    delay, audio = report["latency"]["samples"], soundfile.read(take, dtype="float32")[0]
    expected = np.concatenate([np.zeros((delay, 2), np.float32), audio])
    dry = (heard[0] == expected).all(axis=1)
    assert (report["stalls"], report["lost_frames"], report["drops"]) == (1, 0, 1)
    assert 0.5 * RATE / 512 <= report["late"] <= 0.7 * RATE / 512
    assert dry[round(0.56 * RATE) + delay : round(1.0 * RATE)].all()
    assert not dry[round(1.2 * RATE) + delay :].any()


FILES = ["--input", "TAKE", "--output", "OUT"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--backend", "files"], 2, "--input FILE and --output FILE"),
        (["--input", "TAKE"], 2, "--input FILE and --output FILE"),
        (["--backend", "portaudio", *FILES], 2, "-i and -o"),
        ([*FILES, "-i", "system"], 2, "choose one pair"),
        (["--speed", "fast"], 2, "its own clock"),
        (["--simulate", "jitter=1"], 2, "for files"),
        ([*FILES, "--simulate", "stall=1"], 2, "'stall=1' is none of jitter=SECONDS"),
        ([*FILES, "--simulate", "load=1@3-x"], 2, "'load=1@3-x' is none of"),
        ([*FILES, "--blocksize", "0"], 2, "from 16 to 16384"),
        ([*FILES, "--seconds", "-1"], 2, "above 0"),
        ([*FILES, "--mix", "2"], 2, "from 0 to 1"),
        (["--input", "TAKE", "--output", "-", "--json"], 2, "choose one"),
        (["--input", "MISSING", "--output", "OUT"], 1, "does not exist"),
        (["--input", "TAKE", "--output", "TAKE"], 1, "exists"),
        (["--input", "TAKE", "--output", "FOLDER/none/out.wav"], 1, "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(
    stylefx_command, trumpet_style_path, take, tmp_path, arguments, code, words
):
    names = {
        "TAKE": str(take),
        "OUT": str(tmp_path / "out.wav"),
        "MISSING": str(tmp_path / "no.wav"),
        "FOLDER/none/out.wav": str(tmp_path / "none" / "out.wav"),
    }
    done = stylefx_command("live", "--style", trumpet_style_path, *(names.get(a, a) for a in arguments))
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.splitlines()[-1].startswith("stylefx: ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_missing_style_is_said_before_any_device_is_looked_for(stylefx_command, tmp_path):
    done = stylefx_command("live", "--style", tmp_path / "none.npz")
    assert done.returncode == 1
    assert "none.npz" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("verb", [["devices"], ["live", "--bypass", "--style", "STYLE"]])
def test_without_any_device_it_says_what_to_do(stylefx_command, trumpet_style_path, verb):
    environment = {**os.environ, "JACK_DEFAULT_SERVER": "there-is-none", "JACK_NO_START_SERVER": "1"}
    found = json.loads(stylefx_command("devices", "--json", env=environment).stdout)["devices"]
    if found:
        pytest.skip(f"this machine has a sound card: {found[0]['name']}")
    arguments = [str(trumpet_style_path) if word == "STYLE" else word for word in verb]
    done = stylefx_command(*arguments, env=environment)
    assert done.returncode == 3
    assert "no audio device found: plug one in" in done.stderr
    assert "Traceback" not in done.stderr
