"""The live session from the server's side: begin, press, stop, and what pages show of it.

There is one session at a time, in a process of its own (`stylefx.app.live_process`), for all pages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from stylefx.analysis.grid import PROFILES
from stylefx.app.jobs import last_line, start_process
from stylefx.app.library import Library
from stylefx.checks import choice, number, shown, whole_number
from stylefx.cli.capturing import LONGEST_SECONDS, SHORTEST_SECONDS
from stylefx.cli.live_options import LARGEST_BLOCK, SMALLEST_BLOCK
from stylefx.cli.surfaces import HIGHEST_PORT
from stylefx.errors import StylefxError, UsageError
from stylefx.params import MAX_STYLES, PARAMETERS

KEPT_LINES = 60
LONGEST_TEXT = 200
# From the wish to stop: a device takes a moment to close, a capture is saved; then it is asked again, then ended.
STOP_SECONDS, KILL_SECONDS = 10.0, 5.0
# To look for devices is to load PortAudio and ask every driver.
DEVICES_SECONDS = 30.0
PRESSES = ("exchange", "capture")
# What `stylefx.live.capture.capture` says of a new style.
SAVED = "capture: saved"


class LiveControl:
    """Plays styles of ``library``; ``changed`` is called, from any thread, when a session begins or ends
    and when the library may hold a new style.

    Attributes
    ----------
    news : int
        Grows with everything there is to show, some ten times a second while it plays.
    """

    def __init__(self, library: Library, changed: Callable[[], None]):
        self._library, self._changed = library, changed
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._said: deque[str] = deque(maxlen=KEPT_LINES)
        self._shown: dict[str, Any] = {"state": "off"}
        self.news = 0

    def state(self) -> dict[str, Any]:
        """``state`` is off, starting, playing or stopping; ``said`` the newest lines; the rest as it was sent."""
        return {**self._shown, "said": list(self._said)}

    @staticmethod
    def devices() -> dict[str, Any]:
        """What `stylefx devices --json` prints: in a new process, because PortAudio looks only once per process."""
        try:
            run = subprocess.run(
                [sys.executable, "-m", "stylefx", "devices", "--json"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=DEVICES_SECONDS,
            )
            return {"devices": [], **json.loads(run.stdout)}
        except (subprocess.TimeoutExpired, ValueError):
            raise StylefxError(
                "the sound system does not say which devices there are: is it running?"
            ) from None

    def start(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Begin a session as ``wanted``; StylefxError for one that makes no sense, or where one plays."""
        arguments = self._arguments(wanted)
        with self._lock:
            if self._process is not None:
                raise StylefxError("it plays already: stop it first")
            self._said.clear()
            self._show({"state": "starting", "capture": wanted.get("capture") is not None})
            complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115  (the thread's)
            self._process = start_process("live_process", complaints)
            threading.Thread(
                target=self._follow, args=(self._process, arguments, complaints), daemon=True
            ).start()
        return {}

    def press(self, command: dict[str, Any]) -> dict[str, Any]:
        """What was pressed or moved on a page, checked; see `stylefx.app.live_process`."""
        if "set" in command:
            name = choice(command["set"], "parameter", tuple(PARAMETERS))
            line = {"set": name, "value": number(command.get("value"), name, float("-inf"), float("inf"))}
        elif "learn" in command:
            line = {"learn": choice(command["learn"], "parameter", tuple(PARAMETERS))}
        else:
            line = {"press": choice(command.get("press"), "button", PRESSES)}
        with self._lock:
            if self._process is None or self._shown["state"] != "playing":
                raise StylefxError("nothing plays: start first")
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps(line) + "\n")
                self._process.stdin.flush()
            except OSError:
                raise StylefxError("the session has just ended") from None
        return {}

    def stop(self) -> dict[str, Any]:
        """End it, with its report; nothing where nothing plays."""
        with self._lock:
            process = self._process
            if process is None or self._shown["state"] == "stopping":
                return {}
            self._show({**self._shown, "state": "stopping"})
            assert process.stdin is not None
            with suppress(OSError):  # it may have just ended
                process.stdin.close()
        threading.Thread(target=_end, args=(process,), daemon=True).start()
        return {}

    def close(self) -> None:
        """End it and wait."""
        process = self._process
        self.stop()
        if process is not None:
            process.wait(STOP_SECONDS + 2 * KILL_SECONDS)

    def _show(self, shown: dict[str, Any]) -> None:
        self._shown = shown
        self.news += 1
        self._changed()

    def _follow(self, process: subprocess.Popen, arguments: list[str], complaints: Any) -> None:
        """The thread of one session: send what is wanted, hear what is said, until it ends."""
        error = ""
        with complaints, process:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(OSError, ValueError):  # it may have ended, or was stopped at once
                process.stdin.write(json.dumps({"arguments": arguments}) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                words = json.loads(line)
                error = words.get("error", error)
                self._hear(words)
            process.wait()
            if process.returncode > 0 and not error:
                error = f"the session has ended: {last_line(complaints) or 'no reason given'}"
            elif process.returncode < 0 and self._shown["state"] != "stopping":
                error = "the session was ended by another program"
        with self._lock:
            self._process = None
            self._show({"state": "off", "error": error})

    def _hear(self, words: dict[str, Any]) -> None:
        if "look" in words:
            self._shown["look"] = words["look"]
            self.news += 1
        elif "said" in words:
            self._said.append(words["said"])
            self.news += 1
            if words["said"].startswith(SAVED):
                self._changed()
        elif "begun" in words:
            with self._lock:
                state = "playing" if self._shown["state"] == "starting" else self._shown["state"]
                self._show({**self._shown, "state": state, "begun": words["begun"]})

    def _arguments(self, wanted: dict[str, Any]) -> list[str]:
        """The command line of ``wanted``; names of styles become files of the library."""
        names = wanted.get("styles", [])
        capture = wanted.get("capture")
        if not isinstance(names, list) or len(names) > MAX_STYLES:
            raise UsageError(f"a bank holds {MAX_STYLES} styles at most: choose fewer")
        if not names and capture is None:
            raise UsageError("nothing to play through: choose a style, or seconds to capture")
        arguments = [f"--style={self._library.file(name)}" for name in names]
        for option, key in (("-i", "source"), ("-o", "sink"), ("--midi=", "midi")):
            if (text := wanted.get(key)) is not None:
                arguments.append(f"{option}{_text(text, key)}")
        if wanted.get("blocksize") is not None:
            block = whole_number(wanted["blocksize"], "blocks", SMALLEST_BLOCK, LARGEST_BLOCK)
            arguments.append(f"--blocksize={block}")
        if wanted.get("osc") is not None:
            arguments.append(f"--osc={whole_number(wanted['osc'], 'the OSC port', 0, HIGHEST_PORT)}")
        if capture is not None:
            seconds = number(capture, "capture", SHORTEST_SECONDS, LONGEST_SECONDS)
            arguments.append(f"--capture={seconds:g}")
            if wanted.get("save") is not None:
                arguments.append(f"--capture-save={self._library.new_path(wanted['save'])}")
        if wanted.get("feedback"):
            arguments.append("--allow-feedback")
        return [
            *arguments,
            f"--latency={choice(wanted.get('latency', 'normal'), 'latency', tuple(PROFILES))}",
        ]


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or not value.isprintable():
        raise UsageError(f"{name} is {shown(value)}, expected the name of a device")
    return value


def _end(process: subprocess.Popen) -> None:
    """Ask a session that does not end by itself once more, then kill it."""
    for end, seconds in ((process.terminate, STOP_SECONDS), (process.kill, KILL_SECONDS)):
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            end()
