"""How a real recording was changed, where no target exists (EVALUATION: real cases), at 22.05 kHz.

style_closed  1 - SKL(out, style) / SKL(content, style), with SKL the symmetric Kullback-Leibler divergence of
              diagonal Gaussians of 12 MFCC and their deltas over the sounding frames
pitch_jaccard frame Jaccard index of the keys that basic-pitch hears in the output and in the content
loudness      correlation of the RMS envelope with the content's
"""

from __future__ import annotations

import numpy as np

from benchmarks.metrics import notes as note_model
from benchmarks.metrics.paired import (
    MEL,
    SAMPLE_RATE,
    SILENCE,
    at_rate,
    copied,
    correlation,
    cut,
    mfcc,
    sounding_frames,
)

# A coefficient that never moves would make the divergence infinite.
MIN_VARIANCE = 1e-3


def real_metrics(out: np.ndarray, case) -> dict[str, float]:
    """style_closed, pitch_jaccard, loudness and copy of an output for a case without a target."""
    estimate, content, style = (
        at_rate(audio, case.sample_rate, SAMPLE_RATE) for audio in (out, case.content, case.style)
    )
    estimate, content = cut(estimate, content)
    gap = divergence(content, style)
    return {
        "skl": (away := divergence(estimate, style)),
        "style_closed": 1 - away / max(gap, SILENCE),
        "pitch_jaccard": pitch_jaccard(estimate, content),
        "loudness": correlation(envelope(estimate), envelope(content)),
        "copy": copied(estimate, style),
    }


def divergence(a: np.ndarray, b: np.ndarray) -> float:
    """Symmetric KL divergence of the diagonal Gaussians of two sounds' MFCC 1..12 and deltas (nats)."""
    (mean_a, var_a), (mean_b, var_b) = _gaussian(a), _gaussian(b)
    square = (mean_a - mean_b) ** 2
    return float(0.5 * np.sum((var_a + square) / var_b + (var_b + square) / var_a - 2))


def pitch_jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Keys heard in both over keys heard in either, over all frames; 1 where neither has any."""
    heard_a, heard_b = cut(note_model.sounding(a), note_model.sounding(b))
    either = (heard_a | heard_b).sum()
    return float((heard_a & heard_b).sum() / either) if either else 1.0


def envelope(audio: np.ndarray) -> np.ndarray:
    """RMS envelope (frames,)."""
    import librosa

    return librosa.feature.rms(y=audio, frame_length=MEL["n_fft"], hop_length=MEL["hop_length"])[0]


def _gaussian(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import librosa

    coefficients = mfcc(audio, 13)[1:]
    features = np.concatenate([coefficients, librosa.feature.delta(coefficients)])
    active = features[:, sounding_frames(audio)]
    return active.mean(axis=1), active.var(axis=1) + MIN_VARIANCE
