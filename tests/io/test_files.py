"""Audio in and out: whatever soundfile reads, in blocks of any size; each failure one sentence."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from stylefx.errors import StylefxError, UsageError
from stylefx.io.files import AudioReader, AudioWriter, read_audio
from stylefx.io.formats import container_of, samples_for


def noise(frames: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def write(path: Path, audio: np.ndarray, sample_rate: int = 44100, subtype: str | None = None) -> Path:
    soundfile.write(path, audio, sample_rate, subtype)
    return path


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 5000),
    channels=st.sampled_from([1, 2, 6]),
    rate=st.sampled_from([8000, 44100, 48000, 192000]),
    block=st.sampled_from([1, 17, 509, 4096, 10_000]),
)
def test_any_block_size_reads_the_same(frames, channels, rate, block, tmp_path_factory) -> None:
    audio = noise(frames, channels)
    path = write(tmp_path_factory.mktemp("any") / "a.wav", audio, rate, "FLOAT")
    with AudioReader(path) as reader:
        assert (reader.sample_rate, reader.channels, reader.frames) == (rate, channels, frames)
        blocks = list(reader.blocks(block))
    assert all(len(part) == block for part in blocks[:-1])
    np.testing.assert_array_equal(np.concatenate(blocks), audio)


@pytest.mark.parametrize(
    "extension", ["wav", "flac", "aiff", "ogg", "mp3", "w64", "caf", "au", "opus", "aif"]
)
def test_formats_by_extension(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{extension}"
    audio = 0.5 * np.sin(np.arange(48_000) * 0.05, dtype=np.float32)[:, np.newaxis].repeat(2, axis=1)
    with AudioWriter(path, 48_000, 2, samples="PCM_16") as writer:
        for start in range(0, len(audio), 5000):
            writer.write(audio[start : start + 5000])
    back, rate = read_audio(path)
    assert rate == 48_000
    assert abs(len(back) - len(audio)) <= (1200 if extension == "mp3" else 0)
    if extension not in ("ogg", "mp3", "opus"):
        assert np.abs(back - audio).max() < 1 / 32000


@pytest.mark.parametrize(
    ("container", "source", "samples", "expected"),
    [
        ("WAV", "WAV", "PCM_16", "PCM_16"),
        ("WAV", "WAV", "FLOAT", "FLOAT"),
        ("WAV", "FLAC", "PCM_24", "PCM_24"),
        ("FLAC", "WAV", "FLOAT", "PCM_24"),
        ("WAV", "MP3", "MPEG_LAYER_III", "PCM_24"),
        ("MP3", "MP3", "MPEG_LAYER_III", "MPEG_LAYER_III"),
        ("OGG", "WAV", "PCM_16", "VORBIS"),
    ],
)
def test_samples_stay_what_they_were_where_they_can(container, source, samples, expected) -> None:
    assert samples_for(container, source, samples) == expected


@pytest.mark.parametrize("name", ["out", "out.xyz", "out.raw", "out.npz"])
def test_unknown_extensions(name: str) -> None:
    with pytest.raises(UsageError, match="does not end like an audio file"):
        container_of(Path(name))


def broken_files(folder: Path) -> dict[str, Path]:
    """Every bad input, by the words of its sentence."""
    flac = write(folder / "cut.flac", noise(44100)).read_bytes()
    (folder / "cut.flac").write_bytes(flac[: len(flac) // 2])
    (folder / "text.wav").write_text("not a sound")
    (folder / "nothing.wav").touch()
    spoilt = noise(50_000)
    spoilt[44100, 0] = np.nan
    loud = noise(1000)
    loud[7, 0] = 32768
    return {
        "does not exist": folder / "missing.wav",
        "is a directory": folder,
        "cannot be read as audio": folder / "text.wav",
        "is empty, expected an audio file": folder / "nothing.wav",
        "holds no samples": write(folder / "none.wav", noise(0)),
        "is damaged at 0.": folder / "cut.flac",
        "holds the value nan at 1.000 s": write(folder / "nan.wav", spoilt, subtype="FLOAT"),
        "holds the value 32768 at 0.000 s": write(folder / "loud.wav", loud, subtype="FLOAT"),
    }


def test_every_bad_input_is_one_sentence(tmp_path: Path) -> None:
    for words, path in broken_files(tmp_path).items():
        with pytest.raises(StylefxError, match=words) as caught:
            read_audio(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_headerless_files_say_so(tmp_path: Path) -> None:
    (tmp_path / "bare.raw").write_bytes(bytes(1000))
    with pytest.raises(StylefxError, match="has no header"):
        read_audio(tmp_path / "bare.raw")


def test_too_long_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = write(tmp_path / "long.wav", noise(8000 * 3), 8000)
    with pytest.raises(StylefxError, match="is longer than 2 s: cut out the part"):
        read_audio(path, max_seconds=2)
    assert len(read_audio(path, max_seconds=3)[0]) == 24_000


def write_until(path: Path, error: type[BaseException]) -> None:
    with AudioWriter(path, 44100, 1, overwrite=True) as writer:
        writer.write(noise(1000))
        raise error


def test_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_bytes(b"mine")
    with pytest.raises(StylefxError, match="exists: choose another name"):
        AudioWriter(path, 44100, 1)
    for error in (KeyboardInterrupt, ZeroDivisionError):
        with pytest.raises(error):
            write_until(path, error)
        assert path.read_bytes() == b"mine"
        assert os.listdir(tmp_path) == ["out.wav"]


def test_a_full_disk_is_a_sentence() -> None:
    """/dev/full takes nothing, like a disk at its end."""
    code = (
        "import numpy as np; from stylefx.io.files import AudioWriter\n"
        "with AudioWriter('-', 44100, 1) as writer:\n    writer.write(np.zeros((100000, 1), np.float32))"
    )
    with open("/dev/full", "wb") as full:
        run = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert run.returncode == 1
    assert "StylefxError: standard output cannot be written" in run.stderr


def test_unwritable_targets(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    targets = {
        "the folder .* does not exist": tmp_path / "no" / "such" / "folder.wav",
        "is a directory": tmp_path / "folder.wav",
        "is no regular file": tmp_path / "pipe.wav",  # a rename would replace it: /dev/null is of that kind
    }
    for words, path in targets.items():
        with pytest.raises(StylefxError, match=words):
            AudioWriter(path, 44100, 1, overwrite=True)


def test_rates_a_format_refuses_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StylefxError, match="MP3 refuses 192000 Hz with 1 channels"):
        AudioWriter(tmp_path / "out.mp3", 192_000, 1)
    assert os.listdir(tmp_path) == []


def test_full_scale_is_clipped_not_wrapped(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "out.wav", 44100, 1, samples="PCM_16") as writer:
        writer.write(np.array([[1.5], [-1.5], [1.0]], np.float32))
    np.testing.assert_allclose(read_audio(tmp_path / "out.wav")[0][:, 0], [1, -1, 1], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("container", ["WAV", "AU", "AIFF", "W64"])
def test_pipes_in_and_out(container: str) -> None:
    """Samples through a real pipe on both sides, exact; the header of a piped WAV may claim any length."""
    audio = noise(70_000, 2)
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, 48_000, "FLOAT" if container != "AIFF" else "PCM_24", format=container)
    code = (
        "from stylefx.io.files import AudioReader, AudioWriter\n"
        "with AudioReader('-') as reader, AudioWriter.like(reader, '-') as writer:\n"
        "    for block in reader.blocks(): writer.write(block)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input=buffer.getvalue(), capture_output=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout[:4] == b".snd"
    back, rate = soundfile.read(io.BytesIO(run.stdout), dtype="float32")
    assert rate == 48_000
    np.testing.assert_allclose(back, audio, atol=0 if container != "AIFF" else 2e-7)


def test_what_cannot_be_read_from_a_pipe_is_a_sentence(guitar: Path) -> None:
    code = "from stylefx.io.files import AudioReader\nAudioReader('-')"
    run = subprocess.run(
        [sys.executable, "-c", code], input=guitar.read_bytes(), capture_output=True, timeout=60
    )
    assert b"standard input cannot be read as audio" in run.stderr
    assert b"send WAV or AU" in run.stderr
