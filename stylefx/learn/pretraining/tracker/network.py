"""The tracker's network for training: levels of a stretch of frames -> onsets, sounding and pitch of 88 pitches.

Input channels are the levels at a third to eight times the pitch, less their neighbourhood's mean, three places each;
and what the short window reads. Causal convolutions in time, each with a mix over octaves, fifths, twelfths and
neighbours, make the trunk; its heads answer for the newest frame and for 1 to 3 frames earlier (the live profiles).
The studio's head reads the trunk with `STUDIO_AHEAD` frames of look-ahead. The same, frame by frame and without torch:
:mod:`stylefx.tracking.network`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from stylefx.tracking.inputs import BOX, CHANNELS, FLOOR_DB, SHORT_SHIFTS, TOP_DB
from stylefx.tracking.layout import PER_SEMITONE, PITCHES, PLACES, SHIFTS
from stylefx.tracking.shape import (
    HIDDEN,
    LIVE_DELAYS,
    LIVE_OUTPUTS,
    MIX,
    STUDIO_DILATIONS,
    STUDIO_HIDDEN,
    STUDIO_MIX,
    STUDIO_OUTPUTS,
    TRUNK_DILATIONS,
    TRUNK_MIXES,
)

PAST = 2 + 2 * sum(TRUNK_DILATIONS)
STUDIO_AHEAD = 2 * sum(STUDIO_DILATIONS)


def _gather_index(shifts: Sequence[int], sub: int) -> torch.Tensor:
    """Places of every pitch and shift in an array padded by 108 places on both sides, (len(shifts), PITCHES)."""
    centre = 108 + 1 + sub + PER_SEMITONE * np.arange(PITCHES)
    index = centre[None] + np.array(shifts)[:, None]
    # Beyond the top place lies padding, however far.
    return torch.from_numpy(np.clip(index, 0, PLACES + 2 * 108 - 1))


class Inputs(nn.Module):
    """(batch, frames, 2, PLACES) dB relative to the reference -> (batch, CHANNELS, frames, PITCHES)."""

    gathers: torch.Tensor
    short_gather: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        gathers = torch.cat([_gather_index(SHIFTS, sub) for sub in (-1, 0, 1)])
        self.register_buffer("gathers", gathers, persistent=False)
        self.register_buffer("short_gather", _gather_index(SHORT_SHIFTS, 0), persistent=False)

    def forward(self, levels: torch.Tensor) -> torch.Tensor:
        """Gather what lies at the partials of every pitch."""
        clipped = levels.clamp(FLOOR_DB, TOP_DB)
        long, short = clipped[:, :, 0], clipped[:, :, 1]
        padded = functional.pad(long, (BOX, BOX), value=FLOOR_DB)
        mean = functional.avg_pool1d(padded, 2 * BOX + 1, 1)
        white = functional.pad((long - mean) / 20, (108, 108))
        short = functional.pad((short - FLOOR_DB) / 40 - 1, (108, 108), value=-1.0)
        places = slice(1, 1 + PER_SEMITONE * PITCHES, PER_SEMITONE)
        rows = [white[..., self.gathers]]
        rows += [((row[..., places] - FLOOR_DB) / 40 - 1)[:, :, None] for row in (long, mean)]
        rows += [short[..., self.short_gather]]
        return _packed(torch.cat(rows, dim=2).transpose(1, 2))


def _packed(x: torch.Tensor) -> torch.Tensor:
    """Contiguous, in the order in which convolutions of few channels are quickest: channels last on a GPU."""
    return x.contiguous(memory_format=torch.channels_last if x.is_cuda else torch.contiguous_format)


class Mix(nn.Module):
    """(batch, channels, frames, PITCHES) -> the same: a few channels of the neighbours (count, semitones apart)."""

    def __init__(self, channels: int, neighbours: tuple[tuple[int, int], ...]):
        super().__init__()
        self.squeeze = nn.Parameter(_initial(MIX, channels))
        total = sum(count for count, _ in neighbours)
        self.spread = nn.ParameterList(
            _initial(channels, count * MIX, (count / total) ** 0.5) for count, _ in neighbours
        )
        self.neighbours = neighbours

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Squeeze, then a dilated convolution over pitches for each kind of neighbour."""
        few = functional.conv2d(x, self.squeeze[:, :, None, None].contiguous())
        parts = []
        for weight, (count, apart) in zip(self.spread, self.neighbours):
            kernel = weight.view(len(weight), 1, count, MIX).permute(0, 3, 1, 2).contiguous()
            parts.append(functional.conv2d(few, kernel, padding=(0, count // 2 * apart), dilation=(1, apart)))
        return sum(parts[1:], parts[0])


def _initial(rows: int, columns: int, gain: float = 1.0) -> torch.Tensor:
    return torch.randn(rows, columns) * gain / columns**0.5


class Time(nn.Module):
    """Convolution over ``taps`` frames, ``dilation`` apart; weight 2-D (out, taps * in): oldest tap first."""

    def __init__(self, inside: int, outside: int, taps: int, dilation: int):
        super().__init__()
        self.weight = nn.Parameter(_initial(outside, taps * inside))
        self.bias = nn.Parameter(torch.zeros(outside))
        self.shape, self.dilation = (outside, taps, inside, 1), dilation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Frames become fewer by (taps - 1) * dilation."""
        kernel = self.weight.view(self.shape).permute(0, 2, 1, 3).contiguous()
        return functional.conv2d(x, kernel, self.bias, dilation=(self.dilation, 1))


class Network(nn.Module):
    """``forward`` returns the live outputs and the studio's, (batch, outputs, frames, PITCHES)."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = Inputs()
        self.first = Time(CHANNELS, HIDDEN, 3, 1)
        self.register = nn.Parameter(torch.zeros(HIDDEN, PITCHES))
        self.times = nn.ModuleList(Time(HIDDEN, HIDDEN, 3, dilation) for dilation in TRUNK_DILATIONS)
        self.mixes = nn.ModuleList(Mix(HIDDEN, neighbours) for neighbours in TRUNK_MIXES)
        self.live_hidden = Time(HIDDEN, HIDDEN, 1, 1)
        self.live = Time(HIDDEN, LIVE_OUTPUTS, 1, 1)
        self.studio_first = Time(HIDDEN, STUDIO_HIDDEN, 1, 1)
        self.studio_times = nn.ModuleList(
            Time(STUDIO_HIDDEN, STUDIO_HIDDEN, 5, dilation) for dilation in STUDIO_DILATIONS
        )
        self.studio_mix = Mix(STUDIO_HIDDEN, STUDIO_MIX)
        self.studio_hidden = Time(STUDIO_HIDDEN, STUDIO_HIDDEN, 1, 1)
        self.studio = Time(STUDIO_HIDDEN, STUDIO_OUTPUTS, 1, 1)
        with torch.no_grad():
            for head, onsets in ((self.live, len(LIVE_DELAYS)), (self.studio, 1)):
                head.weight.mul_(0.3)
                head.bias[:onsets] = -4.5
                head.bias[onsets : onsets + 1] = -2.5

    def trunk(self, levels: torch.Tensor) -> torch.Tensor:
        """(batch, frames, 2, PLACES) -> (batch, HIDDEN, frames - PAST, PITCHES)."""
        first = self.first(self.inputs(levels))
        x = functional.relu(first + self.register[:, None].type_as(first))
        for time, mix, dilation in zip(self.times, self.mixes, TRUNK_DILATIONS):
            lost = 2 * dilation
            old = _packed(x[:, :, lost:])
            x = old + functional.relu(time(x) + mix(old))
        return x

    def forward(self, levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Live outputs for every frame from PAST on; studio outputs for those STUDIO_AHEAD from either end of them."""
        x = self.trunk(levels)
        live = self.live(functional.relu(self.live_hidden(x)))
        y = functional.relu(self.studio_first(x))
        for index, (time, dilation) in enumerate(zip(self.studio_times, STUDIO_DILATIONS)):
            lost = 2 * dilation
            old = _packed(y[:, :, lost:-lost])
            more = time(y)
            y = old + functional.relu(more + self.studio_mix(old) if index == 1 else more)
        return live, self.studio(functional.relu(self.studio_hidden(y)))
