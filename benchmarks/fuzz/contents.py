"""Ways to break what stands in a style file whose archive is whole: the numbers and the meta object."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.fuzz.archives import Random, members_of, npy, zipped

ODD_VALUES = (np.nan, np.inf, -np.inf, 1e38, -1e30, 3.4e38, 1e-40, -1e-45, 1e12, 100.0, -100.0, 50.0, 0.0)
ODD_TEXTS = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "a\nb",
    "\x00",
    "\u202e",
    "\x9b31m",
    "\ud800",
    "x" * 70_000,
    "\r\r\r",
)


def meta_of(data: bytes) -> dict[str, Any]:
    """The meta object of a whole style file."""
    return json.loads(np.load(io.BytesIO(members_of(data)["meta.npy"])).tobytes())


def with_meta(data: bytes, text: bytes) -> bytes:
    """The file with another text for its meta object."""
    return zipped({**members_of(data), "meta.npy": npy(np.frombuffer(text, np.uint8))})


def change_values(data: bytes, random: Random) -> bytes:
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
            lambda: array[: random.integers(len(array))],
            lambda: np.where(
                random.random(array.shape) < 0.01, random.choice([np.nan, np.inf, -1e30]), array
            ),
        ][random.integers(6)]()
    members[name] = npy(changed)
    return zipped(members)


def fill_values(data: bytes, random: Random) -> bytes:
    """Numbers of the right type and shape that no fit would write; many of these files are valid."""
    members = members_of(data)
    names = sorted(set(members) - {"meta.npy"})
    for name in random.choice(names, random.integers(1, len(names)), replace=False):
        members[str(name)] = npy(_forged(np.load(io.BytesIO(members[name])), random))
    return zipped(members)


def _forged(array: np.ndarray, random: Random) -> np.ndarray:
    bound = float(10 ** random.uniform(-45, 2))
    value = ODD_VALUES[random.integers(len(ODD_VALUES))]
    with np.errstate(all="ignore"):
        return [
            lambda: np.full_like(array, value),
            lambda: random.uniform(-bound, bound, array.shape).astype(array.dtype),
            lambda: np.where(random.random(array.shape) < 0.001, value, array).astype(array.dtype),
            lambda: array.astype(np.float64) * bound,
            lambda: -array,
            lambda: random.permutation(array),
        ][random.integers(6)]()


def change_sizes(data: bytes, random: Random) -> bytes:
    """Layers of other widths, alone or together with all that fit them."""
    members = members_of(data)
    names = sorted(set(members) - {"meta.npy"})
    arrays = {name: np.load(io.BytesIO(members[name])) for name in names}
    sizes = sorted({size for array in arrays.values() for size in array.shape})
    old = sizes[random.integers(len(sizes))]
    new = int(random.choice([1, 2, old + 1, 2 * old, 511, 512, 513]))
    one = names[random.integers(len(names))] if random.random() < 0.3 else None
    for name, array in arrays.items():
        if old in array.shape and one in (None, name):
            shape = [new if size == old else size for size in array.shape]
            members[name] = npy(np.resize(array, shape))
    return zipped(members)


def change_meta(data: bytes, random: Random) -> bytes:
    """Keys that are missing, unknown or of another type, and text that is no JSON."""
    members, meta = members_of(data), meta_of(data)
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


def deepen_meta(data: bytes, random: Random) -> bytes:
    """Nesting, long numbers, repeated keys and control characters, at any key."""
    meta = meta_of(data)
    key = sorted(meta)[random.integers(len(meta))]
    depth = int(10 ** random.uniform(1, 4.5))
    digits = int(10 ** random.uniform(1, 4.7))
    odd = json.dumps(ODD_TEXTS[random.integers(len(ODD_TEXTS))])
    values = (
        "[" * depth + "]" * depth,
        '{"a":' * depth + "1" + "}" * depth,
        "1" * digits,
        "-" + "9" * digits,
        f"1e{digits}",
        "1e-400",
        "Infinity",
        odd,
        f"{{{odd}: 1}}",
        f'[{{"name": {odd}, "sha256": "{"0f" * 32}", "seconds": 1}}]',
        f'{{"iterations": {"1" * min(digits, 4)}}}',
        '{"mix": 1e-320, "strength": 5e-324}',
        '{"mix": true, "strength": 0.5}',
        '{"iterations": 99.5}',
    )
    value = values[random.integers(len(values))]
    pairs = [(json.dumps(name), value if name == key else json.dumps(each)) for name, each in meta.items()]
    if random.random() < 0.2:
        pairs.append((json.dumps(key), json.dumps(meta[key])))
    if random.random() < 0.2:
        pairs.append((odd, "1"))
    text = "{" + ",".join(f"{name}:{each}" for name, each in pairs) + "}"
    return with_meta(data, text.encode("utf-8", "surrogatepass"))


def change_grid(data: bytes, random: Random) -> bytes:
    """Rates, windows and hops that are allowed one by one, at their ends and in between; absurd defaults."""
    meta = meta_of(data)
    choices: dict[str, tuple[object, ...]] = {
        "sample_rate": (4_000, 8_000, 768_000, 44_101),
        "n_fft": (16, 17, 1024, 2**20),
        "hop": (1, 3, 100, 2**19),
        "window_length": (16, 17, 4096, 2**20),
        "window": ("hann", "gauss", "none", "x"),
        "seed": (0, 2**63 - 1, 2**63, -1),
        "quality": ("draft", "best", "x" * 40, "\t"),
        "method": ("ulyanov", "mcdermott", "musicnn-live", "harmonic"),
        "defaults": ({"iterations": 20}, {"mix": 0.0}, {"strength": 1e-300}, {"iterations": 100, "mix": 1}),
    }
    for key in random.choice(sorted(choices), random.integers(1, 4), replace=False):
        meta[str(key)] = choices[key][random.integers(4)]
    return with_meta(data, json.dumps(meta).encode())


MUTATORS: tuple[Callable[[bytes, Random], bytes], ...] = (
    change_values,
    fill_values,
    change_sizes,
    change_meta,
    deepen_meta,
    change_grid,
)
