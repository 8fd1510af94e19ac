"""He, Wang & Hopcroft 2016: Gatys' objective on the same deep net with random weights.

"A powerful generative model using random weights for the deep image representation", NIPS 2016: VGG-19 whose Gaussian
weights are chosen layer by layer (nets/random_vgg.py), and layers that count alike because each Gram matrix is
scaled: style ``mean over layers of ||G - G_style||^2 / ||G_style||^2``, content ``||F - F_content||^2 /
||F_content||^2`` at conv4_2. Ours: the image of gatys.py, the content as start, the weight of the content term.
"""

from __future__ import annotations

from typing import Any

import torch

from stylefx.optimise.gatys import CONTENT_LAYER, STYLE_LAYERS, ImageMethod
from stylefx.optimise.gram import gram, relative_distance

CONTENT_WEIGHT = 0.3


class He(ImageMethod):
    """As published, from the content."""

    @classmethod
    def net(cls, device: torch.device, seed: int) -> Any:
        """VGG-19 with random weights."""
        from stylefx.nets.random_vgg import Net

        return Net(device, seed)

    def style_loss(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        """Mean over the style layers, each over its target's norm."""
        losses = [relative_distance(gram(features[name]), self.targets[name]) for name in STYLE_LAYERS]
        return torch.stack(losses).mean()

    def content_loss(
        self, features: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]
    ) -> torch.Tensor | float:
        """Relative distance at conv4_2, weighted."""
        return CONTENT_WEIGHT * relative_distance(features[CONTENT_LAYER], kept[CONTENT_LAYER])
