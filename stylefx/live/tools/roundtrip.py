"""The delay as it is, measured: a chirp leaves by the output, comes back by a cable, and is looked for in the input.

The chirp is played as the answer to a known input frame, and what comes back passes the engine before it is recorded.
So its place in the recording is everything that a musician waits for: device, block, worker and engine, which is what
`stylefx.live.monitor.latency` declares. The engine's output is not played, so nothing can howl.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from stylefx.errors import StylefxError
from stylefx.live.io.duplex import Duplex
from stylefx.live.monitor.latency import Latency
from stylefx.live.observer import Playing, SessionObserver
from stylefx.live.session import play
from stylefx.live.worker import Engine

# One chirp in so much time; it must be heard before the next one is played.
PERIOD_SECONDS = 1.0
CHIRP_SECONDS, LOW_HZ, HIGH_HZ, LEVEL = 0.1, 200.0, 6000.0, 0.25
# So many that are heard are enough; none within the longest time, and there is no cable.
HEARD_ENOUGH, LONGEST_SECONDS = 3, 30.0
# A chirp has been heard where this part of the sound under it looks like one.
LIKENESS = 0.5
TINY = 1e-9


@dataclass(frozen=True)
class Measured:
    """What was declared, and by how many samples each chirp came later than it was played."""

    declared: Latency
    found: tuple[int, ...]

    @property
    def samples(self) -> int:
        """The median."""
        return int(statistics.median_low(self.found))


class RoundTrip(SessionObserver):
    """An engine around ``engine`` that plays chirps instead of its sound, and the observer that looks for them.

    Sets ``stop`` when it has heard enough of them, or nothing for too long.
    """

    def __init__(self, engine: Engine, stop: threading.Event):
        self._engine, self._stop = engine, stop
        self.found: list[int] = []

    # The engine -----------------------------------------------------------------------------------------

    @property
    def latency_samples(self) -> int:
        """That of the engine inside."""
        return self._engine.latency_samples

    def prepare(self, sample_rate: int, channels: int, max_block: int) -> None:
        """Prepare the engine inside, the chirp and the tape."""
        self._engine.prepare(sample_rate, channels, max_block)
        self._chirp = chirp(sample_rate)
        self._period = round(PERIOD_SECONDS * sample_rate)
        self._pattern = np.zeros(self._period + max_block, np.float32)
        self._pattern[: len(self._chirp)] = self._chirp
        self._pattern[self._period :] = self._pattern[:max_block]
        self._tape = np.zeros(round(LONGEST_SECONDS * sample_rate) + max_block, np.float32)
        self.reset()

    def reset(self) -> None:
        """Start again."""
        self._engine.reset()
        self._taped = self._searched = 0

    def process(self, block: np.ndarray) -> np.ndarray:
        """Record what the engine makes of ``block`` (frames, channels); return as much of the chirps."""
        heard, start = self._engine.process(block), self._taped
        if start + len(block) <= len(self._tape):
            self._tape[start : start + len(block)] = heard.sum(axis=1)
        place = start % self._period
        played = np.repeat(self._pattern[place : place + len(block), None], block.shape[1], axis=1)
        self._taped = start + len(block)
        return played

    # The observer ----------------------------------------------------------------------------------------

    def begin(self, playing: Playing) -> None:
        """Nothing has been heard yet."""

    def poll(self) -> None:
        """Look for every chirp whose time is over."""
        while self._searched + self._period + len(self._chirp) <= min(self._taped, len(self._tape)):
            stretch = self._tape[self._searched : self._searched + self._period + len(self._chirp)]
            self._searched += self._period
            delay = delay_of(stretch, self._chirp)
            if delay is not None:
                self.found.append(delay)
        if len(self.found) >= HEARD_ENOUGH or self._taped >= len(self._tape):
            self._stop.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to close."""


def measure(engine: Engine, duplex: Duplex, stop: threading.Event, notify: Callable[[str], None]) -> Measured:
    """Play chirps through ``duplex`` until enough are heard; ``engine`` must return its input, late.

    Raises
    ------
    StylefxError
        None came back.
    """
    loop = RoundTrip(engine, stop)
    notify("measuring: connect the output to the input with a cable (in a patchbay: stylefx to itself)")
    report = play(loop, duplex, stop, notify, observers=[loop])
    if not loop.found:
        raise StylefxError(
            "no chirp came back: connect the output that -o names to the input that -i names, and turn both up"
        )
    return Measured(report.latency, tuple(loop.found))


def chirp(sample_rate: int) -> np.ndarray:
    """A sweep that begins and ends softly, float32 (samples,): no two places of it are alike."""
    time = np.arange(round(CHIRP_SECONDS * sample_rate)) / sample_rate
    cycles = LOW_HZ * time + (min(HIGH_HZ, 0.4 * sample_rate) - LOW_HZ) * time**2 / (2 * CHIRP_SECONDS)
    return (LEVEL * np.hanning(len(time)) * np.sin(2 * np.pi * cycles)).astype(np.float32)


def delay_of(stretch: np.ndarray, played: np.ndarray) -> int | None:
    """Where ``played`` begins in ``stretch``, either way up; None where nothing is like it."""
    size = 1 << (len(stretch) + len(played)).bit_length()
    spectrum = np.fft.rfft(stretch, size) * np.conj(np.fft.rfft(played, size))
    match = np.abs(np.fft.irfft(spectrum, size)[: len(stretch) - len(played) + 1])
    delay = int(np.argmax(match))
    under = np.linalg.norm(stretch[delay : delay + len(played)]) * np.linalg.norm(played)
    return delay if match[delay] > LIKENESS * max(float(under), TINY) else None
