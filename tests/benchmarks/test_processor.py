"""A style and its sound are the same on a processor of the AVX2 generation, and the benchmarks say which one it is."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.timing.processor import (
    AVX2_ENVIRONMENT,
    avx2_environment,
    instruction_set,
    only_avx2,
    processor,
)

FIT_AND_RENDER = """
import sys
import numpy as np
import soundfile
import torch
import stylefx
clip, rate = soundfile.read(sys.argv[1], dtype="float32", frames=2 * 44_100)
style = stylefx.fit(clip, rate, quality="draft")
audio, rate = soundfile.read(sys.argv[2], dtype="float32", frames=2 * 44_100)
played = stylefx.StyleTransfer(style, device="cpu")(audio, rate)
print(torch.backends.cpu.get_cpu_capability())
np.savez(sys.argv[3], played=played, **style.arrays)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "darwin", reason="there is no AVX2 to keep to")
def test_fit_and_render_are_the_same_within_a_tenth_of_a_decibel(tmp_path, trumpet, guitar):
    found = {}
    for name, environment in (("native", dict(os.environ)), ("avx2", avx2_environment())):
        path = tmp_path / f"{name}.npz"
        environment["NUMBA_CACHE_DIR"] = str(tmp_path / name)
        command = [sys.executable, "-c", FIT_AND_RENDER, str(trumpet), str(guitar), str(path)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=300, check=True
        )
        found[name] = {**np.load(path), "capability": done.stdout.strip()}
    native, avx2 = found["native"], found["avx2"]
    if native["capability"] not in ("NO AVX", "DEFAULT"):
        assert avx2["capability"] == "AVX2"
    for name in ("decoder_mean_levels", "decoder_level_spreads"):  # log10 of power
        np.testing.assert_allclose(avx2[name], native[name], atol=0.01)
    for name in ("decoder_weight1", "decoder_weight2", "decoder_weight3"):
        error = np.linalg.norm(avx2[name] - native[name]) / np.linalg.norm(native[name])
        assert error < 1e-3, name
    # Phases may turn where magnitudes are nearly nothing, levels may not.
    frames = [
        np.sqrt(np.mean(sound["played"][: 80 * 1024].reshape(80, 1024) ** 2, axis=1))
        for sound in (native, avx2)
    ]
    loud = frames[0] > 1e-3
    assert np.abs(20 * np.log10(frames[1][loud] / frames[0][loud])).max() < 0.1


def test_the_processor_is_named_with_what_programs_may_use(monkeypatch):
    assert processor().endswith(f"({instruction_set()})")
    for name, value in AVX2_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert only_avx2()
    assert instruction_set() == "AVX2"
