"""What the method `musicnn-live` learns from a clip: the Gram matrix of musicnn's timbral features over its norm.

The clip is heard as the engine will hear the player: its frames, its window, levels relative to the loudest lately.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import torch

from stylefx.analysis.grid import Grid
from stylefx.analysis.level import Reference
from stylefx.analysis.window import analysis_window
from stylefx.optimise.harmonic import Moments
from stylefx.published.musicnn_live.stage import is_active, unit_gram
from stylefx.published.nets.engine_mel import engine_bank, frames_apart
from stylefx.published.nets.log_mel import GAIN
from stylefx.published.nets.musicnn_timbral_stream import FILTERS, FRAMES, MusicnnTimbralStream


def learn_timbral(audio: np.ndarray, grid: Grid) -> np.ndarray:
    """The Gram target, float32 (204, 204), of mono ``audio`` float32 (samples,).

    Raises
    ------
    StylefxError
        The package musicnn is not installed, or its files are damaged.
    """
    net, bank = MusicnnTimbralStream(torch.device("cpu")), engine_bank(grid)
    hop = frames_apart(grid) * grid.hop
    padded = np.pad(audio, (grid.window_length // 2, grid.window_length))
    window = analysis_window(grid).astype(np.float32)
    reference = Reference(hop / grid.sample_rate)
    moments, one = Moments.zero(FILTERS, torch.device("cpu")), torch.ones(1)
    levels: list[torch.Tensor] = []
    for frame in np.lib.stride_tricks.sliding_window_view(padded, grid.window_length)[::hop]:
        magnitude = np.abs(scipy.fft.rfft(frame * window, grid.n_fft))
        level = max(reference.follow(magnitude), 1e-9)
        power = torch.from_numpy((magnitude / np.float32(level)) ** 2 @ bank)
        levels = [*levels[-FRAMES + 1 :], torch.log10(GAIN * power + 1)]
        if len(levels) == FRAMES and is_active(magnitude, level):
            moments = moments.plus(net(torch.stack(levels))[None], one)
    return unit_gram(moments).numpy()
