"""Clips for `fit`: refused when nothing can be learned, joined at one level and rate when they are several."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stylefx.errors import StylefxError
from stylefx.io.clip import check_clip, read_clips


def tone(path: Path, hz: float, level: float, rate: int, channels: int = 1) -> Path:
    wave = level * np.sin(2 * np.pi * hz * np.arange(rate) / rate)
    soundfile.write(path, np.repeat(wave[:, np.newaxis], channels, axis=1), rate, "FLOAT")
    return path


def test_one_clip_stays_as_it_is(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.wav", 440, 0.1, 22_050, channels=2)
    clip = read_clips([path])
    np.testing.assert_array_equal(clip.audio, soundfile.read(path, dtype="float32")[0])
    assert clip.sample_rate == 22_050
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert clip.sources == [{"name": "a.wav", "sha256": digest, "seconds": 1.0}]


def test_several_clips_count_alike(tmp_path: Path) -> None:
    """A quiet take is as loud as the others afterwards, at the highest rate among them."""
    quiet = tone(tmp_path / "quiet.wav", 440, 0.01, 22_050)
    loud = tone(tmp_path / "loud.wav", 880, 0.8, 48_000, channels=2)
    clip = read_clips([quiet, loud])
    assert clip.sample_rate == 48_000
    assert clip.audio.shape == (96_000, 1)
    first, second = (np.sqrt(np.mean(half**2)) for half in np.split(clip.audio, 2))
    assert first == pytest.approx(second, rel=0.01)
    spectrum = np.abs(np.fft.rfft(clip.audio[:48_000, 0]))
    assert spectrum.argmax() == 440


def test_channels_in_antiphase_do_not_vanish(tmp_path: Path) -> None:
    wave = 0.5 * np.sin(np.arange(22_050) * 0.1)
    soundfile.write(tmp_path / "wide.wav", np.stack([wave, -wave], axis=1), 22_050)
    clip = read_clips([tmp_path / "wide.wav", tone(tmp_path / "a.wav", 440, 0.1, 22_050)])
    assert np.abs(clip.audio[:22_050]).max() > 0.3


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (np.ones((100, 1)), "lasts 0.1 s, a clip needs 0.5 s or more"),
        (np.zeros((1000, 1)), "is silent"),
        (np.full((1000, 2), [0.5, -0.2]), "holds a constant value"),
        (np.full((1000, 1), np.nan), "not finite"),
        (np.ones((1_000_000, 1)), "a clip may have 600 s: cut out a part"),
    ],
)
def test_nothing_to_learn_from(audio: np.ndarray, words: str) -> None:
    with pytest.raises(StylefxError, match=words):
        check_clip(audio, 1000, "this")


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (499_999, "lasts 0.499999 s, a clip needs 0.5 s"),
        (600_000_001, "lasts 600.000001 s, a clip may have 600 s"),
    ],
)
def test_a_length_is_told_with_the_digits_that_matter(frames: int, words: str) -> None:
    audio = np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (frames, 1), (0, 4))
    with pytest.raises(StylefxError, match=words):
        check_clip(audio, 1_000_000)


def test_many_channels_are_mixed_while_they_are_read(tmp_path: Path) -> None:
    """228 kB of FLAC became 1.6 GB for each 40 s."""
    rate, channels = 96_000, 8
    random = np.random.default_rng(0)
    wave = 0.1 * random.standard_normal((2 * rate, channels))
    soundfile.write(tmp_path / "wide.flac", wave, rate, "PCM_16")
    tracemalloc.start()
    clip = read_clips([tmp_path / "wide.flac"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert clip.audio.shape == (2 * rate, 1)
    assert peak < 0.8 * 4 * wave.size
    np.testing.assert_allclose(clip.audio[:, 0], wave.mean(axis=1), atol=1e-4)


def test_channels_that_cancel_are_not_lost(tmp_path: Path) -> None:
    wave = 0.1 * np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050)
    soundfile.write(tmp_path / "wide.wav", np.stack([wave, -wave, wave, -wave], axis=1), 22_050, "FLOAT")
    np.testing.assert_allclose(read_clips([tmp_path / "wide.wav"]).audio[:, 0], wave, atol=1e-6)


def test_a_clip_of_too_many_frames_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("stylefx.io.clip.MAX_FRAMES", 44_100)
    path = tone(tmp_path / "long.wav", 440, 0.1, 48_000)
    with pytest.raises(StylefxError, match=r"longer than 0\.919 s at 48000 Hz"):
        read_clips([path])
