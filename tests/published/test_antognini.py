"""Six random layers and their three terms, against numpy and the paper's definitions."""

import numpy as np
import pytest
import torch

from stylefx import fit
from stylefx.published.antognini import (
    AUTOCORRELATION_WEIGHT,
    DIVERSITY_WEIGHT,
    LAG_SECONDS,
    Antognini,
    autocorrelations,
    nearest_shift,
)
from stylefx.published.gram import gram
from stylefx.published.nets import antognini_net
from tests.support.sounds import melody

pytestmark = pytest.mark.slow

RATE = 16_000


@pytest.fixture(scope="module")
def method():
    return Antognini(fit(melody((60, 67), 1.0, (1.0, 0.8, 0.6), RATE), RATE, method="antognini"), 2, "cpu")


def test_layers_are_as_published():
    assert antognini_net.WIDTHS == (2, 4, 8, 16, 64, 128)
    assert (antognini_net.GRID.sample_rate, antognini_net.GRID.n_fft, antognini_net.GRID.hop) == (
        16_000,
        512,
        64,
    )
    net = antognini_net.Net(torch.device("cpu"), 0)
    assert [tuple(weights.shape) for weights in net.weights] == [
        (512, 257, width) for width in antognini_net.WIDTHS
    ]


@pytest.mark.parametrize("frames", [128, 200, 517])
def test_long_filters_by_spectra_are_the_plain_convolution(frames):
    net = antognini_net.Net(torch.device("cpu"), 1, bins=9, filters=7)
    x = torch.rand(frames, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64).float()
    for (name, found), weights in zip(net(x).items(), net.weights):
        plain = torch.relu(torch.nn.functional.conv1d(x.T[None].double(), weights.double())[0])
        assert found.shape == (7, frames - int(name.removeprefix("width")) + 1)
        assert torch.allclose(found.double(), plain, atol=1e-5)


def test_autocorrelation_is_numpys():
    features = np.random.default_rng(0).random((3, 60))
    found = autocorrelations(torch.from_numpy(features), (4, 9)).numpy()
    for row, values in zip(features, found):
        everything = np.correlate(row, row, "full")[len(row) - 1 :] / len(row)
        assert np.allclose(values, everything[4:10])


def test_the_nearest_shift_is_found():
    features = torch.rand(5, 40, generator=torch.Generator().manual_seed(3))
    assert nearest_shift(features.roll(11, 1), features) == 11


def test_loss_is_gram_autocorrelation_and_diversity(method):
    """All three terms again in numpy, from the layers' features."""
    clip = method.style
    content = (clip + 0.3 * torch.rand(clip.shape, generator=torch.Generator().manual_seed(4)))[:230]
    loss, slope = method.objective(content)(content)
    terms = {"gram": [0.0, 0.0], "rhythm": [0.0, 0.0], "diversity": [0.0, 0.0]}

    def count(term, found, wanted):
        terms[term][0] += float(((found - wanted) ** 2).sum())
        terms[term][1] += float((wanted**2).sum())

    first, last = (round(seconds * 16_000 / 64) for seconds in LAG_SECONDS)
    for (_, x), (_, s) in zip(method.features(content).items(), method.features(clip).items()):
        x, s = x.double().numpy(), s.double().numpy()
        count("gram", x @ x.T / x.shape[1], s @ s.T / s.shape[1])
        shared = min(x.shape[1], s.shape[1])
        lags = slice(min(first, shared - 1), min(last, shared - 1) + 1)
        rhythm = [
            np.fft.irfft(np.abs(np.fft.rfft(f, 2 * f.shape[1])) ** 2)[:, lags] / f.shape[1] for f in (x, s)
        ]
        count("rhythm", *rhythm)
        x, s = x[:, :shared], s[:, :shared]
        nearest = min((((x - np.roll(s, k, 1)) ** 2).sum(), k) for k in range(shared))[1]
        count("diversity", x, np.roll(s, nearest, 1))
    (g, r, d) = (distance / norm for distance, norm in terms.values())
    assert float(loss) == pytest.approx(g + AUTOCORRELATION_WEIGHT * r + DIVERSITY_WEIGHT / d, rel=1e-3)
    direction = slope / slope.norm()
    objective = method.objective(content)
    ahead, behind = (float(objective(content + step * direction)[0]) for step in (0.5, -0.5))
    assert ahead - behind == pytest.approx(float(slope.norm()), rel=0.1)


def test_a_copy_of_the_clip_costs_diversity(method):
    """Gram and autocorrelation are met by the clip itself; diversity is what forbids it."""
    loss, _ = method.objective(method.style)(method.style)
    assert float(loss) > 1e3
    assert all(torch.allclose(gram(f), method.targets[n]) for n, f in method.features(method.style).items())
