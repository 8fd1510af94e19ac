"""Files are complete or not at all: names, links, permissions, two writers at once, and disks of any fullness."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stylefx.errors import StylefxError
from stylefx.io.files import AudioWriter, read_audio
from stylefx.io.output import check_output, replacing
from stylefx.style.style import Style

FORMATS = ("wav", "flac", "ogg", "opus", "mp3", "aiff", "au", "caf", "w64")
NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, (12_000, 1)).astype(np.float32)


def write(path: Path, text: bytes, overwrite: bool = True) -> None:
    check_output(path, overwrite)
    with replacing(path, overwrite) as file:
        file.write(text)


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.wav", tmp_path / "link.wav"
    real.write_bytes(b"before")
    link.symlink_to(real)
    with pytest.raises(StylefxError, match="exists: choose another name"):
        write(link, b"after", overwrite=False)
    write(link, b"after")
    assert link.is_symlink()
    assert real.read_bytes() == b"after"


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    """Somebody may have put it there so that another file comes into being: only -y writes there."""
    link = tmp_path / "link.wav"
    link.symlink_to(tmp_path / "new.wav")
    with pytest.raises(StylefxError, match=r"link.wav is a link to .*new.wav: choose another name"):
        write(link, b"x", overwrite=False)
    assert not (tmp_path / "new.wav").exists()
    write(link, b"x")
    assert link.is_symlink()
    assert (tmp_path / "new.wav").read_bytes() == b"x"


def test_permissions_of_a_replaced_file_stay_and_a_new_one_gets_the_usual(tmp_path: Path) -> None:
    old, new = tmp_path / "old.wav", tmp_path / "new.wav"
    old.write_bytes(b"before")
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        write(old, b"after")
        write(new, b"after", overwrite=False)
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (old, new)] == [0o640, 0o640]
    old.chmod(0o604)
    write(old, b"again")
    assert old.stat().st_mode & 0o777 == 0o604


@pytest.mark.parametrize("length", [244, 255])
def test_any_name_that_the_system_takes(length: int, tmp_path: Path) -> None:
    path = tmp_path / ("x" * (length - 4) + ".wav")
    with AudioWriter(path, 44100, 1) as writer:
        writer.write(NOISE)
    assert len(read_audio(path)[0]) == len(NOISE)


def test_a_name_that_is_too_long_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StylefxError, match="cannot be written: file name too long"):
        AudioWriter(tmp_path / ("x" * 300 + ".wav"), 44100, 1)
    with pytest.raises(StylefxError, match="cannot be read: file name too long"):
        read_audio(tmp_path / ("x" * 300 + ".wav"))


def test_what_comes_into_being_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"

    def write_late() -> None:
        with replacing(path, overwrite=False) as file:
            file.write(b"late")
            path.write_bytes(b"first")

    with pytest.raises(StylefxError, match="exists: choose another name"):
        write_late()
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["take.wav"]


def test_two_threads_with_one_target_do_not_mix(tmp_path: Path) -> None:
    path, meet = tmp_path / "take.wav", threading.Barrier(2, timeout=20)

    def play(value: float) -> None:
        with AudioWriter(path, 44100, 1, samples="FLOAT", overwrite=True) as writer:
            for _ in range(4):
                meet.wait()
                writer.write(np.full((5000, 1), value, np.float32))

    threads = [threading.Thread(target=play, args=(value,)) for value in (0.25, 0.5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audio = read_audio(path)[0]
    assert len(audio) == 20_000
    assert len(np.unique(audio)) == 1
    assert os.listdir(tmp_path) == ["take.wav"]


def test_the_temporary_name_cannot_be_guessed(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        with replacing(tmp_path / "take.wav") as file:
            (name,) = set(os.listdir(tmp_path)) - {"take.wav"}
            assert len(name) <= 24
            file.write(b"x")
        names.add(name)
    assert len(names) == 3


@pytest.mark.parametrize("extension", FORMATS)
def test_nothing_written_is_an_empty_file(extension: str, tmp_path: Path) -> None:
    with AudioWriter(tmp_path / f"out.{extension}", 48_000, 1):
        pass
    assert os.listdir(tmp_path) == [f"out.{extension}"]


def test_the_null_device_takes_everything() -> None:
    with AudioWriter("/dev/null", 44100, 1) as writer:
        writer.write(NOISE)
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(("rate", "extension"), [(200_001, "ogg"), (384_000, "oga"), (768_000, "ogg")])
def test_rates_that_crash_vorbis_are_refused(rate: int, extension: str, tmp_path: Path) -> None:
    with pytest.raises(
        StylefxError, match=f"Vorbis holds rates up to 200000 Hz, this is {rate} Hz: write .wav"
    ):
        AudioWriter(tmp_path / f"out.{extension}", rate, 1)
    assert os.listdir(tmp_path) == []


def test_the_highest_rate_of_vorbis(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "out.ogg", 200_000, 1) as writer:
        writer.write(NOISE)
    assert len(read_audio(tmp_path / "out.ogg")[0]) == len(NOISE)


class Disk:
    """A folder that holds so much and no more: a small disk of its own, or a limit on the size of files."""

    PAGE = os.sysconf("SC_PAGE_SIZE")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", "size=256k", "stylefx-test", str(folder)]
        self.mounted = os.getuid() == 0 and not subprocess.run(command, capture_output=True).returncode
        self.words = "no space left on device" if self.mounted else "file too large"

    @contextmanager
    def with_room(self, pages: int) -> Iterator[None]:
        """For a while."""
        fill, before = self.folder / "fill", resource.getrlimit(resource.RLIMIT_FSIZE)
        if self.mounted:
            room = os.statvfs(self.folder).f_bavail
            fill.write_bytes(bytes(max(0, room - pages) * self.PAGE))
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (pages * self.PAGE, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            fill.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    disk = Disk(tmp_path_factory.mktemp("disk"))
    yield disk
    if disk.mounted:
        subprocess.run(["umount", disk.folder], check=True)


def write_take(path: Path, audio: np.ndarray) -> None:
    with AudioWriter(path, 48_000, 1, samples="PCM_16", overwrite=True) as writer:
        for start in range(0, len(audio), 4000):
            writer.write(audio[start : start + 4000])


@pytest.mark.slow
@pytest.mark.parametrize("extension", FORMATS)
def test_a_full_disk_breaks_no_take(extension: str, disk: Disk) -> None:
    """Thirty amounts of space: the new take is complete, or the old one is as it was; the sentence says which."""
    take, old = disk.folder / f"take.{extension}", NOISE[:6000]
    said = set()
    for pages in range(30):
        write_take(take, old)
        sentence = ""
        with disk.with_room(pages):
            try:
                write_take(take, NOISE)
            except StylefxError as error:
                sentence = str(error)
        assert len(soundfile.read(take)[0]) == (len(old) if sentence else len(NOISE))
        assert os.listdir(disk.folder) == [take.name]
        said.add(sentence)
    take.unlink()
    assert "" in said
    assert len(said) > 1
    assert all(disk.words in sentence for sentence in said - {""}), said


def test_a_full_disk_breaks_no_style(disk: Disk, made_up_style: Style) -> None:
    path = disk.folder / "style.npz"
    made_up_style.save(path)
    other = made_up_style.with_sources([{"name": "other.wav", "sha256": "1e" * 32, "seconds": 1.0}])
    for pages in (0, 1, 3):
        with (
            disk.with_room(pages),
            pytest.raises(StylefxError, match=f"(?i)style.npz cannot be written: {disk.words}"),
        ):
            other.save(path, overwrite=True)
        assert os.listdir(disk.folder) == ["style.npz"]
        assert Style.load(path).meta == made_up_style.meta
    path.unlink()
