"""Noise floor: in the content's pauses, and in the valleys between partials.

Pauses: output over content where the content rests. Valleys: the lower quintile of the bins of a half octave, under
the level of the frame, over what content or target (or style clip) have in the same band.
"""

from __future__ import annotations

import numpy as np

from benchmarks.artefacts.levels import level_db

PAUSE_DB, REST_SECONDS, STEP_SECONDS = -50.0, 0.15, 0.02
# Nothing further below the loudest moment is heard.
FLOOR_DB = -100.0
WINDOW, HOP = 8192, 4096
LOW_HZ, HIGH_HZ, QUANTILE = 300.0, 16_000.0, 0.2
VALLEY_FLOOR_DB, FRAME_RANGE_DB = -100.0, 40.0


def pause_floor_db(audio: np.ndarray, content: np.ndarray, sample_rate: int) -> float:
    """Median level in the content's pauses over the content's there, dB; nan if it never pauses."""
    length = min(len(audio), len(content))
    played, wanted = (level_db(x[:length], sample_rate, STEP_SECONDS, STEP_SECONDS) for x in (audio, content))
    loudest = wanted.max()
    rest = wanted < loudest + PAUSE_DB
    # A pause begins when everything has been quiet for a while: tails are the style's.
    settle = int(REST_SECONDS / STEP_SECONDS)
    rest = np.array([k >= settle and rest[k - settle : k + 1].all() for k in range(len(rest))])
    if not rest.any():
        return float("nan")
    floor = loudest + FLOOR_DB
    return float(np.median(np.maximum(played[rest], floor) - np.maximum(wanted[rest], floor)))


def valleys_db(audio: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Level of the valleys under that of their frame, dB (frames, bands), and which frames sound (frames,)."""
    import librosa

    power = (
        np.abs(librosa.stft(audio.astype(np.float32), n_fft=WINDOW, hop_length=HOP, window="blackman")).T ** 2
    )
    hz = librosa.fft_frequencies(sr=sample_rate, n_fft=WINDOW)
    edges = LOW_HZ * 2 ** (np.arange(0, 2 * np.log2(HIGH_HZ / LOW_HZ)) / 2)
    total = power.sum(axis=1)
    bands = [power[:, (hz >= low) & (hz < low * 2**0.5)] for low in edges]
    # The quantile of n bins of a power; in dB under the whole frame.
    valley = np.stack([np.quantile(band, QUANTILE, axis=1) for band in bands], axis=1)
    relative = 10 * np.log10((valley + 1e-20) / (total[:, None] + 1e-20))
    return np.maximum(relative, VALLEY_FLOOR_DB), total > total.max() * 10 ** (-FRAME_RANGE_DB / 10)


def between_partials_db(audio: np.ndarray, content: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """Mean over frames and bands of the valleys' level over the higher of the content's and ``other``'s usual one.

    ``other`` is the target, or the style clip where no target is known: its median over time is what counts.
    """
    length = min(len(audio), len(content))
    (played, sounding), (dry, _) = (valleys_db(x[:length], sample_rate) for x in (audio, content))
    allowed, active = valleys_db(other, sample_rate)
    usual = np.median(allowed[active], axis=0)
    return float((played - np.maximum(dry, usual))[sounding].mean())
