"""How near an output is to the truth (paired cases), at 22.05 kHz and cut to the shorter of the two.

Kept libraries measure (librosa, basic-pitch's network); this module only combines. None of the numbers is a
loss that any method here descends. The lsd is that of Cifka et al. 2021 (ICASSP), the others are named as in
the tables of DETAILS.md:

mel     mean absolute dB difference over 80 mel bands, 60 dB under each file's own maximum, best gain in 12 dB
timbre  1 - cosine of the mean MFCC 1..19 over the frames where the target is above -40 dB
pitch   F1 of the sounding keys against the true notes, over the frames that have a true note
onset   correlation of the onset-strength envelope with the target's
copy    largest normalised cross-correlation of a 0.5 s output block with the style clip
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.metrics import notes as note_model

SAMPLE_RATE = 22_050
LSD_RATE = 16_000
MEL: dict[str, Any] = {"n_fft": 2048, "hop_length": 512}
GAIN_LIMIT_DB = 12.0
ACTIVE_DB = -40.0
BLOCK_S = 0.5
# The closed gaps divide by the content's distance: below this the case has nothing to close.
NOTHING_TO_CLOSE = 1e-6
SILENCE = 1e-10


def paired_metrics(out: np.ndarray, case) -> dict[str, float]:
    """Raw and normalised metrics of an output of ``case`` (see :mod:`benchmarks.cases.cases`).

    ``out`` is (samples,) or (samples, channels) at ``case.sample_rate``. ``mel_closed`` and ``timbre_closed``
    are 0 for the content copied and 1 for the target; ``pitch_kept`` is relative to the target's own pitch
    score.
    """
    raw = raw_metrics(out, case)
    content = _reference(case, "content")
    target = _reference(case, "target")
    raw["mel_closed"] = closed(raw["mel"], content["mel"])
    raw["timbre_closed"] = closed(raw["timbre"], content["timbre"])
    raw["pitch_kept"] = raw["pitch"] / max(target["pitch"], SILENCE)
    return raw


def raw_metrics(out: np.ndarray, case) -> dict[str, float]:
    """mel, lsd, timbre, pitch, onset and copy of an output of ``case``, without the normalisation."""
    estimate = at_rate(out, case.sample_rate, SAMPLE_RATE)
    target = at_rate(case.target, case.sample_rate, SAMPLE_RATE)
    estimate, target = cut(estimate, target)
    low = cut(*(at_rate(audio, case.sample_rate, LSD_RATE) for audio in (out, case.target)))
    return {
        "mel": mel_distance(estimate, target),
        "lsd": log_spectral_distance(*low),
        "timbre": timbre_distance(estimate, target),
        "pitch": pitch_f1(estimate, case.notes),
        "onset": onset_correlation(estimate, target),
        "copy": copied(estimate, at_rate(case.style, case.sample_rate, SAMPLE_RATE)),
    }


def closed(distance: float, from_content: float) -> float:
    """Part of the way from the content (0) to the target (1)."""
    return 1 - distance / max(from_content, NOTHING_TO_CLOSE)


def at_rate(audio: np.ndarray, sample_rate: int, wanted: int) -> np.ndarray:
    """Mono float32 at the wanted sample rate; channels are averaged."""
    import soxr

    mono = np.asarray(audio, np.float32)
    mono = mono.mean(axis=1) if mono.ndim == 2 else mono
    return mono if sample_rate == wanted else soxr.resample(mono, sample_rate, wanted, "HQ")


def cut(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both at the length of the shorter."""
    length = min(len(a), len(b))
    return a[:length], b[:length]


def mel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute dB difference of 80-band mel spectrograms after the best common gain."""
    difference = _mel_db(b) - _mel_db(a)
    # The gain that minimises a mean absolute difference is its median.
    gain = np.clip(np.median(difference), -GAIN_LIMIT_DB, GAIN_LIMIT_DB)
    return float(np.abs(difference - gain).mean())


def log_spectral_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Cifka 2021: RMS-normalised audio at 16 kHz, 128 mel bands in dB; mean over bands of RMS over time."""
    import librosa

    def bands(audio):
        level = np.sqrt(np.mean(audio**2)) + SILENCE
        mel = librosa.feature.melspectrogram(y=audio / level, sr=LSD_RATE)
        return librosa.power_to_db(mel, top_db=80)

    return float(np.sqrt(((bands(a) - bands(b)) ** 2).mean(axis=1)).mean())


