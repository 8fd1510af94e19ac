"""What every test may use: the shipped clips, the command line as a subprocess, a style of the right form."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stylefx.clips import clip_path
from stylefx.style import metadata
from stylefx.style.style import ARRAYS, Style
from tests.support.sounds import melody

# One thread for everything: the machine has other work, and results must not depend on how many there are.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")
# A background job of a shell ignores Ctrl-C, and so would every program that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

Command = Callable[..., subprocess.CompletedProcess]
# The folder decides two of the markers; `slow` stands at the tests, or at the head of their file.
MARKED_FOLDERS = {"live": "live", "benchmarks": "bench"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of live playing and those of the benchmark."""
    for item in items:
        if (marker := MARKED_FOLDERS.get(item.path.parent.name)) is not None:
            item.add_marker(marker)


@pytest.fixture
def stylefx_command() -> Command:
    """Run ``stylefx ARGUMENTS`` as a user would: text out, 120 s at most; ``input=bytes`` feeds a pipe."""

    def run(
        *arguments: object, text: bool = True, timeout: float = 120, **options
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "stylefx", *map(str, arguments)],
            capture_output=True,
            text=text,
            timeout=timeout,
            **options,
        )

    return run


@pytest.fixture(scope="session")
def trumpet() -> Path:
    """5.3 s of trumpet, the shipped clip."""
    return clip_path("trumpet_solo")


@pytest.fixture(scope="session")
def guitar() -> Path:
    """10 s of guitar, the shipped input."""
    return clip_path("guitar_solo")


@pytest.fixture(scope="session")
def trumpet_style_path(trumpet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style file that the command line fitted to the trumpet, once a session."""
    path = tmp_path_factory.mktemp("style") / "trumpet.npz"
    command = [sys.executable, "-m", "stylefx", "fit", str(trumpet), "-o", str(path), "--quality", "draft"]
    subprocess.run(command, check=True, timeout=300, capture_output=True)
    return path


@pytest.fixture(scope="session")
def made_up_style() -> Style:
    """A style of the right form whose numbers mean nothing: enough for everything about the file."""
    random = np.random.default_rng(1)
    arrays = {
        name: random.random([size if isinstance(size, int) else 12 for size in shape], np.float32)
        for name, shape in ARRAYS["ulyanov"].items()
    }
    meta = metadata.describe(
        "ulyanov",
        sample_rate=44100,
        n_fft=256,
        hop=64,
        window="hann",
        window_length=256,
        seed=3,
        sources=[{"name": "pièce.wav", "sha256": "0f" * 32, "seconds": 3.25}],
        defaults={"mix": 0.5},
    )
    return Style("ulyanov", arrays, meta)


@pytest.fixture(scope="session")
def bright_style() -> Style:
    """What `fit` learns from a few bright notes."""
    from stylefx import fit

    return fit(melody((60, 64, 67, 72), 2.0, (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)), 44_100)


@pytest.fixture(scope="session")
def dull_style() -> Style:
    """What `fit` learns, as a draft, from a few dull notes."""
    from stylefx import fit

    return fit(melody((57, 60, 64, 69), 2.0, (1.0, 0.3, 0.2, 0.1, 0.05)), 44_100, quality="draft")


@pytest.fixture(scope="session")
def guitar_audio(guitar: Path) -> np.ndarray:
    """The first 1.5 s of the guitar, float32 (frames, 1) at 44.1 kHz."""
    import soundfile

    audio, _ = soundfile.read(guitar, dtype="float32", always_2d=True, frames=66_150)
    return audio[:, :1]
