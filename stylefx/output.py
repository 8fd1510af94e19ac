"""Files are written complete or not at all: through a temporary file beside the target, renamed at the end.

Whatever goes wrong on the way, Ctrl-C included, the temporary file is deleted and what was there stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stylefx.errors import StylefxError


def check_output(path: Path, overwrite: bool) -> None:
    """Refuse a target that cannot or may not be written, before any work is spent on it."""
    if path.is_dir():
        raise StylefxError(f"{path} is a directory, expected the name of a file to write")
    if path.exists() and not path.is_file():
        raise StylefxError(f"{path} is no regular file: write to a file, or to `-` for a pipe")
    if path.exists() and not overwrite:
        raise StylefxError(f"{path} exists: choose another name, or allow it to be replaced with -y")
    if not path.parent.is_dir():
        raise StylefxError(f"{path} cannot be written: the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise StylefxError(f"{path} cannot be written: no permission to write in {path.parent.resolve()}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place on success and is deleted on any failure."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
