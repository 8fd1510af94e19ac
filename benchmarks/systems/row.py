"""What a row of the tables is: a name, what it learns from the clip, and what it does to the content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.report.store import ROOT, with_imports

Learn = Callable[[np.ndarray, int], Any]
Apply = Callable[..., np.ndarray]

# Containers, files, messages and the choice of a device: none of them changes a sample of a rival. The rivals' own
# grid stands in their modules.
NOT_HEARD = (
    "stylefx/__init__.py",
    "stylefx/analysis/grid.py",
    "stylefx/compute.py",
    "stylefx/errors.py",
    "stylefx/style/style.py",
)


def keep_clip(style: np.ndarray, sample_rate: int) -> np.ndarray:
    """A method that learns nothing ahead of time keeps the clip."""
    return style


@dataclass(frozen=True)
class Row:
    """``learn`` sees the clip only, ``apply`` the content and what was learnt; mono float32 (samples,).

    ``code`` names the files whose change makes earlier results stale; ``kind`` is ``rival``, ``stylefx``,
    ``ablation`` or ``method``; rows with ``subset`` run on every sixth case only, because they are slow or many. A row
    that is ``told`` gets the true notes as well, and runs where there are any.
    """

    name: str
    about: str
    apply: Apply
    code: tuple[str, ...]
    learn: Learn = keep_clip
    kind: str = "rival"
    subset: bool = False
    told: bool = False

    def __call__(self, content: np.ndarray, style: np.ndarray, sample_rate: int) -> np.ndarray:
        """The content in the clip's style, float32 (samples,)."""
        return self.apply(content, self.learn(style, sample_rate), sample_rate)


def code_of(module: ModuleType) -> tuple[str, ...]:
    """What a rival's sound depends on: its module and what that imports of this repository."""
    assert module.__file__ is not None
    path = Path(module.__file__).relative_to(ROOT).as_posix()
    return with_imports(path, without=NOT_HEARD)
