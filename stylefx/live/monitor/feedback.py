"""The feedback guard: a microphone and a loudspeaker in one room howl, and the engine's gain makes it louder.

What can be told from the names of the devices is refused before the first note. What cannot is listened for: a howl
is one tone that takes the input and the output together, and grows.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from types import TracebackType

import numpy as np

from stylefx.errors import UsageError
from stylefx.io.devices import Device
from stylefx.live.observer import Playing, SessionObserver
from stylefx.ring import Ring

# As systems in English, German, French, Spanish and Italian name what is built into a computer or a webcam.
MICROPHONE = re.compile(
    r"\bmic\b|microphone|mikrofon|micr[oó]fono|microfono|webcam|built-in input|\bcamera\b", re.IGNORECASE
)
LOUDSPEAKER = re.compile(
    r"speaker|lautsprecher|haut-parleur|altavoz|altavoces|altoparlant|built-in output|\bhdmi\b|displayport",
    re.IGNORECASE,
)
# Nothing comes back from these.
ON_THE_HEAD = re.compile(
    r"head(phone|set)|ear(phone|bud)|airpods|kopfh|casque|auricular|cuffie", re.IGNORECASE
)

# The newest sound that is looked at, some ten times a second: fine enough to tell a tone from its neighbours.
LOOK_FRAMES = 4096
# Part of the power that lies in one tone: of an instrument, unlike a howl, much is in the overtones.
TONE_SHARE = 0.9
# -60 dB in the window of a look: below that nothing howls yet.
SOFTEST_POWER = (1e-3 * LOOK_FRAMES / 4) ** 2
# A howl has grown so much over so many looks.
GROWTH_DB, GROWING_LOOKS = 6.0, 8
LOOKS_BETWEEN_SENTENCES = 60


def check_feedback(source: Device, sink: Device) -> None:
    """Refuse a microphone that hears the loudspeaker.

    Raises
    ------
    UsageError
        The devices' names say that they are such a pair.
    """
    if any(ON_THE_HEAD.search(device.name) for device in (source, sink)):
        return
    if MICROPHONE.search(source.name) and LOUDSPEAKER.search(sink.name):
        raise UsageError(
            f"'{source.name}' would hear '{sink.name}' and howl: use headphones (-o), a line or instrument input "
            "(-i), or add --allow-feedback if they cannot hear each other"
        )


class HowlGuard(SessionObserver):
    """Says so when input and output become one growing tone.

    Parameters
    ----------
    notify : callable
        Gets the sentence.
    """

    def __init__(self, notify: Callable[[str], None]):
        self._notify = notify
        self._levels: deque[float] = deque(maxlen=GROWING_LOOKS)
        self._bin = -1
        self._quiet_looks = 0

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        self._meters, self._sample_rate = playing.meters, playing.sample_rate
        self._window = np.hanning(LOOK_FRAMES).astype(np.float32)[:, None]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def poll(self) -> None:
        """Look at the newest sound."""
        place, level = self._tone(self._meters.input)
        if self._tone(self._meters.output)[0] != place or abs(place - self._bin) > 1:
            self._levels.clear()
        self._bin = place
        self._quiet_looks -= 1
        if place < 0:
            return
        self._levels.append(level)
        grown = len(self._levels) == GROWING_LOOKS and level - self._levels[0] >= GROWTH_DB
        if grown and self._quiet_looks <= 0:
            self._quiet_looks = LOOKS_BETWEEN_SENTENCES
            self._notify(
                f"it howls at {place * self._sample_rate / LOOK_FRAMES:.0f} Hz: the input hears the output; turn it "
                "down, or use headphones"
            )

    def _tone(self, ring: Ring) -> tuple[int, float]:
        """Bin and level in dB of the one tone in the newest sound, or bin -1."""
        power = np.sum(np.abs(np.fft.rfft(self._window * ring.newest(LOOK_FRAMES), axis=0)) ** 2, axis=1)
        place, whole = int(np.argmax(power)), float(power.sum())
        if whole < SOFTEST_POWER or power[max(0, place - 2) : place + 3].sum() < TONE_SHARE * whole:
            return -1, -np.inf
        return place, 10 * float(np.log10(whole))
