"""Where the delay between playing and hearing comes from, line by line and as a sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stylefx.live.io.duplex import Duplex


@dataclass(frozen=True)
class Line:
    """One part of the delay, in samples; None when the driver does not tell."""

    name: str
    samples: int | None


@dataclass(frozen=True)
class Latency:
    """All parts in the order of the signal, at ``sample_rate`` Hz."""

    sample_rate: int
    lines: tuple[Line, ...]

    @property
    def samples(self) -> int:
        """The sum of what is known."""
        return sum(line.samples or 0 for line in self.lines)

    def milliseconds(self, samples: int) -> float:
        """Samples as time."""
        return 1000 * samples / self.sample_rate

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "lines": [
                {
                    "name": line.name,
                    "samples": line.samples,
                    "ms": None if line.samples is None else round(self.milliseconds(line.samples), 3),
                }
                for line in self.lines
            ],
            "samples": self.samples,
            "ms": round(self.milliseconds(self.samples), 3),
        }

    def __str__(self) -> str:
        rows = [
            f"  {line.name:<12}"
            + (
                "  the driver does not say"
                if line.samples is None
                else f"{self.milliseconds(line.samples):8.1f} ms  {line.samples:6d} samples"
            )
            for line in self.lines
        ]
        sum_row = f"  {'delay':<12}{self.milliseconds(self.samples):8.1f} ms  {self.samples:6d} samples"
        return "\n".join(["from input to output:", *rows, sum_row])


def latency_of(duplex: Duplex, engine_samples: int) -> Latency:
    """The budget of an opened duplex with an engine of ``engine_samples`` delay.

    ``block`` is the time in which one block is collected while the one before it is answered; ``worker`` is
    what the worker waits beyond that, because the device brings more at once or the engine works in longer
    hops.
    """
    source, sink = (
        None if seconds is None else round(seconds * duplex.sample_rate) for seconds in duplex.device_seconds
    )
    return Latency(
        duplex.sample_rate,
        (
            Line("device in", source),
            Line("block", duplex.block),
            Line("engine", engine_samples),
            Line("worker", duplex.delay - duplex.block),
            Line("device out", sink),
        ),
    )
