"""Antognini, Hoffman & Weiss 2019: Gram, autocorrelation and diversity on six random layers.

"Audio texture synthesis with random neural networks: improving diversity and quality", ICASSP 2019 (arXiv
1806.08002): six 1-D layers of 512 filters, 2 to 128 frames wide (published/nets/antognini_net.py), on log magnitudes
at 16 kHz, 512 / 64.

    L_Gram = sum ||G - G_s||^2 / sum ||G_s||^2         over the layers, G = F F^T / T
    L_autocorrelation = sum ||A - A_s||^2 / sum ||A_s||^2    A the autocorrelation in time of each feature map, lags of
                                                     0.2 to 2 s: rhythm that the Gram matrices lose
    L_diversity = ||F_s||^2 / ||F - F_s||^2          F_s at the shift where it is nearest: not the clip once more

Their sum is descended by L-BFGS; the weights of the last two are theirs to choose a sound by, and here small enough
to leave the Gram term in charge. They make textures from noise; from noise no content would be left, so the start is
the content, as Grinstein et al. have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from stylefx.published.descent import Objective, by_autograd
from stylefx.published.gatys import NetMethod
from stylefx.published.gram import TINY, gram
from stylefx.published.nets.antognini_net import GRID

LAG_SECONDS = (0.2, 2.0)
AUTOCORRELATION_WEIGHT, DIVERSITY_WEIGHT = 0.1, 1e-3


def autocorrelations(features: torch.Tensor, lags: tuple[int, int]) -> torch.Tensor:
    """Autocorrelation of each map (channels, frames) at lags first to last, over the frames: (channels, lags)."""
    frames = features.shape[1]
    spectrum = torch.fft.rfft(features, 2 * frames)
    everything = torch.fft.irfft(spectrum.abs() ** 2, 2 * frames)
    return everything[:, lags[0] : lags[1] + 1] / frames


def nearest_shift(features: torch.Tensor, other: torch.Tensor) -> int:
    """The circular shift of ``other`` (channels, frames) that brings it nearest to ``features``."""
    product = torch.fft.rfft(features) * torch.fft.rfft(other).conj()
    return int(torch.fft.irfft(product.sum(0), features.shape[1]).argmax())


class Antognini(NetMethod):
    """The three terms."""

    grid = GRID
    keeps_unheard = True
    # The widest filters and the shortest lag.
    shortest_frames = 192

    @classmethod
    def net(cls, device: torch.device, seed: int) -> Any:
        """Six random layers."""
        from stylefx.published.nets.antognini_net import Net

        return Net(device, seed)

    def lags(self, frames: int) -> tuple[int, int]:
        """First and last lag in frames that features of so many frames have."""
        first, last = (round(seconds / self.grid.hop_seconds) for seconds in LAG_SECONDS)
        return min(first, frames - 1), min(last, frames - 1)

    def objective(self, content: torch.Tensor) -> Objective:
        """The weighted sum; what a block and the clip have both the length for is compared."""
        with torch.no_grad():
            style = self._net(self.style)
        shared = {name: min(found.shape[1], len(content) - self._lost(name)) for name, found in style.items()}
        lags = {name: self.lags(frames) for name, frames in shared.items()}
        rhythm = {name: autocorrelations(found, lags[name]) for name, found in style.items()}

        def loss(frames: torch.Tensor) -> torch.Tensor:
            features = self._net(frames)
            grams = ratio((gram(found), self.targets[name]) for name, found in features.items())
            rhythms = ratio(
                (autocorrelations(found, lags[name]), rhythm[name]) for name, found in features.items()
            )
            diversity = 1 / ratio(self._nearest(features, style, shared)).clamp_min(TINY)
            return grams + AUTOCORRELATION_WEIGHT * rhythms + DIVERSITY_WEIGHT * diversity

        return by_autograd(loss)

    def _lost(self, name: str) -> int:
        """Frames that a layer loses at the ends."""
        return int(name.removeprefix("width")) - 1

    def _nearest(
        self, features: dict[str, torch.Tensor], style: dict[str, torch.Tensor], shared: dict[str, int]
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pairs of the output's and the clip's features, as far as both go, the clip's shifted nearest."""
        for name, frames in shared.items():
            found, wanted = features[name][:, :frames], style[name][:, :frames]
            yield found, torch.roll(wanted, nearest_shift(found.detach(), wanted), dims=1)


def ratio(pairs: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """``sum ||found - wanted||^2 / sum ||wanted||^2`` over pairs."""
    distances, norms = zip(*((((a - b) ** 2).sum(), (b**2).sum()) for a, b in pairs))
    return torch.stack(distances).sum() / torch.stack(norms).sum().clamp_min(TINY)
