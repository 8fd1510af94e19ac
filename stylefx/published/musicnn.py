"""A net trained on music as the ear of Gatys' objective: "a pretrained network for audio".

The `vgg` of musicnn (Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio
tagging"), trained to tag music: see published/nets/musicnn_vgg.py. Style: Gram matrices of its first four blocks,
each over its norm; content: the features of the first, ``||F - F_content||^2 / ||F_content||^2``, weighted; from the
content. Its own front end is 16 kHz: what lies above 8 kHz stays the content's.

Ten seconds take 0.12 CPU seconds forwards, 0.27 with the gradient. A position of the fourth block sees 0.8 s, so that a
step for the newest frame alone would cost 20 ms; what of musicnn runs in the stream is in stream_musicnn.py.
"""

from __future__ import annotations

from typing import Any

import torch

from stylefx.published.gatys import NetMethod
from stylefx.published.nets.log_mel import GRID

STYLE_LAYERS = ("pool1", "pool2", "pool3", "pool4")


class Musicnn(NetMethod):
    """Gram matrices and content of musicnn's `vgg`, on the grid that it was trained on."""

    style_layers, content_layer, content_weight = STYLE_LAYERS, STYLE_LAYERS[0], 0.3
    grid = GRID
    keeps_unheard = True
    trained = True
    # Two frames are left of four halvings.
    shortest_frames = 32

    @classmethod
    def net(cls, device: torch.device, seed: int) -> Any:
        """The net with trained weights."""
        from stylefx.published.nets.musicnn_vgg import Net

        return Net(device, STYLE_LAYERS)
