"""Ways to break the archive that a style file is: its zip, its members, their .npy headers; each drawn from a seed.

What stands in the members is broken in `benchmarks.fuzz.contents`.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable

import numpy as np

Members = dict[str, bytes]
Random = np.random.Generator


class UnpickledError(BaseException):
    """A file's pickle was run. No `Exception`, so that no reader's `except` hides it."""


def trip() -> None:
    """What the pickles call."""
    raise UnpickledError("a pickle was run")


class Exploit:
    """Unpickled, it calls `trip`."""

    def __reduce__(self):
        return (trip, ())


def members_of(data: bytes) -> Members:
    """Name and content of each."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of the members, dated 1980."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """As `np.save` writes it."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def with_header(header: str, content: bytes = b"\0" * 64, version: bytes = b"\x01\x00") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text) & 0xFFFF) + text + content


def flip_bits(data: bytes, random: Random) -> bytes:
    out = bytearray(data)
    for _ in range(random.integers(1, 65)):
        out[random.integers(len(out))] ^= 1 << int(random.integers(8))
    return bytes(out)


def flip_directory_bits(data: bytes, random: Random) -> bytes:
    out = bytearray(data)
    start = out.find(b"PK\x01\x02")
    for _ in range(random.integers(1, 9)):
        out[random.integers(start, len(out))] = int(random.integers(256))
    return bytes(out)


def truncate(data: bytes, random: Random) -> bytes:
    return data[: random.integers(len(data))]


def splice(data: bytes, random: Random) -> bytes:
    at, length = int(random.integers(len(data))), int(random.integers(1, 200))
    choices = [
        data[:at] + random.bytes(length) + data[at:],
        data[:at] + data[at + length :],
        random.bytes(length) + data,
        data + data,
        data + random.bytes(length),
        random.bytes(len(data)),
    ]
    return choices[random.integers(len(choices))]


def forge_header(data: bytes, random: Random) -> bytes:
    members = members_of(data)
    name = sorted(members)[random.integers(len(members))]
    huge = int(10 ** random.integers(3, 15))
    shapes = (
        f"({huge},)",
        f"({huge}, {huge})",
        "(-1,)",
        "(1, 2",
        "(" * 200,
        "5",
        "(True,)",
        f"(2**{huge},)",
        "()",
    )
    types = ("<f4", "<f8", ">f4", "|O", "<f2", "<c8", "<U8", "|S4", "|V8", "float32", "<f4\\x00", "')")
    shape = shapes[random.integers(len(shapes))] if random.random() < 0.7 else "(16,)"
    kind = types[random.integers(len(types))] if random.random() < 0.7 else "<f4"
    order = random.choice(["False", "True", "__import__('os').getpid()"])
    header = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}"
    versions = (b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09")
    members[name] = with_header(
        header, version=versions[random.integers(4)] if random.random() < 0.3 else b"\x01\x00"
    )
    return zipped(members)


def pickle_member(data: bytes, random: Random) -> bytes:
    members = members_of(data)
    name = sorted(members)[random.integers(len(members))]
    bomb = pickle.dumps(Exploit())
    array = np.array([Exploit()], dtype=object)
    members[name] = [
        bomb,
        npy(array),
        with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", bomb),
    ][random.integers(3)]
    return bomb if random.random() < 0.1 else zipped(members)


def rename_members(data: bytes, random: Random) -> bytes:
    members = list(members_of(data).items())
    names = (
        "../evil.npy",
        "/etc/evil.npy",
        "a\\b.npy",
        "META.NPY",
        "meta",
        " ",
        "x" * 300 + ".npy",
        "é.npy",
        "a/b.npy",
    )
    at = random.integers(len(members))
    action = random.integers(4)
    if action == 0:
        members[at] = (names[random.integers(len(names))], members[at][1])
    elif action == 1:
        del members[at]
    elif action == 2:
        members.append((f"extra{random.integers(9)}.npy", members[at][1]))
    else:
        members += [(f"extra{index}.npy", members[at][1][:200]) for index in range(random.integers(65, 3000))]
    return zipped(dict(members))


def bomb(data: bytes, random: Random) -> bytes:
    """Archives that unpack to much more than they are, or claim to."""
    members = members_of(data)
    name = sorted(members)[random.integers(len(members))]
    size = int(random.integers(9, 14)) * 2**20
    compressions = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    if random.random() < 0.7:
        members[name] = with_header(
            f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({size // 4},), }}", bytes(size)
        )
        return zipped(members, compressions[random.integers(3)])
    out = bytearray(zipped(members))
    entry = out.find(b"PK\x01\x02")
    struct.pack_into("<LL", out, entry + 20, *(int(value) for value in random.integers(0, 2**32, 2)))
    return bytes(out)


def forge_directory(data: bytes, random: Random) -> bytes:
    """Counts, sizes, flags and zip64 records of the zip directory."""
    out = bytearray(data)
    action = random.integers(4)
    if action == 0:
        struct.pack_into("<HH", out, len(out) - 14, *(int(value) for value in random.integers(0, 2**16, 2)))
    elif action == 1:
        struct.pack_into("<LL", out, len(out) - 10, *(int(value) for value in random.integers(0, 2**32, 2)))
    elif action == 2:
        start = out.find(b"PK\x01\x02")
        struct.pack_into("<HH", out, start + 8, int(random.integers(2**16)), int(random.integers(100)))
    else:
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(out) - 22, 1)
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2**40, 2**40, 2**40, 0)
        out[-22:-22] = record + locator
    return bytes(out)


def overlap(data: bytes, random: Random) -> bytes:
    """Directory entries that share one member's bytes, or one entry several times."""
    out = bytearray(data)
    entries = _entries(out)
    if random.random() < 0.5:
        first, second = (entries[int(k)] for k in random.choice(len(entries), 2, replace=False))
        out[second + 42 : second + 46] = out[first + 42 : first + 46]
        if random.random() < 0.5:
            out[second + 16 : second + 28] = out[first + 16 : first + 28]
        return bytes(out)
    start, at = entries[0], entries[int(random.integers(len(entries)))]
    length = 46 + sum(struct.unpack_from("<3H", out, at + 28))
    copies = int(random.integers(1, 40))
    directory = bytes(out[start:-22]) + bytes(out[at : at + length]) * copies
    count = len(entries) + copies
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    return bytes(out[:start]) + directory + end


def _entries(out: bytearray) -> list[int]:
    """Where each entry of the directory begins."""
    found, at = [], out.find(b"PK\x01\x02")
    while at >= 0:
        found.append(at)
        at = out.find(b"PK\x01\x02", at + 46)
    return found


def compress(data: bytes, random: Random) -> bytes:
    """The same members, packed: what is honest stays so, and is then damaged in a few bits or not at all."""
    packed = bytearray(zipped(members_of(data), zipfile.ZIP_DEFLATED))
    for _ in range(random.integers(0, 4)):
        packed[random.integers(len(packed))] ^= 1 << int(random.integers(8))
    return bytes(packed)


MUTATORS: tuple[Callable[[bytes, Random], bytes], ...] = (
    flip_bits,
    flip_directory_bits,
    truncate,
    splice,
    forge_header,
    pickle_member,
    rename_members,
    bomb,
    forge_directory,
    overlap,
    compress,
)
