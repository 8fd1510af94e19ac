"""Named arrays in one .npz, read as if a stranger had forged it.

A style file travels between musicians, so nothing in it is believed. The size of the zip directory is checked
before the directory is read, every member's name and size before the member is opened, the .npy header before
the data behind it (a forged header can ask for 745 GiB), and the values before they are used. Nothing is ever
unpickled or evaluated. Files are written with fixed dates, so that equal arrays give equal bytes.
"""

from __future__ import annotations

import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from stylefx.errors import StylefxError
from stylefx.io.output import replacing

MAX_BYTES = 128 * 2**20  # ten minutes of a full spectrogram take 105 MB; nothing honest needs more
MAX_MEMBERS = 64
MAX_DIRECTORY_BYTES = 64 * 2**10  # 64 members take 8 KB
MAX_RATIO = 200  # floats deflate by 1.1, a zip bomb by 1000
SMALL_BYTES = 2**20  # below this any ratio is harmless, and an array of zeros is honest
MAX_VALUE = 1e12  # float32 squares still fit

_MEMBER_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\.npy")
_DTYPES = {"<f4": np.float32, "<f8": np.float64, "<i8": np.int64, "|u1": np.uint8}
# What np.save writes, character for character; parsed here because numpy's own reader evaluates the text.
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<|][a-z]\d)', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d{1,12},? ?){0,4})\), \} *\n"
)
_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_BYTES = 20
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,  # an unknown compression
    RuntimeError,  # an encrypted member
)


class CorruptArchiveError(StylefxError):
    """The file is not what it should be; the message is a clause, to stand behind the file's name."""


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array in the .npz at ``path``, checked.

    Returns
    -------
    dict of str to ndarray
        float32, float64, int64 or uint8, all values finite and within +-1e12, 128 MiB together at most.

    Raises
    ------
    CorruptArchiveError
        Whatever is wrong with the file, in one clause.
    OSError
        The file cannot be opened.
    """
    with open(path, "rb") as file:
        _check_directory_size(file)
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                _check_members(members)
                return {member.filename[:-4]: _read_member(archive, member) for member in members}
        except _ZIP_ERRORS as error:
            raise CorruptArchiveError(f"damaged ({str(error) or type(error).__name__})") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], overwrite: bool = True) -> None:
    """Write ``arrays`` to the .npz at ``path``, complete or not at all."""
    with (
        replacing(path, overwrite) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(member, "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), (1, 0), allow_pickle=False)


def _is_bounded(array: np.ndarray) -> bool:
    """Whether all values are finite and within +-MAX_VALUE: NaN passes through min and max, uncopied."""
    return bool(array.min() >= -MAX_VALUE and array.max() <= MAX_VALUE)


def _check_directory_size(file: BinaryIO) -> None:
    """Bound the zip directory before zipfile builds an object for each of its entries."""
    size = file.seek(0, os.SEEK_END)
    if size > 2 * MAX_BYTES:
        raise CorruptArchiveError(f"it has {size:,} bytes, more than any style needs")
    tail_bytes = _END_OF_DIRECTORY.size + _ZIP64_LOCATOR_BYTES
    if size < tail_bytes:
        raise CorruptArchiveError(f"it has only {size} bytes")
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    file.seek(0)
    # zipfile would believe the counts behind a zip64 locator more than those checked here.
    signature, *_, entries, directory_bytes, _, comment_bytes = _END_OF_DIRECTORY.unpack(tail[-22:])
    if signature != b"PK\x05\x06" or comment_bytes or tail.startswith(b"PK\x06\x07"):
        raise CorruptArchiveError("it is no .npz archive, or a truncated one")
    if entries > MAX_MEMBERS or directory_bytes > MAX_DIRECTORY_BYTES:
        raise CorruptArchiveError(f"its directory lists {entries} members in {directory_bytes} bytes")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Names, sizes and compression of all members, from the directory alone."""
    for member in members:
        if not _MEMBER_NAME.fullmatch(member.filename):
            raise CorruptArchiveError(f"it holds a member named {member.filename[:60]!r}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CorruptArchiveError(f"{member.filename} is compressed in an unknown way")
        if member.file_size > max(SMALL_BYTES, MAX_RATIO * member.compress_size):
            raise CorruptArchiveError(f"{member.filename} would unpack to {member.file_size:,} bytes")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise CorruptArchiveError("it holds two members of the same name")
    total_bytes = sum(member.file_size for member in members)
    if total_bytes > MAX_BYTES:
        raise CorruptArchiveError(f"it would unpack to {total_bytes:,} bytes, more than any style needs")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array: header first, then exactly the bytes it promises, then the values."""
    with archive.open(member) as file:
        prefix = file.read(10)
        if len(prefix) < 10 or not prefix.startswith(b"\x93NUMPY\x01\x00"):
            raise CorruptArchiveError(f"{member.filename} is no array")
        header = file.read(struct.unpack("<H", prefix[8:])[0])
        dtype, shape = _parse_header(header, member.filename)
        expected_bytes = math.prod(shape) * dtype.itemsize
        if expected_bytes == 0:
            raise CorruptArchiveError(f"{member.filename} is empty")
        if expected_bytes != member.file_size - len(prefix) - len(header):
            raise CorruptArchiveError(f"{member.filename} declares shape {shape} but holds another size")
        data = file.read(expected_bytes)
        if len(data) != expected_bytes or file.read(1):
            raise CorruptArchiveError(f"{member.filename} is truncated")
    array = np.frombuffer(data, dtype).reshape(shape).copy()
    if not _is_bounded(array):
        raise CorruptArchiveError(f"{member.filename} holds values that are not finite or too large")
    return array


def _parse_header(header: bytes, name: str) -> tuple[np.dtype, tuple[int, ...]]:
    match = _NPY_HEADER.fullmatch(header)
    if match is None:
        raise CorruptArchiveError(f"{name} has a header that is no plain array's")
    descr, fortran_order, sizes = (group.decode("ascii") for group in match.groups())
    if descr not in _DTYPES:
        raise CorruptArchiveError(f"{name} holds values of type {descr!r}, expected {', '.join(_DTYPES)}")
    if fortran_order == "True":
        raise CorruptArchiveError(f"{name} is stored column by column")
    return np.dtype(descr), tuple(int(size) for size in re.findall(r"\d+", sizes))
