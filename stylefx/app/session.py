"""A session: the sounds that came to the page and those that were made, in a folder that goes when the server does.

Every sound has a number, and the page only ever says numbers.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from stylefx.app.jobs import start_process
from stylefx.clips import CREDITS, clip_path
from stylefx.errors import StylefxError

MAX_BYTES = 512 * 2**20
LONGEST_NAME = 100
# Decoding goes hundreds of times faster than the sound; a file made to take for ever is given up.
LOOK_SECONDS = 120.0


class TooLargeError(StylefxError):
    """More came than is taken."""


@dataclass
class Sound:
    """A file, its name for people, what it is (clip, take or output), and its picture once somebody looked."""

    number: int
    name: str
    path: Path
    kind: str
    look: dict[str, Any] = field(default_factory=dict)


def safe_name(name: str) -> str:
    """What of a file's name from elsewhere may be a file's here."""
    letters = "".join(
        each for each in re.split(r"[/\\]", name)[-1] if each.isprintable() and each not in ':*?"<>|'
    )
    return letters.strip(" .")[-LONGEST_NAME:] or "sound"


class Session(AbstractContextManager):
    """Holds the shipped clips to begin with; an upload may have ``most_bytes``."""

    def __init__(self, most_bytes: int = MAX_BYTES):
        self.most_bytes = most_bytes
        self.sounds: dict[int, Sound] = {}
        self._last = 0
        for name in CREDITS:
            self.add(f"{name}.flac", clip_path(name), "shipped")

    def __enter__(self) -> Session:
        self._temporary = tempfile.TemporaryDirectory(prefix="stylefx-app-")
        self.folder = Path(self._temporary.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._temporary.cleanup()

    def add(self, name: str, path: Path, kind: str) -> Sound:
        """A file that is there."""
        self._last += 1
        sound = self.sounds[self._last] = Sound(self._last, name, path, kind)
        return sound

    def sound(self, number: object) -> Sound:
        """StylefxError where there is none of that number."""
        if not isinstance(number, int) or number not in self.sounds:
            raise StylefxError("that sound is not there any more: choose the file again")
        return self.sounds[number]

    def new_path(self, name: str) -> Path:
        """For a file in a folder of its own."""
        return Path(tempfile.mkdtemp(dir=self.folder)) / safe_name(name)

    async def receive(self, name: str, data: AsyncIterator[bytes], declared: int) -> Path:
        """Write what comes to a new file, at most so much as is taken; nothing of more than that is kept."""
        too_large = TooLargeError(
            f"{safe_name(name)} is larger than {self.most_bytes / 1e6:.0f} MB: choose a part of it"
        )
        if declared > self.most_bytes:
            raise too_large
        path, size = self.new_path(name), 0
        try:
            with path.open("wb") as file:
                async for part in data:
                    size += len(part)
                    if size > self.most_bytes:
                        raise too_large
                    file.write(part)
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                await _read_on(data, self.most_bytes - size)
            raise
        return path

    def look(self, sound: Sound) -> dict[str, Any]:
        """Its picture, made in a process of its own because a file may hold anything; cached."""
        if not sound.look:
            with tempfile.TemporaryFile("w+") as complaints, start_process("work", complaints) as process:
                task = json.dumps({"kind": "look", "file": str(sound.path)})
                try:
                    said, _ = process.communicate(task + "\n", LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    said = ""
            words = json.loads(said.splitlines()[-1]) if said.strip() else {}
            if "result" not in words:
                raise StylefxError(self.tidy(words.get("error", f"{sound.name} cannot be read")))
            sound.look = words["result"]
        return sound.look

    def tidy(self, sentence: str) -> str:
        """A sentence about a file, without where it lies."""
        return re.sub(re.escape(str(self.folder)) + r"[/\\]\w+[/\\]", "", sentence)


async def _read_on(data: AsyncIterator[bytes], most_bytes: int) -> None:
    """Take what else is sent: a browser that is still sending may never read the answer."""
    async for part in data:
        most_bytes -= len(part)
        if most_bytes < 0:
            return
