"""The ring buffer and the queue made of it: what was written comes back, whatever the blocks were."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.ring import Fifo, Ring


@pytest.mark.parametrize("block", [1, 17, 100, 256])
def test_the_newest_frames_are_those_written_last(block):
    ring, audio = Ring((256, 2)), np.random.default_rng(0).random((1024, 2), np.float32)
    assert not ring.newest(256).any()
    for start in range(0, len(audio), block):
        ring.write(audio[start : start + block])
        stop = ring.written
        assert np.array_equal(ring.newest(min(stop, 256)), audio[max(0, stop - 256) : stop])
    assert ring.written == len(audio)


def test_frames_are_found_by_their_numbers():
    ring, frames = Ring((10, 3), np.complex64), np.arange(1, 13).reshape(4, 3) * 1j
    ring.put(18, frames)  # round the end
    found = np.zeros((4, 3), np.complex64)
    ring.get(18, found)
    assert np.array_equal(found, frames)
    ring.clear(19, 2)
    ring.get(18, found)
    assert np.array_equal(found.any(axis=1), [True, False, False, True])
    ring.reset()
    assert not ring.newest(10).any()


def test_a_queue_gives_back_what_was_put_in_order_and_grows():
    rng = np.random.default_rng(1)
    audio = rng.random((5000, 2), np.float32)
    fifo, put, taken = Fifo(2, 100), 0, []
    fifo.fill(7)
    while put < len(audio):
        block = int(rng.integers(1, 300))
        fifo.put(audio[put : put + block])
        put += block
        count = int(rng.integers(0, len(fifo) + 1))
        start = int(rng.integers(0, len(fifo) - count + 1))
        waiting = fifo.peek(0, len(fifo))
        assert np.array_equal(fifo.peek(start, count), waiting[start : start + count])
        taken.append(fifo.take(count))
    taken.append(fifo.take(len(fifo)))
    assert np.array_equal(np.concatenate(taken), np.concatenate([np.zeros((7, 2), np.float32), audio]))
