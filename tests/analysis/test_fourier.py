"""Transforms loaded alone are those of `scipy.fft`, and leave it in order."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.fft

from stylefx.analysis import fourier


@pytest.mark.parametrize("samples", [256, 2048, 2229, 4096])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_as_scipys(samples, dtype):
    frames = np.random.default_rng(samples).standard_normal((3, samples)).astype(dtype)
    spectra = fourier.rfft(frames)
    np.testing.assert_array_equal(spectra, scipy.fft.rfft(frames))
    assert spectra.dtype == scipy.fft.rfft(frames).dtype
    np.testing.assert_array_equal(fourier.irfft(spectra, samples), scipy.fft.irfft(spectra, samples))


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    ).stdout.strip()


def test_scipy_fft_works_behind_it():
    assert run("import stylefx.analysis.fourier, scipy.fft; print(scipy.fft.dct([1.0, 1.0])[0])") == "4.0"


@pytest.mark.slow
def test_a_release_that_keeps_them_elsewhere_is_asked_itself(tmp_path):
    program = f"""
import sys, scipy
sys.modules["scipy.fft"] = __import__("scipy.fft", fromlist=["fft"])
del sys.modules["scipy.fft._pocketfft.pypocketfft"]
scipy.__file__ = {str(tmp_path / "__init__.py")!r}
import stylefx.analysis.fourier
print(stylefx.analysis.fourier.rfft is scipy.fft.rfft)
"""
    assert run(program) == "True"
