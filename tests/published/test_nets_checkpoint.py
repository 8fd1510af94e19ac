"""TensorFlow's checkpoints without TensorFlow: what is written is read, what is damaged is refused by one sentence."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from stylefx.errors import StylefxError
from stylefx.published.nets.crc32c import MASK_DELTA, POLYNOMIAL, crc32c
from stylefx.published.nets.installed import INSTALL, installed_path
from stylefx.published.nets.tensorbundle import read_index, read_tensors
from tests.support.trained_nets import needs_musicnn

ROOT = Path(__file__).parents[2]


def remainder(data: bytes) -> int:
    """CRC-32C, bit by bit."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """A checksum as it is stored."""
    value = crc32c(data)
    return (((value >> 15) | (value << 17)) + MASK_DELTA) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    """Seven bits a byte, lowest first."""
    low = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
    return low + varint(value >> 7) if value > 0x7F else low


def record(key: bytes, value: bytes, shared: int = 0) -> bytes:
    """One record of a block, whose key repeats ``shared`` bytes of the one before."""
    return varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value


def closed(block: bytes, restarts: tuple[int, ...] = (0,), compression: int = 0) -> bytes:
    """A block with its restart points and its trailer."""
    block += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts)) + bytes([compression])
    return block + struct.pack("<I", masked(block))


def described(tensor: np.ndarray, offset: int, **changes: int) -> bytes:
    """A BundleEntryProto."""
    shape = b"".join(b"\x12" + varint(len(d := b"\x08" + varint(size))) + d for size in tensor.shape)
    size = changes.get("size", tensor.nbytes)
    numbers = b"\x20" + varint(offset) + b"\x28" + varint(size)
    kind = b"\x08" + varint(changes.get("dtype", 1))
    return (
        kind
        + b"\x12"
        + varint(len(shape))
        + shape
        + numbers
        + b"\x35"
        + struct.pack("<I", masked(tensor.tobytes()))
    )


def write_bundle(folder: Path, tensors: dict[str, np.ndarray], compression: int = 0, **changes: int) -> None:
    """A checkpoint as TensorFlow lays it out, keys sharing what they begin with."""
    block, offset, before = record(b"", b"\x08\x01"), 0, b""
    for name, tensor in sorted(tensors.items()):
        key = name.encode()
        shared = next((i for i, (a, b) in enumerate(zip(key, before)) if a != b), min(len(key), len(before)))
        block += record(key, described(tensor, offset, **changes), shared)
        before, offset = key, offset + tensor.nbytes
    data = closed(block, compression=compression)
    # The index block points at the one block there is.
    pointer = varint(0) + varint(len(data) - 5)
    index = closed(record(b"z", pointer))
    footer = varint(0) + varint(0) + varint(len(data)) + varint(len(index) - 5)
    (folder / ".index").write_bytes(
        data + index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    )
    (folder / ".data-00000-of-00001").write_bytes(b"".join(t.tobytes() for _, t in sorted(tensors.items())))


@pytest.fixture
def tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = {"1CNN/bias": (7,), "1CNN/kernel": (3, 3, 1, 7), "2CNN/kernel": (3, 3, 7, 300), "scalar": ()}
    return {name: np.asarray(random.normal(size=shape), np.float32) for name, shape in shapes.items()}


def test_the_checksum_is_the_standards() -> None:
    # RFC 3720, appendix B.4.
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283
    noise = np.random.default_rng(1).bytes(3000)
    for length in (4, 5, 31, 32, 33, 63, 64, 65, 1000, 2999):
        assert crc32c(noise[:length]) == remainder(noise[:length])


def test_what_is_written_is_read(tmp_path: Path, tensors) -> None:
    write_bundle(tmp_path, tensors)
    found = read_tensors(tmp_path, list(tensors))
    assert found.keys() == tensors.keys()
    assert all(np.array_equal(found[name], tensors[name]) for name in tensors)
    with pytest.raises(StylefxError, match="holds no tensor 'absent'"):
        read_tensors(tmp_path, ["scalar", "absent"])


@needs_musicnn
@pytest.mark.parametrize("model", ["MTT_vgg", "MSD_vgg", "MTT_musicnn", "MSD_musicnn"])
def test_what_the_package_ships_is_whole(model: str) -> None:
    folder = installed_path("musicnn", f"musicnn/{model}")
    entries = read_index((folder / ".index").read_bytes())
    # Every byte of the data belongs to one tensor.
    ends = sorted((entry.offset, entry.offset + entry.size) for entry in entries.values())
    assert [start for start, _ in ends] == [0, *(end for _, end in ends[:-1])]
    assert ends[-1][1] == (folder / ".data-00000-of-00001").stat().st_size
    assert all(entry.size == 4 * np.prod(entry.shape) for entry in entries.values())


@pytest.mark.slow
def test_one_wrong_bit_anywhere_in_the_index_is_refused(tmp_path: Path, tensors) -> None:
    write_bundle(tmp_path, tensors)
    index = tmp_path / ".index"
    whole = index.read_bytes()
    # Of the footer only where the index block is and the magic number are read.
    footer = len(whole) - 48
    for place in [*range(footer), *range(footer + 2, footer + 5), *range(len(whole) - 8, len(whole))]:
        index.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(StylefxError, match=re.escape(str(tmp_path))):
            read_tensors(tmp_path, list(tensors))
    for length in range(0, len(whole), 7):
        index.write_bytes(whole[:length])
        with pytest.raises(StylefxError, match="truncated"):
            read_tensors(tmp_path, list(tensors))


def test_wrong_values_are_refused(tmp_path: Path, tensors) -> None:
    write_bundle(tmp_path, tensors)
    data = tmp_path / ".data-00000-of-00001"
    whole = data.read_bytes()
    data.write_bytes(whole[:9] + bytes([whole[9] ^ 1]) + whole[10:])
    with pytest.raises(StylefxError, match="1CNN/bias is damaged, its checksum differs; install them again"):
        read_tensors(tmp_path, list(tensors))
    data.write_bytes(whole[:-1])
    with pytest.raises(StylefxError, match="scalar of shape \\(\\) claims 4 bytes"):
        read_tensors(tmp_path, list(tensors))
    data.unlink()
    with pytest.raises(StylefxError, match="cannot be read: No such file"):
        read_tensors(tmp_path, list(tensors))
    tensors["scalar"][...] = np.nan
    write_bundle(tmp_path, tensors)
    with pytest.raises(StylefxError, match="scalar holds values that are not finite"):
        read_tensors(tmp_path, list(tensors))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"compression": 1}, "compressed"),
        ({"dtype": 2}, "type 2"),
        ({"size": 2**40}, "claims 1099511627776 bytes"),
        ({"size": 0}, "claims 0 bytes"),
    ],
)
def test_another_kind_of_checkpoint_is_refused(tmp_path: Path, tensors, changes, sentence: str) -> None:
    write_bundle(tmp_path, tensors, **changes)
    with pytest.raises(StylefxError, match=sentence):
        read_tensors(tmp_path, list(tensors))


@needs_musicnn
def test_a_damaged_installation_says_how_to_mend_it(tmp_path: Path) -> None:
    for name in (".index", ".data-00000-of-00001"):
        shutil.copy(installed_path("musicnn", f"musicnn/MTT_vgg/{name}"), tmp_path / name)
    with open(tmp_path / ".data-00000-of-00001", "r+b") as file:
        file.seek(3)
        file.write(b"\0")
    with pytest.raises(StylefxError, match="install them again"):
        read_tensors(tmp_path, ["1CNN/bias"])


def test_a_missing_package_is_named_with_the_command_that_brings_it() -> None:
    with pytest.raises(StylefxError, match=re.escape(INSTALL)) as raised:
        installed_path("stylefx-no-such-package", "weights")
    assert "stylefx-no-such-package, which is not installed" in str(raised.value)
    with pytest.raises(StylefxError, match="has no numpy/absent"):
        installed_path("numpy", "numpy/absent")


def test_the_command_is_the_same_everywhere() -> None:
    packages = re.findall(r"\S+==[\d.]+", INSTALL)
    assert len(packages) == 2
    for name in ("README.md", ".ci/run"):
        assert all(package in (ROOT / name).read_text() for package in packages), name
