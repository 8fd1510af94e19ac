"""The stylefx rows, through the public API as a user would: fit a clip, then render or stream.

Fitted styles are kept under ``benchmarks/cache/styles`` by clip, options and the code that fits, because many
rows play the same style.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft

from benchmarks.report.store import CACHE, code_hash, key_of, with_imports
from benchmarks.systems.row import Row
from stylefx.analysis.grid import STUDIO
from stylefx.analysis.window import synthesis_window

LIVE_BLOCK = 256
STYLES = CACHE / "styles"
# Containers, files and pictures change no sample; the published method is a row of its own.
NOT_HEARD = tuple(
    f"stylefx/{part}"
    for part in (
        "__init__.py",
        "engine/blockwise.py",
        "errors.py",
        "io/files.py",
        "io/formats.py",
        "io/named_pipe.py",
        "io/output.py",
        "io/picture.py",
        "style/archive.py",
        "style/metadata.py",
        "style/methods.py",
        "style/style.py",
    )
)
FIT_CODE = ("stylefx/learn/weights", *with_imports("stylefx/learn/fit.py", without=NOT_HEARD))
# What the sound depends on; the command line, files and devices do not belong to it.
# The optimiser is imported by its name in the catalogue of methods.
CODE = (
    *FIT_CODE,
    *with_imports("stylefx/engine/transfer.py", without=NOT_HEARD),
    *with_imports("stylefx/optimise/stage.py", without=NOT_HEARD),
)


@dataclass(frozen=True)
class Fitted:
    """A style and the CPU seconds that fitting it took when it was fitted."""

    style: Any
    cpu_seconds: float


def fit_clip(clip: np.ndarray, sample_rate: int, **options) -> Fitted:
    """``stylefx.fit`` of the clip, from the cache where nothing that matters has changed."""
    import stylefx

    key = key_of(clip, sample_rate, sorted(options.items()), code_hash(*FIT_CODE))
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
    held: bool = False,
    latency: str = STUDIO,
    **settings,
) -> Row:
    """A row that renders offline: the whole content at once, the latency cut off.

    ``phase`` is another phase method and its refinement passes; ``held`` takes a struck style's notes for held ones;
    ``settings`` go to ``StyleTransfer``.
    """

    def learn(clip, sample_rate):
        return fit_clip(clip, sample_rate, quality=quality, seed=0)

    def apply(content, fitted, sample_rate):
        effect = _transfer(_held(fitted.style) if held else fitted.style, {"latency": latency, **settings})
        if phase is not None:
            # No option of the public API: the phase stage is exchanged to see what it is worth.
            effect._path.phase = _phase_stage(*phase)
        return effect(content, sample_rate)

    return Row(name, about, apply, (*CODE, "benchmarks/systems/engine.py"), learn, kind, subset)


def _phase_stage(method: str, passes: int):
    """``rtisi`` is the engine's own, with another number of passes."""
    from benchmarks.phase_methods.stage import Phase
    from stylefx.phase.rtisi import Rtisi

    return Rtisi(passes) if method == "rtisi" else _Sounding(Phase(method, passes))


class _Sounding:
    """A phase method that also keeps its newest frame as samples, which the engine plays where there is one channel."""

    def __init__(self, phase):
        self._phase = phase

    @property
    def latency_samples(self) -> int:
        """The method's own."""
        return self._phase.latency_samples

    def prepare(self, grid) -> None:
        """Allocate for a grid and forget the past."""
        self._phase.prepare(grid)
        self._n_fft, self._window = grid.n_fft, synthesis_window(grid)

    def reset(self) -> None:
        """Forget the past."""
        self._phase.reset()

    def process(self, target: np.ndarray, content: np.ndarray) -> np.ndarray:
        """The frame of the method."""
        frame = self._phase.process(target, content)
        half = len(self._window) // 2
        samples = scipy.fft.irfft(frame, self._n_fft)
        self.share = (np.concatenate([samples[-half:], samples[:half]]) * self._window).astype(np.float32)
        return frame


def _held(style):
    from stylefx import Style

    rates = np.zeros_like(style.arrays["decoder_decay_rates"])
    return Style(style.method, {**style.arrays, "decoder_decay_rates": rates}, style.meta)


def live_row(name: str, about: str, quality: str = "normal", block: int = LIVE_BLOCK, **settings) -> Row:
    """A row that streams: blocks of ``block`` samples through ``process``, as they come from a sound card.

    It runs on the subset, to show there that the samples are those of the offline row.
    """

    def learn(clip, sample_rate):
        return fit_clip(clip, sample_rate, quality=quality, seed=0)

    def apply(content, fitted, sample_rate):
        return stream(_transfer(fitted.style, settings), content, sample_rate, block)

    return Row(name, about, apply, (*CODE, "benchmarks/systems/engine.py"), learn, "stylefx", subset=True)


def stream(effect, content: np.ndarray, sample_rate: int, block: int) -> np.ndarray:
    """``content`` (samples,) block by block through a prepared effect, the latency cut off the front."""
    effect.prepare(sample_rate, 1, block)
    pieces = [effect.process(content[i : i + block, None]).copy() for i in range(0, len(content), block)]
    played = np.concatenate([*pieces, effect.flush()])[:, 0]
    return played[effect.latency_samples :][: len(content)]


def _transfer(style, settings: dict[str, Any]):
    import stylefx

    return stylefx.StyleTransfer(style, device="cpu", **settings)
