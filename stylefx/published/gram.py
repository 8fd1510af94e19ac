"""Gram matrices of feature maps, and how far one is from another."""

from __future__ import annotations

import torch

TINY = 1e-12


def gram(features: torch.Tensor) -> torch.Tensor:
    """Inner products of channels over positions, divided by their number: (channels, ...) -> (channels, channels)."""
    flat = features.flatten(1)
    return flat @ flat.T / flat.shape[1]


def relative_distance(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """``||found - wanted||^2 / ||wanted||^2``."""
    return ((found - wanted) ** 2).sum() / (wanted**2).sum().clamp_min(TINY)
