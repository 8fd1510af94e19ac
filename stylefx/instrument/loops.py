"""Loops: a held note that lasts as long as it is asked for.

The loop lies in the steady part of a note and is a whole number of periods long, the length at which its end is most
like what lies before its beginning; the end is cross-faded into that once, here, so that the player only jumps. Its
level is made even, or the loop would be heard as a tremolo.
"""

from __future__ import annotations

import numpy as np

# A loop starts no sooner after the onset, and ends no later before the note's end.
AFTER_ONSET_SECONDS, BEFORE_END_SECONDS = 0.09, 0.03
# Longer loops repeat less often; a shorter one is taken where the note gives no more.
LONGEST_SECONDS, FADE_SECONDS = 1.5, 0.03
LEVEL_SECONDS = 0.02
# The level is made even by no more than this.
MAX_EVENING_DB = 12.0
# An attack that is further over the held part has something else in it.
ATTACK_DB = 6.0
TINY = 1e-9


def looped(audio: np.ndarray, onset: int, pitch: float, sample_rate: int) -> tuple[np.ndarray, int, int]:
    """The note's samples with a loop in them, where the loop begins and how long it is.

    ``audio`` float32 (samples,) ends where the note does; ``onset`` is its place in it. The length is 0 where the note
    is too short to be looped.
    """
    period = sample_rate / (440 * 2 ** ((pitch - 69) / 12))
    fade = round(max(FADE_SECONDS * sample_rate, 2 * period))
    begin = onset + round(AFTER_ONSET_SECONDS * sample_rate)
    end = len(audio) - round(BEFORE_END_SECONDS * sample_rate)
    room = end - begin - fade
    if room < 3 * period:
        begin = onset + round(0.3 * max(len(audio) - onset, 0))
        fade = round(2 * period)
        end, room = len(audio), len(audio) - begin - fade
        if room < 3 * period or begin < fade:
            return audio, 0, 0
    begin += fade
    audio = _even(audio, begin - fade, end, sample_rate)
    end = min(end, begin + round(LONGEST_SECONDS * sample_rate))
    length = _best_length(audio, begin, end, fade, period)
    audio = audio[: begin + length].copy()
    part = ((np.arange(fade) + 0.5) / fade).astype(np.float32)
    tail, before = audio[-fade:].copy(), audio[begin - fade : begin]
    likeness = float(np.dot(tail, before) / max(np.linalg.norm(tail) * np.linalg.norm(before), TINY))
    # As loud in the middle as at the ends, whether both halves are one wave or have nothing in common.
    level = np.sqrt((1 - part) ** 2 + part**2 + 2 * part * (1 - part) * max(likeness, 0.0))
    audio[-fade:] = ((1 - part) * tail + part * before) / level
    return audio, begin, length


def _best_length(audio: np.ndarray, begin: int, end: int, fade: int, period: float) -> int:
    """The length, over half of what there is, at which the end is most like what lies before the beginning."""
    before = audio[begin - fade : begin]
    lengths = np.arange(max(fade, (end - begin) // 2), end - begin + 1)
    if len(lengths) == 0:
        return max(fade, end - begin)
    first = begin + lengths[0] - fade
    stretch = audio[first:end]
    found = np.correlate(stretch, before, "valid")
    energy = np.convolve(stretch**2, np.ones(fade), "valid")
    likeness = found / np.sqrt(np.maximum(energy, TINY))
    return int(lengths[int(np.argmax(likeness[: len(lengths)]))])


def _even(audio: np.ndarray, begin: int, end: int, sample_rate: int) -> np.ndarray:
    """The note with its slow level made even from ``begin`` to ``end``, and its attack no louder than it may be."""
    width = round(LEVEL_SECONDS * sample_rate) * 2 + 1
    window = np.hanning(width + 2)[1:-1]
    power = np.convolve(audio.astype(np.float64) ** 2, window / window.sum(), "same")
    level = 10 * np.log10(power + TINY**2)
    wanted = np.median(level[begin:end])
    gain = np.clip(wanted - level, -MAX_EVENING_DB, MAX_EVENING_DB)
    attack = np.minimum(wanted + ATTACK_DB - level, 0)
    ramp = np.clip((np.arange(len(audio)) - begin + width) / width, 0, 1)
    return (audio * 10 ** ((attack + ramp * (gain - attack)) / 20)).astype(np.float32)
