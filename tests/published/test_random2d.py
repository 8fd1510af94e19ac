"""The 2-D layer in closed form against one whose 4096 filters are drawn, and its gradient against differences."""

import numpy as np
import pytest
import torch

from stylefx import fit
from stylefx.published import random2d
from stylefx.published.image import logarithmic_hz, triangular_bands
from stylefx.published.random2d import BANDS_PER_OCTAVE, DEVIATION, FILTERS, HEIGHT, STRIDE, WIDTH, Random2d
from stylefx.published.spectrogram import GRID, log_magnitudes
from tests.support.sounds import melody

RATE = 22_050


@pytest.fixture(scope="module")
def content():
    return log_magnitudes(melody((62, 69), 0.6, (1.0, 0.4, 0.2), RATE))


@pytest.fixture(scope="module")
def method():
    clip = melody((60, 67), 0.8, (1.0, 0.9, 0.8, 0.8, 0.7, 0.6), RATE)
    return Random2d(fit(clip, RATE, method="random2d"), 5, "cpu")


def test_bands_are_means_that_leave_no_bin_out():
    centres = logarithmic_hz(24, 10_000.0)
    weights = triangular_bands(centres, GRID)
    assert np.allclose(weights.sum(axis=0), 1)
    assert np.allclose(centres[24:] / centres[:-24], 2)
    bins_hz = np.arange(GRID.bins) * GRID.bin_hz
    inside = (bins_hz > centres[0]) & (bins_hz < centres[-1])
    assert (weights[inside].sum(axis=1) > 0).all()
    for band in (60, 120, 170):  # above the resolution of the bins the mean frequency is the centre
        assert abs(weights[:, band] @ bins_hz / centres[band] - 1) < 0.01


@pytest.mark.slow
def test_losses_agree_with_4096_filters_that_are_drawn(method, content):
    """conv2d with the published number of filters; one draw is off by sqrt(5 / 4096) = 3.5 % at most."""
    bands = torch.from_numpy(triangular_bands(logarithmic_hz(BANDS_PER_OCTAVE, random2d.HIGHEST_HZ), GRID))
    frames = torch.from_numpy(content)
    generator = torch.Generator().manual_seed(1)
    filters = DEVIATION * torch.randn(FILTERS, 1, WIDTH, HEIGHT, generator=generator)

    def features(frames):
        strides = (STRIDE[1], STRIDE[0])
        seen = torch.nn.functional.conv2d((frames @ bands)[None, None], filters, stride=strides)
        return torch.relu(seen)[0].flatten(1)

    changed = frames + 0.3 * torch.rand(frames.shape, generator=generator)
    x, kept, style = (features(each) for each in (changed, frames, method.style))
    assert x.shape == (FILTERS, len(random2d.patches(frames @ bands)))
    gram, target = (f @ f.T / f.shape[1] for f in (x, style))
    gram_loss = float(((gram - target) ** 2).sum() / (target**2).sum())
    content_loss = float(((x - kept) ** 2).sum() / (kept**2).sum())
    loss, _ = method.objective(frames)(changed)
    assert float(loss) == pytest.approx(gram_loss + random2d.CONTENT_WEIGHT * content_loss, rel=0.05)


def test_its_gradient_is_that_of_its_loss(method, content):
    objective = method.objective(torch.from_numpy(content))
    random = torch.Generator().manual_seed(2)
    frames = torch.from_numpy(content) + 0.3 * torch.rand(content.shape, generator=random)
    direction = torch.rand(content.shape, generator=random)
    _, slope = objective(frames)
    ahead, behind = (float(objective(frames + step * direction)[0]) for step in (1e-2, -1e-2))
    assert (ahead - behind) / 2e-2 == pytest.approx(float((slope * direction).sum()), rel=1e-2)


def test_it_brings_the_gram_matrix_nearer_from_the_content(method, content):
    """It begins at the content, whose content loss is nothing, and goes down."""
    objective = method.objective(torch.from_numpy(content))
    before, _ = objective(torch.from_numpy(content))
    after, _ = objective(torch.from_numpy(method.optimise(content)).float())
    assert float(after) < 0.5 * float(before)
    assert np.array_equal(method.start(content), content)
