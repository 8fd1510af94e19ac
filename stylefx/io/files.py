"""Audio files and pipes, block by block, with every way they can fail said in one sentence.

An `AudioReader` yields float32 (frames, channels); `-` reads the standard input through libsndfile on its
descriptor, so a WAV or AU can be played into stylefx while it is still being made. What libsndfile does not know is
read through ffmpeg (`stylefx.io.ffmpeg`). Writing is in `stylefx.io.writing`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import soundfile

from stylefx.errors import StylefxError, UsageError
from stylefx.io.ffmpeg import Decoder, needs_ffmpeg
from stylefx.io.headers import Repaired, broken_packet, fact_frames, has_picture, repairs
from stylefx.io.output import system_words
from stylefx.io.sndfile import reason
from stylefx.io.writing import PIPE, AudioWriter

__all__ = ["BLOCK_FRAMES", "PIPE", "AudioReader", "AudioWriter", "read_audio"]
from stylefx.io.named_pipe import tell_if_waiting

BLOCK_FRAMES = 2**15  # 0.7 s at 44.1 kHz: few calls, little memory
MAX_CHANNELS = 64  # libsndfile believes headers up to 1024, which would cost 1024 engines
MAX_SAMPLE = 1000.0  # 60 dB over full scale: integers stored as float, or garbage
_UNKNOWN_FRAMES = 2**60  # libsndfile says 2^62 or more when a pipe hides the length
_IN_BLOCKS = ("MS_ADPCM", "IMA_ADPCM")
_NEED_SEEKING = {"FLAC", "MP3"}
# What libsndfile itself says it is written by says nothing of the sound.
_NO_TAGS = {"software"}


class AudioReader(AbstractContextManager):
    """Reads one audio file, or the standard input for ``-``.

    Parameters
    ----------
    source
        A file, or ``-``.
    start_seconds, end_seconds
        The part that is read; None is the end of the file.

    Attributes
    ----------
    name : str
        What messages call the source.
    sample_rate, channels : int
        Of the file; nothing is converted.
    frames : int or None
        Length of what will be read, where it is known, which it is not on a pipe.
    container, samples : str
        libsndfile's names for the format and the subtype.
    tags : dict of str to str
        Title, artist and the like.
    picture : bool
        Whether the file holds cover art, which is not read.
    remarks : list of str
        What is odd about the file, in sentences.
    """

    def __init__(
        self, source: str | Path, start_seconds: float = 0.0, end_seconds: float | None = None
    ) -> None:
        if not str(source):
            raise UsageError("the name of an input is empty: is a variable of the shell not set?")
        self.name = "standard input" if str(source) == PIPE else str(source)
        self.remarks: list[str] = []
        self.picture = False
        self._decoder: Decoder | None = None
        self._closing = ExitStack()
        self._position = 0
        try:
            self._file = self._open_pipe() if str(source) == PIPE else self._open_file(Path(source))
            self._describe()
            self._cut(start_seconds, end_seconds)
        except BaseException:
            self._closing.close()
            raise

    def _describe(self) -> None:
        file = self._file
        self.sample_rate, self.channels = file.samplerate, file.channels
        self.container, self.samples = file.format, file.subtype
        if self._decoder is not None:
            self.samples = "PCM_24"  # of what ffmpeg decodes, the float of its pipe says nothing
        known = file.seekable() and file.frames < _UNKNOWN_FRAMES
        self.frames: int | None = self._true_frames(file.frames) if known else None
        # Told by libsndfile it is an estimate in some formats, and no limit.
        self._left = None if self.frames == file.frames else self.frames
        self.tags = {
            name: text for name, text in file.copy_metadata().items() if text and name not in _NO_TAGS
        }
        if self.channels > MAX_CHANNELS:
            raise StylefxError(
                f"{self.name} has {self.channels} channels, at most {MAX_CHANNELS} can be played"
            )

    def _true_frames(self, frames: int) -> int:
        """Without what fills the last block of a coding in blocks."""
        if self.samples not in _IN_BLOCKS or self.name == "standard input":
            return frames
        return min(frames, fact_frames(Path(self.name)) or frames)

    def _cut(self, start_seconds: float, end_seconds: float | None) -> None:
        """Skip what is before the part, and know where it ends."""
        start = round(start_seconds * self.sample_rate)
        if end_seconds is not None:
            end = round(end_seconds * self.sample_rate)
            self._left = end if self._left is None else min(end, self._left)
            self.frames = None if self.frames is None else min(end, self.frames)
        while self._position < start and len(block := self._read(min(BLOCK_FRAMES, start - self._position))):
            self._position += len(block)
        if start and (self._position < start or self.frames == self._position):
            raise StylefxError(
                f"{self.name} ends at {self._position / self.sample_rate:.2f} s, the part of it begins at "
                f"{start_seconds:g} s: begin earlier"
            )
        self.frames = None if self.frames is None else self.frames - start

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[np.ndarray]:
        """Yield float32 (up to ``frames``, channels) until the end; every value is finite.

        Raises
        ------
        StylefxError
            Nothing to read, damage on the way, or samples that are no sound.
        """
        begin = self._position
        while len(block := self._read(frames)):
            self._check(block)
            self._position += len(block)
            yield block
        if self._decoder is not None and self._left != 0:
            self._decoder.check()
        if self._position == begin:
            raise StylefxError(f"{self.name} holds no samples, expected at least one")

    def read_all(self, max_seconds: float | None = None) -> np.ndarray:
        """Everything at once, float32 (frames, channels); more than ``max_seconds`` is refused."""
        blocks, frames = [], 0
        for block in self.blocks():
            blocks.append(block)
            frames += len(block)
            if max_seconds is not None and frames > max_seconds * self.sample_rate:
                raise StylefxError(
                    f"{self.name} is longer than {max_seconds:g} s: cut out the part whose sound you want"
                )
        return np.concatenate(blocks)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.close()

    def _read(self, frames: int) -> np.ndarray:
        frames = frames if self._left is None else min(frames, self._left)
        try:
            block = self._file.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise StylefxError(
                f"{self.name} is damaged {self._where(0)} ({reason(error, self._file)})"
            ) from error
        if self._left is not None:
            self._left -= len(block)
        return block

    def _check(self, block: np.ndarray) -> None:
        """NaN passes through min and max, so good blocks cost two reductions."""
        if block.min() >= -MAX_SAMPLE and block.max() <= MAX_SAMPLE:
            return
        bad = ~(np.abs(block) <= MAX_SAMPLE)
        frame, channel = (int(index[0]) for index in np.nonzero(bad))
        raise StylefxError(
            f"{self.name} holds the value {block[frame, channel]:g} {self._where(frame)}, expected samples "
            "within -1 and 1: export the file again, or cut that place out"
        )

    def _where(self, frame: int) -> str:
        return f"at {(self._position + frame) / self.sample_rate:.3f} s"

    def _open_file(self, path: Path) -> soundfile.SoundFile:
        try:
            _check_readable(path)
            return self._open_by_libsndfile(path)
        except OSError as error:
            raise StylefxError(f"{path} cannot be read: {system_words(error)}") from error
        except soundfile.LibsndfileError as error:
            if needs_ffmpeg(path):
                self._decoder = self._closing.enter_context(Decoder(path))
                self.remarks.append(f"{path} was read through ffmpeg, without its tags")
                return self._decoder.file
            raise StylefxError(f"{path} cannot be read as audio ({reason(error)})") from error
        except TypeError as error:  # soundfile wants to be told the rate of headerless files
            raise StylefxError(f"{path} has no header that says what it holds: convert it to .wav") from error

    def _open_by_libsndfile(self, path: Path) -> soundfile.SoundFile:
        # As bytes: a name need not be UTF-8.
        name: Any = os.fsencode(path) if os.name == "posix" else str(path)
        if path.is_file() and (at := broken_packet(path)) is not None:
            raise StylefxError(
                f"{path} is damaged at byte {at}, expected a packet of a MIDI sample dump: dump it again"
            )
        changes = repairs(path) if path.is_file() else {}
        if changes:
            name = Repaired(self._closing.enter_context(path.open("rb")), changes)
            self.remarks.append(
                f"{path} was never finished, its header promises no sample: read to the end of the file"
            )
        file = self._closing.enter_context(soundfile.SoundFile(name))
        self.picture = path.is_file() and has_picture(path)
        return file

    def _open_pipe(self) -> soundfile.SoundFile:
        if sys.stdin is None or sys.stdin.closed:
            raise UsageError("standard input is closed: send audio through a pipe, or name a file")
        if sys.stdin.isatty():
            raise UsageError("standard input is a terminal: send audio through a pipe, or name a file")
        try:
            file = self._closing.enter_context(soundfile.SoundFile(sys.stdin.fileno(), closefd=False))
        except soundfile.LibsndfileError as error:
            raise StylefxError(
                f"standard input cannot be read as audio ({reason(error)}): send WAV or AU"
            ) from error
        if file.format in _NEED_SEEKING and not _is_file(sys.stdin.fileno()):
            raise StylefxError(
                f"standard input cannot be read as audio ({file.format} needs a file to seek in): send WAV or AU"
            )
        return file


def _is_file(descriptor: int) -> bool:
    """Whether one can seek in it; libsndfile believes so of some pipes."""
    try:
        os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return False
    return True


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise StylefxError(f"{path} is a directory, expected an audio file")
    if not path.exists():
        raise StylefxError(f"{path} does not exist")
    if path.is_file() and path.stat().st_size == 0:
        raise StylefxError(f"{path} is empty, expected an audio file")
    if not os.access(path, os.R_OK):
        raise StylefxError(f"{path} cannot be read: permission denied")
    tell_if_waiting(path)


def read_audio(
    path: str | Path,
    max_seconds: float | None = None,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
) -> tuple[np.ndarray, int]:
    """A whole file, or a part of it, as float32 (frames, channels) with its sample rate in Hz.

    Raises
    ------
    StylefxError
        The file is missing, damaged, not audio, longer than ``max_seconds``, or holds impossible values.
    """
    with AudioReader(path, start_seconds, end_seconds) as reader:
        return reader.read_all(max_seconds), reader.sample_rate
