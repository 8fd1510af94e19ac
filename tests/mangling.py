"""A thousand ways to break a style file, each drawn from a seed."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stylefx.style import Style

Members = dict[str, bytes]
Random = np.random.Generator


class Exploit:
    """Unpickled, it would leave a file behind."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def with_header(header: str, content: bytes = b"\0" * 64, version: bytes = b"\x01\x00") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text) & 0xFFFF) + text + content


def flip_bits(data: bytes, random: Random, marker: Path) -> bytes:
    out = bytearray(data)
    for _ in range(random.integers(1, 65)):
        out[random.integers(len(out))] ^= 1 << int(random.integers(8))
    return bytes(out)


def flip_directory_bits(data: bytes, random: Random, marker: Path) -> bytes:
    out = bytearray(data)
    start = out.find(b"PK\x01\x02")
    for _ in range(random.integers(1, 9)):
        out[random.integers(start, len(out))] = int(random.integers(256))
    return bytes(out)


def truncate(data: bytes, random: Random, marker: Path) -> bytes:
    return data[: random.integers(len(data))]


def splice(data: bytes, random: Random, marker: Path) -> bytes:
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


def forge_header(data: bytes, random: Random, marker: Path) -> bytes:
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


def pickle_member(data: bytes, random: Random, marker: Path) -> bytes:
    members = members_of(data)
    name = sorted(members)[random.integers(len(members))]
    bomb = pickle.dumps(Exploit(marker))
    array = np.array([Exploit(marker)], dtype=object)
    members[name] = [
        bomb,
        npy(array),
        with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", bomb),
    ][random.integers(3)]
    return bomb if random.random() < 0.1 else zipped(members)


def change_values(data: bytes, random: Random, marker: Path) -> bytes:
    """Other types, orders, shapes, or values that are no numbers."""
    members = members_of(data)
    name = next(name for name in members if name != "meta.npy")
    array = np.load(io.BytesIO(members[name]))
    kinds = (np.float16, np.complex64, np.int32, np.bool_, "S4", ">f4", np.float64, np.int64, np.uint8)
    with np.errstate(all="ignore"):
        changed = [
            lambda: array.astype(kinds[random.integers(len(kinds))]),
            lambda: np.asfortranarray(array),
            lambda: array[None],
            lambda: array.T.copy(),
            lambda: array[:, : random.integers(array.shape[1])],
            lambda: np.where(
                random.random(array.shape) < 0.01, random.choice([np.nan, np.inf, -1e30]), array
            ),
        ][random.integers(6)]()
    members[name] = npy(changed)
    return zipped(members)


def rename_members(data: bytes, random: Random, marker: Path) -> bytes:
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


def bomb(data: bytes, random: Random, marker: Path) -> bytes:
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


def forge_directory(data: bytes, random: Random, marker: Path) -> bytes:
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


def change_meta(data: bytes, random: Random, marker: Path) -> bytes:
    members = members_of(data)
    meta = json.loads(np.load(io.BytesIO(members["meta.npy"])).tobytes())
    texts = ("", "x" * 100_000, "\0", "../..", "ulyanov", "harmonic")
    values: tuple[object, ...] = (None, True, -1, 0, 2**70, 1e308, [], [[]] * 50, {}, {"a": {}}, *texts)
    key = sorted(meta)[random.integers(len(meta))]
    action = random.integers(5)
    if action == 0:
        del meta[key]
    elif action == 1:
        meta["version"] = [2, 99, 10**8, 10**30, "2", 1.5, -1, [1]][random.integers(8)]
    elif action == 2 and meta["sources"]:
        meta["sources"][0][random.choice(["name", "sha256", "seconds", "more"])] = values[
            random.integers(len(values))
        ]
    else:
        meta[key if random.random() < 0.9 else "more"] = values[random.integers(len(values))]
    text = json.dumps(meta).encode()
    text = [text, b"[" * 50_000, b'{"format": NaN}', b"\xff" + text, b"1" * 5000, text[:-5]][
        random.choice(6, p=[0.75, 0.05, 0.05, 0.05, 0.05, 0.05])
    ]
    members["meta.npy"] = npy(np.frombuffer(text, np.uint8))
    return zipped(members)


MANGLERS: tuple[Callable[[bytes, Random, Path], bytes], ...] = (
    flip_bits,
    flip_directory_bits,
    truncate,
    splice,
    forge_header,
    pickle_member,
    change_values,
    rename_members,
    bomb,
    forge_directory,
    change_meta,
)


def saved(style: Style, folder: Path) -> bytes:
    path = folder / "whole.npz"
    style.save(path)
    return path.read_bytes()
