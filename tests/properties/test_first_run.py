"""The process that compiles and those that find its compiled code play the same samples."""

import hashlib
import os
import subprocess
import sys

import pytest

PLAY = """
import hashlib, sys
import soundfile
from stylefx import Style, StyleTransfer
audio, rate = soundfile.read(sys.argv[2], dtype="float32", frames=30_000)
played = StyleTransfer(Style.load(sys.argv[1]), device="cpu")(audio, rate)
print(hashlib.sha256(played.tobytes()).hexdigest())
"""


@pytest.fixture
def play(tmp_path, trumpet_style_path, guitar):
    """Plays in a process of its own, whose compiled code is kept in ``tmp_path``; returns a digest."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def run():
        command = [sys.executable, "-c", PLAY, str(trumpet_style_path), str(guitar)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=300, check=True
        )
        return done.stdout.strip()

    return run


@pytest.mark.slow
def test_the_first_run_sounds_like_the_second(play):
    first = play()
    assert len(first) == hashlib.sha256().digest_size * 2
    assert play() == first
