"""What Python callers hand in, checked once: a wrong argument is a `UsageError` of one sentence, not a traceback.

Samples are checked by `stylefx.samples`; nothing here imports numpy, for the command line's parser needs it.
"""

from __future__ import annotations

import math
import os
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from stylefx.errors import UsageError


def shown(value: object) -> str:
    """A value for a sentence, 60 letters at most."""
    return repr(value)[:60]


def number(value: Any, name: str, low: float, high: float) -> float:
    """``value`` if it is a number within ``low`` and ``high``, both included."""
    value = value.item() if getattr(value, "shape", None) == () else value  # numpy's switches are no numbers
    if not isinstance(value, Real) or not low <= float(value) <= high:
        raise UsageError(f"{name} is {shown(value)}, expected a number from {low:g} to {high:g}")
    return float(value)


def whole_number(value: Any, name: str, low: int, high: int | None = None) -> int:
    """``value`` if it is a whole number of at least ``low`` and at most ``high``."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or value < low or (high is not None and value > high):
        limits = f"{low} or more" if high is None else f"{low} to {high}"
        raise UsageError(f"{name} is {shown(value)}, expected a whole number, {limits}")
    return int(value)


def sample_rate_of(value: Any) -> int:
    """A rate in Hz; which of them can be played is the grid's affair."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < float(value) < math.inf:
        raise UsageError(f"the sample rate is {shown(value)}, expected a number of Hz such as 44100")
    return round(float(value))


def path_of(value: Any, what: str) -> Path:
    """The path of a file; ``what`` is what the sentence calls it."""
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"{what} is {shown(value)}, expected the path of a file")
    return Path(value)


def choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """``value`` if it is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"{name} {shown(value)} is not known: use one of {', '.join(choices)}")
    return value
