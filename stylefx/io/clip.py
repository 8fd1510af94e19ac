"""Clips on their way to `fit`: read, checked, brought to one rate and level, and joined.

Several clips of one instrument become one recording: each is scaled to the same level, so that a quiet take
counts as much as a loud one, resampled to the highest rate among them, mixed to mono and put behind the last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stylefx.errors import StylefxError

if TYPE_CHECKING:
    from stylefx.io.files import AudioReader

SHORTEST_SECONDS = 0.5  # fewer frames than that say nothing about a sound
LONGEST_SECONDS = 600.0
MAX_FRAMES = 60_000_000  # 600 s at 96 kHz: 240 MB per channel
FEW_CHANNELS = 2
SILENCE = 1e-5  # -100 dB under full scale: what 16-bit dither leaves, not a sound


@dataclass(frozen=True)
class Clip:
    """One or several recordings as one: float32 (frames, channels), rate in Hz, where it comes from, what is odd."""

    audio: np.ndarray
    sample_rate: int
    sources: list[dict[str, Any]]
    remarks: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.audio) / self.sample_rate


def check_clip(audio: np.ndarray, sample_rate: int, name: str = "the clip") -> None:
    """Refuse what nothing can be learned from.

    Parameters
    ----------
    audio
        Float (frames, channels).
    sample_rate
        In Hz.
    name
        What the message calls it.

    Raises
    ------
    StylefxError
        Shorter than 0.5 s, longer than 10 min, silent, constant, or not finite.
    """
    seconds = len(audio) / sample_rate
    if seconds < SHORTEST_SECONDS:
        lasts = _told_from(seconds, SHORTEST_SECONDS)
        raise StylefxError(f"{name} lasts {lasts} s, a clip needs {SHORTEST_SECONDS} s or more")
    if seconds > LONGEST_SECONDS:
        raise StylefxError(
            f"{name} lasts {_told_from(seconds, LONGEST_SECONDS)} s, a clip may have {LONGEST_SECONDS:.0f} s: "
            "cut out a part that shows the sound"
        )
    if not np.isfinite(audio).all():
        raise StylefxError(f"{name} holds samples that are not finite: export it again")
    if np.abs(audio).max() < SILENCE:
        raise StylefxError(f"{name} is silent: there is no sound to learn from")
    if np.ptp(audio, axis=0).max() < SILENCE:
        raise StylefxError(f"{name} holds a constant value: there is no sound to learn from")


def _told_from(seconds: float, limit: float) -> str:
    """With as many digits as it takes to see on which side of the limit it is."""
    texts = (f"{seconds:.{digits}g}" for digits in range(3, 17))
    return next(
        (text for text in texts if (float(text) < limit) == (seconds < limit) and float(text) != limit), ""
    )


def to_mono(audio: np.ndarray) -> np.ndarray:
    """Mean over channels of (frames, channels), or the first channel where the mean cancels."""
    mono = audio.mean(axis=1)
    return audio[:, 0] if np.abs(mono).max() < 1e-3 * np.abs(audio).max() else mono


def read_clips(
    paths: Sequence[str | Path], start_seconds: float = 0.0, end_seconds: float | None = None
) -> Clip:
    """Read every clip, or a part of each, and join them; a `StylefxError` names the first that cannot be used.

    Several clips are joined in mono at the highest rate among them, at equal level.
    """
    clips = [_read_clip(path, start_seconds, end_seconds) for path in paths]
    if len(clips) == 1:
        return clips[0]
    rate = max(clip.sample_rate for clip in clips)
    joined = np.concatenate([_at_unit_level(clip, rate) for clip in clips])[:, np.newaxis]
    joined *= 0.5 / np.abs(joined).max()
    check_clip(joined, rate, f"the {len(clips)} clips together")
    return Clip(
        joined,
        rate,
        [source for clip in clips for source in clip.sources],
        [remark for clip in clips for remark in clip.remarks],
    )


def _read_clip(path: str | Path, start_seconds: float, end_seconds: float | None) -> Clip:
    from stylefx.io.files import PIPE, AudioReader

    with AudioReader(path, start_seconds, end_seconds) as reader:
        audio, sample_rate = _gathered(reader), reader.sample_rate
    check_clip(audio, sample_rate, str(path))
    name = "standard input" if str(path) == PIPE else Path(path).name
    source = {
        "name": "".join(letter for letter in name if letter.isprintable())[-255:],
        "sha256": _digest(audio) if str(path) == PIPE else _digest_of_file(Path(path)),
        "seconds": round(len(audio) / sample_rate, 3),
    }
    return Clip(audio, sample_rate, [source], reader.remarks)


def _gathered(reader: AudioReader) -> np.ndarray:
    """A whole clip, float32 (frames, channels); of more than two channels their mean, block by block.

    Memory is bounded whatever the header says: 228 kB of FLAC may be 600 s of 8 channels at 655 kHz, 12 GB.
    """
    mixed, firsts, frames = [], [], 0
    for block in reader.blocks():
        frames += len(block)
        most = min(MAX_FRAMES, LONGEST_SECONDS * reader.sample_rate)
        if frames > most:
            raise StylefxError(
                f"{reader.name} is longer than {most / reader.sample_rate:.3g} s at {reader.sample_rate} Hz: "
                "cut out the part whose sound you want"
            )
        if block.shape[1] <= FEW_CHANNELS:
            mixed.append(block)
        else:
            mixed.append(block.mean(axis=1, keepdims=True))
            firsts.append(block[:, :1].copy())
    audio = np.concatenate(mixed)
    # Channels that cancel: one of them is the sound, as in `to_mono`.
    cancel = bool(firsts) and np.abs(audio).max() < 1e-3 * max(np.abs(block).max() for block in firsts)
    return np.concatenate(firsts) if cancel else audio


def _digest(audio: np.ndarray) -> str:
    return hashlib.sha256(audio.tobytes()).hexdigest()


def _digest_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(2**20):
            digest.update(data)
    return digest.hexdigest()


def _at_unit_level(clip: Clip, sample_rate: int) -> np.ndarray:
    """Mono at another rate, rms 1 over its own length, float32 (frames,)."""
    import soxr

    mono = soxr.resample(to_mono(clip.audio), clip.sample_rate, sample_rate)
    return mono / np.sqrt(np.mean(mono**2))
