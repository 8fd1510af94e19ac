"""OSC: another program on this machine reads and sets the parameters (python-osc, UDP, 127.0.0.1 only).

    /stylefx/NAME VALUE       set a parameter of `stylefx.params`; a value beyond its range is brought to the end of it
    /stylefx/NAME             ask for one
    /stylefx/toggle NAME      turn a switch over
    /stylefx/exchange         swap the style that plays and the one that morph leads to
    /stylefx/learn NAME       the next MIDI knob that moves is the parameter's
    /stylefx/state            ask for all, and for the styles

Answers have the same form, /stylefx/NAME VALUE, and /stylefx/styles NAME ...; what cannot be done is answered with
/stylefx/error TEXT. A sender gets every change from then on, wherever it comes from.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import StylefxError, UsageError
from stylefx.live.control.packets import messages_of
from stylefx.live.control.setting import set_parameter
from stylefx.live.observer import Playing, SessionObserver
from stylefx.params import PARAMETERS, Settings

HOST = "127.0.0.1"
ROOT = "/stylefx/"
PACKET_BYTES = 65_536
# How soon the thread sees that it should end, and how long it is waited for.
LOOK_UP_SECONDS, JOIN_SECONDS = 0.2, 2.0
# At most so many packets, then a rest: 800 a second are more than faders send, and leave the time to the music.
PACKETS_PER_TICK, TICK_SECONDS = 8, 0.01
# Listeners that get every change; one more takes the place of the oldest.
MAX_LISTENERS = 8

MAX_LETTERS = 1000

Answer = tuple[str, list[Any]]


class Osc(SessionObserver):
    """A server on UDP ``port`` (0: any that is free) for ``effect``; ``say`` tells which; ``learn`` is MIDI's.

    Raises
    ------
    StylefxError
        The port is taken.
    """

    def __init__(
        self,
        effect: StyleTransfer,
        port: int,
        notify: Callable[[str], None],
        learn: Callable[[str], None] | None = None,
    ):
        self._effect, self._notify, self._learn = effect, notify, learn
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((HOST, port))
        except OSError as error:
            self._socket.close()
            raise StylefxError(
                f"--osc: port {port} is taken ({error.strerror}), choose another or 0"
            ) from error
        self._listeners: list[tuple[str, int]] = []
        self._sent = effect.settings
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stylefx-osc", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._socket.getsockname()[1]

    def __enter__(self) -> Osc:
        return self

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        self._thread.start()
        self._notify(f"OSC: listening on {HOST}:{self.port}")

    def poll(self) -> None:
        """Tell the listeners what has changed since."""
        settings = self._effect.settings
        if settings is not self._sent:
            changes = _differences(self._sent, settings)
            self._sent = settings
            for listener in tuple(self._listeners):
                self._send(listener, changes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_SECONDS)
        self._socket.close()

    def _run(self) -> None:
        """The thread: of ordinary priority, for nothing that is sent may hold up the music."""
        while not self._ended.wait(TICK_SECONDS):
            self.listen()

    def listen(self) -> None:
        """Wait until something comes, for `LOOK_UP_SECONDS` at most; obey up to `PACKETS_PER_TICK` packets."""
        self._socket.settimeout(LOOK_UP_SECONDS)
        for _ in range(PACKETS_PER_TICK):
            try:
                packet, sender = self._socket.recvfrom(PACKET_BYTES)
            except OSError:  # nothing came, or a listener has gone
                return
            self._socket.settimeout(0)
            self._listeners = [each for each in self._listeners if each != sender][1 - MAX_LISTENERS :]
            self._listeners.append(sender)
            self._send(sender, self._answers(packet))

    def _answers(self, packet: bytes) -> list[Answer]:
        """What a packet is answered with; whatever goes wrong with it stays its own affair."""
        answers: list[Answer] = []
        try:
            messages = messages_of(packet)
        except StylefxError as error:
            return [("error", [str(error)])]
        for address, values in messages:
            try:
                answers += self._obey(address, values)
            except StylefxError as error:
                answers.append(("error", [str(error)]))
            except Exception as error:  # the thread goes on: somebody's fader is not the end of the set
                answers.append(("error", [f"{address}: {type(error).__name__}: {error}"]))
        return answers

    def _obey(self, address: str, values: list[Any]) -> list[Answer]:
        """Do what a message says; the answers to it."""
        controls, bank, name = self._effect.controls, self._effect.bank, address.removeprefix(ROOT)
        if not address.startswith(ROOT):
            raise UsageError(f"{address} is not known, expected {ROOT}NAME")
        if name == "state":
            return [*_everything(controls.settings), ("styles", list(bank.names))]
        if name == "exchange":
            settings = controls.exchange_styles()
            return [("style", [settings.style]), ("morph_style", [settings.morph_style])]
        if name == "learn":
            return [("learn", [self._learn_knob(values)])]
        if name == "toggle":
            name = _switch_of(values)
            controls.toggle(name)
        elif name not in PARAMETERS:
            raise UsageError(
                f"{address} is not known: state, exchange, toggle, learn or {', '.join(PARAMETERS)}"
            )
        elif values:
            self._set(name, values[0])
        return [(name, [_plain(getattr(controls.settings, name))])]

    def _set(self, name: str, value: Any) -> None:
        if not isinstance(value, (int, float)):
            raise UsageError(f"{name} is {value!r}, expected a number")
        set_parameter(self._effect, name, float(value))

    def _learn_knob(self, values: list[Any]) -> str:
        if self._learn is None:
            raise UsageError("no MIDI: start with --midi PORT-NAME")
        if not values or values[0] not in PARAMETERS:
            raise UsageError(f"{ROOT}learn {values}: expected one of {', '.join(PARAMETERS)}")
        self._learn(values[0])
        return values[0]

    def _send(self, listener: tuple[str, int], answers: Iterable[Answer]) -> None:
        from pythonosc.osc_message_builder import OscMessageBuilder

        for name, values in answers:
            builder = OscMessageBuilder(address=ROOT + name)
            for value in values:
                builder.add_arg(_sendable(value) if isinstance(value, str) else value)
            try:
                self._socket.sendto(builder.build().dgram, listener)
            except OSError:
                return  # the listener has gone


def _switch_of(values: list[Any]) -> str:
    name = str(values[0]) if values else "alone"
    if name not in PARAMETERS or not isinstance(PARAMETERS[name].default, bool):
        raise UsageError(f"{ROOT}toggle {name}: expected bypass or freeze")
    return name


def _sendable(text: str) -> str:
    """``text`` without what UTF-8 cannot say (a file's name may be any bytes) and not too long for a packet."""
    return text.encode("utf-8", "replace").decode()[:MAX_LETTERS]


def _plain(value: float | bool | int) -> float | int:
    """Switches as 0 and 1, which every OSC program understands."""
    return int(value) if isinstance(value, bool) else value


def _everything(settings: Settings) -> list[Answer]:
    return [(name, [_plain(value)]) for name, value in settings.as_dict().items()]


def _differences(before: Settings, after: Settings) -> list[Answer]:
    old = dict(_everything(before))
    return [(name, values) for name, values in _everything(after) if old[name] != values]
