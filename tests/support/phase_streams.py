"""Streams for the phase stage: test signals, their centred STFT, frames back to samples, and how far off they are."""

from __future__ import annotations

import numpy as np

from benchmarks.phase_methods.stage import Phase
from stylefx.analysis.grid import Grid, grid_for
from stylefx.analysis.window import gauss_window
from stylefx.clips import clip_path
from stylefx.io.files import read_audio
from stylefx.phase.rtisi import Rtisi
from stylefx.published.griffin_lim import spectrogram
from stylefx.synthesis.overlap_add import OverlapAdd

NOMINAL = grid_for(44_100)
SMALL = grid_for(8_000)


def synthetic(name: str, grid: Grid, seconds: float) -> np.ndarray:
    """A signal (samples,) with silence of a window at both ends."""
    rate = grid.sample_rate
    time = np.arange(round(seconds * rate)) / rate
    samples = {
        "tone": lambda: 0.5 * np.sin(2 * np.pi * 0.02268 * rate * time),
        "three tones": lambda: sum(
            0.2 * np.sin(2 * np.pi * f * rate * time + f) for f in (0.01, 0.03, 0.069)
        ),
        "chirp": lambda: 0.5 * np.sin(2 * np.pi * rate * (0.005 * time + 0.09 * time**2 / seconds)),
        "impulses": lambda: 0.9 * (np.arange(len(time)) % (rate // 10) == 100),
        "noise": lambda: 0.1 * np.random.default_rng(0).standard_normal(len(time)),
    }[name]()
    return np.pad(samples, grid.window_length)


def clip(name: str, seconds: float = 1.5) -> np.ndarray:
    """The middle of a shipped clip at 44.1 kHz, between silences."""
    audio, rate = read_audio(clip_path(name))
    excerpt = audio[rate // 2 : rate // 2 + round(seconds * rate)].mean(axis=1)
    return np.pad(excerpt, NOMINAL.window_length)


def stft(samples: np.ndarray, grid: Grid = NOMINAL) -> np.ndarray:
    """Complex (frames, bins) in the centred convention."""
    return (spectrogram(samples, grid.n_fft, grid.hop, _window(grid)).T * _centre(grid)).astype(np.complex64)


def stream(
    phase: Phase | Rtisi, targets: np.ndarray, contents: np.ndarray, grid: Grid = NOMINAL
) -> np.ndarray:
    """Frames (frames, bins) that ``phase`` makes of targets and contents, aligned with them."""
    held = phase.latency_samples // grid.hop
    nothing = np.zeros((held, grid.bins), np.complex64)
    contents = np.concatenate((contents, nothing))
    targets = np.concatenate((targets, nothing.real)).astype(np.float32)
    return np.array([phase.process(*pair).copy() for pair in zip(targets, contents)])[held:]


def prepared(method: str = "mixed", iterations: int = 4, grid: Grid = NOMINAL) -> Phase:
    """A stage ready for a grid."""
    phase = Phase(method, iterations)
    phase.prepare(grid)
    return phase


def samples_of(frames: np.ndarray, grid: Grid = NOMINAL) -> np.ndarray:
    """Overlap-add of frames (frames, bins), as the engine does it."""
    overlap_add = OverlapAdd()
    overlap_add.prepare(grid, 1)
    silence = np.zeros((grid.window_length // grid.hop, grid.bins), np.complex64)
    hops = [overlap_add.process(frame[None])[:, 0] for frame in np.concatenate((frames, silence))]
    # The first frame's window begins half a window before its centre, where the signal begins.
    return np.concatenate(hops)[grid.window_length // 2 :][: (len(frames) - 1) * grid.hop]


def convergence(targets: np.ndarray, frames: np.ndarray, grid: Grid = NOMINAL, edge: int = 20) -> float:
    """Spectral convergence of the samples of ``frames`` against magnitudes ``targets``, dB, without the ends."""
    return convergence_of_samples(targets, samples_of(frames, grid), grid, edge)


def convergence_of_samples(targets, samples, grid: Grid = NOMINAL, edge: int = 20) -> float:
    """Spectral convergence of ``samples`` against magnitudes ``targets`` (frames, bins), dB."""
    found = np.abs(stft(samples.astype(np.float64), grid))
    inner = slice(edge, min(len(targets), len(found)) - edge)
    error = np.linalg.norm(targets[inner] - found[inner]) / np.linalg.norm(targets[inner])
    return float(20 * np.log10(error))


def difference_db(frames: np.ndarray, reference: np.ndarray) -> float:
    """Norm of the difference over that of ``reference``, dB."""
    return float(20 * np.log10(np.linalg.norm(frames - reference) / np.linalg.norm(reference) + 1e-20))


def blend(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """Geometric mean of two magnitudes at equal energy."""
    b = b * np.linalg.norm(a) / np.linalg.norm(b)
    return ((a + 1e-5) ** (1 - share) * (b + 1e-5) ** share).astype(np.float32)


def _window(grid):
    return np.pad(gauss_window(grid.window_length), (grid.n_fft - grid.window_length) // 2)


def _centre(grid):
    return np.where(np.arange(grid.bins) % 2, -1, 1)
