"""The nets of musicnn: the same bands as librosa's, the same answers as the package gives under TensorFlow."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from stylefx.analysis.mel import mel_bank
from stylefx.errors import UsageError
from stylefx.published.nets import musicnn, musicnn_vgg
from stylefx.published.nets.installed import installed_path
from stylefx.published.nets.log_mel import BANDS, GRID, TAGGED_FRAMES, LogMel
from stylefx.published.nets.tensorbundle import read_tensors
from tests.support.trained_nets import heard, needs_musicnn

CPU = torch.device("cpu")
SECONDS = TAGGED_FRAMES * GRID.hop / GRID.sample_rate
# The package's own answers for the first 3 s of the shipped clips: `musicnn.extractor.extractor(clip, model)` of
# version 0.1.0 under TensorFlow 2.15.1 and librosa 0.10.2. Its labels stand in musicnn/configuration.py.
TAGS = {
    ("guitar_solo", "MTT_vgg"): {
        0: 0.85751,
        2: 0.28597,
        4: 0.21319,
        1: 0.15517,
    },  # guitar, slow, strings, classical
    ("singing_male", "MTT_vgg"): {
        0: 0.27369,
        27: 0.22879,
        33: 0.22165,
        18: 0.21445,
    },  # guitar, male vocal, man, male
    ("trumpet_solo", "MSD_vgg"): {
        9: 0.48045,
        23: 0.15832,
        20: 0.14588,
        4: 0.08767,
    },  # jazz, instrumental, folk
}
MEANS = {
    ("guitar_solo", "MTT_musicnn", "timbral"): [-0.0003, 5.1307, 5.0087, 0.0, 0.0],
    ("singing_male", "MTT_musicnn", "temporal"): [1.8555, 2.4417, 0.0, 0.0006, -0.1152],
    ("singing_male", "MTT_musicnn", "cnn3"): [0.0629, 1.1949, -0.0468, -0.3650, 0.3017],
    ("guitar_solo", "MSD_musicnn", "cnn3"): [1.1612, -0.3835, 0.2413, -0.0787, -0.7220],
}


def test_bands_are_librosas() -> None:
    wanted = librosa.filters.mel(sr=GRID.sample_rate, n_fft=GRID.n_fft, n_mels=BANDS).T
    assert np.abs(mel_bank(GRID.sample_rate, GRID.n_fft, BANDS) - wanted).max() < 1e-7


@pytest.mark.slow
def test_levels_are_those_of_the_package() -> None:
    audio, frames = heard("guitar_solo", GRID, SECONDS)
    power = librosa.feature.melspectrogram(y=audio, sr=16_000, n_fft=512, hop_length=256, n_mels=96).T
    wanted = np.log10(10_000 * power[: len(frames)] + 1)
    assert wanted.max() > 4
    assert np.abs(LogMel(CPU)(frames).numpy() - wanted).max() < 1e-4


@pytest.mark.slow
@needs_musicnn
@pytest.mark.parametrize(("clip", "model"), TAGS)
def test_tags_are_those_of_the_package(clip: str, model: str) -> None:
    net = musicnn_vgg.Net(CPU, model=model)
    _, frames = heard(clip, GRID, SECONDS)
    found = net.tags(net.front_end(frames))
    wanted = TAGS[clip, model]
    assert list(np.argsort(-found)[:4]) == list(wanted)
    # The package rounds the power to 16 bits.
    assert np.allclose(found[list(wanted)], list(wanted.values()), atol=3e-4)


@pytest.mark.slow
@needs_musicnn
@pytest.mark.parametrize(("clip", "model", "layer"), MEANS)
def test_activations_are_those_of_the_package(clip: str, model: str, layer: str) -> None:
    _, frames = heard(clip, GRID, SECONDS)
    found = musicnn.Net(CPU, (layer,), model)(frames)[layer]
    assert np.allclose(found.mean(dim=(1, 2))[:5].numpy(), MEANS[clip, model, layer], atol=2e-3)


@pytest.mark.slow
@needs_musicnn
def test_shapes_are_those_of_the_definition() -> None:
    frames = torch.rand(187, GRID.bins)
    shapes = {layer: tuple(value.shape) for layer, value in musicnn_vgg.Net(CPU)(frames).items()}
    assert shapes == {
        "pool1": (128, 92, 48),
        "pool2": (128, 46, 24),
        "pool3": (128, 23, 12),
        "pool4": (128, 11, 6),
        "pool5": (128, 2, 1),
    }
    shapes = {layer: tuple(value.shape) for layer, value in musicnn.Net(CPU, musicnn.LAYERS)(frames).items()}
    assert shapes == {
        "timbral": (408, 187, 1),
        "temporal": (153, 187, 1),
        "cnn1": (64, 187, 1),
        "cnn2": (64, 187, 1),
        "cnn3": (64, 187, 1),
    }
    assert set(musicnn_vgg.Net(CPU, ("pool2",))(frames)) == {"pool2"}
    with pytest.raises(UsageError, match="expected one of"):
        musicnn_vgg.Net(CPU, ("cnn1",))


@needs_musicnn
def test_the_first_block_is_what_the_paper_says() -> None:
    """pool1 in plain numpy, float64: normalise, convolve, rectify, normalise, the maximum of 4 x 1 every 2 x 2."""
    parts = ("gamma", "beta", "moving_mean", "moving_variance")
    names = [f"batch_normalization{suffix}/{part}" for suffix in ("", "_1") for part in parts]
    weights = read_tensors(installed_path("musicnn", "musicnn/MTT_vgg"), [*names, "1CNN/kernel", "1CNN/bias"])

    def normalise(x: np.ndarray, suffix: str) -> np.ndarray:
        gamma, beta, mean, variance = (
            weights[f"batch_normalization{suffix}/{part}"].astype(np.float64) for part in parts
        )
        return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta

    levels = np.random.default_rng(3).random((14, BANDS)) * 4
    padded = np.pad(normalise(levels[..., None], "")[..., 0], 1)
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    x = np.einsum("tbij,ijo->tbo", patches, weights["1CNN/kernel"][:, :, 0]) + weights["1CNN/bias"]
    x = normalise(np.maximum(x, 0), "_1")
    wanted = np.stack([x[2 * t : 2 * t + 4, ::2].max(axis=0) for t in range(6)])
    found = musicnn_vgg.Net(CPU, ("pool1",)).activations(torch.from_numpy(levels).float())["pool1"]
    assert np.abs(found.permute(1, 2, 0).numpy() - wanted).max() < 1e-4 * np.abs(wanted).max()


@needs_musicnn
@pytest.mark.parametrize(("layer", "frames", "bands"), [("pool1", 6, 3), ("pool2", 12, 9)])
def test_a_position_sees_what_the_docstring_says(layer: str, frames: int, bands: int) -> None:
    levels = torch.rand(64, BANDS, requires_grad=True)
    answer = musicnn_vgg.Net(CPU, (layer,)).activations(levels)[layer]
    answer[:, answer.shape[1] // 2, answer.shape[2] // 2].sum().backward()
    assert levels.grad is not None
    seen = np.argwhere(levels.grad.numpy() != 0)
    assert np.all(np.ptp(seen, axis=0) + 1 <= (frames, bands))
    # Maxima choose, so not every corner is always looked at.
    assert np.all(np.ptp(seen, axis=0) + 1 >= (frames - 2, bands - 1))


@needs_musicnn
def test_the_timbral_layer_answers_alike_wherever_the_pattern_stands() -> None:
    """The 204 filters of 38 bands; those of 67 do not reach every place of both patterns."""
    pattern = torch.zeros(20, BANDS)
    pattern[:, 40:50] = torch.rand(10) * 3
    net = musicnn.Net(CPU)
    here, moved = (net.activations(levels)["timbral"][:204] for levels in (pattern, pattern.roll(9, dims=1)))
    assert float((here - moved).abs().max()) < 1e-4 * float(here.abs().max())


@pytest.mark.slow
@needs_musicnn
def test_gradients_lead_downhill() -> None:
    _, frames = heard("guitar_solo", GRID, 1.0)
    for net in (musicnn_vgg.Net(CPU, ("pool3",)), musicnn.Net(CPU)):
        wanted = next(iter(net(heard("trumpet_solo", GRID, 1.0)[1]).values()))

        def loss(x: torch.Tensor, net=net, wanted=wanted) -> torch.Tensor:
            return ((next(iter(net(x).values())) - wanted) ** 2).mean()

        x = frames.clone().requires_grad_()
        before = loss(x)
        before.backward()
        assert x.grad is not None
        step = 1e-3 * before.item() / (x.grad**2).sum().item()
        # As much as the slope promises.
        assert loss(x - step * x.grad).item() == pytest.approx(before.item() * (1 - 1e-3), rel=3e-4)
