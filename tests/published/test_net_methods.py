"""Methods on feature nets: losses, layers and terms as their papers define them, by hand and by finite differences."""

import numpy as np
import pytest
import torch

from stylefx import fit
from stylefx.errors import StylefxError
from stylefx.published import gatys
from stylefx.published.gatys import CONTENT_WEIGHT, STYLE_LAYERS, Gatys, layer_loss
from stylefx.published.gram import gram, relative_distance
from stylefx.published.grinstein import GrinsteinMusicnn, GrinsteinRandom, GrinsteinVgg
from stylefx.published.he import He
from stylefx.published.musicnn import Musicnn
from stylefx.published.nets import random_vgg, verma_alexnet
from stylefx.published.spectrogram import log_magnitudes
from stylefx.published.ulyanov import Ulyanov
from stylefx.published.verma import Verma, spectral_envelope, temporal_envelope
from tests.support.sounds import melody
from tests.support.trained_nets import needs_musicnn, needs_vgg16

RATE = 22_050
CLIP = melody((60, 67), 1.0, (1.0, 0.9, 0.8, 0.8, 0.7, 0.6), RATE)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def content():
    return torch.from_numpy(log_magnitudes(melody((62, 69), 1.0, (1.0, 0.4, 0.2), RATE)))


def made(cls, name):
    return cls(fit(CLIP, RATE, method=name), 2, "cpu")


def moved(frames, seed=0):
    """Away from the content, where every term has a slope."""
    return frames + 0.2 * torch.rand(frames.shape, generator=torch.Generator().manual_seed(seed))


def slope_error(objective, frames):
    """How far the gradient is from the loss's differences, relative, along the gradient itself."""
    _, slope = objective(frames)
    direction = slope / slope.norm()
    step = 0.02 * float(frames.norm()) / 10
    ahead, behind = (float(objective(frames + side * step * direction)[0]) for side in (1, -1))
    return abs((ahead - behind) / (2 * step) / float(slope.norm()) - 1)


def test_a_gram_matrix_is_the_mean_of_products_over_positions():
    features = torch.tensor([[[1.0, 2.0], [3.0, 0.0]], [[0.0, 1.0], [1.0, 2.0]]])
    assert gram(features).tolist() == [[14 / 4, 5 / 4], [5 / 4, 6 / 4]]


def test_a_layers_loss_is_that_of_the_paper():
    """E = 1 / (4 N^2 M^2) sum (G - A)^2 with G and A not yet divided by M (Gatys et al., eq. 4)."""
    random = np.random.default_rng(0)
    found, wanted = random.random((2, 3, 5, 4))
    n, m = 3, 20
    g, a = (f.reshape(n, m) @ f.reshape(n, m).T for f in (found, wanted))
    expected = ((g - a) ** 2).sum() / (4 * n**2 * m**2)
    assert float(layer_loss(torch.from_numpy(found), gram(torch.from_numpy(wanted)))) == pytest.approx(
        expected
    )


@pytest.mark.slow
def test_random_vgg_is_vgg_19_as_far_as_conv5_1():
    net = random_vgg.Net(CPU, 3)
    shapes = {name: tuple(kernel.shape) for name, kernel in zip(net.layers, net.kernels)}
    assert list(shapes) == [
        f"conv{g}_{n}" for g, count in ((1, 2), (2, 2), (3, 4), (4, 4), (5, 1)) for n in range(1, count + 1)
    ]
    assert shapes["conv1_1"] == (64, 1, 3, 3)
    assert shapes["conv2_1"] == (128, 64, 3, 3)
    assert shapes["conv4_2"] == shapes["conv5_1"] == (512, 512, 3, 3)
    seen = net(torch.rand(48, 64))
    assert tuple(seen["conv1_2"].shape) == (64, 48, 64)
    assert tuple(seen["conv5_1"].shape) == (512, 3, 4)
    again = random_vgg.Net(CPU, 3)
    assert all(torch.equal(one, other) for one, other in zip(net.kernels, again.kernels))


def test_random_vgg_keeps_the_draw_that_can_be_inverted_best():
    generator = torch.Generator().manual_seed(0)
    x = random_vgg.probe(generator)
    kernel = random_vgg.best_of(x, 8, 1, torch.Generator().manual_seed(4))
    draws = torch.Generator().manual_seed(4)
    deviation = (2 / 9) ** 0.5
    candidates = [deviation * torch.randn(8, 1, 3, 3, generator=draws) for _ in range(random_vgg.CANDIDATES)]
    errors = [random_vgg.reconstruction_error(x, candidate) for candidate in candidates]
    assert torch.equal(kernel, candidates[int(np.argmin(errors))])
    assert max(errors) < 1  # better than nothing
    # A layer that lets little through cannot be inverted.
    assert random_vgg.reconstruction_error(x, candidates[0].abs() * -1) > min(errors)


