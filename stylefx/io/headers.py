"""What a file says of itself that libsndfile does not pass on: unfinished headers, true lengths, pictures.

A recorder that loses power leaves a header that says 0 bytes; the samples are there. ADPCM comes in blocks, and only
the `fact` chunk tells where in the last one the sound ends.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAX_CHUNKS = 1000
LARGEST_SIZE = 2**32 - 1
SDS_HEADER_BYTES, SDS_PACKET_BYTES, SDS_PACKET = 21, 127, b"\xf0\x7e"
SEARCHED_BYTES = 2**18  # tags lie in front, and say there whether a picture follows


def repairs(path: Path) -> dict[int, bytes]:
    """What an unfinished header of WAV, RF64, AIFF or AU should say: bytes by their place; nothing for any other.

    Only a header that promises no sample, in a file that goes on behind it and is longer than it says, is unfinished.
    """
    with path.open("rb") as file:
        file_size = file.seek(0, io.SEEK_END)
        file.seek(0)
        start = file.read(12)
        kind = start[:4] + start[8:12]
        if kind == b"RIFFWAVE":
            return _riff_repairs(file, file_size, struct.unpack("<I", start[4:8])[0])
        if kind in (b"RF64WAVE", b"BW64WAVE"):
            return _rf64_repairs(file, file_size)
        if kind in (b"FORMAIFF", b"FORMAIFC"):
            return _aiff_repairs(file, file_size, struct.unpack(">I", start[4:8])[0])
        if start[:4] == b".snd" and len(start) == 12 and start[8:] == bytes(4):
            return {8: b"\xff" * 4} if file_size > struct.unpack(">I", start[4:8])[0] else {}
    return {}


def _chunks(file: BinaryIO, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, place of the body and size of each chunk; the file stands at the body."""
    for _ in range(MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = struct.unpack(f"{order}4sI", head)
        at = file.tell()
        yield name, at, size
        file.seek(at + size + size % 2)


def _riff_repairs(file: BinaryIO, file_size: int, riff_size: int) -> dict[int, bytes]:
    for name, at, size in _chunks(file, "<"):
        if name == b"data":
            unfinished = size == 0 and riff_size + 9 < file_size > at
            sizes = {4: file_size - 8, at - 4: file_size - at}
            return (
                {k: struct.pack("<I", min(v, LARGEST_SIZE)) for k, v in sizes.items()} if unfinished else {}
            )
    return {}


def _rf64_repairs(file: BinaryIO, file_size: int) -> dict[int, bytes]:
    place, said = 0, (LARGEST_SIZE, LARGEST_SIZE)
    for name, at, size in _chunks(file, "<"):
        if name == b"ds64" and len(body := file.read(16)) == 16:
            place, said = at, struct.unpack("<QQ", body)
        elif name == b"data":
            unfinished = size in (0, LARGEST_SIZE) and said[1] == 0 and said[0] + 9 < file_size > at
            # The number of samples stays 0: it is for codings in blocks.
            whole = struct.pack("<QQ", file_size - 8, file_size - at)
            return {place: whole, at - 4: struct.pack("<I", LARGEST_SIZE)} if unfinished else {}
    return {}


def _aiff_repairs(file: BinaryIO, file_size: int, form_size: int) -> dict[int, bytes]:
    place, frame_bytes, frames = 0, 0, 1
    for name, at, size in _chunks(file, ">"):
        if name == b"COMM" and len(body := file.read(8)) == 8:
            channels, frames, bits = struct.unpack(">HIH", body)
            place, frame_bytes = at + 2, channels * -(-bits // 8)
        elif name == b"SSND":
            sound = file_size - at - 8
            if size > 8 or frames or not frame_bytes or sound <= 0 or form_size + 9 >= file_size:
                return {}
            sizes = {4: file_size - 8, place: sound // frame_bytes, at - 4: sound + 8}
            return {k: struct.pack(">I", min(v, LARGEST_SIZE)) for k, v in sizes.items()}
    return {}


class Repaired:
    """A file as it would read with some of its bytes changed; for libsndfile's virtual files."""

    def __init__(self, file: BinaryIO, changes: dict[int, bytes]) -> None:
        self._file, self._changes = file, changes

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes."""
        start = self._file.tell()
        data = bytearray(self._file.read(count))
        for at, change in self._changes.items():
            for k, byte in enumerate(change):
                if 0 <= at + k - start < len(data):
                    data[at + k - start] = byte
        return bytes(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As any file's."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As any file's."""
        return self._file.tell()


def fact_frames(path: Path) -> int | None:
    """The length that the `fact` chunk of a WAV says, in frames."""
    with path.open("rb") as file:
        if file.read(12)[8:] != b"WAVE":
            return None
        for name, _, size in _chunks(file, "<"):
            if name == b"fact" and size >= 4 and len(body := file.read(4)) == 4:
                return int(struct.unpack("<I", body)[0])
    return None


def broken_packet(path: Path) -> int | None:
    """Where in a MIDI sample dump (.sds) the first packet lies that does not begin as one, in bytes; else None.

    libsndfile prints a line to the standard output for each one, into the sound or the JSON that is written there.
    """
    with path.open("rb") as file:
        start = file.read(SDS_HEADER_BYTES)
        if start[:2] != SDS_PACKET or start[3:4] != b"\x01" or start[2] & 0x80:
            return None
        at = len(start)
        while packet := file.read(SDS_PACKET_BYTES):
            if not packet.startswith(SDS_PACKET[: len(packet)]):
                return at
            at += len(packet)
    return None


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
