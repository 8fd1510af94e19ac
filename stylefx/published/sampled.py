"""The wide random network with its filters drawn: what `closed_form` is measured against.

Ulyanov & Lebedev 2016, "Audio texture synthesis and style transfer": one VALID 1-D convolution over time, frequency
bins as input channels, no bias, ReLU. Slow (40 times the closed form); the engine never uses it.
"""

from __future__ import annotations

import torch


class SampledNetwork:
    """``filters`` Gaussian filters over ``bins`` channels and ``width`` frames, drawn from ``seed``."""

    def __init__(
        self,
        filters: int,
        bins: int,
        width: int,
        deviation: float,
        seed: int,
        dtype: torch.dtype = torch.float32,
    ):
        generator = torch.Generator().manual_seed(seed)
        shape = (filters, bins, width)
        self.weights = deviation * torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    def features(self, frames: torch.Tensor) -> torch.Tensor:
        """(frames, bins) -> (filters, positions)."""
        return torch.relu(torch.nn.functional.conv1d(frames.T[None], self.weights)[0])

    def gram(self, frames: torch.Tensor) -> torch.Tensor:
        """Gram matrix F F^T / positions, (filters, filters)."""
        features = self.features(frames)
        return features @ features.T / features.shape[1]

    def gram_loss(self, frames: torch.Tensor, style_gram: torch.Tensor) -> torch.Tensor:
        """``||G(frames) - style_gram||^2``, differentiable."""
        return ((self.gram(frames) - style_gram) ** 2).sum()

    def content_loss(self, frames: torch.Tensor, content_features: torch.Tensor) -> torch.Tensor:
        """``||F(frames) - content_features||^2``, differentiable."""
        return ((self.features(frames) - content_features) ** 2).sum()
