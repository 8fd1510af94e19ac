"""Files are written complete or not at all: through a temporary file beside the target, renamed at the end.

Whatever goes wrong on the way, Ctrl-C included, the temporary file is deleted and what was there stays. Its name cannot
be guessed, it is newly made or not at all, and only its descriptor is written to, so no one else's link is followed and
two writers of one target do not meet. What it holds is on the disk before it is renamed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stylefx.errors import StylefxError

# What file systems say that do not have os.fsync and hard links.
_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV}


def check_output(path: Path, overwrite: bool) -> None:
    """Refuse a target that cannot or may not be written, before any work is spent on it."""
    if not path.name:
        raise StylefxError(f"{str(path)!r} is no name of a file to write: is a variable of the shell empty?")
    try:
        _check_name(path, overwrite)
    except OSError as error:  # a name that the system does not take
        raise StylefxError(f"{path} cannot be written: {system_words(error)}") from error


def _check_name(path: Path, overwrite: bool) -> None:
    found = _mode(path)
    if found is not None and stat.S_ISDIR(found):
        raise StylefxError(f"{path} is a directory, expected the name of a file to write")
    if found is not None and not stat.S_ISREG(found):
        raise StylefxError(f"{path} is no regular file: write to a file, or to `-` for a pipe")
    if found is not None and not overwrite:
        raise StylefxError(_exists(path))
    if path.is_symlink() and not overwrite:
        raise StylefxError(
            f"{path} is a link to {os.readlink(path)}: choose another name, or allow to write there with -y"
        )
    folder = _real(path).parent
    if not folder.is_dir():
        raise StylefxError(f"{path} cannot be written: the folder {folder} does not exist")
    if not os.access(folder, os.W_OK):
        raise StylefxError(f"{path} cannot be written: no permission to write in {folder.resolve()}")


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def replacing(
    path: Path, overwrite: bool = True, check: Callable[[BinaryIO], None] | None = None
) -> Iterator[BinaryIO]:
    """A new file to write and read, which becomes ``path`` on success and is deleted on any failure.

    Parameters
    ----------
    path
        The target; a link is written through, and stays.
    overwrite
        Whether an existing file may be replaced; its permissions are kept.
    check
        Called with the finished file before it takes its name; raises if that must not be.

    Raises
    ------
    StylefxError
        The file cannot be made or finished, or the target has come into being meanwhile.
    """
    target = _real(path) if overwrite else path
    # Short, so that any name that the file system takes can be a target's.
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:  # from here on: a signal may come while the file is being made
        with _saying(path):
            file = _new_file(temporary)
        with file:
            yield file
            with _saying(path):
                file.flush()
                if check is not None:
                    check(file)
                _keep_mode(file, target)
                _reach_the_disk(file)
        with _saying(path):
            _take_name(temporary, target, overwrite)
    finally:
        temporary.unlink(missing_ok=True)


def system_words(error: OSError) -> str:
    """What the system says, small and without its number."""
    words = error.strerror or str(error) or type(error).__name__
    return words[:1].lower() + words[1:]


@contextmanager
def _saying(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StylefxError(f"{path} cannot be written: {system_words(error)}") from error


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _new_file(path: Path) -> BinaryIO:
    """Made here and now, with the permissions that any new file gets."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o666), "w+b")


def _reach_the_disk(file: BinaryIO) -> None:
    """fsync, where the file system has it."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _keep_mode(file: BinaryIO, target: Path) -> None:
    before = _mode(target)
    if before is not None and hasattr(os, "fchmod"):
        with contextlib.suppress(PermissionError):
            os.fchmod(file.fileno(), stat.S_IMODE(before))


def _take_name(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)  # unlike a rename it never replaces what has come there meanwhile
    except FileExistsError:
        raise StylefxError(_exists(target)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise StylefxError(_exists(target)) from None
        os.replace(temporary, target)


def _exists(path: Path) -> str:
    return f"{path} exists: choose another name, or allow it to be replaced with -y"
