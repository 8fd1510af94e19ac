"""What the screen shows at one moment: plain numbers and texts, sent as a line of JSON to the process that draws."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

# Silence, and anything too low to be seen.
FLOOR_DB = -60.0
# The spectrum's bands are equally wide on a logarithmic axis.
SPECTRUM_LOW_HZ, SPECTRUM_HIGH_HZ = 40.0, 16_000.0


class Level(NamedTuple):
    """A meter's reading in dB of full scale; ``clipped`` if that was reached since the start."""

    now_db: float
    hold_db: float
    clipped: bool


@dataclass(frozen=True)
class Snapshot:
    """One look; loads are in percent of the time that the sound lasts, ``spectrum_db`` has a level for each band.

    ``status`` are pairs of a label and a text, ``said`` the newest lines for the musician.
    """

    device: str
    seconds: float
    input: Level
    output: Level
    mean_load: float
    worst_load: float
    blocks: int
    late: int
    lost_frames: int
    delay_ms: float
    spectrum_db: tuple[int, ...]
    status: tuple[tuple[str, str], ...]
    said: tuple[str, ...]

    def to_line(self) -> bytes:
        """With its line end."""
        return json.dumps(vars(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Snapshot:
        """What `to_line` gave."""
        fields = json.loads(line)
        input, output = Level(*fields.pop("input")), Level(*fields.pop("output"))
        return cls(input=input, output=output, **fields)
