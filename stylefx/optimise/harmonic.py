"""The harmonic Gram target: statistics of random features that see harmonic patterns, not notes.

At every position of the frequency axis the log magnitude is gathered at its octave below and its harmonics (f/2 .. 6f,
with neighbours, over four frames of the last 70 ms), so one random filter sees the same harmonic pattern wherever
it stands: melody moves the position, timbre the pattern. The features are ReLUs of N random filters; their
covariance over frames and positions, weighted by the level at the position and divided by its norm, is the style.
Frequency as channels (Ulyanov & Lebedev 2016) stores which notes were played instead; centring, the weights and the
cosine keep level and silence from deciding the distance.

Loss: ``2 - 2 <C / |C|, G>`` with C the covariance of the output's features and G the clip's, |G| = 1. The gradient
is written out: with D = -2 (G - <C/|C|, G> C/|C|) / |C|, features R (positions, N) of weighted mean m,
``dloss/dR = (2 w/n) (R - m) D``, w the weights and n their sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from stylefx.analysis.axis import POSITIONS_PER_OCTAVE, axis_hz

FILTERS = 64
RATIOS = (1 / 2, 1, 2, 3, 4, 5, 6)
NEIGHBOURS = (-1, 0, 1)  # axis positions
# A filter sees this many frames, this many hops apart: the last 70 ms.
FRAMES_SEEN, HOPS_APART = 4, 4
# Where the position itself is among the gathered levels.
CENTRE = RATIOS.index(1) * len(NEIGHBOURS) + NEIGHBOURS.index(0)
# Levels this far under the reference count as silence.
RANGE_DB = 60.0
TINY = 1e-12
# A position counts by its compressed level to this power: partials decide, gaps between them do not.
WEIGHT_POWER = 2


def gathered_hz() -> np.ndarray:
    """Frequencies seen from each position of the axis, float64 (positions, ratios * neighbours)."""
    bend = 2.0 ** (np.array(NEIGHBOURS) / POSITIONS_PER_OCTAVE)
    return (axis_hz()[:, None, None] * np.array(RATIOS)[:, None] * bend).reshape(len(axis_hz()), -1)


def compress(log_level: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Natural log of magnitude over reference -> 0 (silence) .. 1 (reference), and the slope."""
    span = RANGE_DB / 20 * np.log(10)
    shifted = log_level + span
    return torch.nn.functional.softplus(shifted) / span, torch.sigmoid(shifted) / span


def position_weights(levels: torch.Tensor) -> torch.Tensor:
    """Weights (..., positions) of compressed gathered levels (..., positions, gathered)."""
    return levels[..., CENTRE] ** WEIGHT_POWER


@dataclass
class Moments:
    """Weighted running sums over positions of the features: weights (), sum (N,), sum of products (N, N)."""

    weight: torch.Tensor
    total: torch.Tensor
    products: torch.Tensor

    @classmethod
    def zero(cls, filters: int, device: torch.device) -> Moments:
        """No positions yet."""
        shapes = ((), (filters,), (filters, filters))
        return cls(*(torch.zeros(shape, device=device) for shape in shapes))

    def plus(self, features: torch.Tensor, weights: torch.Tensor, keep: float = 1.0) -> Moments:
        """``keep`` of these sums and all of ``features`` (positions, N) at ``weights`` (positions,)."""
        weighted = features * weights[:, None]
        return Moments(
            keep * self.weight + weights.sum(),
            keep * self.total + weighted.sum(0),
            keep * self.products + weighted.T @ features,
        )

    def covariance(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean (N,) and covariance (N, N) of the features."""
        weight = self.weight.clamp_min(TINY)
        mean = self.total / weight
        return mean, self.products / weight - torch.outer(mean, mean)


class HarmonicFeatures:
    """Random filters over gathered levels of the frames at ``LAGS``, drawn from ``seed``."""

    def __init__(self, seed: int, device: torch.device, filters: int = FILTERS):
        gathered = len(RATIOS) * len(NEIGHBOURS)
        generator = torch.Generator().manual_seed(seed)
        weights = torch.randn(FRAMES_SEEN * gathered, filters, generator=generator)
        weights *= (2 / len(weights)) ** 0.5
        # A filter that ignores overall level looks at the pattern, as centring does for the mean.
        self.weights = (weights - weights.mean(0)).to(device)
        self.newest, self.past = self.weights[:gathered], self.weights[gathered:]

    def of(self, levels: torch.Tensor) -> torch.Tensor:
        """Features of compressed levels (frames, positions, gathered), frames ``HOPS_APART`` hops apart.

        The first ``FRAMES_SEEN - 1`` frames are only seen: (frames - 3, positions, N).
        """
        last = FRAMES_SEEN - 1
        seen = torch.cat([levels[last - lag : len(levels) - lag] for lag in range(FRAMES_SEEN)], dim=2)
        return torch.relu(seen @ self.weights)


def gram_target(moments: Moments) -> torch.Tensor:
    """The style: covariance over its norm, (N, N)."""
    _, covariance = moments.covariance()
    return covariance / covariance.norm().clamp_min(TINY)


def loss_and_slope(
    features: torch.Tensor, weights: torch.Tensor, moments: Moments, target: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss () and its gradient to ``features`` (positions, N), the newest of those in ``moments``.

    ``weights`` (positions,) are taken as given: they choose where to look, not what to become.
    """
    mean, covariance = moments.covariance()
    norm = covariance.norm().clamp_min(TINY)
    unit = covariance / norm
    agreement = (unit * target).sum()
    direction = (agreement * unit - target) * (2 / norm)
    scale = 2 * weights / moments.weight.clamp_min(TINY)
    return 2 - 2 * agreement, ((features - mean) @ direction) * scale[:, None]
