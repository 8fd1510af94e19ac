"""What phones, recorders and others write: through ffmpeg, unfinished, coded in blocks, with tags and pictures."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stylefx.errors import StylefxError
from stylefx.io.files import AudioReader, AudioWriter, read_audio
from stylefx.io.writing import unkept

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
RATE = 44_100
TONE = 0.5 * np.sin(np.arange(RATE) * 0.06, dtype=np.float32)[:, np.newaxis]


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "tone.wav", TONE, RATE, "PCM_16")
    return tmp_path / "tone.wav"


def ffmpeg(source: Path, target: Path, *options: str) -> Path:
    command = ["ffmpeg", "-y", "-loglevel", "error", "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "rate", "longer"),
    [
        ("voice.m4a", ["-c:a", "aac"], RATE, 1024),
        ("lossless.m4a", ["-c:a", "alac"], RATE, 0),
        ("voice.webm", ["-c:a", "libopus"], 48_000, 0),
        ("voice.aac", ["-c:a", "aac"], RATE, 3072),
        ("recorded", ["-c:a", "alac", "-f", "mp4"], RATE, 0),  # by its first bytes
        (
            "video.mp4",
            ["-f", "lavfi", "-i", "testsrc=size=32x32:duration=1", "-c:a", "alac", "-c:v", "mpeg4"],
            RATE,
            0,
        ),
    ],
)
def test_what_ffmpeg_decodes(name: str, options: list[str], rate: int, longer: int, wav: Path) -> None:
    with AudioReader(ffmpeg(wav, wav.with_name(name), *options)) as reader:
        audio = reader.read_all()
        assert reader.sample_rate == rate
        assert f"{name} was read through ffmpeg" in reader.remarks[0]
    assert 0 <= len(audio) - rate <= longer
    level = np.sqrt(np.mean(audio[5000:40_000] ** 2))
    assert level == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    if "alac" in options:
        np.testing.assert_array_equal(audio, read_audio(wav)[0])


def test_an_mp3_without_a_header_of_its_own_is_read_to_its_end(wav: Path) -> None:
    """Then libsndfile estimates the length."""
    options = [
        "-filter:a",
        "aloop=3:1e6,volume='if(lt(t,1),0,1)':eval=frame",
        "-q:a",
        "4",
        "-write_xing",
        "0",
    ]
    path = ffmpeg(wav, wav.with_name("varied.mp3"), *options)
    whole = ffmpeg(path, wav.with_name("whole.wav"))
    assert abs(len(read_audio(path)[0]) - soundfile.info(whole).frames) <= 1152 * 2


def test_a_part_of_what_ffmpeg_decodes(wav: Path) -> None:
    path = ffmpeg(wav, wav.with_name("take.m4a"), "-c:a", "alac")
    part, _ = read_audio(path, start_seconds=0.5, end_seconds=0.75)
    np.testing.assert_array_equal(part, read_audio(wav)[0][RATE // 2 : RATE // 4 * 3])


@pytest.mark.slow
def test_ffmpeg_is_ended_with_the_reader(wav: Path) -> None:
    """One that has not been read to its end waits at a full pipe for ever."""
    path = ffmpeg(wav, wav.with_name("long.m4a"), "-filter:a", "aloop=-1:2e4", "-t", "60")
    with AudioReader(path) as reader:
        next(reader.blocks())
        decoder = reader._decoder
        assert decoder is not None
        assert decoder._process.poll() is None
    assert decoder._process.poll() is not None
    with pytest.raises(StylefxError, match="is longer than 2 s"):
        read_audio(path, max_seconds=2)


def test_without_ffmpeg_the_cure_is_named(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ffmpeg(wav, wav.with_name("voice.m4a"))
    monkeypatch.setenv("PATH", str(wav.parent))
    with pytest.raises(
        StylefxError,
        match=r"is .m4a audio, read through ffmpeg, which is not installed: install it \('sudo apt install ffmpeg'",
    ):
        read_audio(path)


def test_damage_is_told_in_ffmpegs_words(wav: Path) -> None:
    path = ffmpeg(wav, wav.with_name("voice.m4a"), "-movflags", "faststart")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(StylefxError, match=r"voice.m4a (cannot be read as audio|is damaged) \(ffmpeg: "):
        read_audio(path)


def test_a_forged_file_makes_ffmpeg_open_nothing_else(wav: Path) -> None:
    """A playlist under the name of a sound could have anything fetched and played."""
    forged = wav.with_name("forged.m4a")
    forged.write_text(f"#EXTM3U\n#EXTINF:1,\n{ffmpeg(wav, wav.with_name('secret.aac'))}\n#EXT-X-ENDLIST\n")
    with pytest.raises(StylefxError, match="cannot be read as audio"):
        read_audio(forged)


@pytest.mark.parametrize("riff_size", [0, 36])
def test_a_wav_that_was_never_finished(riff_size: int, wav: Path) -> None:
    """What a recorder leaves that lost power: both sizes as they were before the first sample."""
    data = bytearray(wav.read_bytes())
    data[4:8], data[40:44] = struct.pack("<I", riff_size), bytes(4)
    wav.write_bytes(data)
    with AudioReader(wav) as reader:
        audio = reader.read_all()
        assert "tone.wav was never finished" in reader.remarks[0]
        assert reader.frames == RATE
    np.testing.assert_allclose(audio, TONE, atol=1e-4)


def unfinished(path: Path, container: str) -> Path:
    """A file of that kind whose header says what it said before the first sample."""
    soundfile.write(path, TONE, RATE, "PCM_16", format=container)
    data = bytearray(path.read_bytes())
    if container == "RF64":
        at = data.index(b"ds64") + 8
        data[at : at + 24] = bytes(24)
    elif container == "AIFF":
        comm, ssnd = data.index(b"COMM"), data.index(b"SSND")
        data[4:8] = data[comm + 10 : comm + 14] = bytes(4)
        data[ssnd + 4 : ssnd + 8] = struct.pack(">I", 8)
    else:
        data[8:12] = bytes(4)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("container", ["RF64", "AIFF", "AU"])
def test_others_that_were_never_finished(container: str, tmp_path: Path) -> None:
    audio, _ = read_audio(unfinished(tmp_path / f"take.{container.lower()}", container))
    assert len(audio) == RATE
    np.testing.assert_allclose(audio, TONE, atol=1e-4)


@pytest.mark.parametrize("container", ["WAV", "RF64", "AIFF", "AU", "W64"])
def test_a_finished_file_without_samples_is_empty(container: str, tmp_path: Path) -> None:
    path = tmp_path / f"none.{container.lower()}"
    soundfile.write(path, TONE[:0], RATE, "PCM_16", format=container)
    with pytest.raises(StylefxError, match="holds no samples"):
        read_audio(path)


def test_a_finished_wav_without_samples_is_empty(wav: Path) -> None:
    """Its chunks behind the data are no samples."""
    data = bytearray(wav.read_bytes()[:44]) + b"LIST" + struct.pack("<I", 4) + b"INFO"
    data[4:8], data[40:44] = struct.pack("<I", len(data) - 8), bytes(4)
    wav.write_bytes(data)
    with pytest.raises(StylefxError, match="holds no samples"):
        read_audio(wav)


@pytest.mark.parametrize("coding", ["adpcm_ms", "adpcm_ima_wav"])
def test_adpcm_comes_back_as_long(coding: str, wav: Path) -> None:
    path = ffmpeg(wav, wav.with_name("coded.wav"), "-c:a", coding)
    with (
        AudioReader(path) as reader,
        AudioWriter.like(reader, wav.with_name("out.wav")) as writer,
    ):
        for block in reader.blocks():
            writer.write(block)
    assert soundfile.info(wav.with_name("out.wav")).frames == reader.frames


def test_the_fact_chunk_ends_adpcm(wav: Path) -> None:
    path = ffmpeg(wav, wav.with_name("coded.wav"), "-c:a", "adpcm_ms")
    data = bytearray(path.read_bytes())
    at = data.index(b"fact") + 8
    data[at : at + 4] = struct.pack("<I", RATE)
    path.write_bytes(data)
    assert len(read_audio(path)[0]) == RATE


def copied(source: Path, target: Path) -> list[str]:
    """What is said to be lost."""
    with AudioReader(source) as reader, AudioWriter.like(reader, target) as writer:
        for block in reader.blocks():
            writer.write(block)
        return unkept(writer, reader.picture)


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "aiff", "caf"])
def test_tags_are_kept(extension: str, wav: Path) -> None:
    tagged = ffmpeg(wav, wav.with_name("tagged.flac"), "-metadata", "title=Süß", "-metadata", "artist=Ich")
    target = wav.with_name(f"out.{extension}")
    assert copied(tagged, target) == []
    command = ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", str(target)]
    tags = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "Süß" in tags
    assert "Ich" in tags
    with AudioReader(target) as reader:
        assert {"title", "artist"} <= reader.tags.keys()


@pytest.mark.slow
def test_tags_and_cover_art_that_are_not_kept_are_told(wav: Path) -> None:
    picture = ffmpeg(
        wav, wav.with_name("cover.png"), "-f", "lavfi", "-i", "testsrc=size=32x32", "-frames:v", "1"
    )
    options = [
        "-i",
        str(picture),
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    ]
    tagged = ffmpeg(wav, wav.with_name("tagged.flac"), *options, "-metadata", "title=A")
    assert copied(tagged, wav.with_name("out.au")) == [
        f"{wav.with_name('out.au')} does not keep the input's title, cover art"
    ]
    mp3 = ffmpeg(wav, wav.with_name("tagged.mp3"), *options, "-id3v2_version", "3")
    assert copied(mp3, wav.with_name("out.mp3")) == [
        f"{wav.with_name('out.mp3')} does not keep the input's cover art"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["mp3", "flac"])
def test_what_needs_seeking_is_refused_from_a_pipe_before_the_work(extension: str, wav: Path) -> None:
    data = ffmpeg(wav, wav.with_name(f"tone.{extension}")).read_bytes()
    code = "from stylefx.io.files import AudioReader\nAudioReader('-')"
    run = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, timeout=60, check=False
    )
    assert b"standard input cannot be read as audio" in run.stderr
    assert b"send WAV or AU" in run.stderr
