r"""Gram and content losses of a wide random convolution, without the filters.

Ulyanov & Lebedev's network is one 1-D convolution (frequency bins as channels, ``width`` frames wide, VALID) with
N Gaussian filters of standard deviation s, then a ReLU; its style loss is ||F F^T / T - G||^2 over the N x N Gram
matrix. Two identities remove the filters:

* dual form: with F, S the features (N x positions) of output and style and K their inner products by position,
  ``||F F^T/Tx - S S^T/Ts||^2 = sum Kxx^2/Tx^2 + sum Kss^2/Ts^2 - 2 sum Kxs^2/(Tx Ts)``;
* as N grows, the inner product of two ReLU features tends to the arc-cosine kernel of degree 1 (Cho & Saul 2009):
  ``K(a, b) = N s^2/(2 pi) |a||b| (sin t + (pi - t) cos t)``, t the angle between the patches a and b.

Patch products are diagonal sums of frame products, so 10 s of audio needs three matrix products of its frames.
Gradients are written out: ``dK/d<a,b> = c (pi - t)``, ``dK/d|a| = c |b| sin t`` with c = N s^2/(2 pi).
"""

from __future__ import annotations

import math

import torch

# Keeps the angle of a silent patch defined; log1p magnitudes of sound are far above it.
TINY = 1e-12


def diagonal_sums(products: torch.Tensor, width: int) -> torch.Tensor:
    """Sums over ``width`` steps down each diagonal: (p, q) -> (p - width + 1, q - width + 1)."""
    rows, columns = products.shape[0] - width + 1, products.shape[1] - width + 1
    total, span, offset, partial = None, 1, 0, products
    # Spans of 1, 2, 4, ... steps, added where the binary digits of `width` ask for them.
    while span <= width:
        if width & span:
            piece = partial[offset : offset + rows, offset : offset + columns]
            total = piece if total is None else total + piece
            offset += span
        partial = partial[:-span, :-span] + partial[span:, span:] if 2 * span <= width else partial
        span *= 2
    assert total is not None
    return total


def spread_diagonals(gradient: torch.Tensor, width: int) -> torch.Tensor:
    """Transpose of `diagonal_sums`: (p, q) -> (p + width - 1, q + width - 1)."""
    padded = torch.nn.functional.pad(gradient, (width - 1,) * 4)
    return diagonal_sums(padded, width)


Slopes = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class ArcCosineKernel:
    """Inner products of ``filters`` random ReLU features of patches ``width`` frames wide.

    Parameters: ``deviation`` is the standard deviation s of the filters' entries.
    """

    def __init__(self, filters: int, deviation: float, width: int):
        self.width = width
        self.scale = filters * deviation**2 / (2 * math.pi)

    def norms(self, frames: torch.Tensor) -> torch.Tensor:
        """Norms of the patches of ``frames`` (frames, bins) -> (positions,)."""
        energy = (frames**2).sum(dim=1)
        return energy.unfold(0, self.width, 1).sum(dim=1).clamp_min(TINY).sqrt()

    def pairwise(self, products: torch.Tensor, norms_a: torch.Tensor, norms_b: torch.Tensor) -> Slopes:
        """Kernel, and its slopes to inner product and to the first norm, all (positions a, positions b)."""
        return self._kernel(products, norms_a[:, None], norms_b[None, :])

    def matching(self, products: torch.Tensor, norms_a: torch.Tensor, norms_b: torch.Tensor) -> Slopes:
        """The same for patches at equal positions: (positions,)."""
        return self._kernel(products, norms_a, norms_b)

    def _kernel(self, products: torch.Tensor, norm_a: torch.Tensor, norm_b: torch.Tensor) -> Slopes:
        scale = norm_a * norm_b
        cosine = (products / scale).clamp_(-1.0, 1.0)
        remaining = math.pi - torch.acos(cosine)
        sine = (1 - cosine * cosine).clamp_min_(0).sqrt_()
        kernel = self.scale * scale * (sine + remaining * cosine)
        return kernel, self.scale * remaining, self.scale * norm_b * sine


class GramLoss:
    """Style loss ``||G(x) - G(style)||^2`` of the wide random network in closed form.

    ``style`` (frames, bins) holds the clip's log magnitudes; it stands for its Gram matrix.
    """

    def __init__(self, kernel: ArcCosineKernel, style: torch.Tensor):
        self.kernel, self.style = kernel, style
        self.style_norms = kernel.norms(style)
        products = diagonal_sums(style @ style.T, kernel.width)
        own, _, _ = kernel.pairwise(products, self.style_norms, self.style_norms)
        # ||G(style)||^2: what the loss of a silent output would be, the natural unit of this loss.
        self.target_norm = (own**2).mean()

    def __call__(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss () and gradient (frames, bins) at ``frames`` (frames, bins)."""
        kernel, width = self.kernel, self.kernel.width
        norms = kernel.norms(frames)
        own, own_slope, own_norm_slope = kernel.pairwise(
            diagonal_sums(frames @ frames.T, width), norms, norms
        )
        cross, cross_slope, cross_norm_slope = kernel.pairwise(
            diagonal_sums(frames @ self.style.T, width), norms, self.style_norms
        )
        loss = (own**2).mean() + self.target_norm - 2 * (cross**2).mean()
        own_weight, cross_weight = 2 * own / own.numel(), -4 * cross / cross.numel()
        spread = spread_diagonals(own_weight * own_slope, width)
        gradient = (spread + spread.T) @ frames
        gradient += spread_diagonals(cross_weight * cross_slope, width) @ self.style
        # Kxx holds every norm twice, as a row and as a column.
        norm_slope = (2 * own_weight * own_norm_slope).sum(1) + (cross_weight * cross_norm_slope).sum(1)
        gradient += frames * patch_to_frames(norm_slope / norms, width)[:, None]
        return loss, gradient


class ContentLoss:
    """Content loss ``||F(x) - F(content)||^2``, summed over filters and positions, in closed form."""

    def __init__(self, kernel: ArcCosineKernel, content: torch.Tensor):
        self.kernel, self.content = kernel, content
        self.content_norms = kernel.norms(content)
        self._half = math.pi * kernel.scale  # K(a, a) = N s^2 |a|^2 / 2
        self.target_norm = self._half * (self.content_norms**2).sum()

    def __call__(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss () and gradient (frames, bins) at ``frames``, which has the content's shape."""
        width, norms = self.kernel.width, self.kernel.norms(frames)
        products = (frames * self.content).sum(dim=1).unfold(0, width, 1).sum(dim=1)
        cross, slope, norm_slope = self.kernel.matching(products, norms, self.content_norms)
        loss = self._half * (norms**2).sum() + self.target_norm - 2 * cross.sum()
        to_content = patch_to_frames(-2 * slope, width)[:, None]
        to_frames = patch_to_frames(2 * self._half - 2 * norm_slope / norms, width)[:, None]
        return loss, to_content * self.content + to_frames * frames


def patch_to_frames(weights: torch.Tensor, width: int) -> torch.Tensor:
    """Transpose of the sliding sum over ``width`` frames: (positions,) -> (positions + width - 1,)."""
    return torch.nn.functional.pad(weights, (width - 1, width - 1)).unfold(0, width, 1).sum(dim=1)
