"""The tracker: sound in blocks of any size -> news about its notes, as it happens.

    tracker = Tracker("normal"); tracker.prepare(48_000)
    for block in blocks: events = tracker.process(block)

levels -> inputs -> network -> decode. Latency: what a profile's name promises. ``lowest``, ``low`` and ``normal`` fit
into what the engine delays its sound by anyway (at 44.1 kHz 640, 1280 and 2048 samples); ``studio`` looks further
ahead. An event is reported no later than ``latency_samples`` after the onset that it is about, guesses are confirmed or
withdrawn by then, and nothing is revised afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from stylefx.analysis.grid import STUDIO, check_latency
from stylefx.tracking.decode import Answer, LiveDecoder, StudioDecoder, Thresholds
from stylefx.tracking.layout import PITCHES, PLACES, layout_for
from stylefx.tracking.levels import LOWEST_DB, Levels
from stylefx.tracking.network import PAST, STUDIO_AHEAD, Inputs, Trunk
from stylefx.tracking.notes import Event, Note
from stylefx.tracking.shape import LIVE_DELAYS

WEIGHTS = Path(__file__).with_name("weights") / "tracker.npz"
# Frames before the newest that the live profiles decide about.
DELAYS = {"lowest": 0, "low": 1, "normal": 3}


@cache
def shipped_weights() -> Mapping[str, np.ndarray]:
    """The weights that come with the package."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def thresholds_of(weights: Mapping[str, np.ndarray], profile: str) -> Thresholds:
    """What was chosen for a profile when the weights were made."""
    chosen = json.loads(str(weights["thresholds"]))[profile]
    return Thresholds(chosen["onset"], chosen["sounding"], tuple(chosen.get("guess", ())))


@dataclass(frozen=True)
class Salience:
    """What the network said of one frame: probabilities float32 (PITCHES,)."""

    onset: np.ndarray
    sounding: np.ndarray


class Tracker:
    """Stage: mono samples -> events (see :class:`stylefx.tracking.notes.Event`)."""

    def __init__(self, profile: str = "normal", weights: Mapping[str, np.ndarray] | None = None,
                 thresholds: Thresholds | None = None):  # fmt: skip
        check_latency(profile)
        self.profile = profile
        self._weights = shipped_weights() if weights is None else weights
        self._thresholds = thresholds

    def prepare(self, sample_rate: int) -> None:
        """Allocate for a rate in Hz; forget the past. StylefxError where the engine has no grid for the rate."""
        self._layout = layout_for(sample_rate)
        thresholds = self._thresholds or thresholds_of(self._weights, self.profile)
        self._levels, self._inputs = Levels(), Inputs(self._layout.frame_seconds)
        self._levels.prepare(self._layout)
        self._trunk = Trunk(self._weights)
        self._decoder: LiveDecoder | StudioDecoder
        if self.profile == STUDIO:
            self._decoder = StudioDecoder(self._layout, thresholds, STUDIO_AHEAD)
            late = STUDIO_AHEAD + StudioDecoder.look_ahead
        else:
            late = DELAYS[self.profile]
            self._decoder = LiveDecoder(self._layout, thresholds, late)
        self._late = late
        self.latency_samples = (late + 1) * self._layout.frame
        self._past_levels = np.zeros((STUDIO_AHEAD + 1, PLACES), np.float32)
        # Before the first sample there was silence; it is heard once, and kept.
        silence = np.full((2, PLACES), LOWEST_DB, np.float32)
        for _ in range(PAST + 2 * STUDIO_AHEAD + 1):
            self._trunk.process(self._inputs.process(silence))
            self._trunk.studio()
        self._silence = self._trunk.state()
        self.reset()

    def reset(self) -> None:
        """Forget all sound and all notes."""
        self._levels.reset()
        self._inputs.reset()
        self._trunk.restore(self._silence)
        self._decoder.reset()
        self._frames = self._heard = 0
        self.salience = Salience(np.zeros(PITCHES, np.float32), np.zeros(PITCHES, np.float32))

    @property
    def notes(self) -> list[Note]:
        """The notes that sound now, in order of pitch; the newest pitch and level are at the end of their tracks."""
        return self._decoder.sounding.notes

    def process(self, block: np.ndarray) -> list[Event]:
        """What the next samples tell.

        Parameters
        ----------
        block : float32 (samples,)
            Mono; any number.

        Returns
        -------
        list of Event
            Notes that begin, change or end; an event may be revised until the look-ahead of the profile has passed.
        """
        events = []
        for levels in self._levels.process(block):
            self._trunk.process(self._inputs.process(levels))
            answer = self._studio_answer(levels) if self.profile == STUDIO else self._live_answer(levels)
            self._frames += 1
            if answer is not None:
                self.salience = Salience(answer.onsets[-1], answer.sounding)
                events += self._decoder.process(answer)
        self._heard += len(block)
        return events

    def flush(self) -> list[Event]:
        """End of the stream: what the look-ahead still held, and the end of every note."""
        seconds, heard = self._heard / self._layout.sample_rate, self._heard
        events = self.process(np.zeros(self.latency_samples + self._layout.frame, np.float32))
        events = [event for event in events if event.kind == "off" or event.note.onset < seconds]
        ended = self._decoder.sounding.end_all(seconds)
        return events + [Event("off", heard, note) for note in ended if note.onset < seconds]

    def _live_answer(self, levels: np.ndarray) -> Answer:
        outputs = self._trunk.live().T
        chances = _sigmoid(outputs[: len(LIVE_DELAYS) + 1])
        cents, place = np.clip(outputs[len(LIVE_DELAYS) + 1 :], -1, 1)
        return Answer(chances[: self._late + 1], chances[-1], cents / 2, place, levels[0])

    def _studio_answer(self, levels: np.ndarray) -> Answer | None:
        ring = self._past_levels
        ring[self._frames % len(ring)] = levels[0]
        outputs = self._trunk.studio().T
        if self._frames < STUDIO_AHEAD:
            return None
        chances, (cents, place) = _sigmoid(outputs[:2]), np.clip(outputs[2:], -1, 1)
        then = ring[(self._frames - STUDIO_AHEAD) % len(ring)].copy()
        return Answer(chances[:1], chances[1], cents / 2, place, then)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))


class OfflineTracker:
    """A whole recording heard block by block: `add` (samples,) or (samples, channels), then `finish`."""

    def __init__(self, sample_rate: int, profile: str = STUDIO):
        self._tracker = Tracker(profile)
        self._tracker.prepare(sample_rate)
        self._notes: dict[int, Note] = {}

    def add(self, block: np.ndarray) -> None:
        """The next samples; channels are averaged."""
        block = np.asarray(block, np.float32)
        mono = block.mean(axis=1) if block.ndim == 2 else block
        self._keep(self._tracker.process(mono))

    def finish(self) -> list[Note]:
        """The notes, all of them ended, in order of onset."""
        self._keep(self._tracker.flush())
        return sorted(self._notes.values(), key=lambda note: (note.onset, note.pitch))

    def _keep(self, events: list[Event]) -> None:
        self._notes.update((event.note.number, event.note) for event in events if event.kind == "on")


def track(audio: np.ndarray, sample_rate: int, profile: str = STUDIO) -> list[Note]:
    """The notes of a whole recording, in order of onset.

    Parameters
    ----------
    audio
        float32 (samples,) or (samples, channels); channels are averaged.
    sample_rate
        Hz.
    profile
        One of `stylefx.analysis.grid.LATENCIES`.
    """
    offline = OfflineTracker(sample_rate, profile)
    offline.add(audio)
    return offline.finish()
