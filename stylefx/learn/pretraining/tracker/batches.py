"""Batches: pieces in a pool on the compute device, and random stretches of them, moved, coloured and laid together.

All that is large happens on the device; the few numbers that are drawn come from numpy's generator, so that a batch is
the same on a CPU and on a GPU. Two stretches are laid together by adding their powers, as sounds do that know nothing
of each other.
"""

from __future__ import annotations

import numpy as np
import torch

from stylefx.learn.pretraining.tracker.network import PAST, STUDIO_AHEAD
from stylefx.learn.pretraining.tracker.pieces import FRAMES, LAYOUT, NONE, STORED_STEP_DB, Piece
from stylefx.tracking.inputs import FALL_DB_PER_SECOND, SILENT_DB
from stylefx.tracking.layout import PER_SEMITONE, PITCHES, PLACES
from stylefx.tracking.levels import LOWEST_DB

STRETCH = 112
FRAMES_SEEN = PAST + STRETCH + 2 * STUDIO_AHEAD
TRANSPOSED, MOVED, COLOURED, COLOUR_KNOTS = 5, 0.6, 0.6, 10
# Share of a batch that is two stretches at once, how far the second lies under the first, and how many notes may
# sound in both on average: no one tells more apart.
TOGETHER, UNDER_DB, CROWD = 0.25, 8.0, 4.0
EMPTY_DB = -200.0


def references(levels: np.ndarray) -> np.ndarray:
    """The slow maximum in dB of every frame of uint8 levels, (frames,)."""
    loudest = levels[:, 0].max(axis=1) * STORED_STEP_DB + LOWEST_DB
    fall = FALL_DB_PER_SECOND * LAYOUT.frame_seconds
    steps = np.arange(len(loudest)) * fall
    return np.maximum(np.maximum.accumulate(loudest + steps) - steps, SILENT_DB)


class Stretches:
    """The newest ``size`` pieces on ``device``, and batches of stretches out of them."""

    def __init__(self, rng: np.random.Generator, size: int, device: torch.device):
        self._rng, self._device, self._size, self._added = rng, device, size, 0
        self._crowd = np.zeros(size)

        def empty(*shape: int, dtype: torch.dtype) -> torch.Tensor:
            return torch.empty((size, FRAMES, *shape), dtype=dtype, device=device)

        self._levels = empty(2, PLACES, dtype=torch.uint8)
        self._reference = empty(dtype=torch.float32)
        self._truth = [
            empty(PITCHES, dtype=dtype) for dtype in (torch.int8, torch.bool, torch.uint8, torch.int8)
        ]
        knots = np.linspace(0, PLACES, COLOUR_KNOTS)
        curves = [np.interp(np.arange(PLACES), knots, knot) for knot in np.eye(COLOUR_KNOTS)]
        self._curves = self._sent(np.array(curves, np.float32))

    def add(self, piece: Piece) -> None:
        """One more piece; the oldest goes."""
        at = self._added % self._size
        self._added += 1
        self._crowd[at] = (piece.sounding == 1).sum() / FRAMES
        self._levels[at] = torch.from_numpy(piece.levels)
        self._reference[at] = torch.from_numpy(references(piece.levels).astype(np.float32))
        for stored, of_piece in zip(self._truth, (piece.onset, piece.unsaid, piece.sounding, piece.cents)):
            stored[at] = torch.from_numpy(of_piece)

    def batch(self, count: int) -> tuple[torch.Tensor, ...]:
        """Levels relative to the reference (count, FRAMES_SEEN, 2, PLACES), onset, unsaid, sounding, cents."""
        second = round(TOGETHER * count)
        chosen = self._rng.integers(min(self._added, self._size), size=count + second)
        levels, reference, *truth = self._drawn(chosen)
        lower = reference[:second].amax(1) - reference[count:].amax(1)
        lower = lower - self._sent(self._rng.uniform(0, UNDER_DB, second))
        alone = self._crowd[chosen[:second]] + self._crowd[chosen[count:]] > CROWD
        silent = self._sent(alone)[:, None, None]
        added = levels[count:] + lower[:, None, None, None]
        added = added.masked_fill(silent[..., None], EMPTY_DB)
        levels[:second] = 10 * torch.log10(10 ** (levels[:second] / 10) + 10 ** (added / 10))
        raised = (reference[count:] + lower[:, None]).masked_fill(silent[..., 0], EMPTY_DB)
        reference[:second] = torch.maximum(reference[:second], raised)
        onset, unsaid, sounding, cents = (array[:count] for array in truth)
        other_onset, other_unsaid, other_sounding, other_cents = (array[count:] for array in truth)
        begins = (other_onset != NONE) & ((onset[:second] == NONE) | unsaid[:second]) & ~silent
        onset[:second] = torch.where(begins, other_onset, onset[:second])
        unsaid[:second] = torch.where(begins, other_unsaid, unsaid[:second])
        sounds = (other_sounding == 1) & (sounding[:second] != 1) & ~silent
        sounding[:second] = torch.where(sounds, other_sounding, sounding[:second])
        cents[:second] = torch.where(sounds, other_cents, cents[:second])
        return levels[:count] - reference[:count, :, None, None], onset, unsaid, sounding, cents

    def _drawn(self, chosen: np.ndarray) -> list[torch.Tensor]:
        """Of every chosen piece a stretch: levels in dB, reference, and truth."""
        rng, count = self._rng, len(chosen)
        piece = self._sent(chosen)[:, None]
        frames = self._sent(
            rng.integers(0, FRAMES - FRAMES_SEEN + 1, count)[:, None] + np.arange(FRAMES_SEEN)
        )
        levels = self._levels[piece, frames].float() * STORED_STEP_DB + LOWEST_DB
        knots = rng.normal(0, 1, (count, COLOUR_KNOTS)) * rng.uniform(0, 5, (count, 1))
        knots *= rng.random((count, 1)) < COLOURED
        colour = self._sent(knots) @ self._curves
        levels += (colour - colour.amax(1, keepdim=True) / 2)[:, None, None]
        up = rng.integers(-TRANSPOSED, TRANSPOSED + 1, count) * (rng.random(count) < MOVED)
        fills = (NONE, False, 0, 0)
        truth = [moved(array[piece, frames], up, fill) for array, fill in zip(self._truth, fills)]
        return [moved(levels, up * PER_SEMITONE, EMPTY_DB), self._reference[piece, frames], *truth]

    def _sent(self, array: np.ndarray) -> torch.Tensor:
        """On the device; numbers with a fraction as float32."""
        narrow = array.astype(np.float32) if array.dtype == np.float64 else array
        return torch.from_numpy(narrow).to(self._device)


def moved(array: torch.Tensor, steps: np.ndarray, fill: float) -> torch.Tensor:
    """The last axis of every item (items, ..., places) moved up by its own ``steps`` (items,)."""
    places = array.shape[-1]
    source = np.arange(places) - steps[:, None]
    shape = (len(source), *[1] * (array.ndim - 2), places)
    index = torch.from_numpy(np.clip(source, 0, places - 1).reshape(shape)).to(array.device)
    outside = torch.from_numpy(((source < 0) | (source >= places)).reshape(shape)).to(array.device)
    return array.gather(-1, index.expand_as(array)).masked_fill(outside, fill)
