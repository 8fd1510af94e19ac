"""MIDI: knobs, faders and pedals (control changes) play the parameters they have learned, program changes the styles.

A knob is learned by moving it after `Midi.learn`. Which knob is which is kept in the user's folder (knobs.py) for every
later session. Messages wait in the driver's own queue and are fetched every few milliseconds: a callback in Python
would run in a real-time thread of the sound server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import NoDeviceError, StylefxError
from stylefx.live.control.knobs import Knob, Knobs
from stylefx.live.observer import Playing, SessionObserver
from stylefx.params import PARAMETERS

# Much shorter than a parameter's own smoothing; more events than that between two looks are no hands.
FETCH_SECONDS, MAX_EVENTS = 0.005, 32
# How long the thread is waited for at the end.
JOIN_SECONDS = 2.0
HIGHEST = 127
# Not the audio client's name: under JACK the one that came second would be renamed.
CLIENT, INPUT = "stylefx-midi", "knobs"


class Midi(SessionObserver):
    """The first input port whose name contains ``port``, for ``effect``.

    Raises
    ------
    NoDeviceError
        No such port; the sentence names those that there are.
    """

    def __init__(self, effect: StyleTransfer, port: str, knobs: Knobs, notify: Callable[[str], None]):
        import mido
        import rtmidi

        self._message = mido.Message
        self._effect, self._knobs, self._notify = effect, knobs, notify
        self._input, self.name = _open(rtmidi, port)
        self._learning: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stylefx-midi", daemon=True)

    def __enter__(self) -> Midi:
        return self

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        self._thread.start()
        known = ", ".join(f"{name} {knob}" for name, knob in self._knobs.learned.items())
        self._notify(f"MIDI: {self.name}; " + (known or "no knob learned yet (key l)"))

    def poll(self) -> None:
        """See `SessionObserver.poll`; nothing to do here."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_SECONDS)
        self._input.close_port()
        self._input.delete()

    def learn(self, name: str) -> None:
        """The next knob that moves is the parameter's."""
        self._learning = name

    def _run(self) -> None:
        """The thread: of ordinary priority, for nothing that is sent may hold up the music."""
        while not self._ended.wait(FETCH_SECONDS):
            self._fetch()

    def _fetch(self) -> None:
        """Obey what has come, up to `MAX_EVENTS`."""
        for _ in range(MAX_EVENTS):
            if (event := self._input.get_message()) is None:
                return
            self._hear(event[0])

    def _hear(self, raw: list[int]) -> None:
        try:
            message = self._message.from_bytes(raw)
        except ValueError:
            return  # no MIDI message
        if message.type == "control_change":
            self._move(Knob(message.channel, message.control), message.value / HIGHEST)
        elif message.type == "program_change" and message.program < len(self._effect.bank):
            self._effect.controls.change(style=message.program + 1)

    def _move(self, knob: Knob, part: float) -> None:
        if self._learning is not None:
            name, self._learning = self._learning, None
            self._keep(name, knob)
        for name in self._knobs.parameters_of(knob):
            value = PARAMETERS[name].at(part)
            if name in ("style", "morph_style"):
                value = 1 + round(part * (len(self._effect.bank) - 1))
            self._effect.controls.change(**{name: value})

    def _keep(self, name: str, knob: Knob) -> None:
        try:
            self._knobs.learn(name, knob)
            self._notify(f"{name} is {knob} now, kept in {self._knobs.path}")
        except StylefxError as error:
            self._notify(str(error))


def _open(rtmidi: Any, port: str) -> tuple[Any, str]:
    """An opened input and its name, from whichever of the system's MIDI services has it."""
    seen: list[str] = []
    for service in rtmidi.get_compiled_api():
        try:
            source = rtmidi.MidiIn(rtapi=service, name=CLIENT)
            names = source.get_ports()
        except (rtmidi.RtMidiError, OSError):
            continue  # this service does not run
        for number, name in enumerate(names):
            if port.lower() in name.lower():
                source.open_port(number, INPUT)
                return source, name
        seen += names
        source.delete()
    there_are = f"there are: {'; '.join(seen)}" if seen else "there is none: is it connected?"
    raise NoDeviceError(f"no MIDI input port is called {port!r}, {there_are}")
