"""StyleTransfer: the whole effect. A path makes the wet signal, the mix joins it with the dry one.

`render` and `live` both call `process`, block after block; there is no other way through. The latency is the sum of
the stages', the dry path is delayed by exactly that, and any cutting of the input into blocks gives the same samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stylefx.analysis.grid import check_latency
from stylefx.checks import sample_rate_of, shown, whole_number
from stylefx.engine.stages import EnginePath
from stylefx.errors import StylefxError, UsageError
from stylefx.params import PARAMETERS, Controls, Settings
from stylefx.ramp import Gain
from stylefx.samples import MAX_SAMPLE, samples_of, tamed
from stylefx.style.methods import METHODS
from stylefx.style.style import Style
from stylefx.synthesis.mix import Mix, limit

if TYPE_CHECKING:
    from stylefx.engine.bank import StyleBank

MAX_CHANNELS = 64


class StyleTransfer:
    """The effect, for one stream at a time.

    Parameters
    ----------
    style
        What `stylefx.fit` learned, or the path of a style file; several make a bank, of which the first plays.
    names
        What to call the styles; by default what they were learned from.
    mix
        0 is the dry signal alone, 1 the styled signal alone.
    strength
        How far towards the style, 0 (the content) to 1.
    morph
        How far from the first style (0) to the second (1).
    iterations
        Optimiser steps per hop; for the offline methods, steps per block. None takes the style's default.
    device
        ``auto``, ``cpu`` or ``cuda``.
    start
        ``decoder`` (default), ``envelope`` (the clip's on each frame) or ``content``: what the optimiser starts from.
    latency
        ``normal`` (2048 samples at 44.1 and 48 kHz), ``low`` (1280) or ``lowest`` (640): less delay, less quality.
        ``studio`` has 0.4 s more to hear notes in. The offline methods have a latency of their own.
    notes
        Whether the clip's own notes play those of the content, where it is heard which; else it is only filtered, as
        it is by a style whose clip has no notes.
    fold
        Whether notes more than half an octave outside the clip's range are brought in by octaves; else they are mixed
        with the filter, and left to it from an octave on.

    Attributes
    ----------
    controls : Controls
        Every parameter of `stylefx.params`; may be changed at any time from any thread, and is read once a block.
    """

    def __init__(
        self,
        style: Style | str | Path | Sequence[Style | str | Path],
        *,
        names: Sequence[str] | None = None,
        mix: float = 1.0,
        strength: float = 1.0,
        morph: float = 0.0,
        iterations: int | None = None,
        device: str = "auto",
        start: str = "decoder",
        latency: str = "normal",
        notes: bool = True,
        fold: bool = False,
    ):
        check_latency(latency)
        for name, value in (("notes", notes), ("fold", fold)):
            if not isinstance(value, bool):
                raise UsageError(f"{name} is {shown(value)}, expected True or False")
        styles = _styles(style)
        self.controls = Controls(Settings(mix=mix, strength=strength, morph=morph))
        self._path = _path_for(styles, names, iterations, device, start, latency, notes, fold)
        self.iterations = self._path.iterations
        self.style = styles[0]
        self._mix = Mix()
        self._prepared: tuple[int, int] | None = None

    def prepare(self, sample_rate: int, channels: int, max_block: int) -> None:
        """Allocate for a stream and forget the last one.

        Parameters
        ----------
        sample_rate : int
            Hz.
        channels : int
            Of every block.
        max_block : int
            The longest block, in frames, that `process` will see.

        Raises
        ------
        StylefxError
            A rate, a number of channels or a block that cannot be had; the message says which can.
        """
        sample_rate = sample_rate_of(sample_rate)
        channels = whole_number(channels, "channels", 1)
        max_block = whole_number(max_block, "max_block", 1)
        if channels > MAX_CHANNELS:
            raise StylefxError(f"{channels} channels, expected 1 to {MAX_CHANNELS}")
        self._path.prepare(sample_rate, channels)
        self._gain = Gain(round(PARAMETERS["gain_in_db"].smoothing_seconds * sample_rate))
        self._mix.prepare(sample_rate, channels, max_block, self._path.lead_in, self._path.latency_samples)
        self._prepared = (max_block, channels)

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next samples.

        Parameters
        ----------
        block : float32 (frames, channels)
            At most ``max_block`` frames.

        Returns
        -------
        float32 (frames, channels)
            As many frames, `latency_samples` late.

        Raises
        ------
        UsageError
            Before `prepare`, or for a block of another shape or type.
        """
        max_block, channels = self._stream()
        block = samples_of(block, "the block")
        if block.ndim != 2 or block.shape[1] != channels:
            raise UsageError(f"block of shape {block.shape}, prepared for (frames, {channels})")
        if len(block) > max_block:
            raise UsageError(f"block of {len(block)} frames, prepared for {max_block}: raise max_block")
        held = tamed(block)
        settings = self.controls.settings
        dry = self._gain.process(held, settings.gain_in_db)
        # A gain may lift the dry signal over full scale; without one it is the player's own.
        self._mix.put_dry(dry if dry is held else np.where(dry == held, held, limit(dry)))
        # What had to be held back is no sound: heard as one, it would hide the music for as long as it is remembered.
        block = dry if held is block else np.where(np.abs(held) < MAX_SAMPLE, dry, np.float32(0))
        for hop in self._path.process(block, settings):
            self._mix.put_wet(hop)
        return self._mix.take(len(block), settings)

    def watch(self, on_progress: Callable[[float], None]) -> None:
        """Report progress within long blocks.

        Parameters
        ----------
        on_progress : callable
            Is called with the part of a block's work that is done, 0 to 1; never by a method that streams.
        """
        from stylefx.engine.blockwise import BlockwisePath

        if isinstance(self._path, BlockwisePath):
            self._path.watch(on_progress)

    def flush(self) -> np.ndarray:
        """The tail.

        Returns
        -------
        float32 (latency_samples, channels)
            What is still inside, as if silence followed.
        """
        max_block, channels = self._stream()
        silence = np.zeros((self.latency_samples, channels), np.float32)
        cuts = range(max_block, len(silence), max_block)
        return np.concatenate([self.process(part) for part in np.split(silence, cuts)])

    def reset(self) -> None:
        """Forget the stream: what follows sounds as from a new object."""
        self._stream()
        self._gain.reset()
        self._path.reset()
        self._mix.reset()

    def __call__(self, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """A whole recording.

        Parameters
        ----------
        audio : (frames,) or (frames, channels)
            Any real type; integer samples (int8, uint8, int16, int32) are brought to full scale 1 first.
        sample_rate : int
            Hz.

        Returns
        -------
        float32
            Of the same shape, in time with the input.

        Raises
        ------
        UsageError
            An array or a rate that is no sound; the message says what is wrong.
        """
        audio = samples_of(audio)
        block = audio[:, None] if audio.ndim == 1 else audio
        self.prepare(sample_rate, block.shape[1], max(1, len(block)))
        late = np.concatenate([self.process(block), self.flush()])
        return late[self.latency_samples :].reshape(audio.shape)

    @property
    def settings(self) -> Settings:
        """The value of every parameter now."""
        return self.controls.settings

    @property
    def mix(self) -> float:
        """0 the dry signal alone, 1 the styled one alone; may be set between blocks, as `strength` and `morph` may."""
        return self.settings.mix

    @mix.setter
    def mix(self, value: float) -> None:
        self.controls.change(mix=value)

    @property
    def strength(self) -> float:
        """How far towards the style, 0 to 1."""
        return self.settings.strength

    @strength.setter
    def strength(self, value: float) -> None:
        self.controls.change(strength=value)

    @property
    def morph(self) -> float:
        """How far from the style that plays to the one that `morph_style` names, 0 to 1."""
        return self.settings.morph

    @morph.setter
    def morph(self, value: float) -> None:
        self.controls.change(morph=value)

    @property
    def bank(self) -> StyleBank:
        """The styles; more may be added while it plays. UsageError where the method cannot stream."""
        from stylefx.engine.streaming import StreamingPath

        if isinstance(self._path, StreamingPath):
            return self._path.bank
        raise UsageError("a style of an offline method plays alone: fit the clip with --method harmonic")

    @property
    def iterations(self) -> int:
        """Optimiser steps per hop (a block for the offline methods); may be set between blocks."""
        return self._path.iterations

    @iterations.setter
    def iterations(self, steps: int) -> None:
        self._path.iterations = whole_number(steps, "iterations", 0)

    @property
    def economy(self) -> bool:
        """Two thirds of the work for a little less quality; may be set between blocks."""
        return self._path.economy

    @economy.setter
    def economy(self, economises: bool) -> None:
        self._path.economy = economises

    @property
    def latency_samples(self) -> int:
        """Input to output, in samples of the stream; known after `prepare`."""
        self._stream()
        return self._mix.latency_samples

    @property
    def stage_seconds(self) -> dict[str, float]:
        """Seconds spent in each stage since `prepare` or `reset`."""
        return self._path.stage_seconds

    def _stream(self) -> tuple[int, int]:
        if self._prepared is None:
            raise UsageError("call prepare(sample_rate, channels, max_block) first")
        return self._prepared


def _styles(given: Style | str | Path | Sequence[Style | str | Path]) -> list[Style]:
    """The styles that were handed in, those that are paths read from their files."""
    several = [given] if isinstance(given, Style | str | Path) else given
    if not isinstance(several, Sequence) or not all(isinstance(each, Style | str | Path) for each in several):
        raise UsageError(
            f"the style is {shown(given)}, expected what `stylefx.fit` returns, the path of a style file, "
            "or a list of them"
        )
    return [each if isinstance(each, Style) else Style.load(each) for each in several]


def _path_for(
    styles: list[Style],
    names: Sequence[str] | None,
    iterations: int | None,
    device: str,
    start: str,
    latency: str,
    notes: bool,
    fold: bool,
) -> EnginePath:
    """The path that makes the wet signal: streaming, or block by block for a style of an offline method."""
    if names is not None and len(names) != len(styles):
        raise UsageError(f"{len(names)} names for {len(styles)} styles, expected one each")
    if iterations is not None:
        iterations = whole_number(iterations, "iterations", 0)
    if iterations is None and styles:
        iterations = styles[0].meta["defaults"].get("iterations")
    if len(styles) == 1 and not METHODS[styles[0].method].real_time:
        from stylefx.engine.blockwise import offline_path

        return offline_path(styles[0], iterations, device)
    from stylefx.engine.bank import METHOD, StyleBank
    from stylefx.engine.streaming import StreamingPath

    method = METHODS[styles[0].method if styles else METHOD]
    steps = method.iterations if iterations is None else int(iterations)
    return StreamingPath(StyleBank(styles, names, device, start, notes, fold), steps, latency, notes)
