"""The parameters of the effect: what may change while it plays, and how it is changed from any thread.

`PARAMETERS` says for each its range, unit, default and how long a change takes to arrive. A `Settings` is one value
of each, frozen: the engine reads one a block, so every block is played with values that belong together. `Controls`
holds the newest and is what keys, OSC, MIDI and programs change.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from stylefx.checks import choice, number, whole_number
from stylefx.errors import UsageError

# As many as there are number keys.
MAX_STYLES = 9

Value = float | bool | int


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes
    ----------
    name : str
        As in `Settings`, on the command line and in OSC addresses.
    low, high : float
        Range, both ends included.
    default : float, bool or int
        Its type is the parameter's: a level, a switch, or the number of a style.
    unit : str
        ``dB`` or nothing.
    smoothing_seconds : float
        From a change until it has fully arrived.
    step : float
        What one key press changes.
    about : str
        For people.
    """

    name: str
    low: float
    high: float
    default: Value
    unit: str
    smoothing_seconds: float
    step: float
    about: str

    def nearest(self, value: float) -> Value:
        """``value`` brought into the range and to the parameter's type; for surfaces that may send anything.

        Raises
        ------
        UsageError
            It is not a number.
        """
        if value != value:
            raise UsageError(f"{self.name} is {value}, expected {self.low:g} to {self.high:g}")
        value = min(max(value, self.low), self.high)
        if isinstance(self.default, bool):
            return value >= 0.5
        return round(value) if isinstance(self.default, int) else float(value)

    def checked(self, value: Value) -> Value:
        """``value`` of the parameter's type; UsageError where it is no number, out of range, or a part of a slot."""
        found = number(value, self.name, self.low, self.high)
        if isinstance(self.default, bool):
            return found >= 0.5
        return (
            whole_number(int(found) if found.is_integer() else value, self.name, 0)
            if isinstance(self.default, int)
            else found
        )

    def at(self, part: float) -> Value:
        """The value at ``part`` of the way, 0 to 1, from the low end to the high one; for knobs and faders."""
        return self.nearest(self.low + part * (self.high - self.low))

    def text(self, value: Value) -> str:
        """For people: ``0.35``, ``-3.0 dB``, ``on``."""
        if isinstance(self.default, bool):
            return "on" if value else "off"
        if isinstance(self.default, int):
            return str(value)
        return f"{value:+.1f} {self.unit}" if self.unit else f"{value:.2f}"


_ALL = (
    Parameter("mix", 0, 1, 1.0, "", 0.02, 0.05, "0 the input alone, 1 the styled sound alone"),
    Parameter("strength", 0, 1, 1.0, "", 0.05, 0.05, "how far towards the style"),
    Parameter("gain_in_db", -40, 24, 0.0, "dB", 0.02, 1.0, "level before the effect"),
    Parameter("gain_out_db", -40, 24, 0.0, "dB", 0.02, 1.0, "level after the effect"),
    Parameter("bypass", 0, 1, False, "", 0.02, 1, "hear the input as it is, at the same level and delay"),
    Parameter("freeze", 0, 1, False, "", 0.05, 1, "hold the sound of this moment"),
    Parameter("morph", 0, 1, 0.0, "", 0.05, 0.05, "from the style (0) to the other one (1)"),
    Parameter("style", 1, MAX_STYLES, 1, "", 0.05, 1, "which style of the bank plays"),
    Parameter("morph_style", 1, MAX_STYLES, 2, "", 0.05, 1, "which style of the bank morph leads to"),
)
PARAMETERS: Mapping[str, Parameter] = MappingProxyType({each.name: each for each in _ALL})


def _parameter(name: str) -> Parameter:
    return PARAMETERS[choice(name, "parameter", tuple(PARAMETERS))]


def _default(name: str) -> Any:
    return field(default=PARAMETERS[name].default)


@dataclass(frozen=True)
class Settings:
    """One value of every parameter.

    Raises
    ------
    UsageError
        A value is out of its range.
    """

    mix: float = _default("mix")
    strength: float = _default("strength")
    gain_in_db: float = _default("gain_in_db")
    gain_out_db: float = _default("gain_out_db")
    bypass: bool = _default("bypass")
    freeze: bool = _default("freeze")
    morph: float = _default("morph")
    style: int = _default("style")
    morph_style: int = _default("morph_style")

    def __post_init__(self) -> None:
        for name, parameter in PARAMETERS.items():
            object.__setattr__(self, name, parameter.checked(getattr(self, name)))

    def as_dict(self) -> dict[str, Value]:
        """By name, in the order of `PARAMETERS`."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class Controls:
    """The settings in force. Any thread may change them; a reader gets one frozen `Settings` and never waits."""

    def __init__(self, settings: Settings | None = None):
        self._lock = threading.Lock()
        self._settings = settings or Settings()

    @property
    def settings(self) -> Settings:
        """The newest."""
        return self._settings

    def change(self, **values: Value) -> Settings:
        """Set parameters by name, together; UsageError for a value out of range, and then nothing changes."""
        with self._lock:
            return self._set(values)

    def nudge(self, name: str, steps: int) -> Settings:
        """Move a parameter by so many of its steps, at most to the end of its range."""
        parameter = _parameter(name)
        with self._lock:
            # Rounded, so that ten steps up and ten down lead back.
            value = round(getattr(self._settings, name) + steps * parameter.step, 6)
            return self._set({name: parameter.nearest(value)})

    def toggle(self, name: str) -> Settings:
        """PendingBlock a switch over."""
        if not isinstance(_parameter(name).default, bool):
            raise UsageError(f"{name} is no switch: bypass and freeze are")
        with self._lock:
            return self._set({name: not getattr(self._settings, name)})

    def exchange_styles(self) -> Settings:
        """Swap the style that plays with the one that morph leads to."""
        with self._lock:
            return self._set({"style": self._settings.morph_style, "morph_style": self._settings.style})

    def _set(self, values: Mapping[str, Any]) -> Settings:
        now = self._settings
        for name in values:
            _parameter(name)
        # Otherwise choosing the style that morph leads to would morph it to itself.
        if values.get("style", now.style) != now.style and values["style"] == now.morph_style:
            values = {"morph_style": now.style, **values}
        self._settings = replace(now, **values)
        return self._settings
