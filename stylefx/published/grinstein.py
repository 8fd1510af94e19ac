"""Grinstein, Duong, Ozerov & Perez 2018: begin with the content, descend the style loss alone.

"Audio style transfer", ICASSP 2018, arXiv 1710.11385: what is kept of the content is what the start leaves, no term
holds it. Four sound-texture models: VGG; SoundNet, an audio-trained net whose weights cannot be had here and whose
place musicnn's `vgg` takes; the wide, shallow, random layer of Ulyanov & Lebedev; and the auditory statistics of
McDermott & Simoncelli. The losses are those of gatys.py, musicnn.py, ulyanov.py and mcdermott.py.
"""

from __future__ import annotations

import numpy as np
import torch

from stylefx.published.gatys import Gatys
from stylefx.published.mcdermott import McDermott
from stylefx.published.musicnn import Musicnn
from stylefx.published.ulyanov import Ulyanov
from stylefx.style.style import Style


class GrinsteinVgg(Gatys):
    """VGG."""

    def content_loss(
        self, features: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]
    ) -> torch.Tensor | float:
        """None."""
        return 0.0


class GrinsteinMusicnn(Musicnn):
    """A net trained on music."""

    def content_loss(
        self, features: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]
    ) -> torch.Tensor | float:
        """None."""
        return 0.0


class GrinsteinRandom(Ulyanov):
    """The wide, shallow, random net."""

    def __init__(self, style: Style, iterations: int, device: str):
        super().__init__(style, iterations, device, content_weight=0.0)

    def start(self, content: np.ndarray) -> np.ndarray:
        """The content."""
        return content


class GrinsteinMcDermott(McDermott):
    """Auditory statistics."""

    def start(self, content: np.ndarray) -> np.ndarray:
        """The content."""
        return content
