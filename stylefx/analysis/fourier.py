"""Fourier transforms of real frames: scipy's own machine code, without the rest of `scipy.fft`.

Importing `scipy.fft` takes 0.1 to 0.2 s (it asks for scipy.special, array backends and numpy.f2py), a quarter of what a
user waits for before the first sample, and its functions spend longer on their arguments than on a short frame. Where
a release of scipy keeps its transforms elsewhere, `scipy.fft` itself is taken: the same samples, later.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import scipy

# pocketfft's numbers for how a transform is scaled: not at all, and by one over its length.
_UNSCALED, _BY_LENGTH = 0, 2
_NAME = "scipy.fft._pocketfft.pypocketfft"


def rfft(frames: np.ndarray) -> np.ndarray:
    """Spectra of frames (..., samples), over the last axis: (..., samples // 2 + 1), complex in the same precision."""
    return _pocketfft.r2c(frames, (-1,), True, _UNSCALED, None, 1)


def irfft(spectra: np.ndarray, samples: int) -> np.ndarray:
    """The inverse: (..., samples // 2 + 1) to (..., samples)."""
    return _pocketfft.c2r(spectra, (-1,), samples, False, _BY_LENGTH, None, 1)


def _load() -> ModuleType:
    """The compiled module; `scipy.fft` finds it under its name where it is imported later."""
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    folder = Path(scipy.__file__).parent / "fft" / "_pocketfft"
    spec = PathFinder.find_spec(_NAME, [str(folder)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} holds no pypocketfft")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[_NAME] = module
    return module


try:
    _pocketfft = _load()
except ImportError:
    from scipy.fft import irfft, rfft  # type: ignore[no-redef]  # noqa: F401
