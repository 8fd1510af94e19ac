"""VGG-19 with random weights, chosen layer by layer.

He, Wang & Hopcroft 2016, "A powerful generative model using random weights for the deep image representation", NIPS:
the architecture of VGG-19 (3 x 3 convolutions, ReLU, mean pooling), weights Gaussian, no bias. A net is stacked from
the bottom: for each layer several sets of weights are drawn, and the one is kept from whose output the input is
reconstructed best. They reconstruct the image; here it is the layer's own input on a small fixed picture of partials,
which costs a second for the whole net. Deviations are sqrt(2 / inputs), so that activations neither grow nor vanish
(He et al. 2015). One grey channel in: three equal ones would only add their weights.
"""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d, conv2d

from stylefx.analysis.grid import Grid
from stylefx.published.spectrogram import GRID

# Convolutions and channels of each group, as far as conv5_1.
GROUPS = ((2, 64), (2, 128), (4, 256), (4, 512), (1, 512))
LAYERS = tuple(f"conv{g}_{n}" for g, (count, _) in enumerate(GROUPS, 1) for n in range(1, count + 1))
CANDIDATES = 3
PROBE = 32  # frames and bands of the picture
STEPS, RATE = 8, 0.3


class Net:
    """Log magnitudes (frames, bands) -> layer -> (channels, frames', bands') after the ReLU."""

    grid: Grid = GRID
    layers = LAYERS

    def __init__(self, device: torch.device, seed: int):
        generator = torch.Generator().manual_seed(seed)
        self.kernels: list[torch.Tensor] = []
        x, channels_in = probe(generator), 1
        for group, (count, channels) in enumerate(GROUPS):
            # Near the top the picture would be a point.
            x = avg_pool2d(x, 2) if group and x.shape[-1] > 4 else x
            for _ in range(count):
                kernel = best_of(x, channels, channels_in, generator)
                x, channels_in = torch.relu(conv2d(x, kernel, padding=1)), channels
                self.kernels.append(kernel.to(device))

    def __call__(self, spectrogram: torch.Tensor) -> dict[str, torch.Tensor]:
        """All layers."""
        x, found = spectrogram[None, None], {}
        for name, kernel in zip(LAYERS, self.kernels):
            if name.endswith("_1") and name != "conv1_1":
                x = avg_pool2d(x, 2)
            x = torch.relu(conv2d(x, kernel, padding=1))
            found[name] = x[0]
        return found


def probe(generator: torch.Generator) -> torch.Tensor:
    """A small image (1, 1, frames, bands): partials that begin, decay and change, over a little noise."""
    time, band = torch.arange(PROBE)[:, None] / PROBE, torch.arange(PROBE)[None, :]
    image = 0.1 * torch.rand(PROBE, PROBE, generator=generator)
    for place, onset in ((5, 0.0), (11, 0.2), (16, 0.4), (22, 0.1), (27, 0.6)):
        image += torch.exp(-((band - place) ** 2) / 2) * torch.exp(-3 * (time - onset)) * (time >= onset)
    return image[None, None]


def best_of(x: torch.Tensor, channels: int, channels_in: int, generator: torch.Generator) -> torch.Tensor:
    """Of `CANDIDATES` draws (channels, channels_in, 3, 3) the one from whose output ``x`` is reconstructed best."""
    deviation = (2 / (9 * channels_in)) ** 0.5
    draws = [
        deviation * torch.randn(channels, channels_in, 3, 3, generator=generator) for _ in range(CANDIDATES)
    ]
    return min(draws, key=lambda kernel: reconstruction_error(x, kernel))


def reconstruction_error(x: torch.Tensor, kernel: torch.Tensor) -> float:
    """``||y - x||^2 / ||x||^2`` with y found from the layer's output by a few Adam steps from its mean."""
    wanted = torch.relu(conv2d(x, kernel, padding=1))
    y = torch.full_like(x, float(x.mean())).requires_grad_()
    optimiser = torch.optim.Adam([y], lr=RATE * float(x.std()))
    for _ in range(STEPS):
        optimiser.zero_grad()
        ((torch.relu(conv2d(y, kernel, padding=1)) - wanted) ** 2).mean().backward()
        optimiser.step()
    return float(((y.detach() - x) ** 2).sum() / (x**2).sum())
