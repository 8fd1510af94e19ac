"""Results on disk, so that an interrupted run resumes: one JSON file under a key of everything that made it.

The key covers the code of the row and of the metrics, and the audio of the case. Change any of them and the
result is measured again; change nothing and the full run takes seconds. Of code only what it does counts:
comments and docstrings do not. Two processes may fill the same store.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import CACHE, ROOT

PACKAGES = ("stylefx", "benchmarks")


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
        partial = self.directory / f"{key}.{os.getpid()}.part"
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
    """Hash of what the source and weight files under the given paths (relative to the repository) do."""
    digest = hashlib.sha256()
    for path in sorted({file for name in paths for file in _files(ROOT / name)}):
        stamp = path.stat()
        digest.update(str(path.relative_to(ROOT)).encode() + _content(path, stamp.st_mtime_ns, stamp.st_size))
    return digest.hexdigest()[:20]


def with_imports(*paths: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The given files and all of this repository that they import, at the top or inside a function.

    ``without`` are files that change nothing in the samples: neither they nor what they import is followed.
    """
    found: set[str] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found and path not in without:
            found.add(path)
            waiting += _imports(ROOT / path)
    return tuple(sorted(found))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [file for suffix in ("*.py", "*.npz") for file in path.rglob(suffix)]


@cache
def _content(path: Path, modified_ns: int, size: int) -> bytes:
    """Digest of a file's bytes, of a Python file's syntax tree without its docstrings."""
    content = path.read_bytes()
    if path.suffix == ".py":
        content = ast.dump(without_docstrings(ast.parse(content))).encode()
    return hashlib.sha256(content).digest()


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The tree, changed in place: strings that stand alone at the head of a body do nothing."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] if isinstance(first.value.value, str) else node.body
    return tree


def _imports(path: Path) -> list[str]:
    """Files of this repository that a Python file imports by name; packages stand for their ``__init__``."""
    if path.suffix != ".py":
        return []
    names = []
    for node in _executed(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # Either may be a module: `from package import module`, `from module import name`.
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    ours = [name.replace(".", "/") for name in names if name.split(".")[0] in PACKAGES]
    candidates = [f"{name}{end}" for name in ours for end in (".py", "/__init__.py")]
    return [candidate for candidate in candidates if (ROOT / candidate).is_file()]


def _executed(tree: ast.AST):
    """All nodes but those that only a type checker reads."""
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield child
            yield from _executed(child)
