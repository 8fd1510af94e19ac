"""The spectral envelope that a note keeps when it is played at another pitch than the clip's.

A resampled note takes its formants along: a piano an octave up is a toy piano. So the envelope of the instrument, the
mean spectrum of all its notes smoothed over half an octave, says how much louder it is at a frequency than at the one
that is moved there, and a filter gives a share of that back. Filters of minimum phase (Oppenheim & Schafer, folding of
the cepstrum), one a semitone, made once. The energy of the mean spectrum stays as it is.
"""

from __future__ import annotations

import numpy as np

from stylefx.instrument.table import Instrument

# Filters for so many semitones down and up; what is moved further has that of the last.
MOST_SEMITONES = 24
TAPS = 128
# Nothing is kept up to the first distance in semitones, all of the share from the second on.
FROM_SEMITONES, WHOLE_SEMITONES, SHARE = 1.5, 6.0, 0.7
MAX_DB = 20.0
# The spectrum is the mean of frames of this length, and smoothed over so much of an octave and so many Hz to each side.
FRAME, OCTAVES, SMOOTHING_HZ = 4096, 0.25, 60.0
# Of each note so much is enough.
NOTE_SECONDS = 1.0
DESIGN = 1024
TINY = 1e-12


def spectral_envelope(instrument: Instrument) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz, and the mean spectrum of all notes there, each note as loud as the others, dB."""
    hz = np.fft.rfftfreq(FRAME, 1 / instrument.sample_rate)
    window, total = np.hanning(FRAME), np.zeros(len(hz))
    for row in range(len(instrument.notes)):
        samples = instrument.note(row)[: round(NOTE_SECONDS * instrument.sample_rate)].astype(np.float64)
        samples = np.pad(samples, (0, max(0, FRAME - len(samples))))
        frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[:: FRAME // 2] * window
        power = (np.abs(np.fft.rfft(frames)) ** 2).sum(axis=0)
        total += power / (power.sum() + TINY)
    sums = np.concatenate([[0.0], np.cumsum(total)])
    low = np.searchsorted(hz, np.maximum(hz * 2**-OCTAVES - SMOOTHING_HZ, 0))
    high = np.searchsorted(hz, hz * 2**OCTAVES + SMOOTHING_HZ, side="right")
    return hz, 10 * np.log10((sums[high] - sums[low]) / (high - low) + TINY)


def envelope_filters(instrument: Instrument, sample_rate: int) -> np.ndarray:
    """What keeps the envelope of a note that is moved by -MOST_SEMITONES, .., MOST_SEMITONES.

    Parameters
    ----------
    instrument : Instrument
        Whose envelope is kept.
    sample_rate : int
        Hz, of the sound that is filtered.

    Returns
    -------
    float32 (2 * MOST_SEMITONES + 1, TAPS)
        Impulse responses, each after its note has been moved; those of the nearest are 1, 0, 0, ..
    """
    hz, envelope = spectral_envelope(instrument)
    there = np.fft.rfftfreq(DESIGN, 1 / sample_rate)
    filters = np.zeros((2 * MOST_SEMITONES + 1, TAPS), np.float32)
    wanted = np.interp(there, hz, envelope)
    for semitones in range(-MOST_SEMITONES, MOST_SEMITONES + 1):
        moved = np.interp(there / 2 ** (semitones / 12), hz, envelope)
        share = (abs(semitones) - FROM_SEMITONES) / (WHOLE_SEMITONES - FROM_SEMITONES)
        gain = np.clip(SHARE * np.clip(share, 0, 1) * (wanted - moved), -MAX_DB, MAX_DB)
        power = 10 ** (moved / 10)
        gain -= 10 * np.log10((power * 10 ** (gain / 10)).sum() / power.sum())
        filters[semitones + MOST_SEMITONES] = _minimum_phase(gain)
    return filters


def _minimum_phase(gain_db: np.ndarray) -> np.ndarray:
    """Impulse response (TAPS,) of a gain at the bins of a real transform of DESIGN samples."""
    cepstrum = np.fft.irfft(gain_db * np.log(10) / 20, DESIGN)
    folded = np.zeros(DESIGN)
    folded[0], folded[DESIGN // 2] = cepstrum[0], cepstrum[DESIGN // 2]
    folded[1 : DESIGN // 2] = 2 * cepstrum[1 : DESIGN // 2]
    response = np.fft.irfft(np.exp(np.fft.rfft(folded)), DESIGN)[:TAPS]
    fade = np.ones(TAPS)
    fade[TAPS // 2 :] = 0.5 + 0.5 * np.cos(np.pi * np.arange(TAPS - TAPS // 2) / (TAPS - TAPS // 2))
    return (response * fade).astype(np.float32)
