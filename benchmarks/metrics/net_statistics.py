"""Gram matrices of feature nets as style statistics: layer by layer, trained nets beside the same with random weights.

Each is the Gram matrix of one layer of one net; its distance is one minus the cosine of two such matrices, so that
level and the number of channels do not count. `validity.py` says which hear the instrument rather than the tune. The
random controls have the trained architecture, with Gaussian weights of deviation sqrt(2 / inputs) (He et al. 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, ClassVar

import numpy as np

from benchmarks.metrics.paired import at_rate
from benchmarks.metrics.statistics import Statistic, angle_distance
from benchmarks.report.store import key_of

NETS = (
    "stylefx/published/nets/log_mel.py",
    "stylefx/analysis/mel.py",
    "stylefx/published/nets/musicnn.py",
    "stylefx/published/nets/musicnn_vgg.py",
    "stylefx/published/nets/trained.py",
    "stylefx/published/nets/vgg.py",
    "stylefx/published/image.py",
    "benchmarks/metrics/net_statistics.py",
)
# As the methods that see a spectrogram as an image.
BANDS_PER_OCTAVE, HIGHEST_HZ = 32, 10_000.0


def musicnn_vgg(layers: tuple[str, ...], model: str = "MTT_vgg", random: bool = False) -> Any:
    """Layers of musicnn's `vgg`; with random weights if asked, its normalisations the identity."""
    import torch

    from stylefx.published.nets import musicnn_vgg as module

    net = module.Net(torch.device("cpu"), layers, model)
    if random:
        _randomise(net.trained.tensors)
    return net


def musicnn(layers: tuple[str, ...], model: str, random: bool = False) -> Any:
    """Layers of musicnn; with random weights if asked, its normalisations the identity."""
    import torch

    from stylefx.published.nets import musicnn as module

    net = module.Net(torch.device("cpu"), layers, model)
    if random:
        _randomise(net.trained.tensors)
    return net


class Photographs:
    """Layers of VGG-16 on the log spectrogram as an image over log frequency; random weights if asked."""

    def __init__(self, layers: tuple[str, ...], random: bool = False):
        import torch

        from stylefx.published.image import logarithmic_hz, triangular_bands
        from stylefx.published.nets import vgg

        self.grid = vgg.GRID
        self._net = vgg.Net(torch.device("cpu"), layers, "vgg16")
        if random:
            self._net.convolutions = [
                vgg.Convolution(each.name, _gaussian(each.kernel, number), torch.zeros_like(each.bias))
                for number, each in enumerate(self._net.convolutions)
            ]
        bands = triangular_bands(logarithmic_hz(BANDS_PER_OCTAVE, HIGHEST_HZ), self.grid)
        self._bands = torch.from_numpy(bands)

    def __call__(self, frames: Any) -> dict[str, Any]:
        return self._net(frames @ self._bands)


class Grams:
    """The Gram matrices of all layers of the net that ``make`` makes; a clip goes through it once for all of them."""

    # Of the net that was asked last, by clip: the next net's take their place, so that memory stays bounded.
    _kept: ClassVar[tuple[Grams | None, dict[str, dict[str, np.ndarray]]]] = (None, {})

    def __init__(self, make: Callable[[], Any]):
        self._make: Callable[[], Any] = lru_cache(maxsize=1)(make)

    def of(self, layer: str, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """One layer's, (channels, channels)."""
        if Grams._kept[0] is not self:
            Grams._kept = (self, {})
        kept, key = Grams._kept[1], key_of(audio, sample_rate)
        if key not in kept:
            kept[key] = self._measure(audio, sample_rate)
        return kept[key][layer]

    def _measure(self, audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
        import torch

        from stylefx.published.spectrogram import log_magnitudes

        net = self._make()
        frames = log_magnitudes(at_rate(audio, sample_rate, net.grid.sample_rate), net.grid)
        with torch.no_grad():
            flat = {name: found.flatten(1) for name, found in net(torch.from_numpy(frames)).items()}
        return {name: (found @ found.T / found.shape[1]).numpy() for name, found in flat.items()}


def _gaussian(kernel: Any, seed: int) -> Any:
    import torch

    inputs = kernel[0].numel()
    return torch.randn(kernel.shape, generator=torch.Generator().manual_seed(seed)) * (2 / inputs) ** 0.5


def _randomise(tensors: dict[str, Any]) -> None:
    """Kernels Gaussian, no bias, normalisations that change nothing, in place."""
    for number, name in enumerate(sorted(tensors)):
        if name.endswith("kernel") and tensors[name].ndim == 4:
            tensors[name] = _gaussian(tensors[name], number)
        else:
            ones = name.endswith(("gamma", "moving_variance"))
            tensors[name] = tensors[name] * 0 + (1.0 if ones else 0.0)


def _statistics(
    title: str, make: Callable[..., Any], layers: tuple[str, ...], *args: Any
) -> tuple[Statistic, ...]:
    """One for each layer."""
    grams = Grams(partial(make, layers, *args))
    return tuple(
        Statistic(f"{title}, {layer}", partial(grams.of, layer), angle_distance, NETS) for layer in layers
    )


POOLS, BLOCKS = ("pool1", "pool2", "pool3", "pool4"), ("timbral", "cnn1", "cnn3")
CONVOLUTIONS = ("conv1_1", "conv3_1", "conv5_1")
NET_STATISTICS = (
    *_statistics("musicnn vgg (MagnaTagATune)", musicnn_vgg, POOLS, "MTT_vgg"),
    *_statistics("musicnn vgg (Million Song)", musicnn_vgg, POOLS, "MSD_vgg"),
    *_statistics("musicnn vgg, random weights", musicnn_vgg, POOLS, "MTT_vgg", True),
    *_statistics("musicnn (MagnaTagATune)", musicnn, BLOCKS, "MTT_musicnn"),
    *_statistics("musicnn (Million Song)", musicnn, BLOCKS, "MSD_musicnn"),
    *_statistics("musicnn, random weights", musicnn, BLOCKS, "MTT_musicnn", True),
    *_statistics("VGG-16 (photographs)", Photographs, CONVOLUTIONS),
    *_statistics("VGG-16, random weights", Photographs, CONVOLUTIONS, True),
)
