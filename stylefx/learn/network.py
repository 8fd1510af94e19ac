"""The decoder network while it learns (torch): an ear, a style encoder, a decoder that its vector conditions.

The encoder is a neural process (Garnelo et al. 2018): an MLP over random samples of the clip, mean-pooled. Its vector
scales and shifts the decoder's hidden layers (FiLM, Perez et al. 2018). Scaling a layer is scaling its weights, so
a style is stored as a plain MLP: `Network.folded`, then `stored`. Everything is float32, which every processor
multiplies at its full speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from stylefx.analysis.mel import hz_to_mel
from stylefx.learn.spectra import HATS, PLAN, POSITIONS, STATIC
from stylefx.timbre.decoder import EQUALISER_LIMIT_DB
from stylefx.timbre.features import FEATURES
from stylefx.timbre.layout import heard_places

HIDDEN, STYLE, ENCODER = 96, 128, 160
EAR, CHANNELS = 64, 12
PLACES = HATS.shape[1]
# Columns of the features and of the static description that the equaliser's share is made of.
OWN_LEVEL, LONG_ENVELOPE = 0, 4
# The loss looks this far below the slow level (positions, mel bands), then hardly at all, as the ear does.
RANGE_DB, MEL_RANGE_DB, BELOW_RANGE_SLOPE = 72.0, 70.0, 0.1
# One gain an item is free within this: which instrument is louder is not a question of timbre.
FREE_GAIN_DB, GAIN_PENALTY = 8.0, 0.05
# What changes between the two frames of a pair is an onset or a decay: it counts once more.
CHANGE_WEIGHT = 0.5
MEL_BANDS, MEL_TOP_HZ = 80, 11_025.0
Layers = list[tuple[torch.Tensor, torch.Tensor]]


class _Gather(torch.autograd.Function):
    """Channels (positions, ...) at the places that each position looks at, (positions * places, ...)."""

    @staticmethod
    def forward(context: Any, channels: torch.Tensor) -> torch.Tensor:
        """One product with a sparse matrix."""
        return GATHER @ channels

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        """And one with its transpose."""
        return SCATTER @ gradient


def _gather_matrices() -> tuple[torch.Tensor, torch.Tensor]:
    index, weights = (torch.from_numpy(array) for array in heard_places())
    rows = torch.arange(index.numel()).repeat(2)
    columns = torch.cat([index.flatten(), index.flatten() + 1]).long()
    values = torch.cat([weights[..., 0].flatten(), weights[..., 1].flatten()])
    with torch.sparse.check_sparse_tensor_invariants(False):
        gather = torch.sparse_coo_tensor(torch.stack([rows, columns]), values, (index.numel(), len(index)))
        return gather.coalesce(), gather.t().coalesce()


GATHER, SCATTER = _gather_matrices()
HEARD_PLACES = len(GATHER) // POSITIONS
HEARD = (HEARD_PLACES + 1) * CHANNELS


class Network(nn.Module):
    """Ear, encoder, decoder of ``hidden`` units per layer, and the conditioning between them."""

    def __init__(self, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.encoder1 = nn.Linear(FEATURES + STATIC, ENCODER)
        self.encoder2 = nn.Linear(ENCODER, ENCODER)
        self.encoder3 = nn.Linear(ENCODER, STYLE)
        self.ear1 = nn.Linear(FEATURES + PLACES, EAR)
        self.ear2 = nn.Linear(EAR, CHANNELS)
        self.decoder1 = nn.Linear(FEATURES + STATIC, hidden)
        self.decoder_heard = nn.Linear(HEARD, hidden, bias=False)
        self.decoder2 = nn.Linear(hidden, hidden)
        self.decoder3 = nn.Linear(hidden, hidden)
        self.decoder4 = nn.Linear(hidden, 1)
        self.film = nn.Linear(STYLE, 6 * hidden)
        # How much of the content's own level and of an equaliser to start from.
        self.skip = nn.Parameter(torch.tensor([1.0, 0.8]))
        with torch.no_grad():
            self.film.weight *= 0.3
            self.film.bias.zero_()
            self.decoder4.weight *= 0.1

    def encode(self, samples: torch.Tensor) -> torch.Tensor:
        """Style vectors (..., STYLE) of samples (..., count, FEATURES + STATIC)."""
        hidden = torch.relu(functional.linear(samples.float(), self.encoder1.weight, self.encoder1.bias))
        hidden = torch.relu(functional.linear(hidden, self.encoder2.weight, self.encoder2.bias))
        return torch.relu(self.encoder3(hidden.mean(-2)))

    def channels(self, features: torch.Tensor) -> torch.Tensor:
        """The ear's channels of each position, (frames, positions, CHANNELS)."""
        seen = torch.cat([features.float(), HAT_CODE.expand(len(features), -1, -1)], dim=-1)
        hidden = torch.relu(functional.linear(seen, self.ear1.weight, self.ear1.bias))
        return torch.relu(functional.linear(hidden, self.ear2.weight, self.ear2.bias))

    def listen(self, features: torch.Tensor) -> torch.Tensor:
        """What each position hears of the others, (frames, positions, HEARD), for features (frames, positions,
        FEATURES): a few channels a position, gathered along the harmonics, and its own."""
        frames, channels = len(features), self.channels(features)
        gathered = _Gather.apply(channels.permute(1, 0, 2).reshape(POSITIONS, -1))
        gathered = gathered.view(POSITIONS, HEARD_PLACES, frames, CHANNELS).permute(2, 0, 1, 3)
        return torch.cat([gathered.reshape(frames, POSITIONS, -1), channels], dim=-1)

    def folded(self, style: torch.Tensor) -> Layers:
        """The decoder's four layers for one style vector (STYLE,): weights (out, in) and biases (out,)."""
        parts = self.film(style).chunk(6)
        layers = [
            (layer.weight * (1 + gain)[:, None], layer.bias * (1 + gain) + shift)
            for layer, gain, shift in zip(
                (self.decoder1, self.decoder2, self.decoder3), parts[::2], parts[1::2]
            )
        ]
        weight, bias = layers[0]
        heard = self.decoder_heard.weight * (1 + parts[0])[:, None]
        seen = torch.cat([weight[:, :FEATURES], heard, weight[:, FEATURES:]], dim=1)
        return [(seen, bias), *layers[1:], (self.decoder4.weight, self.decoder4.bias)]


