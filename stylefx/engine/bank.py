"""The style bank: up to nine styles, each ready to sound in the next hop.

Slots are counted from 1, as on the number keys. A style that is added or takes another's place while the effect plays
is built, allocated and warmed up in the calling thread; then one assignment shows it to the audio thread, which never
waits and allocates nothing for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stylefx.analysis.grid import Grid
from stylefx.engine.style_chain import Clock, StyleChain
from stylefx.errors import StylefxError, UsageError
from stylefx.params import MAX_STYLES, Settings
from stylefx.style.methods import METHODS
from stylefx.style.style import Style
from stylefx.timbre.content_features import ContentFeatures

# Frames of noise that a new chain answers before anyone hears it, so that its memory and code have been touched. More
# than one, or no rest before it, keeps Python's lock from the thread that plays for longer than a block.
WARM_UP_FRAMES, PAUSE_SECONDS = 1, 0.01
METHOD = "harmonic"


@dataclass(frozen=True)
class Slot:
    """One style of the bank, its name for people, and what makes it sound."""

    style: Style
    name: str
    chain: StyleChain


class StyleBank:
    """``styles`` in slots 1, 2, ...; the rest as in `StyleTransfer`.

    Safe to use from any thread.

    Raises
    ------
    UsageError
        No style, too many, or one whose method cannot stream.
    """

    def __init__(
        self,
        styles: Sequence[Style],
        names: Sequence[str] | None = None,
        device: str = "auto",
        start: str = "decoder",
        notes: bool = False,
        fold: bool = False,
    ):
        self._device, self._start, self._optimises = device, start, False
        self._notes, self._fold = notes, fold
        self.content_features = ContentFeatures()
        self._listens = start == "decoder"
        self._grid: Grid | None = None
        self._lock = threading.Lock()
        self._slots: tuple[Slot, ...] = ()
        for number, style in enumerate(styles):
            self.add(style, None if names is None else names[number])
        if not self._slots:
            raise UsageError("no style, expected at least one")

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def names(self) -> tuple[str, ...]:
        """The styles' names, slot 1 first."""
        return tuple(slot.name for slot in self._slots)

    @property
    def chains(self) -> list[StyleChain]:
        """What makes the styles sound, slot 1 first."""
        return [slot.chain for slot in self._slots]

    @property
    def styles(self) -> tuple[Style, ...]:
        """The styles, slot 1 first."""
        return tuple(slot.style for slot in self._slots)

    def add(self, style: Style, name: str | None = None) -> int:
        """Put a style into the next free slot.

        Parameters
        ----------
        style : Style
        name : str, optional
            By default that of its sources.

        Returns
        -------
        int
            The slot's number, from 1.

        Raises
        ------
        StylefxError
            The bank is full, or the style cannot play beside the others.
        """
        with self._lock:
            if len(self._slots) == MAX_STYLES:
                raise UsageError(f"the bank is full: {MAX_STYLES} styles, as many as there are number keys")
            self._slots = (*self._slots, self._slot_for(style, name))
            return len(self._slots)

    def replace(self, slot: int, style: Style, name: str | None = None) -> None:
        """Put a style into a slot; if that one plays, the sound cross-fades to the new style.

        Parameters
        ----------
        slot : int
            From 1.
        style : Style
        name : str, optional
            By default that of its sources.
        """
        with self._lock:
            if not 1 <= slot <= len(self._slots):
                raise UsageError(f"slot {slot} holds no style, expected 1 to {len(self._slots)}")
            new = self._slot_for(style, name or self._slots[slot - 1].name)
            self._slots = (*self._slots[: slot - 1], new, *self._slots[slot:])

    def add_optimisers(self) -> None:
        """Give every chain, and every one to come, what it needs to take more than 0 iterations."""
        with self._lock:
            self._optimises = True
            for slot in self._slots:
                slot.chain.add_optimiser()

    def _slot_for(self, style: Style, name: str | None) -> Slot:
        if not METHODS[style.method].real_time:
            raise StylefxError(
                f"a style of the method {style.method!r} cannot stream: fit the clip with --method {METHOD}"
            )
        chain = StyleChain(style, self.content_features, self._device, self._start, self._notes, self._fold)
        if self._optimises:
            chain.add_optimiser()
        if self._grid is not None:
            chain.prepare(self._grid)
            _warm_up(chain, self._grid)
        return Slot(style, name or style.source_names, chain)

    # For the audio thread ------------------------------------------------------------------------------------

    def prepare(self, grid: Grid) -> None:
        """Allocate for a grid and forget the past."""
        with self._lock:
            self._grid = grid
            self.content_features.prepare(grid.of_answers)
            for slot in self._slots:
                slot.chain.prepare(grid)

    def reset(self) -> None:
        """Forget all frames."""
        self.content_features.reset()
        for slot in self._slots:
            slot.chain.reset()

    def update(self, magnitude: np.ndarray, answering: bool = True) -> None:
        """Take in one frame of the content, for all chains.

        Parameters
        ----------
        magnitude : float32 (bins,)
            The content's.
        answering : bool
            Whether the decoders answer in this frame, or hold their last answer.
        """
        if self._listens and answering:
            self.content_features.process(magnitude)
        elif self._listens:
            self.content_features.peek(magnitude)

    def shares(self, settings: Settings) -> dict[StyleChain, float]:
        """Which chains are to sound and the share of each, 1 in all; a slot without a style stands for the first."""
        slots = self._slots
        main = slots[settings.style - 1 if settings.style <= len(slots) else 0].chain
        other = slots[settings.morph_style - 1].chain if settings.morph_style <= len(slots) else main
        if other is main or settings.morph == 0:
            return {main: 1.0}
        if settings.morph == 1:
            return {other: 1.0}
        return {main: 1.0 - settings.morph, other: settings.morph}


def _warm_up(chain: StyleChain, grid: Grid) -> None:
    """Let a prepared chain answer noise, then forget it."""
    noise, clock = np.random.default_rng(0), Clock()
    for _ in range(WARM_UP_FRAMES):
        time.sleep(PAUSE_SECONDS)
        chain.process(noise.random(grid.bins, np.float32), 1, clock)
    chain.reset()
