"""Ulyanov & Lebedev (2016) as published, through the parts of stylefx's method ``ulyanov``.

One random convolution over frequency bins as channels (4096 filters, 11 frames, ReLU), Gram matrix; log1p
magnitudes at 22.05 kHz, n_fft 2048, hop 512; content weight 1e-2; 300 L-BFGS iterations from noise; 500
Griffin-Lim iterations. The losses come from the closed form that stands for the sampled filters (checked
against 4096 of them in the tests). The whole content is optimised at once: no blocks, no limiter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ITERATIONS = 300
CONTENT_WEIGHT = 1e-2


def learn_published(clip: np.ndarray, sample_rate: int) -> Any:
    """The clip's Gram target: a style of method ``ulyanov``."""
    import stylefx

    return stylefx.fit(clip, sample_rate, method="ulyanov", seed=0)


def ulyanov_published(
    content: np.ndarray, style: Any, sample_rate: int, content_weight: float = CONTENT_WEIGHT
) -> np.ndarray:
    """The content's first layer kept, by ``content_weight``, under the clip's Gram matrix; mono float32."""
    from stylefx.published.ulyanov import Ulyanov

    return Ulyanov(style, ITERATIONS, "cpu", content_weight).transform(content, sample_rate)
