"""The `vgg` of musicnn: five 3 x 3 convolutions trained to tag music, on log mel bands.

Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging", trained on
MagnaTagATune (`MTT_vgg`) or the Million Song Dataset (`MSD_vgg`), 50 tags each. Each of the five blocks is convolution
('same', 128 filters), ReLU, batch normalisation, maximum over 4 x 1 (the first), 2 x 2 or 4 x 4 (the last) frames x
bands. Input: log_mel.py. The weights are read from the installed package.

The layers `pool1` .. `pool5` are what comes out of the blocks, as in the package. A position of `pool1` sees 6 frames x
3 bands (96 ms) and comes every second frame and band; of `pool2`, 12 x 9.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import max_pool2d

from stylefx.errors import UsageError
from stylefx.published.nets.log_mel import BANDS, GRID, TAGGED_FRAMES, LogMel
from stylefx.published.nets.trained import Layers

LAYERS = ("pool1", "pool2", "pool3", "pool4", "pool5")
# Frames x bands of each maximum, and how far apart they are.
POOLS = (((4, 1), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((4, 4), (4, 4)))
MODELS = ("MTT_vgg", "MSD_vgg")
CONVOLUTIONS = tuple(f"{number}CNN" for number in range(1, 6))


class Net:
    """Magnitudes to the activations of ``layers``, differentiable.

    Parameters
    ----------
    device
        Where to compute.
    layers
        Which of `LAYERS` to return; deeper ones are not computed.
    model
        One of `MODELS`.

    Raises
    ------
    StylefxError
        The package musicnn is not installed, or its files are damaged.
    """

    grid = GRID

    def __init__(self, device: torch.device, layers: Sequence[str] = LAYERS, model: str = MODELS[0]):
        if model not in MODELS or not layers or set(layers) - set(LAYERS):
            raise UsageError(f"{model} {list(layers)}: expected one of {MODELS} and some of {LAYERS}")
        self.layers = tuple(layers)
        self._blocks = max(LAYERS.index(layer) for layer in layers) + 1
        self.trained = Layers(model, (*CONVOLUTIONS, "dense"), 1 + len(LAYERS), device)
        self.front_end = LogMel(device)

    def __call__(self, spectrogram: torch.Tensor) -> dict[str, torch.Tensor]:
        """log(1 + |STFT|) of `grid` (frames, 257) -> layer -> (channels, frames, bands)."""
        return self.activations(self.front_end(spectrogram))

    def activations(self, levels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Log mel levels (frames, 96) -> layer -> (channels, frames, bands)."""
        found, trained = {}, self.trained
        x = trained.normalise(levels[None, None], 0)
        for block, name in enumerate(LAYERS[: self._blocks]):
            x = trained.normalise(trained.convolve(x, CONVOLUTIONS[block], padding=1), block + 1)
            x = max_pool2d(x, *POOLS[block])
            if name in self.layers:
                found[name] = x[0]
        return found

    def tags(self, levels: torch.Tensor) -> np.ndarray:
        """How likely each of the model's 50 tags is for `TAGGED_FRAMES` of log mel levels, (50,)."""
        if levels.shape != (TAGGED_FRAMES, BANDS) or "pool5" not in self.layers:
            raise UsageError(
                f"levels {tuple(levels.shape)}, expected {TAGGED_FRAMES} x {BANDS}, and layer pool5"
            )
        # TensorFlow flattens frames x bands x channels.
        flat = self.activations(levels)["pool5"].permute(1, 2, 0).reshape(-1)
        tensors = self.trained.tensors
        logits = flat @ tensors["dense/kernel"] + tensors["dense/bias"]
        return torch.sigmoid(logits).detach().cpu().numpy()
