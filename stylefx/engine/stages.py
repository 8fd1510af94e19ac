"""What the engine asks of a path, and of a stage that turns magnitudes into magnitudes. Checked by the type checker.

Who calls what, and when:

- ``prepare`` once a stream, from any thread, before the first sample; it allocates everything and forgets the past.
- ``process`` once a hop (a path: once a block), in the thread that plays; it allocates nothing that lasts and does not
  wait. Every hop has the same shapes, so the samples do not depend on how the stream was cut into blocks.
- ``reset`` between two streams: what follows is as from a new object.
- ``latency_samples`` is what the stage adds to the delay from input to output; it is known after ``prepare``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.params import Settings


class Stage(Protocol):
    """Magnitudes float32 (bins,) of one frame in, of the same frame out: a decoder, an optimiser."""

    latency_samples: int

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid and forget the past.

        Parameters
        ----------
        grid : Grid
            Window, hop and bins of the stream.
        """

    def process(self, magnitude: np.ndarray) -> np.ndarray:
        """One frame.

        Parameters
        ----------
        magnitude : float32 (bins,)
            Linear; a full-scale sine reads about 400.

        Returns
        -------
        float32 (bins,)
            Magnitudes of the same frame.
        """

    def hold(self, magnitude: np.ndarray) -> np.ndarray:
        """One frame between two answers: what the last one did is applied again."""

    def reset(self) -> None:
        """Forget all frames."""


class OptimiserStage(Stage, Protocol):
    """A stage that takes ``iterations`` steps per frame; with none it answers what it was given."""

    iterations: int


class EnginePath(Protocol):
    """What makes the wet signal: hop by hop (`StreamingPath`), or in long blocks (`BlockwisePath`).

    Attributes
    ----------
    lead_in : int
        Samples that must be there before the first output, a hop or a whole block.
    iterations : int
        Optimiser steps per hop or a block; may be set between blocks.
    stage_seconds : dict
        Seconds spent in each stage since ``prepare`` or ``reset``.
    """

    lead_in: int
    latency_samples: int

    @property
    def iterations(self) -> int:
        """See above."""

    @iterations.setter
    def iterations(self, steps: int) -> None: ...

    @property
    def economy(self) -> bool:
        """Whether less is done in each hop, for less quality; may be set between blocks."""

    @economy.setter
    def economy(self, economises: bool) -> None: ...

    @property
    def stage_seconds(self) -> dict[str, float]:
        """See above."""

    def prepare(self, sample_rate: int, channels: int) -> None:
        """Allocate for a rate in Hz and a number of channels, and forget the past."""

    def process(self, block: np.ndarray, settings: Settings) -> Iterator[np.ndarray]:
        """Yield what a block completes.

        Parameters
        ----------
        block : float32 (frames, channels)
            The next samples; any number.
        settings : Settings
            Where the parameters are to go from here.

        Yields
        ------
        float32 (some frames, channels)
            `latency_samples` late.
        """

    def reset(self) -> None:
        """Forget every sample."""
