"""The phase methods alone: spectral convergence and CPU time on recordings, against offline references.

    SC = 20 log10(|| T - |STFT(y)| || / || T ||),   T the magnitudes asked for, y the signal made from them

on the engine's own grid at 44.1 kHz, lower is better. ``clean``: T is a recording's magnitudes, so that no error is
possible. ``25 %`` .. ``100 %``: T is a geometric blend with another recording at equal energy. ``styled``: T is what
the engine asks of its phase stage, the first recording in the style of the second. No signal has such magnitudes, so
no phase goes below some floor; the last row shows about where that is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import stylefx
from benchmarks import HERE
from benchmarks.phase_methods.stage import Phase
from stylefx.analysis.grid import grid_for
from stylefx.analysis.window import GAUSS_GAMMA, gauss_window
from stylefx.clips import CREDITS, clip_path
from stylefx.engine.streaming import StreamingPath
from stylefx.io.files import read_audio
from stylefx.phase.rtisi import Rtisi
from stylefx.published.griffin_lim import griffin_lim, pghi, spectrogram

GRID = grid_for(44_100)
# A voice, winds, plucked strings, drums and a band, each with something unlike it.
PAIRS = (
    ("singing_male", "guitar_solo"),
    ("trumpet_solo", "string_orchestra"),
    ("guitar_solo", "jazz_trio"),
    ("jazz_trio", "singing_male"),
    ("speech_male", "guitar_chord"),
    ("tabla", "trumpet_solo"),
)
QUICK_PAIRS = PAIRS[:1]
BLENDS = {"clean": 0.0, "25 %": 0.25, "50 %": 0.5, "100 %": 1.0}
STYLED = "styled"
KINDS = (*BLENDS, STYLED)
SKIP_SECONDS, SECONDS, QUICK_SECONDS, STYLE_SECONDS = 0.5, 2.0, 1.0, 10.0
# Frames of silence around each recording, so that a stream begins and ends as the engine's do; then the ends of the
# recording, cut out of a longer one. Neither is the subject.
SILENT_FRAMES = GRID.window_length // GRID.hop
EDGE_FRAMES = SILENT_FRAMES + 10
LEAST = 1e-5
FAST = 0.99
WINDOW = np.pad(gauss_window(GRID.window_length), (GRID.n_fft - GRID.window_length) // 2)
# Between the stage's centred convention and that of a plain rfft.
CENTRE = np.where(np.arange(GRID.bins) % 2, -1, 1).astype(np.float32)
GAMMA = GAUSS_GAMMA * GRID.window_length**2

# Target magnitudes and content (bins, frames) -> samples, CPU seconds.
Method = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, float]]


def streaming(method: str, iterations: int) -> Method:
    """A streaming phase stage (``rtisi`` is the engine's), timed from the first frame to the last."""

    def make(target: np.ndarray, content: np.ndarray) -> tuple[np.ndarray, float]:
        stage = Rtisi(iterations) if method == "rtisi" else Phase(method, iterations)
        stage.prepare(GRID)
        held = stage.latency_samples // GRID.hop
        ahead = np.zeros((held, GRID.bins), np.complex64)
        contents = np.concatenate((content.T * CENTRE, ahead)).astype(np.complex64)
        targets = np.concatenate((target.T, ahead.real))
        frames = np.empty_like(contents)
        began = time.process_time()
        for p in range(len(frames)):
            frames[p] = stage.process(targets[p], contents[p])
        seconds = time.process_time() - began
        phase = np.angle(frames[held:] * CENTRE).T
        return griffin_lim(target, GRID.n_fft, GRID.hop, WINDOW, 0, 0, initial_phase=phase), seconds

    return make


def offline(iterations: int, momentum: float = 0.0, integrated: bool = False) -> Method:
    """Griffin-Lim (fast with momentum) from random or from integrated phase."""

    def make(target: np.ndarray, content: np.ndarray) -> tuple[np.ndarray, float]:
        began = time.process_time()
        start = pghi(target, GRID.n_fft, GRID.hop, GAMMA) if integrated else None
        samples = griffin_lim(target, GRID.n_fft, GRID.hop, WINDOW, iterations, 0, momentum, start)
        return samples, time.process_time() - began

    return make


METHODS: dict[str, Method] = {
    **{f"rtisi (played), {n} passes": streaming("rtisi", n) for n in (0, 1, 2, 4)},
    **{f"mixed, {n} passes": streaming("mixed", n) for n in (0, 1, 2, 3, 4, 8)},
    **{f"rtpghi, {n} passes": streaming("rtpghi", n) for n in (0, 1, 2, 4)},
    **{f"borrowed, {n} passes": streaming("borrowed", n) for n in (0, 4)},
    "offline: Griffin-Lim 32": offline(32),
    "offline: Griffin-Lim 100": offline(100),
    "offline: fast Griffin-Lim 100": offline(100, FAST),
    "offline: PGHI": offline(0, integrated=True),
    "offline: PGHI, fast Griffin-Lim 100": offline(100, FAST, integrated=True),
}
QUICK_METHODS = (
    "rtisi (played), 2 passes",
    "mixed, 0 passes",
    "mixed, 4 passes",
    "rtpghi, 4 passes",
    "offline: Griffin-Lim 32",
)


def run(quick: bool) -> list[dict[str, Any]]:
    """One row per method: its name, mean SC in dB by kind of target, median CPU microseconds per frame."""
    pairs, seconds = (QUICK_PAIRS, QUICK_SECONDS) if quick else (PAIRS, SECONDS)
    cases = {kind: [case(*pair, blend, seconds) for pair in pairs] for kind, blend in BLENDS.items()}
    cases[STYLED] = [styled_case(*pair, seconds) for pair in pairs]
    for name in ("rtisi (played), 2 passes", "mixed, 0 passes", "offline: PGHI"):
        # Compile, or load what is compiled.
        METHODS[name](*(part[:, :20] for part in cases["clean"][0]))
    return [_row(name, cases) for name in (QUICK_METHODS if quick else METHODS)]


def _row(name, cases):
    row: dict[str, Any] = {"method": name}
    costs = []
    for kind, found in cases.items():
        scores = []
        for target, content in found:
            samples, seconds = METHODS[name](target, content)
            costs.append(seconds / target.shape[1])
            scores.append(spectral_convergence(target, samples))
        row[kind] = float(np.mean(scores))
    return {**row, "us": float(1e6 * np.median(costs))}


def case(name: str, other: str, blend: float, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Target magnitudes and content (bins, frames): ``name`` as it is, or its magnitudes blended with ``other``'s."""
    content, style = _recording(name, seconds), np.abs(_recording(other, seconds))
    frames = min(content.shape[1], style.shape[1])
    content, style = content[:, :frames], style[:, :frames]
    magnitude = np.abs(content)
    if blend == 0.0:
        return magnitude, content
    style = style * np.linalg.norm(magnitude) / np.linalg.norm(style)
    return ((magnitude + LEAST) ** (1 - blend) * (style + LEAST) ** blend).astype(np.float32), content


def styled_case(name: str, other: str, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Target magnitudes and content (bins, frames) as the engine's phase stage gets them, at full strength."""
    effect = stylefx.StyleTransfer(
        stylefx.fit(_excerpt(other, STYLE_SECONDS), GRID.sample_rate, quality="draft")
    )
    recorder = _Recorder()
    assert isinstance(effect._path, StreamingPath)
    effect._path.phase = recorder
    effect(np.pad(_excerpt(name, seconds), SILENT_FRAMES * GRID.hop), GRID.sample_rate)
    return np.array(recorder.targets).T, np.array(recorder.contents).T * CENTRE[:, None]


class _Recorder(Rtisi):
    """A phase stage that keeps what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[np.ndarray] = []
        self.contents: list[np.ndarray] = []

    def process(self, target: np.ndarray, content: np.ndarray) -> np.ndarray:
        self.targets.append(target.copy())
        self.contents.append(content.copy())
        return super().process(target, content)


def _recording(name, seconds):
    excerpt = np.pad(_excerpt(name, seconds), SILENT_FRAMES * GRID.hop)
    return spectrogram(excerpt, GRID.n_fft, GRID.hop, WINDOW)


def _excerpt(name, seconds):
    path = clip_path(name) if name in CREDITS else HERE / "cases" / "clips" / f"{name}.flac"
    audio, sample_rate = read_audio(path)
    if sample_rate != GRID.sample_rate:
        raise ValueError(f"{path.name} is at {sample_rate} Hz, the grid at {GRID.sample_rate}")
    length = round(seconds * sample_rate)
    start = min(round(SKIP_SECONDS * sample_rate), max(0, len(audio) - length))
    return audio[start : start + length].mean(axis=1)


def spectral_convergence(target: np.ndarray, samples: np.ndarray) -> float:
    """SC in dB of ``samples`` against ``target`` (bins, frames), without the frames at the ends."""
    found = np.abs(spectrogram(samples.astype(np.float64), GRID.n_fft, GRID.hop, WINDOW))
    inner = slice(EDGE_FRAMES, min(target.shape[1], found.shape[1]) - EDGE_FRAMES)
    error = np.linalg.norm(target[:, inner] - found[:, inner]) / np.linalg.norm(target[:, inner])
    return float(20 * np.log10(error))
