"""Verma & Smith 2018: content, style, and the envelopes of energy, on a net of small receptive fields.

"Neural style transfer for audio spectrograms", arXiv 1801.01589: ``L = alpha L_c + beta L_s + gamma L_e + delta L_t``
on an AlexNet with 3 x 3 kernels (published/nets/verma_alexnet.py): features kept, Gram matrices matched, and two
terms that keep the energy where it belongs, over frequency and over time. Here L_e compares the mean energy in each
bin with the style's, L_t the energy of each frame with the content's, each over the norm of its target; L_c is the
last layer, L_s the mean over all five. The four weights are ours, for theirs belong to a net that was never
published; so are the image of gatys.py and the content, scaled to the style's level, as start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from stylefx.published.descent import Objective, by_autograd
from stylefx.published.gatys import ImageMethod
from stylefx.published.gram import gram, relative_distance

CONTENT_LAYER = "conv5"
CONTENT_WEIGHT, STYLE_WEIGHT, SPECTRAL_WEIGHT, TEMPORAL_WEIGHT = 0.3, 1.0, 1.0, 1.0


def spectral_envelope(frames: torch.Tensor) -> torch.Tensor:
    """Root mean square over time of each bin of log magnitudes (frames, bins) -> (bins,)."""
    return (frames**2).mean(dim=0).clamp_min(1e-12).sqrt()


def temporal_envelope(frames: torch.Tensor) -> torch.Tensor:
    """Root mean square over bins of each frame of log magnitudes (frames, bins) -> (frames,)."""
    return (frames**2).mean(dim=1).clamp_min(1e-12).sqrt()


class Verma(ImageMethod):
    """The four terms."""

    @classmethod
    def net(cls, device: torch.device, seed: int) -> Any:
        """AlexNet with 3 x 3 kernels and random weights."""
        from stylefx.published.nets.verma_alexnet import Net

        return Net(device, seed)

    def start(self, content: np.ndarray) -> np.ndarray:
        """The content, as loud as the style."""
        level = float((self.style**2).mean()) / max(float(np.mean(content**2)), 1e-12)
        return content * level**0.5

    def style_loss(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        """L_s: mean over all layers, each over its target's norm."""
        losses = [relative_distance(gram(found), self.targets[name]) for name, found in features.items()]
        return torch.stack(losses).mean()

    def content_loss(
        self, features: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]
    ) -> torch.Tensor | float:
        """L_c: relative distance at the last layer."""
        return relative_distance(features[CONTENT_LAYER], kept[CONTENT_LAYER])

    def objective(self, content: torch.Tensor) -> Objective:
        """The sum of the four terms."""
        content = self.tensor(self.start(content.cpu().numpy()))
        with torch.no_grad():
            kept = self.features(content)
        spectral, temporal = spectral_envelope(self.style), temporal_envelope(content)

        def loss(frames: torch.Tensor) -> torch.Tensor:
            features = self.features(frames)
            return (
                CONTENT_WEIGHT * self.content_loss(features, kept)
                + STYLE_WEIGHT * self.style_loss(features)
                + SPECTRAL_WEIGHT * relative_distance(spectral_envelope(frames), spectral)
                + TEMPORAL_WEIGHT * relative_distance(temporal_envelope(frames), temporal)
            )

        return by_autograd(loss)
