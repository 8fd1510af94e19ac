"""A rest: whatever decays in the engine's states ends at zero, not among the denormal numbers that take ages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stylefx import StyleTransfer

RATE = 44_100
BLOCK = 256
REST_SECONDS = 8


def denormals(thing: Any, path: str, seen: set[int]) -> list[str]:
    """Where in ``thing`` there are arrays of float32 with denormal numbers."""
    if id(thing) in seen:
        return []
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        if thing.dtype not in (np.float32, np.complex64):
            return []
        levels = np.abs(thing)
        count = int(((levels > 0) & (levels < np.finfo(np.float32).tiny)).sum())
        return [f"{path}: {count} of {thing.size}"] if count else []
    if isinstance(thing, dict):
        parts = list(thing.items())
    elif isinstance(thing, (list, tuple)):
        parts = list(enumerate(thing))
    else:
        parts = list(getattr(thing, "__dict__", {}).items())
    return [found for name, part in parts for found in denormals(part, f"{path}.{name}", seen)]


@pytest.mark.slow
def test_after_a_rest_no_state_is_denormal(bright_style, guitar_audio):
    """With them in the decoder's features a hop of silence took four times as long as one of music."""
    engine = StyleTransfer(bright_style)
    engine.prepare(RATE, 1, BLOCK)
    audio = np.concatenate([guitar_audio[:RATE], np.zeros((REST_SECONDS * RATE, 1), np.float32)])
    for start in range(0, len(audio) - BLOCK, BLOCK):
        engine.process(audio[start : start + BLOCK])
    assert denormals(engine, "engine", set()) == []
