"""A style that a stranger made plays in time or is refused: its numbers of steps and its layers are bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from stylefx import Style, StyleTransfer
from stylefx.errors import StylefxError
from stylefx.live.session import warm_up


def test_steps_without_number_are_refused(dull_style):
    for steps in (21, 100, 101, 1000, 10_000):
        with pytest.raises(StylefxError, match=r"steps|defaults"):
            Style(
                dull_style.method, dull_style.arrays, {**dull_style.meta, "defaults": {"iterations": steps}}
            )


def test_layers_that_could_not_be_played_in_time_are_refused(dull_style):
    wide = 40_000
    arrays = dict(dull_style.arrays)
    for name in ("decoder_ear_weight1", "decoder_ear_bias1"):
        arrays[name] = np.zeros((len(arrays[name]), wide), np.float32)
    arrays["decoder_ear_weight2"] = np.zeros((wide, arrays["decoder_ear_weight2"].shape[1]), np.float32)
    with pytest.raises(StylefxError, match="can be played in time"):
        Style(dull_style.method, arrays, dull_style.meta)


def test_warming_up_ends_when_it_is_told_to(dull_style):
    effect = StyleTransfer(dull_style, device="cpu")
    effect.prepare(44_100, 1, 256)
    stop = threading.Event()
    stop.set()
    calls: list[int] = []

    def process(block: np.ndarray) -> np.ndarray:
        calls.append(len(block))
        return block

    effect.process = process  # type: ignore[method-assign]
    warm_up(effect, 44_100, 1, 256, stop)
    assert calls == []


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("verb", ["info", "fit"])
def test_a_pipe_is_waited_for_with_a_word(verb, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    options = ["-o", str(tmp_path / "out.npz")] if verb == "fit" else []
    command = [sys.executable, "-m", "stylefx", verb, str(pipe), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as waiting:
        assert waiting.stderr is not None
        assert (
            waiting.stderr.readline() == f"stylefx: {pipe} is a pipe: waiting for what is written into it\n"
        )
        waiting.kill()
