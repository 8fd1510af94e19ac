"""`compiled`: the one way in which a loop of stylefx becomes machine code, and where that code is kept.

numba's own cache has four faults that a program for musicians cannot have. It ends with an exception where neither the
package nor the home can be written, and again where a file was cut off by a full disk; it looks at the file of a loop
only, not at the loops that it calls, so that an edit of one takes no effect; and two processes that compile at once
may mistake each other's files. Here every loop and signature has one file, written under another name and renamed,
with a digest over its bytes and over all that the machine code was made of: the loop's bytecode and options, the
constants and loops that it reads, theirs, and the versions of Python and numba. What does not agree is deleted and
compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Literal

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import user_cache_dir

PACKAGE = Path(__file__).parent
SUFFIX = ".jit"
DIGEST_BYTES = 32
_VERSIONS = (sys.implementation.cache_tag, sys.version_info[:3], numba.__version__, llvmlite.__version__)
_notified: set[str] = set()


def compiled(
    function: Callable | None = None,
    *,
    fastmath: bool = False,
    error_model: Literal["python", "numpy"] = "numpy",
) -> Callable:
    """Compile a loop at its first call; later processes find the machine code in a file.

    No interpreter lock, so that audio threads run side by side. Division by zero gives inf, as in numpy, since a check
    in the loop would keep it from being vectorised. No fast-math but where asked for: regrouped sums and fused
    multiply-adds round differently in the process that compiles and in those that load its file, and they bring no
    time in the engine.

    Parameters
    ----------
    function
        The loop: numbers and arrays in and out, no shapes decided.
    fastmath, error_model
        As numba has them, for loops of `fit` alone.
    """
    if function is None:
        return lambda loop: compiled(loop, fastmath=fastmath, error_model=error_model)
    dispatcher: Any = numba.njit(nogil=True, fastmath=fastmath, error_model=error_model)(function)
    dispatcher._cache = _LoopCache(function, fastmath, error_model)
    return dispatcher


class _LoopCache(NullCache):
    """What a dispatcher asks before it compiles, and tells afterwards."""

    def __init__(self, function: Any, *options: object) -> None:
        self._function, self._options = function, options
        self._source = Path(function.__code__.co_filename)

    @property
    def cache_path(self) -> str:
        """For numba's statistics."""
        return str(next(_folders(self._source)))

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """The compiled loop for a signature, from the first folder that has it; None where it is to be compiled."""
        # Memory for arrays is all that finished code asks of numba. `refresh`, as its own cache does it, imports all
        # that a compilation may need, a third of the time to the first sample; a compilation refreshes by itself.
        rtsys.initialize(target_context)
        name, stamp = self._name(sig, target_context.codegen()), self._stamp()
        for folder in _folders(self._source):
            found = _read(folder / name, stamp, target_context)
            if found is not None:
                return found
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it in the first folder that can be written; in none, the next process compiles again."""
        if any(not lifted.can_cache for lifted in data.lifted) or data.library.has_dynamic_globals:
            return
        name, code = self._name(sig, data.codegen), dumps(data._reduce())
        written = hashlib.sha256(self._stamp() + code).digest() + code
        reason = "there is no folder for it"
        for folder in _folders(self._source):
            try:
                _write(folder / name, written)
            except OSError as error:
                reason = f"{folder}: {error.strerror or error}"
            else:
                _notify_where(folder)
                return
        _notify_once(
            f"compiled code cannot be kept ({reason}), so every start compiles again: set NUMBA_CACHE_DIR to "
            "a folder that can be written"
        )

    def _name(self, sig: Any, codegen: Any) -> str:
        """One file for a loop, its signature and the processor."""
        key = hashlib.sha256(repr((sig, codegen.magic_tuple())).encode()).hexdigest()[:16]
        name = self._function.__qualname__.replace("<locals>.", "")
        return f"{self._source.stem}.{name}.{sys.implementation.cache_tag}.{key}{SUFFIX}"

    def _stamp(self) -> bytes:
        facts = (_VERSIONS, self._options, _facts_of_function(self._function, set()))
        return hashlib.sha256(repr(facts).encode()).digest()


def _read(path: Path, stamp: bytes, target_context: Any) -> CompileResult | None:
    """What `save_overload` wrote there; a file that is damaged or out of date is deleted."""
    try:
        written = path.read_bytes()
    except OSError:
        return None
    digest, code = written[:DIGEST_BYTES], written[DIGEST_BYTES:]
    if hashlib.sha256(stamp + code).digest() == digest:
        # Whatever another build of numba under the same version makes of it: then it is compiled again.
        with contextlib.suppress(Exception):
            return CompileResult._rebuild(target_context, *pickle.loads(code))
    with contextlib.suppress(OSError):
        path.unlink()
    return None


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, also when another process writes the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


# Where code is kept ---------------------------------------------------------------------------------------------------


def compiled_code() -> tuple[Path, int]:
    """The folder that holds most of this package's compiled loops, and how many; 0 before the first run."""
    counts = [(sum(1 for _ in root.rglob(f"*{SUFFIX}")), root) for root in _roots()]
    count, root = max(counts, key=lambda each: each[0])
    return root, count