def timbre_distance(a: np.ndarray, target: np.ndarray) -> float:
    """1 - cosine of the mean MFCC 1..19 over the frames where the target sounds."""
    active = sounding_frames(target)
    mean_a, mean_target = (mfcc(audio, 20)[1:, active].mean(axis=1) for audio in (a, target))
    norms = np.linalg.norm(mean_a) * np.linalg.norm(mean_target)
    return float(1 - mean_a @ mean_target / max(norms, SILENCE))


def pitch_f1(audio: np.ndarray, true_notes) -> float:
    """F1 of the keys that basic-pitch hears against the true notes, over frames that have a true note."""
    heard = note_model.sounding(audio)
    truth = note_model.piano_roll(true_notes, len(heard))
    frames = truth.any(axis=1)
    heard, truth = heard[frames], truth[frames]
    return float(2 * (heard & truth).sum() / max(heard.sum() + truth.sum(), 1))


def onset_correlation(a: np.ndarray, target: np.ndarray) -> float:
    """Correlation of the onset-strength envelopes; 0 where one of them is flat."""
    import librosa

    return correlation(*(librosa.onset.onset_strength(y=audio, sr=SAMPLE_RATE) for audio in (a, target)))


def copied(out: np.ndarray, style: np.ndarray) -> float:
    """Largest normalised cross-correlation of a 0.5 s output block with any stretch of the style clip."""
    from scipy.fft import irfft, next_fast_len, rfft

    block = int(BLOCK_S * SAMPLE_RATE)
    if len(style) < block or len(out) < block:
        return 0.0
    sums = np.concatenate([[0.0], np.cumsum(style.astype(np.float64) ** 2)])
    energy = sums[block:] - sums[:-block]
    # A stretch far below the clip's level correlates with anything: it cannot be what leaked.
    level = np.sqrt(np.maximum(energy, energy.max() * 10 ** (ACTIVE_DB / 10)) + SILENCE)
    blocks = out[: len(out) // block * block].reshape(-1, block)
    norms = np.linalg.norm(blocks, axis=1)
    blocks = blocks[norms > norms.max() * 10 ** (ACTIVE_DB / 20)]
    length = next_fast_len(len(style), real=True)
    spectrum = rfft(style, length)
    # Circular, so that the first len(style) - block + 1 lags are those without wrapping.
    matches = (irfft(spectrum * rfft(b, length).conj(), length)[: len(level)] / level for b in blocks)
    peaks = [np.abs(match).max() / np.linalg.norm(b) for match, b in zip(matches, blocks)]
    return float(max(peaks, default=0.0))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson correlation of two envelopes cut to the shorter; 0 where one is constant."""
    a, b = cut(a, b)
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm > SILENCE else 0.0


def sounding_frames(audio: np.ndarray) -> np.ndarray:
    """Boolean (frames,): RMS above -40 dB of its maximum; all of them where the audio is silent."""
    import librosa

    level = librosa.feature.rms(y=audio, frame_length=MEL["n_fft"], hop_length=MEL["hop_length"])[0]
    return level >= level.max() * 10 ** (ACTIVE_DB / 20)


def mfcc(audio: np.ndarray, count: int) -> np.ndarray:
    """MFCC 0..count-1, (count, frames), of audio at 22.05 kHz."""
    import librosa

    return librosa.feature.mfcc(y=audio, sr=SAMPLE_RATE, n_mfcc=count, **MEL)


def _mel_db(audio: np.ndarray) -> np.ndarray:
    import librosa

    mel = librosa.feature.melspectrogram(y=audio, sr=SAMPLE_RATE, n_mels=80, **MEL)
    # The floor keeps true silence finite; ref=max puts every file's loudest band at 0 dB.
    return librosa.power_to_db(np.maximum(mel, SILENCE), ref=np.max, top_db=60, amin=SILENCE)


_REFERENCES: dict[tuple[str, str, int], dict[str, float]] = {}


def _reference(case, which: str) -> dict[str, float]:
    """The metrics of the case's own content or target, measured once a process."""
    audio = getattr(case, which)
    key = (case.name, which, hash(audio.tobytes()))
    if key not in _REFERENCES:
        _REFERENCES[key] = raw_metrics(audio, case)
    return _REFERENCES[key]
