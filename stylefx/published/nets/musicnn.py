"""The front end of musicnn: filters as tall as a timbre and as long as a rhythm, trained to tag music.

Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging", after Pons et al. 2018,
"End-to-end learning for music audio tagging at scale". The layers:

* `timbral`: 204 filters of 7 frames x 38 bands and 204 of 7 x 67, ReLU, batch normalisation, then the maximum over all
  places in frequency: it answers to a spectral shape wherever it stands, that is, to a timbre at any pitch;
* `temporal`: 51 filters each of 128, 64 and 32 frames x 1 band, likewise the maximum over the bands;
* `cnn1`, `cnn2`, `cnn3`: 64 filters of 7 frames over all channels of what is below, the last two residual.

Input: log_mel.py. Every layer has a value per frame and no frequency axis. Models: `MTT_musicnn` (MagnaTagATune),
`MSD_musicnn` (Million Song Dataset); the weights are read from the installed package.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import pad

from stylefx.errors import UsageError
from stylefx.published.nets.log_mel import GRID, LogMel
from stylefx.published.nets.trained import Layers

LAYERS = ("timbral", "temporal", "cnn1", "cnn2", "cnn3")
MODELS = ("MTT_musicnn", "MSD_musicnn")
TIMBRAL, TEMPORAL = ("conv2d", "conv2d_1"), ("conv2d_2", "conv2d_3", "conv2d_4")
MIDDLE = ("conv2d_5", "conv2d_6", "conv2d_7")
FRAMES_LONG = {"conv2d": 7, "conv2d_1": 7, "conv2d_2": 128, "conv2d_3": 64, "conv2d_4": 32}


class Net:
    """Magnitudes to the activations of ``layers``, differentiable.

    Parameters
    ----------
    device
        Where to compute.
    layers
        Which of `LAYERS` to return; what they do not need is not computed.
    model
        One of `MODELS`.

    Raises
    ------
    StylefxError
        The package musicnn is not installed, or its files are damaged.
    """

    grid = GRID

    def __init__(self, device: torch.device, layers: Sequence[str] = ("timbral",), model: str = MODELS[0]):
        if model not in MODELS or not layers or set(layers) - set(LAYERS):
            raise UsageError(f"{model} {list(layers)}: expected one of {MODELS} and some of {LAYERS}")
        self.layers = tuple(layers)
        names = (*TIMBRAL, *TEMPORAL, *MIDDLE)
        self.trained = Layers(model, names, 1 + len(names), device)
        self.front_end = LogMel(device)

    def __call__(self, spectrogram: torch.Tensor) -> dict[str, torch.Tensor]:
        """log(1 + |STFT|) of `grid` (frames, 257) -> layer -> (channels, frames, 1)."""
        return self.activations(self.front_end(spectrogram))

    def activations(self, levels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Log mel levels (frames, 96) -> layer -> (channels, frames, 1)."""
        x = self.trained.normalise(levels[None, None], 0)
        found = {}
        deep = any(layer in self.layers for layer in LAYERS[2:])
        if deep or "timbral" in self.layers:
            found["timbral"] = self._over_bands(x, TIMBRAL, 1)
        if deep or "temporal" in self.layers:
            found["temporal"] = self._over_bands(x, TEMPORAL, 1 + len(TIMBRAL))
        if deep:
            found |= self._middle(torch.cat([found["timbral"], found["temporal"]]))
        return {layer: found[layer] for layer in self.layers}

    def _over_bands(self, x: torch.Tensor, names: Sequence[str], number: int) -> torch.Tensor:
        """Each filter's strongest answer at any band: (channels, frames, 1)."""
        trained, answers = self.trained, []
        for place, name in enumerate(names):
            # As many frames come out as go in; a filter of even length sees one more of what comes than of what was.
            length = FRAMES_LONG[name]
            seen = pad(x, (0, 0, (length - 1) // 2, length // 2))
            answer = trained.normalise(trained.convolve(seen, name), number + place)
            answers.append(answer.amax(dim=3, keepdim=True)[0])
        return torch.cat(answers)

    def _middle(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """The three layers over all channels, from (561, frames, 1)."""
        found: dict[str, torch.Tensor] = {}
        x = features
        for place, name in enumerate(MIDDLE):
            # Channels lie where bands do: a filter spans all of them.
            seen = pad(x.permute(2, 1, 0)[None], (0, 0, 3, 3))
            answer = self.trained.normalise(self.trained.convolve(seen, name), 6 + place)[0]
            x = answer if place == 0 else answer + x
            found[LAYERS[2 + place]] = x
        return found