def test_the_small_net_sees_three_by_three_and_pools_twice():
    net = verma_alexnet.Net(CPU, 0)
    assert [tuple(kernel.shape[:2]) for kernel in net.kernels] == [
        (64, 1),
        (192, 64),
        (384, 192),
        (256, 384),
        (256, 256),
    ]
    image = torch.zeros(40, 40)
    image[20, 20] = 1.0
    touched = net(image)["conv1"].sum(0).nonzero()
    assert touched.min(0).values.tolist() == [19, 19]
    assert touched.max(0).values.tolist() == [21, 21]
    assert tuple(net(image)["conv5"].shape) == (256, 9, 9)


@pytest.mark.slow
def test_he_weighs_its_layers_alike_and_keeps_the_content(content):
    method = made(He, "he")
    features = method.features(content)
    losses = [
        relative_distance(gram(features[name]), gram(method.features(method.style)[name]))
        for name in STYLE_LAYERS
    ]
    loss, _ = method.objective(content)(content)
    assert float(loss) == pytest.approx(float(sum(losses)) / 5, rel=1e-4)
    assert slope_error(method.objective(content), moved(content)) < 0.1


@pytest.mark.slow
def test_vermas_energy_terms_are_those_of_style_and_content(content):
    frames = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)
    assert spectral_envelope(torch.from_numpy(frames)).numpy() == pytest.approx([3 / 2**0.5, 4 / 2**0.5])
    assert temporal_envelope(torch.from_numpy(frames)).numpy() == pytest.approx([5 / 2**0.5, 0], abs=1e-5)
    method = made(Verma, "verma")
    begun = torch.from_numpy(method.start(content.numpy()))
    assert float((begun**2).mean()) == pytest.approx(float((method.style**2).mean()), rel=1e-4)
    objective = method.objective(content)
    # Where the output is the start, nothing is lost of content and time: style and spectrum are left.
    left = float(method.style_loss(method.features(begun)))
    left += float(relative_distance(spectral_envelope(begun), spectral_envelope(method.style)))
    assert float(objective(begun)[0]) == pytest.approx(left, rel=1e-3)
    assert slope_error(objective, moved(begun)) < 0.1


def test_grinstein_random_is_ulyanov_from_the_content_without_its_term(content):
    free, held = made(GrinsteinRandom, "grinstein-random"), made(Ulyanov, "ulyanov")
    frames = moved(content)
    style_alone, _ = free.objective(content)(frames)
    assert float(style_alone) == pytest.approx(float(held._gram(frames)[0]))
    assert float(style_alone) < float(held.objective(content)(frames)[0])
    assert np.array_equal(free.start(content.numpy()), content.numpy())
    assert np.abs(held.start(content.numpy())).max() < 0.01


@pytest.mark.slow
@needs_vgg16
def test_gatys_on_vgg_adds_content_and_style_as_published(content):
    method, free = made(Gatys, "gatys"), made(GrinsteinVgg, "grinstein-vgg")
    frames = moved(content)
    seen, kept, style = (method.features(each) for each in (frames, content, method.style))
    assert all(float(style[name].mean()) == pytest.approx(1, rel=1e-4) for name in STYLE_LAYERS)
    by_hand = 0.0
    for name in STYLE_LAYERS:
        g, a = (f[name].flatten(1).double().detach().numpy() for f in (seen, style))
        g, a = g @ g.T / g.shape[1], a @ a.T / a.shape[1]
        by_hand += 0.2 * ((g - a) ** 2).sum() / (4 * len(g) ** 2)
    assert float(free.objective(content)(frames)[0]) == pytest.approx(by_hand, rel=1e-3)
    difference = (seen["conv4_2"] - kept["conv4_2"]).flatten(1)
    by_hand += CONTENT_WEIGHT * 0.5 * float((difference**2).sum()) / difference.shape[1]
    assert float(method.objective(content)(frames)[0]) == pytest.approx(by_hand, rel=1e-3)
    assert len(set(gatys.STYLE_LAYERS) | {gatys.CONTENT_LAYER}) == 6


@pytest.mark.slow
@needs_musicnn
def test_musicnn_hears_the_style_as_itself_and_the_content_as_kept():
    """Its losses vanish where they should, and the gradient is that of the loss."""
    method, free = made(Musicnn, "musicnn"), made(GrinsteinMusicnn, "grinstein-musicnn")
    assert float(free.objective(method.style)(method.style)[0]) == pytest.approx(0, abs=1e-5)
    other = torch.from_numpy(log_magnitudes(melody((62, 69), 1.0, (1.0, 0.3), 16_000), method.grid))
    with_content, without = (each.objective(other)(other)[0] for each in (method, free))
    assert float(with_content) == pytest.approx(float(without), rel=1e-4)
    assert slope_error(method.objective(other), moved(other)) < 0.2


@pytest.mark.parametrize("name", ["gatys", "musicnn"])
def test_a_missing_extra_is_said_when_the_clip_is_learned(name, monkeypatch):
    """As where the packages are not installed: their metadata is not found."""
    from importlib.metadata import PackageNotFoundError

    from stylefx.published.nets import installed, vgg

    def nothing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(installed, "distribution", nothing)
    monkeypatch.setattr(vgg, "vgg19_path", lambda: vgg.Path("nowhere"))
    with pytest.raises(StylefxError, match=r"not installed: pip install"):
        fit(CLIP, RATE, method=name)
