"""What musicnn's nets hear: 16 kHz, Hann 512, hop 256, the power in 96 mel bands as log10(10000 x + 1).

Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio tagging". The package rounds the
power to 16 bits on the way, which is not done here; its outputs are met to 1e-3 all the same.
"""

from __future__ import annotations

import torch

from stylefx.analysis.grid import Grid
from stylefx.analysis.mel import mel_bank

GRID = Grid(sample_rate=16_000, window_length=512, n_fft=512, hop=256)
BANDS = 96
GAIN = 10_000.0
# Frames that the nets were trained on, 3 s; their last, dense layers take no others.
TAGGED_FRAMES = 187


class LogMel:
    """log(1 + |STFT|) of `GRID` to log mel levels, differentiable."""

    def __init__(self, device: torch.device):
        self._bank = torch.from_numpy(mel_bank(GRID.sample_rate, GRID.n_fft, BANDS)).to(device)

    def __call__(self, spectrogram: torch.Tensor) -> torch.Tensor:
        """(frames, 257) -> (frames, 96)."""
        power = torch.expm1(spectrogram) ** 2 @ self._bank
        return torch.log10(GAIN * power + 1)
