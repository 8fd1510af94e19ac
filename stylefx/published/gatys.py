"""Gatys, Ecker & Bethge 2015, on spectrograms as images: content and style of a deep net's layers.

"A neural algorithm of artistic style", arXiv 1508.06576: with F the features of a layer (N channels, M positions),
content ``1/2 sum (F - F_content)^2`` at conv4_2; style ``sum of w E`` over conv1_1, conv2_1, conv3_1, conv4_1 and
conv5_1, ``E = 1/(4 N^2 M^2) sum (G - G_style)^2``, ``G = F F^T``, w = 1/5; content over style 1e-3; L-BFGS.

Clips differ in length and pictures do not: each Gram matrix is divided by its own M, and so is the content term,
which would else outgrow the style in a few seconds. Their net is scaled to a mean activation of 1; here each layer
is, on the clip. Ours besides: the image is the log spectrogram in 32 bands an octave, which keeps the net affordable
and lets a timbre look alike at every pitch; the start is the content, because steps are expensive.

The net is trained on photographs: see published/nets/vgg.py. `he` takes the same objective to random weights,
`grinstein` leaves the content term out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from stylefx.published.descent import Objective, by_autograd
from stylefx.published.gram import TINY, gram, relative_distance
from stylefx.published.image import logarithmic_hz, triangular_bands
from stylefx.published.offline import SpectrogramMethod
from stylefx.style.style import Style

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"
CONTENT_WEIGHT = 1e-3
BANDS_PER_OCTAVE, HIGHEST_HZ = 32, 10_000.0


class NetMethod(SpectrogramMethod):
    """Content and style terms on the layers of a feature net; which are the methods', and their form unless it is
    that of He, Wang & Hopcroft 2016, in which every layer counts alike.
    """

    style_layers: tuple[str, ...] = ()
    content_layer = ""
    content_weight = 0.0
    # Weights that come with an extra are looked for when a clip is learned, not minutes later.
    trained = False

    def __init__(self, style: Style, iterations: int, device: str):
        super().__init__(style, iterations, device)
        self._net = self.net(self.device, self.seed)
        self.prepare()
        with torch.no_grad():
            self.targets = {name: gram(found) for name, found in self.features(self.style).items()}

    @classmethod
    def net(cls, device: torch.device, seed: int) -> Any:
        """The feature net (stylefx.published.nets), made for a device."""
        raise NotImplementedError

    @classmethod
    def learn(cls, audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
        """The clip's log magnitudes, if the net's weights are at hand."""
        if cls.trained:
            cls.net(torch.device("cpu"), 0)
        return super().learn(audio, sample_rate)

    def prepare(self) -> None:
        """Whatever `image` needs."""

    def image(self, frames: torch.Tensor) -> torch.Tensor:
        """What the net is given of log magnitudes (frames, bins)."""
        return frames

    def features(self, frames: torch.Tensor) -> dict[str, torch.Tensor]:
        """Layer -> features of log magnitudes (frames, bins)."""
        return self._net(self.image(frames))

    def style_loss(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        """Mean over the style layers of ``||G - G_style||^2 / ||G_style||^2``."""
        losses = [relative_distance(gram(features[name]), self.targets[name]) for name in self.style_layers]
        return torch.stack(losses).mean()

    def content_loss(
        self, features: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]
    ) -> torch.Tensor | float:
        """``||F - F_content||^2 / ||F_content||^2`` at the content layer, weighted."""
        name = self.content_layer
        return self.content_weight * relative_distance(features[name], kept[name])

    def objective(self, content: torch.Tensor) -> Objective:
        """The sum of both terms, differentiated through the net."""
        with torch.no_grad():
            kept = self.features(content)

        def loss(frames: torch.Tensor) -> torch.Tensor:
            features = self.features(frames)
            return self.style_loss(features) + self.content_loss(features, kept)

        return by_autograd(loss)


class ImageMethod(NetMethod):
    """A net method that sees the log spectrogram as an image over log frequency."""

    # Four times halved there must be something left.
    shortest_frames = 16

    def prepare(self) -> None:
        """The bands of the image."""
        bands = triangular_bands(logarithmic_hz(BANDS_PER_OCTAVE, HIGHEST_HZ), self.grid)
        self._bands = self.tensor(bands)

    def image(self, frames: torch.Tensor) -> torch.Tensor:
        """(frames, bins) -> (frames, bands)."""
        return frames @ self._bands


class Gatys(ImageMethod):
    """As published, on VGG."""

    trained = True

    @classmethod
    def net(cls, device: torch.device, seed: int) -> Any:
        """VGG with trained weights."""
        from stylefx.published.nets.vgg import Net

        return Net(device, (*STYLE_LAYERS[:4], CONTENT_LAYER, STYLE_LAYERS[4]))

    def prepare(self) -> None:
        """Measure the layers' mean activations."""
        super().prepare()
        self._means: dict[str, torch.Tensor] = {}
        with torch.no_grad():
            self._means = {
                name: found.mean().clamp_min(TINY) for name, found in self.features(self.style).items()
            }

    def features(self, frames: torch.Tensor) -> dict[str, torch.Tensor]:
        """Layers whose mean activation, on the clip, is 1."""
        found = super().features(frames)
        return {name: values / self._means.get(name, 1.0) for name, values in found.items()}

    def style_loss(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        """Sum of w E over the style layers."""
        losses = [layer_loss(features[name], self.targets[name]) for name in STYLE_LAYERS]
        return torch.stack(losses).mean()

    def content_loss(
        self, features: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]
    ) -> torch.Tensor | float:
        """Half the squared distance at conv4_2, a position, weighted."""
        difference = features[CONTENT_LAYER] - kept[CONTENT_LAYER]
        return CONTENT_WEIGHT * 0.5 * (difference**2).sum() / difference[0].numel()


def layer_loss(features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """E of one layer, ``target`` its Gram matrix over positions."""
    return ((gram(features) - target) ** 2).sum() / (4 * len(features) ** 2)
