"""A take that begins with silence sounds as one that begins with its first note: nothing is learnt from zeros."""

from __future__ import annotations

import numpy as np
import soundfile

from stylefx import StyleTransfer, fit

RATE = 44_100


def test_half_a_second_of_zeros_changes_no_band(guitar, trumpet):
    style = fit(*soundfile.read(guitar, dtype="float32"), quality="draft")
    audio = soundfile.read(trumpet, dtype="float32")[0][: 5 * RATE]
    zeros = np.zeros((RATE // 2, *audio.shape[1:]), np.float32)
    alone = StyleTransfer(style)(audio, RATE)
    after = StyleTransfer(style)(np.concatenate([zeros, audio]), RATE)[len(zeros) :]
    spectra = [np.abs(np.fft.rfft(each.reshape(len(each), -1)[:, 0])) ** 2 for each in (alone, after)]
    edges = (2 ** np.arange(7, 14) * len(audio) / RATE).astype(int)
    bands = [10 * np.log10(np.add.reduceat(each, edges)[:-1]) for each in spectra]
    assert np.abs(bands[1] - bands[0]).max() < 1.0
