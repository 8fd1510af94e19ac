"""A sound device as a `Duplex`: what both ways of driving PortAudio have in common.

The device's real rhythm is not asked for but listened to: PortAudio may call several times in a row for one
period of the hardware (JACK at 1024 with blocks of 256), and then the worker must be so much earlier.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from types import TracebackType

import numpy as np

from stylefx.analysis.grid import grid_for
from stylefx.errors import NoDeviceError
from stylefx.io.devices import (
    MAX_CHANNELS,
    UNKNOWN_LATENCY_SECONDS,
    Device,
    find_device,
    load_sounddevice,
    shared_sample_rate,
)
from stylefx.live.io.duplex import Duplex, safe_delay, worker_delay
from stylefx.live.monitor.feedback import check_feedback

# How often the worker looks for input: a small part of a block, but not so often that looking is the work.
POLLS_A_BLOCK = 16
SHORTEST_POLL_SECONDS, LONGEST_POLL_SECONDS = 0.0003, 0.001
# A reader that hears nothing for this time goes round once, to see whether it should stop.
READ_SECONDS = 0.1
# No audio for this time: the device is gone. Longer than any driver's buffer.
SILENT_DEVICE_SECONDS = 3.0
# Arrivals to listen to before the rhythm is taken as known, and the longest time for it.
ARRIVALS, LISTEN_SECONDS = 12, 1.5
# A look that came this late may have missed an arrival, and does not count.
PROMPT_SECONDS = 0.002


def open_device(
    source: str | None,
    sink: str | None,
    blocksize: int | None,
    allow_feedback: bool = False,
    latency: str = "normal",
) -> DeviceDuplex:
    """The devices a musician means, through rtmixer where it loads, else through a Python callback.

    Raises
    ------
    NoDeviceError
        There is none, or not the one that was named.
    UsageError
        They are a microphone and a loudspeaker, and that is not allowed.
    """
    found = find_device(source, "input"), find_device(sink, "output")
    if not allow_feedback:
        check_feedback(*found)
    try:
        from stylefx.live.io.mixer import MixerDuplex
    except ImportError:
        from stylefx.live.io.callback import CallbackDuplex

        return CallbackDuplex(*found, blocksize, latency)
    return MixerDuplex(*found, blocksize, latency)


class DeviceDuplex(Duplex):
    """Frame counting, waiting and listening; a subclass moves the samples.

    Parameters
    ----------
    source, sink : Device
        Where the sound comes from and goes to.
    blocksize : int or None
        Frames a block, for the device and the worker, with no more delay than that allows. By default the device's
        own, at most one hop of the engine, and with the profile ``normal`` the delay of `safe_delay`.
    latency : str
        The engine's profile, which tells its hop.
    """

    def __init__(self, source: Device, sink: Device, blocksize: int | None, latency: str = "normal"):
        self.source, self.sink = source, sink
        self.name = source.name if source.number == sink.number else f"{source.name} -> {sink.name}"
        self.sample_rate = shared_sample_rate(source, sink)
        self.inputs, self.outputs = min(source.inputs, MAX_CHANNELS), min(sink.outputs, MAX_CHANNELS)
        self.hop = grid_for(self.sample_rate, latency).hop
        self.block = blocksize or self.hop
        self.ended = False
        self._block_is_free = blocksize is None
        # Who asks for a quicker profile does not ask for a reserve that is longer than what it saves.
        self._delay_is_free = blocksize is None and latency == "normal"
        self._taken = 0
        self._arrived_frames, self._arrived_at = 0, 0.0
        self._looked_at = 0.0

    # What a subclass does -------------------------------------------------------------------------------

    @abstractmethod
    def _start(self) -> None:
        """Open the stream and let input arrive."""

    @abstractmethod
    def _captured_frames(self) -> int:
        """Frames the device has brought since ``_start``."""

    @abstractmethod
    def _take(self, block: np.ndarray) -> None:
        """Fill ``block`` with the oldest frames; they are there."""

    @abstractmethod
    def _stop(self) -> None:
        """Close the stream."""

    # Duplex ---------------------------------------------------------------------------------------------

    def open(self, latency_samples: int) -> None:
        """Start the device and listen to its rhythm.

        Raises
        ------
        NoDeviceError
            It cannot be opened, or brings no audio.
        """
        sounddevice = load_sounddevice()
        try:
            self._start()
        except sounddevice.PortAudioError as error:
            raise NoDeviceError(f"{self.name} cannot be opened ({_reason(error)}): {CURE}") from error
        self.burst = self._listen()
        if self._block_is_free:
            self.block = min(self.block, self.burst)
        self.delay = worker_delay(self.block, self.hop, self.burst)
        if self._delay_is_free:
            self.delay = safe_delay(self.delay, self.burst, self.sample_rate)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def read(self) -> tuple[int, np.ndarray] | None:
        """The next block; None when none came within 0.1 s. NoDeviceError when the device has gone quiet."""
        give_up = time.perf_counter() + READ_SECONDS
        while not self.ready:
            if time.perf_counter() > give_up:
                self._check_alive()
                return None
            time.sleep(self._poll_seconds)
        block = np.empty((self.block, self.inputs), np.float32)
        self._take(block)
        self._taken += self.block
        return self._taken - self.block, block

    @property
    def ready(self) -> bool:
        """See `Duplex.ready`."""
        return self.captured >= self._taken + self.block

    @property
    def captured(self) -> int:
        """See `Duplex.captured`; a look at the counter also dates the newest arrival."""
        frames, now = self._captured_frames(), time.perf_counter()
        if frames != self._arrived_frames:
            expected = self._arrived_at + (frames - self._arrived_frames) / self.sample_rate
            self._arrived_frames, self._arrived_at = frames, min(now, max(self._looked_at, expected))
        self._looked_at = now
        return frames

    @property
    def _poll_seconds(self) -> float:
        part = self.block / self.sample_rate / POLLS_A_BLOCK
        return min(max(part, SHORTEST_POLL_SECONDS), LONGEST_POLL_SECONDS)

    def time(self) -> float:
        """See `Duplex.time`."""
        return time.perf_counter()

    def seconds_until(self, frame: int) -> float:
        """See `Duplex.seconds_until`, counted in whole bursts from the newest arrival."""
        bursts = (frame - self.captured) // self.burst + 1
        return bursts * self.burst / self.sample_rate - (time.perf_counter() - self._arrived_at)

    # Its parts -------------------------------------------------------------------------------

    def _listen(self) -> int:
        """Most frames that arrive at once."""
        burst, arrivals = 0, -1  # the first arrival starts in the middle of something
        seen, polled = self._captured_frames(), time.perf_counter()
        give_up = polled + SILENT_DEVICE_SECONDS
        while arrivals < ARRIVALS and polled < give_up:
            time.sleep(SHORTEST_POLL_SECONDS)
            frames, now = self._captured_frames(), time.perf_counter()
            if frames > seen:
                if arrivals < 0:
                    give_up = now + LISTEN_SECONDS
                elif now - polled < PROMPT_SECONDS:
                    burst = max(burst, frames - seen)
                arrivals += 1
                self._arrived_frames, self._arrived_at = frames, now
            seen, polled = frames, now
        if arrivals < 0:
            raise NoDeviceError(f"{self.source.name} brings no audio: {CURE}")
        return burst or self.block

    def _check_alive(self) -> None:
        if time.perf_counter() - self._arrived_at > SILENT_DEVICE_SECONDS:
            raise NoDeviceError(
                f"{self.name} has stopped bringing audio: check that it is still connected, then start again"
            )

    def _known_seconds(self, latency: tuple[float, float]) -> tuple[float | None, float | None]:
        """PortAudio's delays, None where it does not know."""
        source, sink = (s if 0 <= s < UNKNOWN_LATENCY_SECONDS else None for s in latency)
        return source, sink


CURE = "check that it is connected and not in use by another program, or choose another with -i and -o"


def _reason(error: Exception) -> str:
    """PortAudio's own words."""
    return str(error.args[0]).split(" [PaErrorCode")[0].removeprefix("Error opening ").strip()
