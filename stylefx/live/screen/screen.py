"""The screen: meters, load, delay, style, parameters and a small spectrum, twelve times a second, on a terminal.

The main thread looks and tells another process what to draw (process.py), so that drawing costs the sound nothing. What
is said meanwhile stands below the meters, and on the terminal afterwards. Without a terminal there are plain lines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType

from stylefx.live.monitor.levels import Watch
from stylefx.live.observer import Playing, SessionObserver

# Said lines that are shown, and kept for the end.
SHOWN_LINES, KEPT_LINES = 5, 200
# The drawing process gives the terminal back within this time, or is ended.
CLOSE_SECONDS = 2.0
# What it would have written: leave the second page, show the cursor.
LEAVE_SECOND_PAGE = "\x1b[?1049l\x1b[?25h"

Status = Callable[[], Iterable[tuple[str, str]]]


class Screen(SessionObserver):
    """``status()`` gives what else is to be shown, as pairs of a label and a text."""

    def __init__(self, status: Status):
        self._status = status
        self._said: deque[str] = deque(maxlen=KEPT_LINES)
        self._shown = False
        self._unsent = b""

    @staticmethod
    def usable() -> bool:
        """Whether standard error is a terminal that can be drawn on."""
        return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")

    def __enter__(self) -> Screen:
        # Ctrl-C is for the player; that process ends when its input does.
        self._painter = subprocess.Popen(
            [sys.executable, "-m", "stylefx.live.screen.process"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        os.set_blocking(self._pipe, False)
        return self

    @property
    def _pipe(self) -> int:
        assert self._painter.stdin is not None
        return self._painter.stdin.fileno()

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        self._watch = Watch(playing)
        self._shown = True
        self.poll()

    def poll(self) -> None:
        """See `SessionObserver.poll`."""
        if not self._shown:
            return
        if not self._unsent:
            said = list(self._said)[-SHOWN_LINES:]
            self._unsent = self._watch.look(self._status(), said).to_line()
        try:
            self._unsent = self._unsent[os.write(self._pipe, self._unsent) :]
        except BlockingIOError:
            pass  # a terminal that stands still does not hold up the rest
        except BrokenPipeError:
            self._shown = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._shown = False
        assert self._painter.stdin is not None
        self._painter.stdin.close()
        try:
            self._painter.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._painter.kill()
            self._painter.wait()
            sys.stderr.write(LEAVE_SECOND_PAGE)
        for line in self._said:
            print(line, file=sys.stderr)

    def notify(self, text: str) -> None:
        """Tell the musician something: on the screen while it is shown, and in any case on the terminal."""
        if self._shown:
            self._said.extend(f"{time.strftime('%H:%M:%S')} {text}".split("\n"))
        else:
            print(text, file=sys.stderr, flush=True)
