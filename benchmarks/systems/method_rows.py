"""A row for every method of `stylefx.style.methods`, through the public API: fit the clip, render the content.

They are slow, so they are of a kind of their own, run on the subset of the cases, and the deep nets take fewer steps
than a user would give them: `ITERATIONS` says how many. `python -m benchmarks.methods` measures them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.report.store import CACHE, key_of, with_imports
from benchmarks.systems.engine import CODE, NOT_HEARD
from benchmarks.systems.row import Row
from stylefx.style.methods import METHODS, Method

# Where fewer than the method's own are all that the run has time for.
ITERATIONS = {"gatys": 25, "grinstein-vgg": 25, "he": 25, "verma": 25, "antognini": 25}
OUTPUTS = CACHE / "methods"


def iterations(method: Method) -> int:
    """Optimiser steps of the row."""
    return ITERATIONS.get(method.name, method.iterations)


def method_row(method: Method) -> Row:
    """The row of a method; what it plays is kept for the picture."""

    def learn(clip, sample_rate):
        import stylefx

        return stylefx.fit(clip, sample_rate, method=method.name, seed=0)

    def apply(content, style, sample_rate):
        import stylefx

        effect = stylefx.StyleTransfer(style, iterations=iterations(method), device="cpu")
        audio = effect(content, sample_rate)
        path = output_path(method.name, content)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, audio)
        return audio

    module = method.objective.partition(":")[0].replace(".", "/") + ".py"
    code = (*with_imports(module, without=NOT_HEARD), "benchmarks/systems/method_rows.py")
    if method.real_time:  # its objective is one stage of the engine
        code = (*code, *CODE)
    about = f"{method.title}: {iterations(method)} steps"
    return Row(method.name, about, apply, code, learn, kind="method", subset=True)


def output_path(name: str, content: np.ndarray) -> Path:
    """Where a row leaves what it made of a content."""
    return OUTPUTS / f"{name}-{key_of(content)}.npy"


# The default has rows of its own.
METHOD_ROWS = tuple(method_row(method) for method in METHODS.values() if method.name != "harmonic")