def _folders(source: Path) -> Iterator[Path]:
    """Beside the loop's module, in the user's cache, in a temporary folder; NUMBA_CACHE_DIR takes the place of all."""
    home = f"{source.parent.name}_{hashlib.sha256(str(source.parent).encode()).hexdigest()[:16]}"
    for root in _roots():
        yield source.parent / "__pycache__" if root == PACKAGE else root / home


def _roots() -> Iterator[Path]:
    if given := getattr(config, "CACHE_DIR", ""):
        yield Path(given)
        return
    yield PACKAGE
    own = Path(user_cache_dir("stylefx", appauthor=False))
    if own.is_absolute():  # "~" stays as it is where a user has no home
        yield own
    temporary = _temporary_root()
    if temporary is not None:
        yield temporary


def _temporary_root() -> Path | None:
    """A folder of ours alone: code from one that others can write would be theirs."""
    try:
        folder = Path(tempfile.gettempdir()) / f"stylefx-{_user()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == _user() and not found.st_mode & 0o022
    return folder if ours or sys.platform == "win32" else None


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _notify_where(folder: Path) -> None:
    """A temporary folder is emptied now and then, which its user should know."""
    if folder.parent == _temporary_root():
        _notify_once(
            f"compiled code is kept in {folder.parent}, since neither the package nor the user's cache can be "
            "written: set NUMBA_CACHE_DIR to a folder that lasts"
        )


def _notify_once(text: str) -> None:
    if text not in _notified and sys.stderr is not None:
        _notified.add(text)
        print(f"stylefx: {text}", file=sys.stderr, flush=True)


# What machine code is made of -----------------------------------------------------------------------------------------


def _facts_of_function(function: Any, seen: set[int]) -> tuple:
    """Bytecode of a loop with the values of every name in it that is not its own; loops that it calls likewise."""
    if id(function) in seen:
        return (function.__qualname__,)
    seen.add(id(function))
    code = function.__code__
    names = set(_names(code))
    read = {name: function.__globals__[name] for name in sorted(names & function.__globals__.keys())}
    read |= {f"closure {k}": cell.cell_contents for k, cell in enumerate(function.__closure__ or ())}
    values = tuple((name, _facts_of_value(value, names, seen)) for name, value in read.items())
    return (function.__qualname__, _facts_of_code(code), repr(function.__defaults__), values)


def _facts_of_value(value: Any, names: set[str], seen: set[int]) -> object:
    if isinstance(value, numba.core.dispatcher.Dispatcher):
        return (repr(sorted(value.targetoptions.items())), _facts_of_function(value.py_func, seen))
    if isinstance(value, FunctionType):
        return _facts_of_function(value, seen)
    if isinstance(value, ModuleType) and value.__name__.split(".")[0] == PACKAGE.name:
        read = [name for name in sorted(names) if hasattr(value, name)]
        return tuple((name, _facts_of_value(getattr(value, name), names, seen)) for name in read)
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest())
    if isinstance(value, tuple | list):
        return tuple(_facts_of_value(each, names, seen) for each in value)
    if isinstance(value, bool | int | float | complex | str | bytes | np.generic | None):
        return (type(value).__name__, repr(value))
    return getattr(
        value, "__qualname__", type(value).__qualname__
    )  # of Python, numpy or numba: their version says it


def _facts_of_code(code: CodeType) -> tuple:
    constants = [
        _facts_of_code(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts
    ]
    return (code.co_code, tuple(constants), code.co_names, code.co_varnames)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
