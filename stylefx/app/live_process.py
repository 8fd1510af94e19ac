"""The page's live session: `stylefx live` in a process of its own, the page in the place of the terminal.

The sound is never the server's: pages, and whatever the server is busy with, do not touch it. Lines of JSON in:
{"arguments": [...]} to begin with, those of the command line, then what is pressed on a page, {"set": NAME,
"value": X}, {"press": exchange or capture} or {"learn": NAME}. Lines of JSON out: {"said": text}, {"begun": ...} and
then {"look": ...} some ten times a second, {"error": sentence} where it failed. It ends when its input does, with a
report: because a page stops it, or because the server has gone.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from types import TracebackType
from typing import Any, TextIO

from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import StylefxError, UsageError
from stylefx.live.control.setting import set_parameter
from stylefx.live.monitor.levels import Watch
from stylefx.live.observer import Playing, SessionObserver
from stylefx.live.screen.screen import Status
from stylefx.params import PARAMETERS

# Lines that wait for a server which does not read.
KEPT_LINES = 200


class Outbox(io.TextIOBase):
    """Lines on their way to the server; sending never blocks while sound plays. What is printed is sent too."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque(maxlen=KEPT_LINES)
        self._unsent = b""
        self._begun = ""

    @property
    def empty(self) -> bool:
        """Whether everything has been taken."""
        return not self._unsent and not self._waiting

    def send(self, **words: Any) -> None:
        """One line."""
        self._waiting.append(json.dumps(words).encode() + b"\n")
        self.flush()

    def flush(self) -> None:
        """Hand over as much as is taken."""
        with self._lock:
            try:
                while self._unsent or self._waiting:
                    self._unsent = self._unsent or self._waiting.popleft()
                    self._unsent = self._unsent[os.write(self._descriptor, self._unsent) :]
            except BlockingIOError:
                pass  # later
            except BrokenPipeError:
                self._unsent = b""  # the server has gone; the input says so too

    def write(self, text: str) -> int:
        """What is printed, as soon as a line of it is whole."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self.send(said=line)
        return len(text)

    def wait(self, patiently: bool) -> None:
        """Whether to wait for the server from here on."""
        os.set_blocking(self._descriptor, patiently)


class PageScreen(SessionObserver):
    """The screen: a look at the session, whenever the one before has been taken."""

    def __init__(self, outbox: Outbox, status: Status):
        self._outbox, self._status = outbox, status

    def usable(self) -> bool:
        """See `Display.usable`."""
        return True

    def __enter__(self) -> PageScreen:
        self._outbox.wait(False)
        return self

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        assert isinstance(playing.engine, StyleTransfer)
        self._engine, self._watch = playing.engine, Watch(playing)
        parameters = [asdict(each) for each in PARAMETERS.values()]
        self._outbox.send(begun={"latency": playing.latency.as_dict(), "parameters": parameters})

    def poll(self) -> None:
        """See `SessionObserver.poll`."""
        self._outbox.flush()
        if self._outbox.empty:
            look = vars(self._watch.look(self._status()))
            look |= {"input": look["input"]._asdict(), "output": look["output"]._asdict()}
            settings, names = self._engine.settings.as_dict(), self._engine.bank.names
            self._outbox.send(look={**look, "settings": settings, "styles": names})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._outbox.wait(True)
        self._outbox.flush()

    def notify(self, text: str) -> None:
        """See `Display.notify`."""
        self._outbox.write(f"{text}\n")


class PageKeys(SessionObserver):
    """The keys: what is pressed on a page; the arguments are those of `Keys`."""

    def __init__(
        self,
        effect: StyleTransfer,
        notify: Callable[[str], None],
        learn: Callable[[str], None] | None,
        capture: Callable[[], None] | None,
    ):
        self._effect, self._notify = effect, notify
        self._learn, self._capture = learn, capture

    def __enter__(self) -> PageKeys:
        return self

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`; nothing to do here."""

    def poll(self) -> None:
        """See `SessionObserver.poll`; nothing to do here."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def obey(self, command: dict[str, Any]) -> None:
        """Do what a line says, in any thread; what cannot be done is said."""
        try:
            self._obey(command)
        except StylefxError as error:
            self._notify(str(error))

    def _obey(self, command: dict[str, Any]) -> None:
        if "set" in command:
            set_parameter(self._effect, command["set"], command["value"])
        elif "learn" in command:
            if self._learn is None:
                raise UsageError("no MIDI: start with the name of a MIDI input")
            self._learn(command["learn"])
            self._notify(f"learn: now move the knob for {command['learn']}")
        elif command["press"] == "exchange":
            if self._effect.settings.morph_style > len(self._effect.bank):
                raise UsageError("there is no other style to exchange with")
            self._effect.controls.exchange_styles()
        elif self._capture is None:
            raise UsageError("no capture was prepared: start with seconds to capture")
        else:
            self._capture()


class Page:
    """The front (`stylefx.live.screen.front.Front`) of a session whose news go into ``outbox``."""

    def __init__(self, outbox: Outbox):
        self._outbox = outbox
        self._keys: PageKeys | None = None

    def screen(self, status: Status) -> PageScreen:
        """See `Front.screen`."""
        return PageScreen(self._outbox, status)

    def keys(
        self,
        effect: StyleTransfer,
        stop: threading.Event,
        notify: Callable[[str], None],
        echo: bool,
        learn: Callable[[str], None] | None,
        capture: Callable[[], None] | None,
    ) -> PageKeys:
        """See `Front.keys`."""
        self._keys = PageKeys(effect, notify, learn, capture)
        return self._keys

    def listen(self, lines: TextIO) -> None:
        """The thread: what comes in is obeyed, and its end is as Ctrl-C is in a terminal."""
        for line in lines:
            if self._keys is not None:
                self._keys.obey(json.loads(line))
        if hasattr(signal, "pthread_kill"):  # also when the main thread waits for something else
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)


def main() -> None:
    """Play once."""
    from stylefx.cli import live
    from stylefx.cli.main import build_parser

    outbox = Outbox(os.dup(1))
    os.dup2(2, 1)  # JACK's library prints what it likes
    arguments = json.loads(sys.stdin.readline())["arguments"]
    page = Page(outbox)
    threading.Thread(target=page.listen, args=(sys.stdin,), name="stylefx-page", daemon=True).start()
    with redirect_stdout(outbox), redirect_stderr(outbox):
        try:
            live.run(build_parser().parse_args(["live", *arguments]), page)
        except StylefxError as error:
            outbox.send(error=str(error))
