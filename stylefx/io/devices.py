"""Sound devices: the one place that imports sounddevice.

PortAudio looks for devices once, when sounddevice is imported: a JACK server must be running by then, and the
name that a JACK or PipeWire patchbay shows must have been set.
"""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from stylefx.errors import NoDeviceError, StylefxError

# PortAudio keeps the pointer, so the bytes must outlive it.
JACK_CLIENT_NAME = b"stylefx"
# Two channels in and out: the engine keeps an image, but a mixing desk's 32 inputs are not one instrument.
MAX_CHANNELS = 2
# PortAudio answers 89478 s when it does not know; no one plays with more than 10 s.
UNKNOWN_LATENCY_SECONDS = 10.0
# Closing a stream waits for its buffers at most, far less than this.
CLOSE_SECONDS = 2.0

NO_LIBRARY = (
    "PortAudio, the library that reaches the sound card, is not installed: on Debian or Ubuntu run "
    "'sudo apt install libportaudio2', on Fedora 'sudo dnf install portaudio', elsewhere "
    "'pip install --force-reinstall sounddevice'"
)
NO_DEVICE = (
    "no audio device found: plug one in and check that the system's own sound settings show it, start the "
    "JACK or PipeWire server if you use one, or play a file with "
    "'stylefx live --backend files --input A --output B'"
)


@dataclass(frozen=True)
class Device:
    """One sound device as PortAudio sees it; latencies are its smallest in ms, None if unknown."""

    number: int
    name: str
    host: str
    inputs: int
    outputs: int
    sample_rate: float
    input_latency_ms: float | None
    output_latency_ms: float | None
    default_input: bool
    default_output: bool

    def channels(self, kind: str) -> int:
        """Number of input or output channels."""
        return self.inputs if kind == "input" else self.outputs

    def is_default(self, kind: str) -> bool:
        """Whether the system plays or records through it unless told otherwise."""
        return self.default_input if kind == "input" else self.default_output

    def __str__(self) -> str:
        return f"{self.number} {self.name}, {self.host} ({self.inputs} in, {self.outputs} out)"


def load_sounddevice() -> ModuleType:
    """Import sounddevice, named "stylefx" to JACK; without the PortAudio library a NoDeviceError."""
    _name_jack_client()
    try:
        import sounddevice
    except OSError as error:
        raise NoDeviceError(NO_LIBRARY) from error
    return sounddevice


def _name_jack_client() -> None:
    """Tell PortAudio what the patchbay will show; builds of PortAudio without JACK lack the call."""
    library = ctypes.util.find_library("portaudio")
    if library is None:
        return
    set_name = getattr(ctypes.CDLL(library), "PaJack_SetClientName", None)
    if set_name is not None:
        set_name(JACK_CLIENT_NAME)


def close_stream(stream: Any) -> None:
    """Close a sounddevice stream; one whose driver has died is left behind, so that the program can end.

    PortAudio then waits for ever, in closing as well as in its clean-up at exit.
    """
    closing = threading.Thread(target=stream.close, daemon=True)
    closing.start()
    closing.join(CLOSE_SECONDS)
    if closing.is_alive():
        atexit.unregister(load_sounddevice()._exit_handler)


def list_devices() -> list[Device]:
    """All devices, in PortAudio's order; an empty list when there is none."""
    sounddevice = load_sounddevice()
    hosts = sounddevice.query_hostapis()
    default_input, default_output = sounddevice.default.device
    if default_input < 0 or default_output < 0:
        default_input, default_output = _first_defaults(hosts, default_input, default_output)
    return [
        Device(
            number=number,
            name=entry["name"],
            host=hosts[entry["hostapi"]]["name"],
            inputs=entry["max_input_channels"],
            outputs=entry["max_output_channels"],
            sample_rate=entry["default_samplerate"],
            input_latency_ms=_smallest_latency_ms(entry, "input"),
            output_latency_ms=_smallest_latency_ms(entry, "output"),
            default_input=number == default_input,
            default_output=number == default_output,
        )
        for number, entry in enumerate(sounddevice.query_devices())
    ]


def _first_defaults(hosts: tuple, default_input: int, default_output: int) -> tuple[int, int]:
    """Defaults when PortAudio's default host has no device: the first host's that has one."""
    inputs = [default_input] + [host["default_input_device"] for host in hosts]
    outputs = [default_output] + [host["default_output_device"] for host in hosts]
    return next((n for n in inputs if n >= 0), -1), next((n for n in outputs if n >= 0), -1)


def _smallest_latency_ms(entry: dict, kind: str) -> float | None:
    seconds = entry[f"default_low_{kind}_latency"]
    known = entry[f"max_{kind}_channels"] > 0 and 0 <= seconds < UNKNOWN_LATENCY_SECONDS
    return round(seconds * 1000, 3) if known else None


def find_device(wanted: str | None, kind: str) -> Device:
    """The device a musician means.

    Parameters
    ----------
    wanted : str or None
        A number, a part of "name, host" in any case, or None for the system's default.
    kind : str
        "input" or "output": devices without such channels are not considered.

    Raises
    ------
    NoDeviceError
        No device at all, none that fits, or several that do; the sentence lists the candidates.
    """
    devices = list_devices()
    if not devices:
        raise NoDeviceError(NO_DEVICE)
    usable = [device for device in devices if device.channels(kind) > 0]
    if not usable:
        raise NoDeviceError(f"no audio {kind} found, only {_listed(devices)}: connect one and try again")
    if wanted is None:
        return next((device for device in usable if device.is_default(kind)), usable[0])
    if wanted.strip().isdigit():
        return _by_number(int(wanted), usable, kind)
    return _by_name(wanted, usable, kind)


def _by_number(number: int, usable: list[Device], kind: str) -> Device:
    for device in usable:
        if device.number == number:
            return device
    raise NoDeviceError(f"no audio {kind} has number {number}, choose one of: {_listed(usable)}")


def _by_name(wanted: str, usable: list[Device], kind: str) -> Device:
    text = wanted.strip().lower()
    exact = [d for d in usable if text in (d.name.lower(), f"{d.name}, {d.host}".lower())]
    part = [d for d in usable if text in f"{d.name}, {d.host}".lower()]
    for matches in (exact, part):
        if len(matches) == 1:
            return matches[0]
    if not part or not text:
        raise NoDeviceError(f"no audio {kind} is called {wanted!r}, choose one of: {_listed(usable)}")
    raise NoDeviceError(
        f"{len(part)} audio {kind}s are called {wanted!r}, give a number or more of the name: {_listed(part)}"
    )


def _listed(devices: list[Device]) -> str:
    return "; ".join(str(device) for device in devices)


def shared_sample_rate(source: Device, sink: Device) -> int:
    """A rate in Hz that both devices play: the output's own, else the input's; else a StylefxError."""
    for rate in dict.fromkeys((sink.sample_rate, source.sample_rate)):
        if _plays_at(rate, source, "input") and _plays_at(rate, sink, "output"):
            return int(rate)
    raise StylefxError(
        f"input '{source.name}' runs at {source.sample_rate:.0f} Hz, output '{sink.name}' at "
        f"{sink.sample_rate:.0f} Hz, neither takes the other's rate: set both to one in the sound settings"
    )


def _plays_at(sample_rate: float, device: Device, kind: str) -> bool:
    sounddevice = load_sounddevice()
    check = sounddevice.check_input_settings if kind == "input" else sounddevice.check_output_settings
    channels = min(device.channels(kind), MAX_CHANNELS)
    try:
        check(device=device.number, channels=channels, dtype="float32", samplerate=sample_rate)
    except sounddevice.PortAudioError:
        return False
    return True
