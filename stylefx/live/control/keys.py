"""Keys: the terminal's keyboard plays the parameters, while standard input is a terminal and this program is in front.

Line editing is off meanwhile, Ctrl-C and what is printed stay as they are, and the terminal gets its own ways back
whatever ends the session, as soon as the end is asked for.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import StylefxError
from stylefx.live.observer import Playing, SessionObserver
from stylefx.params import PARAMETERS, Controls

READ_BYTES = 256
# A key, or the three characters of an arrow.
KEY = re.compile(r"\x1b\[[A-D]|\x1b[^\x1b]?|.", re.DOTALL)
UP, DOWN, RIGHT, LEFT = (f"\x1b[{letter}" for letter in "ABCD")

# Key -> parameter and steps.
NUDGES = {
    "m": ("mix", -1),
    "M": ("mix", +1),
    DOWN: ("mix", -1),
    UP: ("mix", +1),
    "s": ("strength", -1),
    "S": ("strength", +1),
    "p": ("morph", -1),
    "P": ("morph", +1),
    LEFT: ("morph", -1),
    RIGHT: ("morph", +1),
    "i": ("gain_in_db", -1),
    "I": ("gain_in_db", +1),
    "o": ("gain_out_db", -1),
    "O": ("gain_out_db", +1),
}
SWITCHES = {"b": "bypass", "f": "freeze"}
EXCHANGE, LEARN, CAPTURE, HELP, QUIT = "x", "l", "c", "?", "q"

HELP_TEXT = """\
keys: 1-9 style   m/M or down/up mix   s/S strength   p/P or left/right morph   i/I, o/O gain in, out
      b bypass   f freeze   x exchange the style and the one that morph leads to
      c capture   l and a key: learn a MIDI knob for it   ? these lines   q or Ctrl-C end"""


class Keys(SessionObserver):
    """The keyboard of standard input.

    Parameters
    ----------
    effect : StyleTransfer
        What it plays.
    stop : threading.Event
        Set by ``q``; once it is set the terminal is given back.
    notify : callable
        Answers to ``?`` and to what cannot be done.
    echo : bool
        Say every change as well, for want of a screen that shows it.
    learn : callable or None
        Called with the parameter whose MIDI knob will be moved next; None without MIDI.
    capture : callable or None
        Begins to listen for a new style; None where that was not prepared.
    """

    def __init__(
        self,
        effect: StyleTransfer,
        stop: threading.Event,
        notify: Callable[[str], None],
        echo: bool,
        learn: Callable[[str], None] | None = None,
        capture: Callable[[], None] | None = None,
    ):
        self._effect, self._stop, self._notify, self._echo = effect, stop, notify, echo
        self._learn, self._capture = learn, capture
        self._learning = False
        self._restored = True

    @staticmethod
    def usable() -> bool:
        """Whether standard input is a terminal that listens to this program."""
        try:
            import termios  # noqa: F401  (not on Windows)

            return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        except (ImportError, OSError, ValueError):
            return False

    def __enter__(self) -> Keys:
        import termios
        import tty

        self._terminal = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._terminal)
        tty.setcbreak(self._terminal, termios.TCSANOW)
        self._restored = False
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._run, name="stylefx-keys", daemon=True)
        return self

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        self._thread.start()
        self._notify("keys: 1-9 style, b bypass, f freeze, ? for all")

    def poll(self) -> None:
        """See `SessionObserver.poll`."""
        if self._stop.is_set():
            self._restore()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()
        os.write(self._waker, b"\n")
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._wake)
        os.close(self._waker)

    def _restore(self) -> None:
        if not self._restored:
            import termios

            self._restored = True
            termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)

    def _run(self) -> None:
        """The thread: of ordinary priority, for nothing that is typed may hold up the music."""
        while True:
            ready, _, _ = select.select([self._terminal, self._wake], [], [])
            if self._wake in ready:
                return
            typed = os.read(self._terminal, READ_BYTES).decode(errors="ignore")
            if not typed:
                return  # the terminal has gone
            for key in KEY.findall(typed):
                self.press(key)

    def press(self, key: str) -> None:
        """Do what a key stands for."""
        try:
            said = self._learn_knob(key) if self._learning else self._do(key)
        except StylefxError as error:
            said = str(error)
        if said:
            self._notify(said)

    def _do(self, key: str) -> str | None:
        """Change what the key changes; what to say about it."""
        controls, bank = self._effect.controls, self._effect.bank
        if key == QUIT:
            self._stop.set()
            return None
        if key == HELP:
            return HELP_TEXT
        if key == LEARN:
            return self._begin_learning()
        if key == CAPTURE:
            return self._begin_capture()
        if key.isdecimal() and key != "0":
            if int(key) > len(bank):
                return f"slot {key} holds no style, there are {len(bank)}"
            controls.change(style=int(key))
        elif key == EXCHANGE:
            if controls.settings.morph_style > len(bank):
                return "there is no other style to exchange with"
            controls.exchange_styles()
        elif not _turn(controls, key):
            return None
        return self._state(key) if self._echo else None

    def _begin_capture(self) -> str | None:
        if self._capture is None:
            return "no capture was prepared: start with --capture 10"
        self._capture()
        return None

    def _begin_learning(self) -> str:
        if self._learn is None:
            return "no MIDI: start with --midi PORT-NAME"
        self._learning = True
        return "learn: which parameter? Press its key"

    def _learn_knob(self, key: str) -> str:
        self._learning = False
        name = _parameter_of(key)
        if name is None or self._learn is None:
            return "learn: that key has no parameter"
        self._learn(name)
        return f"learn: now move the knob for {name}"

    def _state(self, key: str) -> str:
        name = _parameter_of(key) or "style"
        settings = self._effect.settings
        text = f"{name} {PARAMETERS[name].text(getattr(settings, name))}"
        return f"{text}: {self._effect.bank.names[settings.style - 1]}" if name == "style" else text


def _turn(controls: Controls, key: str) -> bool:
    """Nudge or switch what the key is for; False if it is for nothing."""
    if key in NUDGES:
        controls.nudge(*NUDGES[key])
    elif key in SWITCHES:
        controls.toggle(SWITCHES[key])
    else:
        return False
    return True


def _parameter_of(key: str) -> str | None:
    if key in NUDGES:
        return NUDGES[key][0]
    return "style" if key.isdecimal() else SWITCHES.get(key)
