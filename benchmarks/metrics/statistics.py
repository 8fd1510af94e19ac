"""The style statistics under test: what each keeps of a clip, and how far apart it says two clips are.

Those that stylefx can descend (the published Gram matrix, the harmonic one) and, to compare, its centred and
cosine-normalised form and the two plain ones that the metrics and the EQ rival use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.metrics.paired import at_rate
from benchmarks.metrics.real import divergence
from benchmarks.report.store import with_imports
from benchmarks.systems.engine import NOT_HEARD

RATE = 22_050
N_FFT, HOP = 2048, 512
FILTERS, WIDTH = 4096, 11


@dataclass(frozen=True)
class Statistic:
    """``describe(audio, sample_rate)`` is what is kept; ``distance(a, b)`` compares two of them.

    ``code`` names the files of stylefx that it is made by.
    """

    name: str
    describe: Callable[[np.ndarray, int], Any]
    distance: Callable[[Any, Any], float]
    code: tuple[str, ...] = ()


@dataclass(frozen=True)
class GramClip:
    """A clip of the published network: log magnitudes (frames, bins) and its own kernel's two norms."""

    frames: Any
    plain: float
    centred: float


def published_clip(audio: np.ndarray, sample_rate: int) -> GramClip:
    """log(1 + |STFT|) at 22.05 kHz, n_fft 2048, hop 512, as Ulyanov & Lebedev 2016."""
    import librosa
    import torch

    spectrum = np.abs(librosa.stft(at_rate(audio, sample_rate, RATE), n_fft=N_FFT, hop_length=HOP))
    frames = torch.from_numpy(np.log1p(spectrum).T.copy())
    own = inner_products(frames, frames)
    return GramClip(frames, float((own**2).mean()), float((centred(own) ** 2).mean()))


def inner_products(a, b) -> np.ndarray:
    """Inner products of the wide random network's features between all positions of two clips."""
    from stylefx.published.closed_form import ArcCosineKernel, diagonal_sums

    deviation = np.sqrt(2) * np.sqrt(2 / ((a.shape[1] + FILTERS) * WIDTH))
    kernel = ArcCosineKernel(FILTERS, float(deviation), WIDTH)
    products = diagonal_sums(a @ b.T, WIDTH)
    return kernel.pairwise(products, kernel.norms(a), kernel.norms(b))[0].numpy().astype(np.float64)


def centred(kernel: np.ndarray) -> np.ndarray:
    """The kernel of features whose mean over positions is taken off."""
    kernel = kernel - kernel.mean(axis=0, keepdims=True)
    return kernel - kernel.mean(axis=1, keepdims=True)


def gram_distance(a: GramClip, b: GramClip) -> float:
    """||G_a - G_b||^2 in dual form."""
    cross = inner_products(a.frames, b.frames)
    return a.plain + b.plain - 2 * float((cross**2).mean())


def cosine_distance(a: GramClip, b: GramClip) -> float:
    """1 - cosine of the centred Gram matrices."""
    cross = centred(inner_products(a.frames, b.frames))
    return 1 - float((cross**2).mean()) / np.sqrt(a.centred * b.centred)


def harmonic_gram(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """stylefx's own target: the covariance over its norm."""
    from stylefx.analysis.grid import grid_for
    from stylefx.learn.gram_target import learn_harmonic

    return learn_harmonic(np.asarray(audio, np.float32), grid_for(sample_rate), seed=0)["gram"]


def angle_distance(a: np.ndarray, b: np.ndarray) -> float:
    """1 - cosine."""
    return 1 - float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def mean_spectrum_db(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Long-term mel spectrum in dB, without its level: what an EQ match sees."""
    import librosa

    mel = librosa.feature.melspectrogram(y=at_rate(audio, sample_rate, RATE), sr=RATE, n_mels=80)
    average = librosa.power_to_db(mel.mean(axis=1), top_db=60)
    return average - average.mean()


def gap_db(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference in dB."""
    return float(np.abs(a - b).mean())


def resampled(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """The clip at the metrics' sample rate."""
    return at_rate(audio, sample_rate, RATE)


CLOSED_FORM = ("stylefx/published/closed_form.py",)
HARMONIC = with_imports("stylefx/learn/gram_target.py", without=NOT_HEARD)
STATISTICS = (
    Statistic("U+L Gram (method ulyanov)", published_clip, gram_distance, CLOSED_FORM),
    Statistic("U+L Gram, centred, cosine", published_clip, cosine_distance, CLOSED_FORM),
    Statistic("harmonic Gram (method harmonic)", harmonic_gram, angle_distance, HARMONIC),
    Statistic("long-term spectrum (EQ match)", mean_spectrum_db, gap_db),
    Statistic("MFCC divergence (the metric of the real cases)", resampled, divergence),
)
