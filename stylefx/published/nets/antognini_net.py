"""Six wide random 1-D layers side by side: 512 filters each, 2, 4, 8, 16, 64 and 128 frames wide.

Antognini, Hoffman & Weiss 2019, "Audio texture synthesis with random neural networks: improving diversity and
quality", ICASSP: frequency bins as channels, no bias, VALID, ReLU, so that short and long events each find a layer
that sees them. Weights are Gaussian with Glorot's deviation. Convolutions of 16 frames and more are done as products
of spectra of overlapping pieces (overlap-save), which makes the widest twenty times cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn.functional import conv1d, pad

from stylefx.analysis.grid import Grid

# As published: 16 kHz, frames of 512 samples, 4 ms apart.
GRID = Grid(sample_rate=16_000, window_length=512, n_fft=512, hop=64)
WIDTHS = (2, 4, 8, 16, 64, 128)
FILTERS = 512
LAYERS = tuple(f"width{width}" for width in WIDTHS)
# From this width on by spectra, in pieces this many times as long.
LONG, PIECE_WIDTHS = 16, 3


class Net:
    """Log magnitudes (frames, bins) -> layer -> (filters, frames - width + 1)."""

    grid: Grid = GRID
    layers = LAYERS

    def __init__(self, device: torch.device, seed: int, bins: int = GRID.bins, filters: int = FILTERS):
        generator = torch.Generator().manual_seed(seed)
        self.weights = []
        for width in WIDTHS:
            weights = torch.randn(filters, bins, width, generator=generator)
            self.weights.append((weights * (2 / ((bins + filters) * width)) ** 0.5).to(device))
        self._spectra = [_spectra(weights) if width >= LONG else None for width, weights in self._pairs()]

    def _pairs(self) -> Iterator[tuple[int, torch.Tensor]]:
        return zip(WIDTHS, self.weights)

    def __call__(self, spectrogram: torch.Tensor) -> dict[str, torch.Tensor]:
        """All layers."""
        found = {}
        for name, weights, spectra in zip(LAYERS, self.weights, self._spectra):
            if spectra is None:
                seen = conv1d(spectrogram.T[None], weights)[0]
            else:
                seen = _by_spectra(spectrogram, spectra, weights.shape[2])
            found[name] = torch.relu(seen)
        return found


def _piece(width: int) -> int:
    """Frames of a piece: a power of two."""
    return 1 << (PIECE_WIDTHS * width - 1).bit_length()


def _spectra(weights: torch.Tensor) -> torch.Tensor:
    """Conjugate spectra over time of filters (filters, bins, width) -> (frequencies, filters, bins)."""
    return torch.fft.rfft(weights, _piece(weights.shape[2])).conj().permute(2, 0, 1).contiguous()


def _by_spectra(frames: torch.Tensor, spectra: torch.Tensor, width: int) -> torch.Tensor:
    """The same as conv1d of ``frames`` (frames, bins): each piece but its last ``width - 1`` frames, joined."""
    size = _piece(width)
    step, positions = size - width + 1, len(frames) - width + 1
    pieces = -(-positions // step)
    padded = pad(frames, (0, 0, 0, pieces * step + width - 1 - len(frames)))
    seen = torch.fft.rfft(padded.unfold(0, size, step), dim=2).permute(2, 1, 0)
    found = torch.fft.irfft(spectra @ seen, size, dim=0)[:step]
    return found.permute(1, 2, 0).reshape(found.shape[1], -1)[:, :positions]
