"""He, Wang & Hopcroft 2016: Gatys' objective on the same deep net with random weights.

"A powerful generative model using random weights for the deep image representation", NIPS 2016: VGG-19 whose Gaussian
weights are chosen layer by layer (published/nets/random_vgg.py), and layers that count alike because each Gram matrix
is scaled: style ``mean over layers of ||G - G_style||^2 / ||G_style||^2``, content ``||F - F_content||^2 /
||F_content||^2`` at conv4_2. Ours: the image of gatys.py, the content as start, the weight of the content term.
"""

from __future__ import annotations

from typing import Any

import torch

from stylefx.published.gatys import CONTENT_LAYER, STYLE_LAYERS, ImageMethod


class He(ImageMethod):
    """As published, from the content."""

    style_layers, content_layer, content_weight = STYLE_LAYERS, CONTENT_LAYER, 0.3

    @classmethod
    def net(cls, device: torch.device, seed: int) -> Any:
        """VGG-19 with random weights."""
        from stylefx.published.nets.random_vgg import Net

        return Net(device, seed)
