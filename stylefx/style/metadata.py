"""The meta object of a style file: where a style comes from and on which grid it was learned.

Plain JSON, written as the bytes of a uint8 array. Every key is known, typed and in range before it is used,
and a file of a newer format is refused by its number instead of half understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import stylefx
from stylefx.errors import StylefxError

FORMAT = "stylefx-style"
FORMAT_VERSION = 1
LICENCE_NOTE = "Learned from the recordings under sources: respect their licences when passing it on"
MAX_BYTES = 2**16
MAX_SOURCES = 200

_INTEGER_RANGES = {
    "sample_rate": (4_000, 768_000),
    "n_fft": (16, 2**20),
    "hop": (1, 2**19),
    "window_length": (16, 2**20),
    "seed": (0, 2**63 - 1),
}
_LONGEST_TEXT = {"stylefx": 40, "window": 40, "quality": 40, "licence_note": 1000}
_OTHER_KEYS = {"format", "version", "method", "sources", "defaults"}
_DEFAULT_RANGES = {"mix": (0.0, 1.0), "strength": (0.0, 1.0), "iterations": (0, 1000)}


class NewerStyleError(StylefxError):
    """The file is of a format version that this stylefx does not know."""


def describe(
    method: str,
    *,
    sample_rate: int,
    n_fft: int,
    hop: int,
    window: str,
    window_length: int,
    seed: int,
    quality: str = "normal",
    sources: Sequence[Mapping[str, Any]] = (),
    defaults: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The meta object of a new style.

    Parameters
    ----------
    method
        A key of `stylefx.style.style.ARRAYS`.
    sample_rate, n_fft, hop, window, window_length
        The grid on which the clip was analysed: Hz, samples, samples, name, samples.
    seed
        Of every random draw that made the arrays.
    quality
        The effort that `fit` was asked for.
    sources
        One dict a clip: name, sha256 (of the file's bytes, or of the samples) and seconds.
    defaults
        The mix, strength and iterations that suit the style.
    """
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "stylefx": stylefx.__version__,
        "method": method,
        "sample_rate": int(sample_rate),
        "n_fft": int(n_fft),
        "hop": int(hop),
        "window": window,
        "window_length": int(window_length),
        "seed": int(seed),
        "quality": quality,
        "sources": [dict(source) for source in sources],
        "defaults": dict(defaults or {}),
        "licence_note": LICENCE_NOTE,
    }


def encode(meta: Mapping[str, Any]) -> np.ndarray:
    """The meta object as a uint8 array."""
    return np.frombuffer(json.dumps(meta, ensure_ascii=False, indent=1).encode(), np.uint8)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def decode(array: np.ndarray | None) -> dict[str, Any]:
    """A file's meta, parsed and of a version that can be read; `check` sees to the rest."""
    if array is None or array.dtype != np.uint8 or array.ndim != 1 or array.size > MAX_BYTES:
        raise StylefxError("its meta is missing or no text")
    try:
        meta = json.loads(array.tobytes().decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StylefxError("its meta is no JSON") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise StylefxError(f"its meta does not say {FORMAT!r}")
    version = meta.get("version")
    if _is_integer(version, FORMAT_VERSION + 1, 10**9):
        raise NewerStyleError(
            f"is of style format {version}, this stylefx {stylefx.__version__} reads up to "
            f"{FORMAT_VERSION}: update stylefx, or fit the clip again"
        )
    if version != FORMAT_VERSION:
        raise StylefxError(f"its format version is {str(version)[:40]!r}")
    return meta


def _is_integer(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def check(meta: dict[str, Any], methods: Sequence[str]) -> None:
    """Keys, types and ranges of the whole meta object; a `StylefxError` names the first that is off."""
    expected = {*_INTEGER_RANGES, *_LONGEST_TEXT, *_OTHER_KEYS}
    if set(meta) != expected:
        odd = ", ".join(sorted(map(str, set(meta) ^ expected)))
        raise StylefxError(f"its meta lacks or has too much: {odd[:80]}")
    checks = {key: _is_integer(meta[key], *limits) for key, limits in _INTEGER_RANGES.items()}
    checks |= {key: _is_text(meta[key], longest) for key, longest in _LONGEST_TEXT.items()}
    checks["format"] = meta["format"] == FORMAT
    checks["version"] = _is_integer(meta["version"], FORMAT_VERSION, FORMAT_VERSION)
    checks["method"] = isinstance(meta["method"], str) and meta["method"] in methods
    checks["sources"] = _are_sources(meta["sources"])
    checks["defaults"] = _are_defaults(meta["defaults"])
    wrong = [key for key, good in checks.items() if not good]
    if wrong:
        raise StylefxError(f"its {wrong[0]} is {str(meta[wrong[0]])[:60]!r}")
    if encode(meta).size > MAX_BYTES:
        raise StylefxError(f"its meta is longer than {MAX_BYTES} bytes")


def _are_sources(sources: object) -> bool:
    if not isinstance(sources, list) or len(sources) > MAX_SOURCES:
        return False
    return all(
        isinstance(source, dict)
        and set(source) == {"name", "sha256", "seconds"}
        and _is_text(source["name"], 255)
        and isinstance(source["sha256"], str)
        and re.fullmatch("[0-9a-f]{64}", source["sha256"]) is not None
        and _is_number(source["seconds"], 0, 1e6)
        for source in sources
    )


def _are_defaults(defaults: object) -> bool:
    return isinstance(defaults, dict) and all(
        name in _DEFAULT_RANGES and _is_number(value, *_DEFAULT_RANGES[name])
        for name, value in defaults.items()
    )
