"""Mutated recordings, one a seed, of every container and coding that libsndfile writes."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache

import numpy as np
import soundfile

Random = np.random.Generator
HEADER_BYTES = 512
# Sizes and counts that overflow, wrap or come to nothing.
ODD_NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 8,
    2**32 - 1,
)
EXTENSIONS = {"RF64": ".wav", "WAVEX": ".wav", "SVX": ".iff", "IRCAM": ".sf", "MAT4": ".mat", "MAT5": ".mat"}
# Headerless, or in two files.
LEFT_OUT = {"RAW", "SD2"}
_RATES = (44_100, 48_000, 16_000, 8_000)
_OGG_POLYNOMIAL = 0x04C11DB7


@cache
def seeds() -> tuple[tuple[bytes, str], ...]:
    """A tenth of a second of a tone in every format, and the extension it goes by."""
    found = []
    for container in sorted(set(soundfile.available_formats()) - LEFT_OUT):
        for subtype in sorted(soundfile.available_subtypes(container)):
            data = next(filter(None, (_written(container, subtype, rate) for rate in _RATES)), b"")
            extension = ".opus" if subtype == "OPUS" else EXTENSIONS.get(container, f".{container.lower()}")
            found += [(data, extension)] if data else []
    return tuple(found)


def _written(container: str, subtype: str, rate: int) -> bytes:
    """Nothing where libsndfile does not write that coding at that rate."""
    times = np.arange(rate // 10) / rate
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", rate, 1, subtype, format=container) as file:
            file.write(0.3 * np.sin(2 * np.pi * 440 * times))
    except (soundfile.LibsndfileError, ValueError):
        return b""
    return _without_dates(buffer.getvalue())


def _without_dates(data: bytes) -> bytes:
    """The same file whenever it is written: no times of writing, no random serial numbers."""
    out = bytearray(data)
    if (at := data.find(b"PEAK")) > 0:
        out[at + 12 : at + 16] = bytes(4)
    if data.startswith(b"MATLAB 5.0"):
        out[:116] = b"MATLAB 5.0 MAT-file, written by libsndfile\0".ljust(116)
    if data.startswith(b"OggS"):
        at = 0
        while at >= 0:
            out[at + 14 : at + 18] = b"\1\0\0\0"
            at = data.find(b"OggS", at + 4)
        return with_checksums(bytes(out))
    return bytes(out)


def flip_bits(data: bytes, random: Random) -> bytes:
    """Of the first 512 bytes."""
    out = bytearray(data)
    for _ in range(random.integers(1, 9)):
        out[random.integers(min(len(out), HEADER_BYTES))] ^= 1 << int(random.integers(8))
    return bytes(out)


def set_fields(data: bytes, random: Random) -> bytes:
    """Numbers of one to eight bytes in the header, in either order."""
    out = bytearray(data)
    for _ in range(random.integers(1, 4)):
        size, order = int(random.choice([1, 2, 4, 8])), str(random.choice(["little", "big"]))
        number = ODD_NUMBERS[random.integers(len(ODD_NUMBERS))] % 256**size
        at = int(random.integers(min(len(out), HEADER_BYTES // 4))) & ~1
        out[at : at + size] = number.to_bytes(size, order)
    return bytes(out)


def set_chunk_sizes(data: bytes, random: Random) -> bytes:
    """What follows a name of four letters: the size of a chunk, in either order."""
    out = bytearray(data)
    places = [at + 4 for at in range(min(len(out) - 8, 4 * HEADER_BYTES)) if _is_name(data[at : at + 4])]
    for _ in range(random.integers(1, 3) if places else 0):
        number = ODD_NUMBERS[random.integers(len(ODD_NUMBERS))]
        struct.pack_into(str(random.choice(["<I", ">I"])), out, places[random.integers(len(places))], number)
    return bytes(out) if places else set_fields(data, random)


def _is_name(four: bytes) -> bool:
    return four.replace(b" ", b"a").isalnum()


def truncate(data: bytes, random: Random) -> bytes:
    """In the header, or anywhere."""
    return data[: random.integers(1, min(len(data), random.choice([HEADER_BYTES, len(data)])))]


def splice(data: bytes, random: Random) -> bytes:
    """Bytes put in, left out or said twice."""
    at, length = int(random.integers(min(len(data), HEADER_BYTES))), int(random.integers(1, 64))
    return [
        data[:at] + random.bytes(length) + data[at:],
        data[:at] + data[at + length :],
        data[: at + length] + data[at:],
        random.bytes(length) + data,
        data + data,
    ][random.integers(5)]


def cross(data: bytes, random: Random) -> bytes:
    """The beginning of one format before the body of another."""
    other, _ = seeds()[random.integers(len(seeds()))]
    at = int(random.integers(4, min(len(data), HEADER_BYTES // 4)))
    return data[:at] + other[at:]


def fill_body(data: bytes, random: Random) -> bytes:
    """A whole header before samples, or packets, that are noise or extremes."""
    at = int(random.integers(min(len(data), HEADER_BYTES)))
    size = len(data) - at
    return data[:at] + [random.bytes(size), b"\xff" * size, b"\x7f" * size, bytes(size)][random.integers(4)]


MUTATORS: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip_bits,
    set_fields,
    set_chunk_sizes,
    truncate,
    splice,
    cross,
    fill_body,
)


def with_checksums(data: bytes) -> bytes:
    """An Ogg file whose pages have the right checksums again: without them nothing behind the first is looked at."""
    out, at = bytearray(data), data.find(b"OggS")
    while 0 <= at <= len(out) - 27:
        count = out[at + 26]
        end = at + 27 + count + sum(out[at + 27 : at + 27 + count])
        out[at + 22 : at + 26] = bytes(4)
        struct.pack_into("<I", out, at + 22, _ogg_checksum(bytes(out[at:end])))
        at = out.find(b"OggS", at + 27)
    return bytes(out)


@cache
def _ogg_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (_OGG_POLYNOMIAL if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


def _ogg_checksum(page: bytes) -> int:
    table, value = _ogg_table(), 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ table[(value >> 24) ^ byte]
    return value


def _choice(seed: int) -> tuple[bytes, str, Callable[[bytes, Random], bytes]]:
    """Format and mutator: after as many seeds as there are pairs, every pair has been met."""
    mutator, kind = MUTATORS[seed % len(MUTATORS)], seed // len(MUTATORS)
    data, extension = seeds()[kind % len(seeds())]
    return data, extension, mutator


def name_of(seed: int) -> str:
    """Which mutator makes the file of that seed, and its extension."""
    _, extension, mutator = _choice(seed)
    return f"{mutator.__name__} {extension}"


def mutated(seed: int) -> tuple[bytes, str]:
    """The file of that seed, and its extension."""
    data, extension, mutator = _choice(seed)
    random = np.random.default_rng(seed)
    out = mutator(data, random)
    return (with_checksums(out) if data[:4] == b"OggS" and random.random() < 0.8 else out), extension
