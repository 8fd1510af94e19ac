"""Audio files and pipes written block by block, checked before they take their name.

An `AudioWriter` writes to a temporary file that takes the target's name when everything went well and it reads back
as long as it was written: libsndfile does not notice a full disk in every format. `-` writes an AU to the standard
output, because a WAV's header needs the length that a pipe does not know yet; so does the null device, for timing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import soundfile

from stylefx.errors import StylefxError, UsageError
from stylefx.io.formats import check_rate, container_of, samples_for
from stylefx.io.output import check_output, replacing, system_words
from stylefx.io.sndfile import SYSTEM_ERROR, reason

if TYPE_CHECKING:
    from stylefx.io.files import AudioReader

PIPE = "-"
CHECKED_FRAMES = 2**16  # at a time, when a finished file is read back
_FOUR_GIB_CONTAINERS = {"WAV": 2**32, "WAVEX": 2**32, "AIFF": 2**32}
_BYTES_A_SAMPLE = {"PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "DOUBLE": 8}


class AudioWriter(AbstractContextManager):
    """Writes one audio file, or AU on the standard output for ``-``.

    Parameters
    ----------
    target
        Path whose extension names the container, ``-``, or the null device.
    sample_rate, channels
        Of what will be written.
    container, samples
        The input's format and subtype, kept as far as the output's container can hold them.
    overwrite
        Whether an existing file may be replaced.
    tags
        Title, artist and the like, by libsndfile's names.

    Attributes
    ----------
    lost_tags : list of str
        Names of the tags that the container cannot hold.

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
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.name = "standard output" if str(target) == PIPE else str(target)
        self._stack = ExitStack()
        self._bytes = self._frames = 0
        self._temporary: BinaryIO | None = None
        path = Path(target)
        if str(target) == PIPE or is_null_device(target):
            self._container = "AU"
        else:
            self._container = _kept_container(path, container)
            check_output(path, overwrite)
        self.samples = samples_for(self._container, container, samples, path.suffix)
        check_rate(self.name, self.samples, sample_rate)
        try:
            descriptor = self._open(target, path, overwrite)
            self._file = self._start(descriptor, sample_rate, channels)
        except BaseException:
            self._stack.__exit__(*sys.exc_info())
            raise
        self.lost_tags = self._keep(tags or {})

    @classmethod
    def like(cls, reader: AudioReader, target: str | Path, *, overwrite: bool = False) -> AudioWriter:
        """A writer for audio of the rate, channels, kind of samples and tags that ``reader`` has."""
        return cls(
            target,
            reader.sample_rate,
            reader.channels,
            container=reader.container,
            samples=reader.samples,
            overwrite=overwrite,
            tags=reader.tags,
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
            raise StylefxError(f"{self.name} cannot be written further ({self._cause(error)})") from error
        self._frames += len(block)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except soundfile.LibsndfileError as failure:
            if error is None:  # else that is what is to be told, a Ctrl-C above all
                kind, error = type(failure), failure
                raise StylefxError(
                    f"{self.name} cannot be written to its end ({reason(failure)})"
                ) from failure
        finally:
            self._stack.__exit__(kind, error, traceback)

    def _open(self, target: str | Path, path: Path, overwrite: bool) -> int:
        """The descriptor that libsndfile writes to."""
        if str(target) == PIPE:
            return _pipe_descriptor()
        if is_null_device(target):
            descriptor = os.open(os.devnull, os.O_WRONLY)
            self._stack.callback(os.close, descriptor)
            return descriptor
        self._temporary = self._stack.enter_context(replacing(path, overwrite, self._check))
        return self._temporary.fileno()

    def _cause(self, error: Any) -> str:
        """Encoders say of a full disk that something is wrong: then the system is asked."""
        if (
            error.code != SYSTEM_ERROR
            and self._temporary is not None
            and (words := _refusal(self._temporary))
        ):
            return words
        return reason(error, self._file)

    def _start(self, descriptor: int, sample_rate: int, channels: int) -> soundfile.SoundFile:
        try:
            return soundfile.SoundFile(
                descriptor, "w", sample_rate, channels, self.samples, format=self._container, closefd=False
            )
        except soundfile.LibsndfileError as error:
            if error.code == SYSTEM_ERROR:
                raise StylefxError(f"{self.name} cannot be written ({reason(error)})") from error
            raise StylefxError(
                f"{self.name} cannot be written: {self._container} refuses {sample_rate} Hz with {channels} "
                f"channels ({reason(error)}), try .wav"
            ) from error

    def _keep(self, tags: Mapping[str, str]) -> list[str]:
        """Write the tags; which of them the container does not hold."""
        lost = []
        for name, text in tags.items():
            try:
                setattr(self._file, name, text)
            except soundfile.LibsndfileError:
                lost.append(name)
        return lost

    def _check(self, file: BinaryIO) -> None:
        """Read the finished file back: every frame must be there."""
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        found = 0
        try:
            with soundfile.SoundFile(file.fileno(), closefd=False) as written:
                while read := len(written.read(CHECKED_FRAMES, dtype="float32")):
                    found += read
        except soundfile.LibsndfileError:
            found = 0
        if found < self._frames:
            raise StylefxError(
                f"{self.name} was not written completely: {found} of {self._frames} frames can be read back"
                f"{f' ({words})' if (words := _refusal(file)) else ''}"
            )


def is_null_device(target: str | Path) -> bool:
    """Whether what is written there is thrown away."""
    return os.path.realpath(target) == os.path.realpath(os.devnull)


def _refusal(file: BinaryIO) -> str:
    """The system's words, where it refuses a few bytes more; the file is spoilt already."""
    try:
        os.lseek(file.fileno(), 0, os.SEEK_END)
        os.write(file.fileno(), bytes(CHECKED_FRAMES))
        os.fsync(file.fileno())
    except OSError as error:
        return system_words(error)
    return ""


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


def unkept(writer: AudioWriter, picture: bool) -> list[str]:
    """What of the input's extras the output does not have, as sentences."""
    lost: list[Any] = [*writer.lost_tags, *(["cover art"] if picture else [])]
    return [f"{writer.name} does not keep the input's {', '.join(lost)}"] if lost else []
