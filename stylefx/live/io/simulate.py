"""Trouble on purpose: jitter, stalls and overload in made-up time, the same in every run.

With them the files backend shows what a busy or sick machine does to the sound, with no real clock involved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from stylefx.errors import UsageError

SEED = 0
# Of a load, the part that remains with no iterations at all: analysis, decoder and phase.
FIXED_RATIO = 0.5

GRAMMAR = (
    "jitter=SECONDS, load=SHARE or load=SHARE@FROM-TO, stall=SECONDS@AT, halt=SECONDS@AT, with commas between"
)


@dataclass
class Faults:
    """How long the engine's work takes beside the time that it really takes.

    Attributes
    ----------
    jitter_seconds : float
        Every block takes up to so much longer, at random.
    load : float
        Share of the sound's own duration that the work takes at full quality.
    load_from, load_to : float
        From which second to which.
    stalls : list of (float, float)
        At which second the engine hangs, and for how many.
    halts : list of (float, float)
        The same for the whole program, its stand-by included.
    """

    jitter_seconds: float = 0.0
    load: float = 0.0
    load_from: float = 0.0
    load_to: float = float("inf")
    stalls: list[tuple[float, float]] = field(default_factory=list)
    halts: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(SEED)

    def work_seconds(self, now: float, seconds: float, quality: float) -> float:
        """How long ``seconds`` of sound take now, at ``quality``, the share of the iterations that are done."""
        load = self.load if self.load_from <= now < self.load_to else 0.0
        work = load * seconds * (FIXED_RATIO + (1 - FIXED_RATIO) * quality)
        return work + self.jitter_seconds * float(self._random.random())

    def stall_seconds(self, now: float) -> float:
        """How long the engine hangs now."""
        return _due(self.stalls, now)

    def halt_seconds(self, now: float) -> float:
        """How long everything hangs now."""
        return _due(self.halts, now)

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read ``jitter=0.002,stall=1.0@3``.

        Raises
        ------
        UsageError
            It is no such list.
        """
        faults = cls()
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            amount, _, when = value.partition("@")
            if name == "jitter" and not when:
                faults.jitter_seconds = _number(amount, part)
            elif name == "load":
                faults.load = _number(amount, part)
                if when:
                    start, _, stop = when.partition("-")
                    faults.load_from, faults.load_to = _number(start, part), _number(stop, part)
            elif name in ("stall", "halt"):
                row = faults.stalls if name == "stall" else faults.halts
                row.append((_number(when, part), _number(amount, part)))
            else:
                raise _unreadable(part)
        return faults


def _due(row: list[tuple[float, float]], now: float) -> float:
    """Take out of ``row`` what has come due, and its seconds."""
    due = [each for each in row if each[0] <= now]
    row[:] = [each for each in row if each[0] > now]
    return sum(seconds for _, seconds in due)


def _number(text: str, part: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _unreadable(part) from None
    if not 0 <= value < float("inf"):
        raise _unreadable(part)
    return value


def _unreadable(part: str) -> UsageError:
    return UsageError(f"{part.strip()!r} is none of {GRAMMAR}")
