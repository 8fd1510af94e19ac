"""The tape: the newest samples of a stream, whatever the blocks were."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.live.monitor.tape import Tape


@pytest.mark.parametrize("block", [1, 17, 100, 256])
def test_the_newest_samples_are_those_written_last(block):
    tape, audio = Tape(2, 256), np.random.default_rng(0).random((1024, 2), np.float32)
    assert not tape.newest(256).any()
    for start in range(0, len(audio), block):
        tape.write(audio[start : start + block])
        stop = tape.written
        assert np.array_equal(tape.newest(min(stop, 256)), audio[max(0, stop - 256) : stop])
    assert tape.written == len(audio)
