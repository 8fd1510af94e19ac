"""What a file says of itself that libsndfile does not pass on: unfinished WAV headers, true lengths, pictures.

A recorder that loses power leaves a WAV whose header says 0 bytes; the samples are there. ADPCM comes in blocks, and
only the `fact` chunk tells where in the last one the sound ends.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MOST_CHUNKS = 1000
LARGEST_SIZE = 2**32 - 1
SEARCHED_BYTES = 2**18  # tags lie in front, and say there whether a picture follows


@dataclass(frozen=True)
class WavHeader:
    """The parts of a RIFF header that are looked at; places and sizes in bytes."""

    file_size: int
    riff_size: int
    data_start: int
    data_size: int
    fact_frames: int | None

    @property
    def unfinished(self) -> bool:
        """Whether samples follow a header that was written before there were any."""
        return self.data_size == 0 and self.riff_size + 9 < self.file_size > self.data_start


def read_wav_header(path: Path) -> WavHeader | None:
    """The header of a RIFF WAVE up to its data; None of anything else."""
    with path.open("rb") as file:
        start = file.read(12)
        if start[:4] != b"RIFF" or start[8:] != b"WAVE":
            return None
        fact = None
        for _ in range(MOST_CHUNKS):
            head = file.read(8)
            if len(head) < 8:
                return None
            name, size = struct.unpack("<4sI", head)
            if name == b"data":
                data_start = file.tell()
                riff_size = struct.unpack("<I", start[4:8])[0]
                return WavHeader(file.seek(0, io.SEEK_END), riff_size, data_start, size, fact)
            body = file.read(4) if name == b"fact" and size >= 4 else b""
            fact = struct.unpack("<I", body)[0] if len(body) == 4 else fact
            file.seek(size + size % 2 - len(body), io.SEEK_CUR)
    return None


class FinishedWav:
    """An unfinished WAV as it would read with the right sizes in its header; for libsndfile's virtual files."""

    def __init__(self, file: BinaryIO, header: WavHeader) -> None:
        self._file = file
        sizes = {4: header.file_size - 8, header.data_start - 4: header.file_size - header.data_start}
        self._patches = {at: struct.pack("<I", min(size, LARGEST_SIZE)) for at, size in sizes.items()}

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes."""
        start = self._file.tell()
        data = bytearray(self._file.read(count))
        for at, patch in self._patches.items():
            for k, byte in enumerate(patch):
                if 0 <= at + k - start < len(data):
                    data[at + k - start] = byte
        return bytes(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As any file's."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As any file's."""
        return self._file.tell()


def has_picture(path: Path) -> bool:
    """Whether cover art lies in the tags of an MP3, FLAC, Ogg, WAV or AIFF."""
    with path.open("rb") as file:
        start = file.read(SEARCHED_BYTES)
    if start[:4] == b"fLaC":
        return _flac_has_picture(start)
    found = {b"ID3": b"APIC", b"Ogg": b"METADATA_BLOCK_PICTURE", b"RIF": b"APIC", b"FOR": b"APIC"}
    return found.get(start[:3], b"\0never") in start.replace(
        b"metadata_block_picture", b"METADATA_BLOCK_PICTURE"
    )


def _flac_has_picture(start: bytes) -> bool:
    at = 4
    while at + 4 <= len(start):
        kind, size = start[at], int.from_bytes(start[at + 1 : at + 4], "big")
        if kind & 0x7F == 6:
            return True
        if kind & 0x80:
            return False
        at += 4 + size
    return False
