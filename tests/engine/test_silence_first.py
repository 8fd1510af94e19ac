"""A take that begins with silence or a room's noise sounds as one that begins with its first note."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from stylefx import StyleTransfer, fit

RATE = 44_100


@pytest.mark.parametrize(("seconds", "noise_db"), [(0.5, None), (2.0, -80.0), (2.0, -60.0)])
def test_what_comes_before_the_first_note_changes_no_band(guitar, trumpet, seconds, noise_db):
    style = fit(*soundfile.read(guitar, dtype="float32"), quality="draft")
    audio = soundfile.read(trumpet, dtype="float32")[0][: 5 * RATE]
    before = np.zeros((round(seconds * RATE), *audio.shape[1:]), np.float32)
    if noise_db is not None:
        noise = np.random.default_rng(0).standard_normal(before.shape, np.float32)
        before = np.multiply(noise, np.float32(10 ** (noise_db / 20)))
    alone = StyleTransfer(style, notes=False)(audio, RATE)
    after = StyleTransfer(style, notes=False)(np.concatenate([before, audio]), RATE)[len(before) :]
    spectra = [np.abs(np.fft.rfft(each.reshape(len(each), -1)[:, 0])) ** 2 for each in (alone, after)]
    edges = (2 ** np.arange(7, 14) * len(audio) / RATE).astype(int)
    bands = [10 * np.log10(np.add.reduceat(each, edges)[:-1]) for each in spectra]
    assert np.abs(bands[1] - bands[0]).max() < 1.0
