"""What libsndfile does not read (m4a, aac, wma, webm, the sound of a video): decoded by the program ffmpeg.

ffmpeg writes an AU to a pipe, which is read block by block, so that an hour takes no more memory than a minute. Of the
protocols it may open files only, and of the formats no playlists: a forged file must not make it fetch anything.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import soundfile

from stylefx.errors import StylefxError
from stylefx.io.formats import FFMPEG_FORMATS

CURE = (
    "install it ('sudo apt install ffmpeg', 'brew install ffmpeg' or 'winget install ffmpeg'), or convert the "
    "file to .wav"
)
# Where ffmpeg's names differ from the extensions, and the containers of several; no playlists among them.
_DEMUXERS = (
    "matroska",
    "mov",
    "asf",
    "mpegts",
    "mpeg",
    "mp3",
    "mpc8",
    "aac",
    "avi",
    "flv",
    "ogg",
    "wav",
    "caf",
)
_SIGNATURES = {4: (b"ftyp",), 0: (b"\x1a\x45\xdf\xa3", b"\x30\x26\xb2\x75", b"#!AMR", b"MAC ", b"wvpk")}
SECONDS_TO_END = 5.0
LONGEST_REASON = 160


def needs_ffmpeg(path: Path) -> bool:
    """Whether the name or the first bytes are those of a format that ffmpeg knows and libsndfile does not."""
    if not path.is_file():  # a pipe has been read from already
        return False
    if path.suffix[1:].lower() in FFMPEG_FORMATS:
        return True
    with suppress(OSError), path.open("rb") as file:
        start = file.read(16)
        return any(
            start[at:].startswith(each) for at, signatures in _SIGNATURES.items() for each in signatures
        )
    return False


class Decoder(AbstractContextManager):
    """A running ffmpeg, and the sound file that it writes: ``file``, without a known length.

    Raises
    ------
    StylefxError
        ffmpeg is not installed, or makes nothing of the file.
    """

    def __init__(self, path: Path) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            raise StylefxError(
                f"{path} is {_kind(path)}, read through ffmpeg, which is not installed: {CURE}"
            )
        self._path = path
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            _command(program, path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said
        )
        try:
            assert self._process.stdout is not None
            self.file = soundfile.SoundFile(self._process.stdout.fileno(), closefd=False)
        except soundfile.LibsndfileError as error:
            with suppress(subprocess.TimeoutExpired):  # let it say why
                self._process.wait(SECONDS_TO_END)
            reason = self._reason()
            self._end()
            raise StylefxError(f"{path} cannot be read as audio (ffmpeg: {reason})") from error
        except BaseException:
            self._end()
            raise

    def check(self) -> None:
        """At the end of the sound: a StylefxError if ffmpeg ended early because of damage."""
        try:
            code = self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            return
        if code:
            raise StylefxError(f"{self._path} is damaged (ffmpeg: {self._reason()})")

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._said.close()

    def _reason(self) -> str:
        """ffmpeg's last line, without the file's name."""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").replace(f"file:{self._path}", "").splitlines()
        last = next((line for line in reversed(lines) if line.strip()), "it says no more")
        return "".join(each for each in last if each.isprintable()).strip(" :.")[:LONGEST_REASON]


def _command(program: str, path: Path) -> list[str]:
    allowed = ",".join(sorted({*FFMPEG_FORMATS, *_DEMUXERS}))
    return [
        *(program, "-nostdin", "-hide_banner", "-loglevel", "error"),
        *("-protocol_whitelist", "file", "-format_whitelist", allowed, "-i", f"file:{path}"),
        *("-map", "0:a:0", "-f", "au", "-c:a", "pcm_f32be", "pipe:1"),
    ]


def _kind(path: Path) -> str:
    return f"{path.suffix} audio" if path.suffix[1:].lower() in FFMPEG_FORMATS else "MP4 or a like format"
