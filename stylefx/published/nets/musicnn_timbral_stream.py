"""The timbral layer of musicnn for the newest frames alone, with its gradient written out, quick enough for a stream.

Of `timbral` (published/nets/musicnn.py) these are the 204 filters of 7 frames x 38 bands, which fit at every pitch;
those of 67 bands add three times the cost and, as the objective of the stream, no quality. The input's normalisation
is folded into the filters, all places in frequency are one matrix product, and the maximum over places says where the
gradient goes: 0.2 ms forwards and backwards, against 4 ms through the whole net and autograd.
"""

from __future__ import annotations

import torch

from stylefx.published.nets.log_mel import BANDS
from stylefx.published.nets.trained import EPSILON, NORMALISATION, Layers

MODEL = "MTT_musicnn"
CONVOLUTION = "conv2d"  # the first: 7 frames x 38 bands
FRAMES, BANDS_TALL, FILTERS = 7, 38, 204
PLACES = BANDS - BANDS_TALL + 1


class MusicnnTimbralStream:
    """Log mel levels of the newest `FRAMES` frames to `FILTERS` features, and back.

    Raises
    ------
    StylefxError
        The package musicnn is not installed, or its files are damaged.
    """

    def __init__(self, device: torch.device):
        trained = Layers(MODEL, (CONVOLUTION,), 2, device)
        gain, offset = _affine(trained, "batch_normalization")
        self._gain, self._offset = _affine(trained, "batch_normalization_1")
        kernel = trained.tensors[f"{CONVOLUTION}/kernel"][:, 0]
        flat = kernel.reshape(FILTERS, FRAMES * BANDS_TALL)
        self._bias = trained.tensors[f"{CONVOLUTION}/bias"] + offset * flat.sum(1)
        self._weights = flat * gain
        self._bands = (
            torch.arange(PLACES, device=device)[:, None] + torch.arange(BANDS_TALL, device=device)
        ).ravel()
        self._where = torch.zeros(FILTERS, dtype=torch.int64, device=device)
        self._slope = torch.zeros(FILTERS, device=device)

    def __call__(self, levels: torch.Tensor) -> torch.Tensor:
        """(7, 96) -> (204,): each filter's strongest answer at any place, normalised."""
        seen = levels.unfold(1, BANDS_TALL, 1).permute(1, 0, 2).reshape(PLACES, -1)
        answers = torch.addmm(self._bias, seen, self._weights.T)
        # Of a filter whose gain is negative the strongest is the least.
        strongest, self._where = (torch.relu(answers) * self._gain).max(0)
        self._slope = self._gain * (answers.gather(0, self._where[None])[0] > 0)
        return strongest + self._offset

    def backwards(self, slope: torch.Tensor) -> torch.Tensor:
        """The gradient (7, 96) to the levels of the last call, from that to its features (204,)."""
        at_places = torch.zeros(PLACES, FRAMES * BANDS_TALL, device=slope.device)
        at_places.index_add_(0, self._where, self._weights * (slope * self._slope)[:, None])
        spread = at_places.view(PLACES, FRAMES, BANDS_TALL).permute(1, 0, 2).reshape(FRAMES, -1)
        gradient = torch.zeros(FRAMES, BANDS, device=slope.device)
        return gradient.index_add_(1, self._bands, spread)


def _affine(trained: Layers, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch normalisation as gain and offset."""
    gamma, beta, mean, variance = (trained.tensors[f"{name}/{part}"] for part in NORMALISATION)
    gain = gamma / (variance + EPSILON).sqrt()
    return gain, beta - mean * gain
