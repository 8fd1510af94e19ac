"""Capture: listen to what is played for some seconds, learn its sound meanwhile, and go on in that sound.

It waits for the first sound, copies what the input ring then gets, and hands it to a `Fitter`: a draft within about a
second, which is cross-faded in, and a style of normal quality some seconds later, which takes the draft's place. All
of it is the main thread's, in short pieces; the worker only ever sees a finished voice in the bank.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import StylefxError
from stylefx.live.capture.fitter import Fitter
from stylefx.live.observer import Playing, SessionObserver
from stylefx.params import MAX_STYLES
from stylefx.style.style import Style, check_style_path

# Above this level it is a player, not the room (-45 dB of full scale).
SOUND_LEVEL = 0.0056
# The ring holds more than is captured: the attack before the first loud sample, and what a busy main thread is late.
BEFORE_SECONDS, LATE_SECONDS = 0.05, 4.0
# Sound is counted in pieces of this length. The end of the last one rings on for a while.
PIECE_SECONDS, RING_SECONDS = 0.05, 0.5
# Less sound than this, or this part of what was to be captured, teaches nothing.
MIN_SECONDS, MIN_RATIO = 1.0, 0.5
DRAFT, REFINED = "draft", "normal"
# How long the end waits for the draft of something that was captured, if it is to be saved.
PATIENCE_SECONDS = 30.0


@dataclass
class Heard:
    """A clip (frames, channels) that is being learned, and the slot that its style has in the bank, 0 for none yet."""

    name: str
    number: int
    clip: np.ndarray
    quality: str
    slot: int = 0


class Capture(SessionObserver):
    """Captures once when playing begins, and again whenever `start` is called.

    Parameters
    ----------
    seconds : float
        How long to listen.
    fitter : Fitter
        Entered, and idle.
    notify : callable
        Gets what the musician should read.
    placeholder : bool
        The bank's first slot holds nothing to be played yet: the first capture goes there and ends the bypass.
    save : path or None
        Where to write the captured style; a second one beside it as ``NAME-2.npz``, and so on.
    overwrite : bool
        Whether existing files may be replaced.

    Attributes
    ----------
    names : list of str
        What plays, or did, of what was captured.
    """

    def __init__(
        self,
        seconds: float,
        fitter: Fitter,
        notify: Callable[[str], None],
        placeholder: bool,
        save: Path | None = None,
        overwrite: bool = False,
    ):
        self.seconds, self.ring_seconds = seconds, seconds + BEFORE_SECONDS + LATE_SECONDS
        self.names: list[str] = []
        self._fitter, self._notify, self._placeholder = fitter, notify, placeholder
        self._save_as, self._overwrite = save, overwrite
        self._step: Callable[[], None] = self._rest
        self._ear = "off"
        self._captured, self._requested = 0, True
        self._learning: deque[Heard] = deque()
        self._playing: deque[tuple[Style, Heard]] = deque()  # since the last look

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""
        assert isinstance(playing.engine, StyleTransfer)
        self._engine, self._rate = playing.engine, playing.sample_rate
        self._ring = playing.meters.input

    def start(self) -> None:
        """Listen, from the next sound on; what an unfinished one has heard is dropped. From any thread."""
        self._requested = True

    def poll(self) -> None:
        """See `SessionObserver.poll`."""
        if self._requested:
            self._requested = False
            self._wait("waiting for sound: play")
        self._step()
        self._learn()

    @property
    def status(self) -> str:
        """For the screen."""
        learning = [f"learning {heard.name} ({heard.quality})" for heard in self._learning]
        return ", ".join([self._ear, *learning] if self._ear or not learning else learning)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._save_as is None or kind is not None:
            return
        if self._learning and self._learning[0].quality == DRAFT:
            self._notify("capture: waiting for the draft, to save it")
            self._learn(PATIENCE_SECONDS)
        for style, heard in self._playing:
            self._save(style, heard)
        if not self.names:
            self._notify(f"capture: nothing was captured, so {self._save_as} was not written")

    # Listening, a step per look ------------------------------------------------------------------------------

    def _rest(self) -> None:
        """Nothing to do until `start`."""

    def _wait(self, why: str) -> None:
        self._ear = "waiting for sound"
        self._notify(f"capture: {why}")
        self._looked_at = self._ring.written
        self._step = self._await_sound

    def _await_sound(self) -> None:
        """Find the first loud sample among the new ones."""
        end = self._ring.written
        new = self._ring.newest(min(end - self._looked_at, len(self._ring)))
        self._looked_at = end
        loud = np.flatnonzero(np.abs(new).max(axis=1) > SOUND_LEVEL)
        if len(loud):
            first = end - len(new) + int(loud[0])
            self._first_frame = max(0, first - round(BEFORE_SECONDS * self._rate))
            self._notify(f"capture: listening for {self.seconds:g} s, keep playing")
            self._step = self._listen

    def _listen(self) -> None:
        """Wait until the ring holds enough, then let it be learned."""
        frames = self._ring.written - self._first_frame
        left = max(0.0, self.seconds - frames / self._rate)
        self._ear = f"listening, {left:.1f} of {self.seconds:g} s left"
        if frames < self.seconds * self._rate:
            return
        audio = self._ring.newest(min(frames, len(self._ring)))[: round(self.seconds * self._rate)]
        clip, sound_seconds = self._sound_of(audio)
        if sound_seconds < min(MIN_SECONDS, MIN_RATIO * self.seconds):
            self._wait(f"only {sound_seconds:.1f} s of sound in {self.seconds:g} s, listening again: play on")
            return
        self._ear, self._step = "", self._rest
        self._captured += 1
        name = f"captured at {time.strftime('%H:%M:%S')}"
        self._ask(Heard(name, self._captured, clip, DRAFT))

    def _sound_of(self, audio: np.ndarray) -> tuple[np.ndarray, float]:
        """The clip without the silence at its end, and how many seconds of it sound."""
        piece = round(PIECE_SECONDS * self._rate)
        levels = np.abs(audio[: len(audio) // piece * piece]).reshape(-1, piece * audio.shape[1]).max(axis=1)
        loud = np.flatnonzero(levels > SOUND_LEVEL)
        end = (int(loud.max(initial=0)) + 1) * piece + round(RING_SECONDS * self._rate)
        return audio[:end], len(loud) * PIECE_SECONDS

    # Learning, in another process --------------------------------------------------------------------------

    def _ask(self, heard: Heard) -> None:
        try:
            self._fitter.ask(heard.clip, self._rate, heard.quality, heard.name)
        except StylefxError as error:
            self._notify(f"capture: {error}")
        else:
            self._learning.append(heard)

    def _learn(self, wait_seconds: float = 0.0) -> None:
        """Take what the fitter has learned; the look after that save it, and let it be refined.

        Not at once: while two voices cross-fade the worker has least time.
        """
        if self._playing:
            plays, heard = self._playing.popleft()
            self._save(plays, heard)
            if heard.quality == DRAFT:
                heard.quality = REFINED
                self._ask(heard)
            else:
                self._ear = self._ear or "done"
        if not self._learning:
            return
        try:
            style = self._fitter.answer(wait_seconds)
        except StylefxError as error:
            self._learning.popleft()
            self._notify(f"capture: {error}")
            return
        if style is None:
            return
        heard = self._learning.popleft()
        self._play(style, heard)
        self._playing.append((style, heard))

    # What comes of it --------------------------------------------------------------------------------------

    def _play(self, style: Style, heard: Heard) -> None:
        """Cross-fade to ``style``: a slot of its own for the draft, the draft's for what is better."""
        bank, controls = self._engine.bank, self._engine.controls
        if heard.quality == REFINED:
            bank.replace(heard.slot, style, heard.name)
            self._notify(f"capture: style {heard.slot} is refined")
            return
        if self._placeholder or len(bank) == MAX_STYLES:
            heard.slot = 1 if self._placeholder else MAX_STYLES
            bank.replace(heard.slot, style, heard.name)
        else:
            heard.slot = bank.add(style, heard.name)
        if self._placeholder:
            controls.change(style=heard.slot, bypass=False)
        else:
            controls.change(style=heard.slot)
        self._placeholder = False
        self.names.append(heard.name)
        self._notify(f"capture: playing in the sound that was heard, as style {heard.slot}; refining it")

    def _save(self, style: Style, heard: Heard) -> None:
        """Write what is best so far; a draft is replaced by what it was refined to, other files only if they may."""
        if self._save_as is None:
            return
        path = self._save_as
        if heard.number > 1:
            path = path.with_stem(f"{path.stem}-{heard.number}")
        try:
            check_style_path(path, self._overwrite or heard.quality == REFINED)
            style.save(path, overwrite=True)
        except StylefxError as error:
            self._notify(f"capture: {error}")
        else:
            self._notify(f"capture: saved {path} ({heard.quality})")
