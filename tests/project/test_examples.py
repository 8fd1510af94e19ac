"""Every script of examples/ runs as its first lines say, and leaves what they promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from stylefx.style.style import Style

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
RATE, SECONDS = 44_100, 2


@pytest.fixture
def folder(tmp_path: Path, trumpet: Path, guitar: Path, trumpet_style_path: Path, made_here: Path) -> Path:
    """A folder with two seconds of each shipped clip and two styles, where the scripts run."""
    for source in (trumpet, guitar):
        audio, rate = soundfile.read(source, frames=SECONDS * RATE)
        soundfile.write(tmp_path / f"{source.stem}.wav", audio, rate)
    (tmp_path / "trumpet.npz").write_bytes(trumpet_style_path.read_bytes())
    (tmp_path / "dull.npz").write_bytes(made_here.read_bytes())
    return tmp_path


@pytest.fixture
def made_here(tmp_path_factory: pytest.TempPathFactory, dull_style: Style) -> Path:
    path = tmp_path_factory.mktemp("dull") / "dull.npz"
    dull_style.save(path)
    return path


def run(folder: Path, name: str, *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loud_enough(path: Path) -> np.ndarray:
    """The samples (frames,) of two seconds in time with the content, not silent."""
    audio, rate = soundfile.read(path)
    assert (len(audio), rate) == (SECONDS * RATE, RATE)
    assert np.sqrt(np.mean(audio**2)) > 0.005
    return audio


def test_render_file(folder: Path) -> None:
    assert "out.wav: 2.0 s" in run(folder, "render_file.py", "trumpet_solo.wav", "guitar_solo.wav", "out.wav")
    assert not np.allclose(
        loud_enough(folder / "out.wav"), loud_enough(folder / "guitar_solo.wav"), atol=0.01
    )


def test_fit_and_save(folder: Path) -> None:
    said = run(folder, "fit_and_save.py", "trumpet_solo.wav", "new.npz")
    assert "method harmonic, learned from 2.0 s" in said
    assert Style.load(folder / "new.npz").method == "harmonic"


def test_stream_blocks(folder: Path) -> None:
    run(folder, "stream_blocks.py", "trumpet.npz", "guitar_solo.wav", "out.wav")
    content, output = loud_enough(folder / "guitar_solo.wav"), loud_enough(folder / "out.wav")
    # It begins dry, in time with the content, and ends wet.
    assert np.corrcoef(content[:2000], output[:2000])[0, 1] > 0.95
    assert np.corrcoef(content[-RATE // 2 :], output[-RATE // 2 :])[0, 1] < 0.9


def test_morph_styles(folder: Path) -> None:
    said = run(folder, "morph_styles.py", "trumpet.npz", "dull.npz", "guitar_solo.wav", "out.wav")
    assert "from first to second, morph 1.00" in said
    loud_enough(folder / "out.wav")


def test_notes_to_midi(folder: Path) -> None:
    said = run(folder, "notes_to_midi.py", "guitar_solo.wav", "guitar.mid")
    messages = [message.type for message in mido.MidiFile(folder / "guitar.mid")]
    count = messages.count("note_on")
    assert count >= 3
    assert f"guitar.mid: {count} notes" in said


def test_every_script_is_run_here() -> None:
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in EXAMPLES.glob("*.py")} <= tests
