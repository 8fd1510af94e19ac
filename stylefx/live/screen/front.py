"""What stands before the musician: the terminal (`Screen` and `Keys`), or what takes its place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from stylefx.engine.transfer import StyleTransfer
from stylefx.live.observer import SessionObserver
from stylefx.live.screen.screen import Status


class Display(SessionObserver, Protocol):
    """What shows a session, as `Screen` does."""

    def usable(self) -> bool:
        """Whether there is anything to show it on."""

    def notify(self, text: str) -> None:
        """Tell the musician something, at any time."""


class Front(Protocol):
    """Takes the terminal's place."""

    def screen(self, status: Status) -> Display:
        """What shows the session; ``status`` as for `Screen`."""

    def keys(
        self,
        effect: StyleTransfer,
        stop: threading.Event,
        notify: Callable[[str], None],
        echo: bool,
        learn: Callable[[str], None] | None,
        capture: Callable[[], None] | None,
    ) -> SessionObserver:
        """What plays it; the arguments are those of `Keys`."""
