"""One style that can sound: the features of the content go in, the style's target magnitudes come out.

decode -> optimise -> loudness. Every chain brings its own target to the player's loudness, so that exchanging or
blending styles moves no level. Latency: none.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.compute import check_device, compute_device
from stylefx.engine.stages import OptimiserStage, Stage
from stylefx.errors import UsageError
from stylefx.spectral.loudness import Loudness
from stylefx.style.methods import METHODS
from stylefx.style.style import Style
from stylefx.timbre.content import ContentStart
from stylefx.timbre.content_features import ContentFeatures
from stylefx.timbre.decoder import Decoder
from stylefx.timbre.outliers import Rollback

if TYPE_CHECKING:
    from stylefx.instrument.player import Player

STARTS = ("decoder", "envelope", "content")


class Clock:
    """Adds up the time spent in each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.restart()

    def restart(self) -> None:
        """Start measuring now; the time before belongs to no stage."""
        self._last = time.perf_counter()

    def charge(self, stage: str) -> None:
        """Add the time since the last call to ``stage``."""
        now = time.perf_counter()
        self.seconds[stage] += now - self._last
        self._last = now


class StyleChain:
    """``style``, started by ``start``; ``content_features`` are shared with the other chains.

    The optimiser, which computes on ``device``, is made by `add_optimiser`: with no steps there is no optimiser, and
    torch is not loaded. With ``notes`` there is a player where the style has notes; ``fold`` is the player's.
    """

    def __init__(
        self,
        style: Style,
        content_features: ContentFeatures,
        device: str,
        start: str,
        notes: bool = False,
        fold: bool = False,
    ):
        check_device(device)
        self.decode = _start_for(style, content_features, start)
        self.optimise: OptimiserStage | None = None
        self.loudness = Loudness()
        self._style, self._device = style, device
        self.player = _player_for(style, fold) if notes else None
        self._grid: Grid | None = None
        self._content_features = content_features

    def add_optimiser(self) -> None:
        """Make what `process` needs for more than 0 iterations; a chain that is prepared may go on playing."""
        if self.optimise is None:
            optimise = _optimise_for(self._style, self._device)
            if self._grid is not None:
                optimise.prepare(self._grid.of_answers)
            self.optimise = optimise

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid; the content features have been prepared before."""
        self._grid = grid
        self.decode.prepare(grid.of_answers)
        if self.optimise:
            self.optimise.prepare(grid.of_answers)
        self.loudness.prepare(grid)
        remembered = [*self.loudness.memory]
        if self.player is not None:
            self.player.prepare(grid)
            remembered += self.player.memory
        self._rollback = Rollback(grid.hop_seconds, *remembered)

    def reset(self) -> None:
        """Forget all frames."""
        self.decode.reset()
        if self.optimise:
            self.optimise.reset()
        self.loudness.reset()
        self._rollback.reset()
        if self.player is not None:
            self.player.reset()

    def process(
        self,
        magnitude: np.ndarray,
        iterations: int,
        clock: Clock,
        answering: bool = True,
        optimising: bool = True,
    ) -> np.ndarray:
        """The style's target for the frame that the content features were updated with last.

        Parameters
        ----------
        magnitude : float32 (bins,)
            The content's.
        iterations : int
            Optimiser steps.
        clock : Clock
            Is charged with the time of each stage.
        answering, optimising : bool
            Whether the decoder and the optimiser work in this frame; otherwise their last answer is held.

        Returns
        -------
        float32 (bins,)
            Magnitudes, at the player's loudness.
        """
        target = self.decode.process(magnitude) if answering else self.decode.hold(magnitude)
        clock.charge("decode")
        if self.optimise:
            self.optimise.iterations = iterations
            target = self.optimise.process(target) if optimising else self.optimise.hold(target)
            clock.charge("optimise")
        self._rollback.follow(self._content_features.usual)
        return self.loudness.process(magnitude, target)


def _player_for(style: Style, fold: bool) -> Player | None:
    """What plays the clip's notes; None where the style has none."""
    from stylefx.instrument.player import Player
    from stylefx.instrument.table import instrument_of

    instrument = instrument_of(style.arrays, style.meta["sample_rate"])
    return Player(instrument, fold) if instrument is not None else None


def _optimise_for(style: Style, device: str) -> OptimiserStage:
    """The stage that descends what the style's method compares."""
    return METHODS[style.method].load().for_style(style, compute_device(device))


def _start_for(style: Style, content_features: ContentFeatures, start: str) -> Stage:
    """The stage that makes the optimiser's start."""
    if start == "decoder":
        return Decoder(style.arrays, content_features)
    if start == "envelope":
        from stylefx.timbre.cepstral_envelope import EnvelopeStart

        return EnvelopeStart(style.arrays["envelope"])
    if start == "content":
        return ContentStart()
    raise UsageError(f"start {start!r} is not known: use one of {', '.join(STARTS)}")
