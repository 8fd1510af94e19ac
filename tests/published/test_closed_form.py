"""The closed form against the network it stands for, and its written-out gradients against autograd."""

import math

import numpy as np
import pytest
import soundfile
import torch

from stylefx.published.closed_form import (
    ArcCosineKernel,
    ContentLoss,
    GramLoss,
    diagonal_sums,
    spread_diagonals,
)
from stylefx.published.sampled import SampledNetwork
from stylefx.published.spectrogram import log_magnitudes
from stylefx.published.ulyanov import DEVIATION, FILTERS, WIDTH

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spectrograms(guitar, trumpet):
    """About 3 s of two clips as the published method sees them, float32 (frames, 1025)."""
    clips = []
    for path in (guitar, trumpet):
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        clips.append(torch.from_numpy(log_magnitudes(audio[: 6 * rate : 2, 0]))[:150])
    return clips


def plain_kernel(a, b, kernel):
    """The arc-cosine kernel, straight from the paper, of patch matrices (positions, values)."""
    norms = a.norm(dim=1)[:, None] * b.norm(dim=1)[None, :]
    angle = torch.acos((a @ b.T / norms).clamp(-1 + 1e-15, 1 - 1e-15))
    return kernel.scale * norms * (torch.sin(angle) + (math.pi - angle) * torch.cos(angle))


def patches(frames, width):
    return frames.unfold(0, width, 1).flatten(1)


def test_constants_are_the_published_ones():
    assert (FILTERS, WIDTH) == (4096, 11)
    assert math.isclose(DEVIATION, math.sqrt(2) * math.sqrt(2 / ((1025 + 4096) * 11)))


@pytest.mark.parametrize("width", [1, 2, 5, 11, 12])
def test_diagonal_sums_are_patch_products(width):
    random = torch.Generator().manual_seed(width)
    a, b = (torch.randn(size, 7, generator=random, dtype=torch.float64) for size in (20, 31))
    assert torch.allclose(diagonal_sums(a @ b.T, width), patches(a, width) @ patches(b, width).T)
    weights = torch.randn(20 - width + 1, 31 - width + 1, generator=random, dtype=torch.float64)
    probe = torch.randn(20, 31, generator=random, dtype=torch.float64)
    forward, backward = (
        (diagonal_sums(probe, width) * weights).sum(),
        (probe * spread_diagonals(weights, width)).sum(),
    )
    assert torch.isclose(forward, backward)


@pytest.fixture(scope="module")
def draws(spectrograms):
    """The same two spectrograms cut to 70 frames of 128 bins, an output near the second, and 16 draws of 4096 filters.

    One draw's kernel is off by up to sqrt(5 / 4096) = 3.5 % (the deviation of a squared ReLU over its mean), so
    the truth to compare with is the mean over draws.
    """
    style, content = (frames[30:100, 8:136] for frames in spectrograms)
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(2))
    output = (content + 0.2 * noise).clamp_min(0)
    networks = (SampledNetwork(FILTERS, 128, WIDTH, DEVIATION, seed) for seed in range(16))
    features = [[network.features(frames) for frames in (output, style, content)] for network in networks]
    return output, style, content, features


def test_losses_agree_with_the_sampled_network(draws):
    output, style, content, features = draws
    kernel = ArcCosineKernel(FILTERS, DEVIATION, WIDTH)
    grams = [[x @ x.T / x.shape[1] for x in (out, target)] for out, target, _ in features]
    sampled_gram = np.mean([float(((a - b) ** 2).sum()) for a, b in grams])
    sampled_content = np.mean([float(((out - kept) ** 2).sum()) for out, _, kept in features])
    gram, _ = GramLoss(kernel, style)(output)
    kept, _ = ContentLoss(kernel, content)(output)
    assert abs(float(gram) / sampled_gram - 1) < 0.02
    assert abs(float(kept) / sampled_content - 1) < 0.02


def test_kernel_agrees_with_the_sampled_features(draws):
    output, style, _, features = draws
    kernel = ArcCosineKernel(FILTERS, DEVIATION, WIDTH)
    products = diagonal_sums(output @ style.T, WIDTH)
    closed, _, _ = kernel.pairwise(products, kernel.norms(output), kernel.norms(style))
    sampled = torch.stack([out.T @ target for out, target, _ in features]).mean(0)
    assert ((closed - sampled).abs() / sampled).mean() < 0.02


def test_gradients_agree_with_autograd_in_double(spectrograms):
    style, content = (frames[40:75, 20:120].double() for frames in spectrograms)
    kernel = ArcCosineKernel(64, 0.1, WIDTH)
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    frames = (content + 0.3 * noise).requires_grad_()
    x, c, s = (patches(part, WIDTH) for part in (frames, content, style))
    own, cross, target = (plain_kernel(a, b, kernel) for a, b in ((x, x), (x, s), (s, s)))
    gram = (own**2).mean() + (target**2).mean() - 2 * (cross**2).mean()
    kept = (
        (plain_kernel(x, x, kernel) + plain_kernel(c, c, kernel) - 2 * plain_kernel(x, c, kernel))
        .diagonal()
        .sum()
    )
    for loss, closed in ((gram, GramLoss(kernel, style)), (kept, ContentLoss(kernel, content))):
        (expected,) = torch.autograd.grad(loss, frames, retain_graph=True)
        value, gradient = closed(frames.detach())
        assert torch.isclose(value, loss.detach(), rtol=1e-6)
        assert (gradient - expected).norm() < 1e-6 * expected.norm()


def test_loss_of_the_style_itself_is_nothing(spectrograms):
    style, _ = spectrograms
    loss = GramLoss(ArcCosineKernel(FILTERS, DEVIATION, WIDTH), style)
    value, _ = loss(style)
    assert abs(value) < 1e-5 * loss.target_norm


def test_silent_frames_are_finite():
    kernel = ArcCosineKernel(FILTERS, DEVIATION, WIDTH)
    silence = torch.zeros(20, 50)
    value, gradient = GramLoss(kernel, torch.ones(30, 50))(silence)
    assert np.isfinite(float(value))
    assert torch.isfinite(gradient).all()
