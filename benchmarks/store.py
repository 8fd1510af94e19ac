"""Results on disk, so that an interrupted run resumes: one JSON file under a key of everything that made it.

The key covers the code of the row and of the metrics, and the audio of the case. Change any of them and the
result is measured again; change nothing and the full run takes seconds.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

CACHE = Path(__file__).with_name("cache")
ROOT = Path(__file__).parents[1]


class Store:
    """Records under ``benchmarks/cache/results``; ``fresh`` forgets the earlier ones."""

    def __init__(self, directory: Path = CACHE / "results", fresh: bool = False):
        self.directory, self.fresh = directory, fresh

    def get(self, key: str) -> dict[str, Any] | None:
        """The record, or None where it was never measured (or ``fresh``)."""
        path = self.directory / f"{key}.json"
        return json.loads(path.read_text()) if path.exists() and not self.fresh else None

    def put(self, key: str, record: dict[str, Any]) -> None:
        """Keep a record; complete or not at all."""
        self.directory.mkdir(parents=True, exist_ok=True)
        partial = self.directory / f"{key}.part"
        partial.write_text(json.dumps(record))
        partial.replace(self.directory / f"{key}.json")


def key_of(*parts: Any) -> str:
    """A short hash of numbers, strings and arrays."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        digest.update(b"|")
    return digest.hexdigest()[:20]


def code_hash(*paths: str) -> str:
    """Hash of source and weight files under the given paths (relative to the repository)."""
    digest = hashlib.sha256()
    for path in sorted({file for name in paths for file in _files(ROOT / name)}):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:20]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [file for suffix in ("*.py", "*.npz") for file in path.rglob(suffix)]
