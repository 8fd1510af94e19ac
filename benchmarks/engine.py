"""The stylefx rows, through the public API as a user would: fit a clip, then render or stream.

Fitted styles are kept under ``benchmarks/cache/styles`` by clip, quality and code, because many rows play the
same style. The published method of Ulyanov & Lebedev (2016) is one of stylefx's methods (``ulyanov``: one
random convolution over frequency bins as channels, 11 frames, ReLU, Gram matrix; content weight 1e-2; L-BFGS
from noise), through the closed form that stands for its 4096 sampled filters.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.row import Row
from benchmarks.store import CACHE, code_hash, key_of

LIVE_BLOCK = 256
PUBLISHED_ITERATIONS = 300
STYLES = CACHE / "styles"
# What the sound depends on; the command line, files and devices do not belong to it.
CODE = tuple(
    f"stylefx/{part}"
    for part in (
        "analysis",
        "decode",
        "learn",
        "optimise",
        "phase",
        "synthesis",
        "transfer.py",
        "streaming.py",
        "blockwise.py",
        "style.py",
    )
)
# The published method runs beside the engine; changes of the streaming stages leave its results standing.
PUBLISHED_CODE = (
    "stylefx/blockwise.py",
    "stylefx/learn/ulyanov.py",
    "stylefx/optimise/closed_form.py",
    "stylefx/optimise/ulyanov.py",
    "stylefx/phase/offline.py",
    "benchmarks/engine.py",
)


@dataclass(frozen=True)
class Fitted:
    """A style and the CPU seconds that fitting it took when it was fitted."""

    style: Any
    cpu_seconds: float


def fit_clip(clip: np.ndarray, sample_rate: int, **options) -> Fitted:
    """``stylefx.fit`` of the clip, from the cache where nothing that matters has changed."""
    import stylefx

    key = key_of(clip, sample_rate, sorted(options.items()), code_hash(*CODE))
    path = STYLES / f"{key}.npz"
    seconds_path = path.with_suffix(".seconds")
    if seconds_path.exists():
        return Fitted(stylefx.Style.load(path), float(seconds_path.read_text()))
    started = time.process_time()
    style = stylefx.fit(clip, sample_rate, **options)
    spent = time.process_time() - started
    path.parent.mkdir(parents=True, exist_ok=True)
    style.save(path, overwrite=True)
    seconds_path.write_text(f"{spent}")
    return Fitted(style, spent)


def forget_styles() -> None:
    """Fit everything again."""
    shutil.rmtree(STYLES, ignore_errors=True)


def offline_row(
    name: str,
    about: str,
    quality: str = "normal",
    kind: str = "stylefx",
    subset: bool = False,
    phase: tuple[str, int] | None = None,
    **settings,
) -> Row:
    """A row that renders offline: the whole content at once, the latency cut off.

    ``phase`` is another phase method and its refinement passes; ``settings`` go to ``StyleTransfer``.
    """
    from stylefx.phase.stage import Phase

    def learn(clip, sample_rate):
        return fit_clip(clip, sample_rate, quality=quality, seed=0)

    def apply(content, fitted, sample_rate):
        effect = _transfer(fitted.style, settings)
        if phase is not None:
            # No option of the public API: the phase stage is exchanged to see what it is worth.
            effect._path.phase = Phase(*phase)
        return effect(content, sample_rate)

    return Row(name, about, apply, (*CODE, "benchmarks/engine.py"), learn, kind, subset)


def live_row(name: str, about: str, quality: str = "normal", block: int = LIVE_BLOCK, **settings) -> Row:
    """A row that streams: blocks of ``block`` samples through ``process``, as they come from a sound card."""

    def learn(clip, sample_rate):
        return fit_clip(clip, sample_rate, quality=quality, seed=0)

    def apply(content, fitted, sample_rate):
        return stream(_transfer(fitted.style, settings), content, sample_rate, block)

    return Row(name, about, apply, (*CODE, "benchmarks/engine.py"), learn, "stylefx")


def stream(effect, content: np.ndarray, sample_rate: int, block: int) -> np.ndarray:
    """``content`` (samples,) block by block through a prepared effect, the latency cut off the front."""
    effect.prepare(sample_rate, 1, block)
    pieces = [effect.process(content[i : i + block, None]).copy() for i in range(0, len(content), block)]
    played = np.concatenate([*pieces, effect.flush()])[:, 0]
    return played[effect.latency_samples :][: len(content)]


def learn_published(clip: np.ndarray, sample_rate: int) -> Fitted:
    """The clip's Gram target of the published method."""
    return fit_clip(clip, sample_rate, method="ulyanov", seed=0)


def published(content: np.ndarray, fitted: Fitted, sample_rate: int, strength: float = 1.0) -> np.ndarray:
    """The published method on the whole content."""
    settings = {"iterations": PUBLISHED_ITERATIONS, "strength": strength}
    return _transfer(fitted.style, settings)(content, sample_rate)


def _transfer(style, settings: dict[str, Any]):
    import stylefx

    return stylefx.StyleTransfer(style, device="cpu", **settings)
