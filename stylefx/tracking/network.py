"""The tracker's network, frame by frame in numpy: what :mod:`stylefx.learn.pretraining.tracker.network` learnt.

`Trunk` hears the levels of a frame and remembers; `live` and `studio` answer from what it heard. Every frame is the
same few matrix products over 88 pitches, so the answer does not depend on how the sound was cut into blocks.
Latency: none in the live head; the studio's answers are for the frame `STUDIO_AHEAD` before the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

# Compiled products call this BLAS; loaded here, it is there when its threads are limited, before the first call.
import scipy.linalg.cython_blas  # noqa: F401

from stylefx.jit import compiled
from stylefx.tracking.inputs import (
    BOX,
    CHANNELS,
    FALL_DB_PER_SECOND,
    FLOOR_DB,
    SHORT_SHIFTS,
    SILENT_DB,
    TOP_DB,
)
from stylefx.tracking.layout import PER_SEMITONE, PITCHES, PLACES, SHIFTS
from stylefx.tracking.shape import (
    HIDDEN,
    STUDIO_DILATIONS,
    STUDIO_HIDDEN,
    STUDIO_MIX,
    TRUNK_DILATIONS,
    TRUNK_MIXES,
)

STUDIO_AHEAD = 2 * sum(STUDIO_DILATIONS)
PAST = 2 + 2 * sum(TRUNK_DILATIONS)
_SHIFTS, _SHORT_SHIFTS = np.array(SHIFTS), np.array(SHORT_SHIFTS)


class Inputs:
    """Levels in dB (2, PLACES) -> what the network sees, float32 (PITCHES, CHANNELS)."""

    def __init__(self, frame_seconds: float):
        self._fall = np.float32(FALL_DB_PER_SECOND * frame_seconds)
        self._row = np.zeros((4, PLACES), np.float32)
        self._state = np.full(1, SILENT_DB, np.float32)
        self.rows = np.zeros((PITCHES, CHANNELS), np.float32)

    def reset(self) -> None:
        """Forget how loud it was."""
        self._state[0] = SILENT_DB

    @property
    def reference_db(self) -> float:
        """The slow maximum that levels are relative to."""
        return float(self._state[0])

    def process(self, levels: np.ndarray) -> np.ndarray:
        """One frame; the array is used again."""
        limits = FLOOR_DB, TOP_DB, SILENT_DB
        _fill(
            levels, self._fall, limits, BOX, PER_SEMITONE, self._state, self._row, _SHIFTS, _SHORT_SHIFTS, self.rows
        )  # fmt: skip
        return self.rows


@compiled
def _fill(
    levels: np.ndarray,
    fall: float,
    limits: tuple[float, ...],
    box: int,
    per_semitone: int,
    state: np.ndarray,
    row: np.ndarray,
    shifts: np.ndarray,
    short_shifts: np.ndarray,
    rows: np.ndarray,
) -> None:
    """Reference, levels relative to it, their neighbourhood's mean, and the gathered channels."""
    floor, top, scale, places = np.float32(limits[0]), np.float32(limits[1]), np.float32(40), levels.shape[1]
    highest = levels[0, 0]
    for place in range(1, places):
        highest = max(highest, levels[0, place])
    state[0] = max(max(highest, state[0] - fall), np.float32(limits[2]))
    for place in range(places):
        for k in range(2):
            row[k, place] = min(max(levels[k, place] - state[0], floor), top)
    total = np.float64((box + 1) * limits[0])
    for place in range(box):
        total += row[0, place]
    for place in range(places):
        # Beyond either end lies the floor.
        total += row[0, place + box] if place + box < places else floor
        total -= row[0, place - box - 1] if place > box else floor
        row[2, place] = np.float32(total / (2 * box + 1))
    count = len(shifts)
    for pitch in range(rows.shape[0]):
        centre = 1 + per_semitone * pitch
        for sub in range(3):
            for h in range(count):
                place = centre + sub - 1 + shifts[h]
                inside = 0 <= place < places
                rows[pitch, sub * count + h] = (
                    (row[0, place] - row[2, place]) / np.float32(20) if inside else 0.0
                )
        for k in (0, 2):
            rows[pitch, 3 * count + k // 2] = (row[k, centre] - floor) / scale - 1
        for h in range(len(short_shifts)):
            place = centre + short_shifts[h]
            short = row[1, place] if place < places else floor
            rows[pitch, 3 * count + 2 + h] = (short - floor) / scale - 1


class _Past:
    """The newest frames of a layer's input, (frames, PITCHES, channels), and where the newest lies."""

    def __init__(self, frames: int, channels: int):
        self.frames = np.zeros((frames, PITCHES, channels), np.float32)
        self.newest = 0

    def push(self, frame: np.ndarray) -> None:
        """Remember one."""
        self.newest = (self.newest + 1) % len(self.frames)
        self.frames[self.newest] = frame

    def ago(self, count: int) -> np.ndarray:
        """The frame pushed ``count`` before the newest."""
        return self.frames[(self.newest - count) % len(self.frames)]

    def state(self) -> tuple:
        """What `restore` takes."""
        return self.frames.copy(), self.newest

    def restore(self, state: tuple) -> None:
        """As it was."""
        self.frames[:], self.newest = state


class _Convolution:
    """``taps`` frames ``dilation`` apart, and (with `mixing`) a mix of a frame's pitches, as one matrix product."""

    def __init__(self, weights: Mapping[str, np.ndarray], name: str, inside: int, taps: int, dilation: int):
        self._taps, self._dilation = taps, dilation
        self.past = _Past((taps - 1) * dilation + 1, inside)
        self._bias = np.ascontiguousarray(np.tile(weights[f"{name}_bias"], (PITCHES, 1)))
        self._matrix = np.ascontiguousarray(weights[f"{name}_weight"].T)
        self._squeeze, self._offsets = np.zeros((inside, 0), np.float32), np.zeros(0, np.int64)
        self._allocate()

    def _allocate(self) -> None:
        self._scratch = np.zeros((PITCHES, len(self._matrix)), np.float32)
        self._few = np.zeros((PITCHES, self._squeeze.shape[1]), np.float32)
        self.out = np.zeros((PITCHES, self._matrix.shape[1]), np.float32)

    def mixing(
        self, weights: Mapping[str, np.ndarray], name: str, neighbours: Sequence[tuple[int, int]]
    ) -> _Convolution:
        """Add the mix of the frame ``centre`` (see `process`)."""
        self._squeeze = np.ascontiguousarray(weights[f"{name}_squeeze"].T)
        spreads = [weights[f"{name}_spread_{index}"].T for index in range(len(neighbours))]
        self._matrix = np.ascontiguousarray(np.concatenate([self._matrix, *spreads]))
        self._offsets = np.array(
            [(tap - count // 2) * apart for count, apart in neighbours for tap in range(count)]
        )
        self._allocate()
        return self

    def add_register(self, register: np.ndarray) -> _Convolution:
        """Every pitch its own bias, (channels, PITCHES)."""
        self._bias = np.ascontiguousarray(self._bias + register.T)
        return self

    def process(self, frame: np.ndarray, rectified: bool = True, centre: int = 0) -> np.ndarray:
        """Push a frame and convolve; ``centre`` is how many frames ago the mixed one lies."""
        self.past.push(frame)
        _layer(
            self.past.frames, self.past.newest, self._taps, self._dilation, centre, self._squeeze, self._few,
            self._offsets, self._scratch, self._matrix, self._bias, rectified, self.out,
        )  # fmt: skip
        return self.out


@compiled
def _layer(
    past: np.ndarray,
    newest: int,
    taps: int,
    dilation: int,
    centre: int,
    squeeze: np.ndarray,
    few: np.ndarray,
    offsets: np.ndarray,
    scratch: np.ndarray,
    matrix: np.ndarray,
    bias: np.ndarray,
    rectified: bool,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Gather the taps and the mixed pitches beside each other, multiply, add the bias, perhaps rectify."""
    frames, pitches, inside = past.shape
    for tap in range(taps):
        source = past[(newest - (taps - 1 - tap) * dilation) % frames]
        for pitch in range(pitches):
            for channel in range(inside):
                scratch[pitch, tap * inside + channel] = source[pitch, channel]
    channels = few.shape[1]
    if channels:
        np.dot(past[(newest - centre) % frames], squeeze, few)
        for index in range(len(offsets)):
            column = taps * inside + index * channels
            for pitch in range(max(0, -offsets[index]), min(pitches, pitches - offsets[index])):
                for channel in range(channels):
                    scratch[pitch, column + channel] = few[pitch + offsets[index], channel]
    np.dot(scratch, matrix, out)
    for pitch in range(pitches):
        for channel in range(out.shape[1]):
            value = out[pitch, channel] + bias[pitch, channel]
            out[pitch, channel] = max(value, np.float32(0)) if rectified else value


class Trunk:
    """``process`` the inputs of a frame, (PITCHES, CHANNELS); then `live` and `studio` answer."""

    def __init__(self, weights: Mapping[str, np.ndarray]):
        first = _Convolution(weights, "first", CHANNELS, 3, 1)
        self._first = first.add_register(weights["register"])
        self._blocks = [
            _Convolution(weights, f"times_{index}", HIDDEN, 3, dilation).mixing(
                weights, f"mixes_{index}", mix
            )
            for index, (dilation, mix) in enumerate(zip(TRUNK_DILATIONS, TRUNK_MIXES))
        ]
        self._heads = [
            _Convolution(weights, name, HIDDEN, 1, 1) for name in ("live_hidden", "live", "studio_first")
        ]
        self._studio_blocks = [
            _Convolution(weights, f"studio_times_{index}", STUDIO_HIDDEN, 5, dilation)
            for index, dilation in enumerate(STUDIO_DILATIONS)
        ]
        self._studio_blocks[1].mixing(weights, "studio_mix", STUDIO_MIX)
        self._studio_heads = [
            _Convolution(weights, name, STUDIO_HIDDEN, 1, 1) for name in ("studio_hidden", "studio")
        ]
        self._frame = np.zeros((PITCHES, HIDDEN), np.float32)

    @property
    def _pasts(self) -> list[_Past]:
        layers = (self._first, *self._blocks, *self._heads, *self._studio_blocks, *self._studio_heads)
        return [layer.past for layer in layers]

    def state(self) -> list[tuple]:
        """Everything that is remembered, for `restore`."""
        return [past.state() for past in self._pasts]

    def restore(self, state: list[tuple]) -> None:
        """As it was."""
        for past, kept in zip(self._pasts, state):
            past.restore(kept)

    def process(self, rows: np.ndarray) -> None:
        """Push one frame through the layers.

        Parameters
        ----------
        rows : float32 (PITCHES, CHANNELS)
            From `Inputs`.
        """
        np.copyto(self._frame, self._first.process(rows))
        for block in self._blocks:
            self._frame += block.process(self._frame)

    def live(self) -> np.ndarray:
        """Outputs for the newest frame, (PITCHES, LIVE_OUTPUTS)."""
        hidden, answer, _ = self._heads
        return answer.process(hidden.process(self._frame), rectified=False)

    def studio(self) -> np.ndarray:
        """Outputs for the frame STUDIO_AHEAD before the newest, (PITCHES, STUDIO_OUTPUTS); once a frame."""
        frame = self._heads[2].process(self._frame)
        for block, dilation in zip(self._studio_blocks, STUDIO_DILATIONS):
            more = block.process(frame, centre=2 * dilation)
            frame = np.add(block.past.ago(2 * dilation), more, out=more)
        hidden, answer = self._studio_heads
        return answer.process(hidden.process(frame), rectified=False)
