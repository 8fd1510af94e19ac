"""What a row of the tables is: a name, what it learns from the clip, and what it does to the content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Learn = Callable[[np.ndarray, int], Any]
Apply = Callable[[np.ndarray, Any, int], np.ndarray]


def keep_clip(style: np.ndarray, sample_rate: int) -> np.ndarray:
    """A method that learns nothing ahead of time keeps the clip."""
    return style


@dataclass(frozen=True)
class Row:
    """``learn`` sees the clip only, ``apply`` the content and what was learnt; mono float32 (samples,).

    ``code`` names the files whose change makes earlier results stale; ``kind`` is ``rival``, ``stylefx`` or
    ``ablation``; rows with ``subset`` run on every sixth case only, because they are slow or many.
    """

    name: str
    about: str
    apply: Apply
    code: tuple[str, ...]
    learn: Learn = keep_clip
    kind: str = "rival"
    subset: bool = False

    def __call__(self, content: np.ndarray, style: np.ndarray, sample_rate: int) -> np.ndarray:
        """The content in the clip's style, float32 (samples,)."""
        return self.apply(content, self.learn(style, sample_rate), sample_rate)
