"""Samples as Python callers hand them in: any array that is sound becomes float32 at full scale 1.

Integer samples are scaled as soundfile does; played as they are they would clip to square waves.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from stylefx.checks import shown
from stylefx.errors import UsageError

# What integer samples are divided by. 64 bits have no full scale that anyone agrees on, and are mostly a mistake.
FULL_SCALE = {
    np.dtype("i1"): 2.0**7,
    np.dtype("i2"): 2.0**15,
    np.dtype("i4"): 2.0**31,
    np.dtype("u1"): 2.0**7,
}
# 60 dB over full scale, as `render` accepts from a file: beyond are integers stored as float, or a fault of who sent
# it, whose squares would overflow and never be forgotten.
MAX_SAMPLE = np.float32(1000.0)


def samples_of(audio: Any, name: str = "the audio") -> np.ndarray:
    """Audio as float32, (frames,) or (frames, channels).

    Parameters
    ----------
    audio
        An array of float, int8, uint8, int16 or int32, or something that becomes one; integers are scaled to full
        scale 1. A float32 array is returned as it is.
    name
        What the sentence calls it.

    Raises
    ------
    UsageError
        A path, complex or other samples, or an array that is neither one- nor two-dimensional.
    """
    if isinstance(audio, str | os.PathLike):
        raise UsageError(
            f"{name} is the path {shown(os.fspath(audio))}, expected samples: read the file first, "
            f"`audio, sample_rate = soundfile.read({shown(os.fspath(audio))})`"
        )
    try:
        array = np.asarray(audio)
    except ValueError as error:
        raise UsageError(f"{name} is no array of samples ({error})") from error
    if array.ndim not in (1, 2):
        raise UsageError(f"{name} has shape {array.shape}, expected (frames,) or (frames, channels)")
    if array.dtype in FULL_SCALE:
        offset = 128.0 if array.dtype == np.uint8 else 0.0
        return ((array - offset) / FULL_SCALE[array.dtype]).astype(np.float32)
    if not np.issubdtype(array.dtype, np.floating):
        raise UsageError(
            f"{name} holds {array.dtype} samples, expected float with full scale 1, or int16 or int32: "
            "convert them first"
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        return array.astype(np.float32, copy=False)


def tamed(block: np.ndarray) -> np.ndarray:
    """``block`` within `MAX_SAMPLE`, and 0 where it is not finite; the same array where it is so already.

    NaN passes through min and max and fails both comparisons, so good blocks cost two reductions.
    """
    if not block.size or (block.min() >= -MAX_SAMPLE and block.max() <= MAX_SAMPLE):
        return block
    return np.clip(np.where(np.isfinite(block), block, np.float32(0)), -MAX_SAMPLE, MAX_SAMPLE)
