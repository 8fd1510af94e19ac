"""Audio files and pipes, block by block, with every way they can fail said in one sentence.

An `AudioReader` yields float32 (frames, channels); `-` reads the standard input through libsndfile on its
descriptor, so a WAV or AU can be played into stylefx while it is still being made. An `AudioWriter` writes to
a temporary file that takes the target's name when everything went well; `-` writes an AU to the standard
output, because a WAV's header needs the length that a pipe does not know yet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import soundfile

from stylefx.audio.formats import container_of, samples_for
from stylefx.errors import StylefxError, UsageError
from stylefx.output import check_output, replacing
from stylefx.waiting import tell_if_waiting

PIPE = "-"
BLOCK_FRAMES = 2**15  # 0.7 s at 44.1 kHz: few calls, little memory
MAX_CHANNELS = 64  # libsndfile believes headers up to 1024, which would cost 1024 engines
SYSTEM_ERROR = 2  # libsndfile: the system refused, not the format
MAX_SAMPLE = 1000.0  # 60 dB over full scale: integers stored as float, or garbage
_UNKNOWN_FRAMES = 2**60  # libsndfile says 2^62 or more when a pipe hides the length
_FOUR_GIB_CONTAINERS = {"WAV": 2**32, "WAVEX": 2**32, "AIFF": 2**32}
_BYTES_A_SAMPLE = {"PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "DOUBLE": 8}


class AudioReader(AbstractContextManager):
    """Reads one audio file, or the standard input for ``-``.

    Attributes
    ----------
    name : str
        What messages call the source.
    sample_rate, channels : int
        Of the file; nothing is converted.
    frames : int or None
        Length where it is known, which it is not on a pipe.
    container, samples : str
        libsndfile's names for the format and the subtype.
    """

    def __init__(self, source: str | Path) -> None:
        self.name = "standard input" if str(source) == PIPE else str(source)
        self._file = _open_pipe() if str(source) == PIPE else _open_file(Path(source))
        self.sample_rate, self.channels = self._file.samplerate, self._file.channels
        self.container, self.samples = self._file.format, self._file.subtype
        known = self._file.seekable() and self._file.frames < _UNKNOWN_FRAMES
        self.frames = self._file.frames if known else None
        self._position = 0
        if self.channels > MAX_CHANNELS:
            self._file.close()
            raise StylefxError(
                f"{self.name} has {self.channels} channels, at most {MAX_CHANNELS} can be played"
            )

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[np.ndarray]:
        """Yield float32 (up to ``frames``, channels) until the end; every value is finite.

        Raises
        ------
        StylefxError
            Nothing to read, damage on the way, or samples that are no sound.
        """
        while len(block := self._read(frames)):
            self._check(block)
            self._position += len(block)
            yield block
        if self._position == 0:
            raise StylefxError(f"{self.name} holds no samples, expected at least one")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def _read(self, frames: int) -> np.ndarray:
        try:
            return self._file.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise StylefxError(f"{self.name} is damaged {self._where(0)} ({_reason(error)})") from error

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


class AudioWriter(AbstractContextManager):
    """Writes one audio file, or AU on the standard output for ``-``.

    Parameters
    ----------
    target
        Path whose extension names the container, or ``-``.
    sample_rate, channels
        Of what will be written.
    container, samples
        The input's format and subtype, kept as far as the output's container can hold them.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    StylefxError
        The target exists, or cannot be written, or cannot hold such audio.
    """

    def __init__(
        self,
        target: str | Path,
        sample_rate: int,
        channels: int,
        *,
        container: str = "WAV",
        samples: str = "PCM_24",
        overwrite: bool = False,
    ) -> None:
        self.name = "standard output" if str(target) == PIPE else str(target)
        self._stack = ExitStack()
        path = Path(target)
        if str(target) == PIPE:
            self._container = "AU"
            destination: int | Path = _pipe_descriptor()
        else:
            self._container = _kept_container(path, container)
            check_output(path, overwrite)
            destination = self._stack.enter_context(replacing(path))
        self.samples = samples_for(self._container, container, samples, path.suffix)
        self._bytes = 0
        try:
            self._file = soundfile.SoundFile(
                destination, "w", sample_rate, channels, self.samples, format=self._container, closefd=False
            )
        except soundfile.LibsndfileError as error:
            self._stack.__exit__(type(error), error, None)
            if error.code == SYSTEM_ERROR:
                raise StylefxError(
                    f"{self.name} cannot be written: the system does not let files be made there"
                ) from error
            raise StylefxError(
                f"{self.name} cannot be written: {self._container} refuses {sample_rate} Hz with {channels} "
                f"channels ({_reason(error)}), try .wav"
            ) from error

    @classmethod
    def like(cls, reader: AudioReader, target: str | Path, *, overwrite: bool = False) -> AudioWriter:
        """A writer for audio of the rate, channels and kind of samples that ``reader`` has."""
        return cls(
            target,
            reader.sample_rate,
            reader.channels,
            container=reader.container,
            samples=reader.samples,
            overwrite=overwrite,
        )

    def write(self, block: np.ndarray) -> None:
        """Append float32 (frames, channels); what passes full scale is clipped in integer formats."""
        self._bytes += block.size * _BYTES_A_SAMPLE.get(self.samples, 4)
        if self._bytes > _FOUR_GIB_CONTAINERS.get(self._container, self._bytes):
            raise StylefxError(
                f"{self.name} would pass the 4 GiB that {self._container} can hold: write .w64 or .flac"
            )
        try:
            self._file.write(block)
        except soundfile.LibsndfileError as error:
            raise StylefxError(f"{self.name} cannot be written further ({_reason(error)})") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except soundfile.LibsndfileError as failure:
            kind, error = type(failure), failure
            raise StylefxError(f"{self.name} cannot be written to its end ({_reason(failure)})") from failure
        finally:
            self._stack.__exit__(kind, error, traceback)


def read_audio(path: str | Path, max_seconds: float | None = None) -> tuple[np.ndarray, int]:
    """A whole file as float32 (frames, channels) with its sample rate in Hz.

    Raises
    ------
    StylefxError
        The file is missing, damaged, not audio, longer than ``max_seconds``, or holds impossible values.
    """
    blocks, frames = [], 0
    with AudioReader(path) as reader:
        for block in reader.blocks():
            blocks.append(block)
            frames += len(block)
            if max_seconds is not None and frames > max_seconds * reader.sample_rate:
                raise StylefxError(
                    f"{reader.name} is longer than {max_seconds:g} s: cut out the part whose sound you want"
                )
        return np.concatenate(blocks), reader.sample_rate


def _open_file(path: Path) -> soundfile.SoundFile:
    if path.is_dir():
        raise StylefxError(f"{path} is a directory, expected an audio file")
    if not path.exists():
        raise StylefxError(f"{path} does not exist")
    if path.is_file() and path.stat().st_size == 0:
        raise StylefxError(f"{path} is empty, expected an audio file")
    tell_if_waiting(path)
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise StylefxError(f"{path} cannot be read as audio ({_reason(error)})") from error
    except TypeError as error:  # soundfile wants to be told the rate of headerless files
        raise StylefxError(f"{path} has no header that says what it holds: convert it to .wav") from error


def _open_pipe() -> soundfile.SoundFile:
    if sys.stdin.isatty():
        raise UsageError("standard input is a terminal: send audio through a pipe, or name a file")
    try:
        return soundfile.SoundFile(sys.stdin.fileno(), closefd=False)
    except soundfile.LibsndfileError as error:
        raise StylefxError(
            f"standard input cannot be read as audio ({_reason(error)}): send WAV or AU"
        ) from error


def _pipe_descriptor() -> int:
    if sys.stdout.isatty():
        raise UsageError(
            "standard output is a terminal: send it to a file or a program, or name a file with -o"
        )
    sys.stdout.flush()
    return sys.stdout.fileno()


def _kept_container(path: Path, source_container: str) -> str:
    """The extension's container, in the input's variant: a .wav of many channels may be a WAVEX."""
    container = container_of(path)
    return "WAVEX" if (container, source_container) == ("WAV", "WAVEX") else container


def _reason(error: Any) -> str:
    """libsndfile's own words, small and without its full stop."""
    words = error.error_string.removeprefix("Error : ").strip().rstrip(".")
    return words[:1].lower() + words[1:]
