"""TensorFlow's checkpoints (tensor bundles) read with numpy alone.

A bundle is two files. ``.index`` is a table of LevelDB: blocks of sorted, prefix-compressed keys with restart points,
an index block that says where they are, and a footer with a magic number that says where that is. Each key is a
tensor's name, each value a protocol buffer (BundleEntryProto) with its type, shape, offset, size and CRC-32C.
``.data-00000-of-00001`` holds the values, one tensor after the other, little-endian.

Only what such weights need is read: one data file, float32, no compression (TensorFlow's writer uses none). Whatever is
damaged or otherwise made is refused by one sentence: every block and every tensor has a checksum, and it is compared.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from stylefx.errors import StylefxError
from stylefx.published.nets.crc32c import crc32c, unmask

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
BLOCK_TRAILER_BYTES = 5  # how it is compressed, and the checksum
MAX_INDEX_BYTES = 2**24  # a bundle of a hundred tensors takes 5 KB
MAX_VARINT_BYTES = 10
FLOAT32 = 1  # tensorflow.DataType.DT_FLOAT
# Fields of BundleEntryProto, and of the TensorShapeProto in it.
DTYPE, SHAPE, SHARD, OFFSET, SIZE, CHECKSUM = 1, 2, 3, 4, 5, 6
DIMENSION, DIMENSION_SIZE = 2, 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class CorruptBundleError(StylefxError):
    """The checkpoint is not what it should be; the message is a clause, to stand behind the file's name."""


@dataclass(frozen=True)
class Entry:
    """Where a tensor is: bytes from ``offset`` on, and what they are."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


def read_tensors(folder: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """The tensors called ``names`` of the bundle in ``folder``, whose files have no name before the ending.

    Returns
    -------
    dict of str to ndarray
        float32, finite, of the shapes that the bundle says.

    Raises
    ------
    StylefxError
        A file cannot be read, is damaged, or does not hold one of ``names``.
    """
    index, data = folder / ".index", folder / ".data-00000-of-00001"
    try:
        if index.stat().st_size > MAX_INDEX_BYTES:
            raise CorruptBundleError("its index is larger than any that is needed")
        entries = read_index(index.read_bytes())
        missing = sorted(set(names) - set(entries))
        if missing:
            raise CorruptBundleError(f"it holds no tensor {missing[0]!r}")
        with open(data, "rb") as file:
            return {name: _read_tensor(file, name, entries[name]) for name in names}
    except OSError as error:
        raise StylefxError(f"{error.filename or folder} cannot be read: {error.strerror or error}") from error
    except CorruptBundleError as error:
        raise StylefxError(f"the weights in {folder} cannot be used: {error}; install them again") from error


def read_index(table: bytes) -> dict[str, Entry]:
    """Every tensor that the ``.index`` file lists.

    Raises
    ------
    CorruptBundleError
        It is no table, or a damaged one.
    """
    if len(table) < FOOTER_BYTES or struct.unpack("<Q", table[-8:])[0] != MAGIC:
        raise CorruptBundleError("its index is no table, or a truncated one")
    footer = table[-FOOTER_BYTES:]
    _, at = _handle(footer, 0)
    where, _ = _handle(footer, at)
    entries = {}
    for _, pointer in _records(_block(table, where)):
        for key, value in _records(_block(table, _handle(pointer, 0)[0])):
            # The first entry has an empty name: a header with the number of data files.
            if key:
                entries[key.decode("utf-8", "replace")] = _entry(value)
    return entries


def _read_tensor(file: BinaryIO, name: str, entry: Entry) -> np.ndarray:
    if entry.dtype != FLOAT32 or entry.shard != 0:
        raise CorruptBundleError(
            f"{name} is of type {entry.dtype} in file {entry.shard}, expected float32 in one"
        )
    length = file.seek(0, 2)
    if entry.size != 4 * math.prod(entry.shape) or entry.size == 0 or entry.offset + entry.size > length:
        raise CorruptBundleError(
            f"{name} of shape {entry.shape} claims {entry.size} bytes from {entry.offset} on, of {length}"
        )
    file.seek(entry.offset)
    data = file.read(entry.size)
    if len(data) != entry.size or crc32c(data) != unmask(entry.checksum):
        raise CorruptBundleError(f"{name} is damaged, its checksum differs")
    tensor = np.frombuffer(data, "<f4").reshape(entry.shape)
    if not np.isfinite(tensor).all():
        raise CorruptBundleError(f"{name} holds values that are not finite")
    return tensor


def _block(table: bytes, where: tuple[int, int]) -> bytes:
    """The contents of one block, its checksum compared."""
    offset, size = where
    end = offset + size
    if end + BLOCK_TRAILER_BYTES > len(table) - FOOTER_BYTES or size < 4:
        raise CorruptBundleError("its index points outside itself")
    compression, stored = struct.unpack("<BI", table[end : end + BLOCK_TRAILER_BYTES])
    # The checksum covers the byte that says how the block is compressed.
    if crc32c(table[offset : end + 1]) != unmask(stored):
        raise CorruptBundleError("its index is damaged, a checksum differs")
    if compression:
        raise CorruptBundleError(f"its index is compressed (type {compression}), expected none")
    return table[offset:end]


def _records(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block; a key repeats the start of the one before it."""
    restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        added, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + added + length > end:
            raise CorruptBundleError("its index is damaged, a record leaves its block")
        key = key[:shared] + block[at : at + added]
        yield key, block[at + added : at + added + length]
        at += added + length


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and what comes after."""
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _entry(data: bytes) -> Entry:
    fields = dict(_fields(data))
    shape = tuple(
        _number(dict(_fields(dimension)).get(DIMENSION_SIZE, 0))
        for field, dimension in _fields(_bytes(fields.get(SHAPE, b"")))
        if field == DIMENSION and isinstance(dimension, bytes)
    )
    numbers = [_number(fields.get(field, 0)) for field in (SHARD, OFFSET, SIZE, CHECKSUM)]
    return Entry(_number(fields.get(DTYPE, 0)), shape, *numbers)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of a protocol buffer's fields."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield field, value
            continue
        if kind not in (FIXED64, BYTES, FIXED32):
            raise CorruptBundleError(f"an entry of its index has a field of the unknown kind {kind}")
        size, at = _varint(message, at) if kind == BYTES else ({FIXED64: 8, FIXED32: 4}[kind], at)
        data = message[at : at + size]
        if len(data) != size:
            raise CorruptBundleError("an entry of its index is truncated")
        yield field, data if kind == BYTES else int.from_bytes(data, "little")
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and what comes after."""
    value = 0
    for place in range(MAX_VARINT_BYTES):
        if at + place >= len(data):
            break
        value |= (data[at + place] & 0x7F) << (7 * place)
        if data[at + place] < 0x80:
            return value, at + place + 1
    raise CorruptBundleError("its index is damaged, a number does not end")


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise CorruptBundleError("an entry of its index has bytes where a number belongs")
    return value


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise CorruptBundleError("an entry of its index has a number where bytes belong")
    return value
