"""Which MIDI knob plays which parameter: a small JSON file in the user's configuration folder.

    {"mix": {"channel": 1, "control": 21}, ...}

Channels count from 1, as on the instruments.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylefx.errors import StylefxError
from stylefx.io.output import replacing
from stylefx.params import PARAMETERS

FILE_NAME = "midi.json"
CHANNELS, CONTROLS = 16, 128


@dataclass(frozen=True)
class Knob:
    """A control change number on a channel, both from 0 as in the messages."""

    channel: int
    control: int

    def __str__(self) -> str:
        return f"CC {self.control} on channel {self.channel + 1}"


def default_path() -> Path:
    """Where this system keeps a program's settings."""
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or Path.home())
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "stylefx" / FILE_NAME


class Knobs:
    """What was learned, kept at ``path``.

    Raises
    ------
    StylefxError
        There is a file, but not of this form.
    """

    def __init__(self, path: Path):
        self.path = path
        self.learned = _read(path)

    def parameters_of(self, knob: Knob) -> list[str]:
        """What a knob plays."""
        return [name for name, learned in self.learned.items() if learned == knob]

    def learn(self, name: str, knob: Knob) -> None:
        """From now on ``knob`` plays the parameter, and nothing else; StylefxError if that cannot be written down."""
        others = {other: its for other, its in self.learned.items() if its != knob and other != name}
        self.learned = {**others, name: knob}
        written = {
            each: {"channel": its.channel + 1, "control": its.control} for each, its in self.learned.items()
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                file.write((json.dumps(written, indent=2) + "\n").encode())
        except OSError as error:
            raise StylefxError(
                f"{self.path} cannot be written ({error.strerror}): learned until the end only"
            ) from error
        except StylefxError as error:
            raise StylefxError(f"{error}: learned until the end only") from error


def _read(path: Path) -> dict[str, Knob]:
    try:
        stored = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StylefxError(
            f"{path} cannot be read ({error}): delete it, and learn the knobs again"
        ) from error
    if not isinstance(stored, dict):
        stored = {"": stored}
    return {name: _knob(path, name, value) for name, value in stored.items()}


def _knob(path: Path, name: str, stored: Any) -> Knob:
    """A stored knob, checked."""
    fields = stored if isinstance(stored, dict) else {}
    channel, control = fields.get("channel", 0), fields.get("control", CONTROLS)
    if name in PARAMETERS and channel in range(1, CHANNELS + 1) and control in range(CONTROLS):
        return Knob(int(channel) - 1, int(control))
    raise StylefxError(
        f"{path} holds {name!r}: {stored!r}, expected a parameter with channel and control: "
        "delete it, and learn the knobs again"
    )