def answer(
    layers: Layers, skip: torch.Tensor, features: torch.Tensor, heard: torch.Tensor, static: torch.Tensor
) -> torch.Tensor:
    """Levels (frames, positions), log10 of power over the frame's, for features (frames, positions, FEATURES) and what
    is heard of them."""
    seen = [features.float(), heard, static.expand(len(features), -1, -1)]
    hidden = torch.cat(seen, dim=-1).flatten(0, 1)
    for weight, bias in layers[:3]:
        hidden = torch.relu_(functional.linear(hidden, weight, bias))
    weight, bias = layers[3]
    own = functional.linear(hidden, weight)[:, 0].view(features.shape[:2]) + bias
    limit = EQUALISER_LIMIT_DB / 10
    equaliser = (static[:, -1] - features[..., LONG_ENVELOPE].float()).clamp(-limit, limit)
    return own + skip[0] * features[..., OWN_LEVEL].float() + skip[1] * equaliser


def stored(network: Network, layers: Layers, static: torch.Tensor) -> dict[str, np.ndarray]:
    """The arrays of a style: what is the same in every frame goes into the first layer's bias."""
    (weight1, bias1), (weight2, bias2), (weight3, bias3), (weight4, bias4) = layers
    ear1, ear2, varying = network.ear1, network.ear2, FEATURES + HEARD
    tensors = {
        "ear_weight1": ear1.weight[:, :FEATURES].T,
        "ear_bias1": ear1.bias + torch.from_numpy(HATS) @ ear1.weight[:, FEATURES:].T,
        "ear_weight2": ear2.weight.T,
        "ear_bias2": ear2.bias,
        "weight1": weight1[:, :varying].T,
        "bias1": bias1 + static @ weight1[:, varying:].T,
        "weight2": weight2.T,
        "bias2": bias2,
        "weight3": weight3.T,
        "bias3": bias3,
        "weight4": weight4[0],
        "bias4": bias4,
        "skip": network.skip,
        "envelope": static[:, -1],
    }
    return {
        f"decoder_{name}": np.ascontiguousarray(tensor.detach().numpy(), np.float32)
        for name, tensor in tensors.items()
    }


HAT_CODE = torch.from_numpy(HATS)


def _mel_bands() -> tuple[torch.Tensor, torch.Tensor]:
    """Triangular mel bands over positions (positions, bands), and each position's share of the mel axis."""
    mel = hz_to_mel(PLAN.frequencies_hz)
    edges = np.linspace(0, hz_to_mel(np.array(MEL_TOP_HZ)), MEL_BANDS + 2)
    width = edges[1]
    triangles = np.maximum(0, 1 - np.abs(mel[:, None] - edges[1:-1]) / width)
    triangles *= np.gradient(PLAN.frequencies_hz)[:, None] / PLAN.frequencies_hz[0]
    density = np.gradient(mel)
    kept = triangles[:, triangles.sum(axis=0) > 0]
    return torch.tensor(kept, dtype=torch.float32), torch.tensor(
        density / density.mean(), dtype=torch.float32
    )


MEL, DENSITY = _mel_bands()


def distance(answered: torch.Tensor, target: torch.Tensor, floor: torch.Tensor) -> torch.Tensor:
    """Mean distance of levels, log10 of power, (items, frames, positions), half over positions, half over mel bands.

    Frames come in pairs (0, 1), (2, 3), ..., whose change counts too.

    ``floor`` (items, frames) is the target's slow level; all are relative to the content's level.
    """
    gain = (target - answered).detach().flatten(1).median(dim=1).values
    free = answered + gain.clamp(-FREE_GAIN_DB / 10, FREE_GAIN_DB / 10)[:, None, None]
    low = (floor - RANGE_DB / 10)[..., None]
    positions = ((_audible(free, low) - _audible(target, low)).abs() * DENSITY).mean()
    quiet = 10 ** (floor - MEL_RANGE_DB / 10)[..., None]
    error = _band_levels(free, quiet) - _band_levels(target, quiet)
    bands, change = error.abs().mean(), (error[:, 1::2] - error[:, ::2]).abs().mean()
    drift = (_audible(answered, low) - _audible(target, low)).mean((1, 2)).abs().mean()
    return 0.5 * positions + 0.5 * bands + CHANGE_WEIGHT * change + GAIN_PENALTY * drift


def _audible(levels: torch.Tensor, low: torch.Tensor) -> torch.Tensor:
    heard = torch.maximum(levels, low)
    return heard + BELOW_RANGE_SLOPE * (levels.clamp(-9, 9) - heard)


def _band_levels(levels: torch.Tensor, quiet: torch.Tensor) -> torch.Tensor:
    return torch.log10(10 ** levels.clamp(-9, 4) @ MEL + quiet)
