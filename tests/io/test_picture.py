"""Spectrograms for people: a tone lies at its pitch and level, whatever the blocks, and an hour fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylefx.errors import StylefxError, UsageError
from stylefx.io import picture
from stylefx.io.picture import BANDS, BANDS_PER_OCTAVE, LOWEST_HZ, Panel, RunningSpectrogram


def tone(hz: float, seconds: float, rate: int = 44100, level: float = 1.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate))[:, np.newaxis]


@pytest.mark.parametrize("rate", [8000, 44100, 96_000])
@pytest.mark.parametrize("hz", [110.0, 440.0, 3000.0])
def test_a_tone_lies_at_its_pitch_and_level(hz: float, rate: int) -> None:
    spectrogram = RunningSpectrogram(rate)
    spectrogram.add(tone(hz, 1, rate, level=0.1))
    middle = spectrogram.finish().decibels[20]
    assert abs(middle.argmax() - BANDS_PER_OCTAVE * np.log2(hz / LOWEST_HZ)) <= 3
    assert middle.max() == pytest.approx(-20, abs=3)
    assert (middle < middle.max() - 40).mean() > 0.7


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=6))
def test_any_blocks_give_the_same_picture(cuts: list[int]) -> None:
    noise = np.random.default_rng(0).standard_normal((20_000, 2)).astype(np.float32)
    whole, parts = RunningSpectrogram(44100), RunningSpectrogram(44100)
    whole.add(noise)
    for part in np.split(noise, sorted(cuts)):
        parts.add(part)
    np.testing.assert_array_equal(whole.finish().decibels, parts.finish().decibels)


def test_long_audio_merges_columns_and_keeps_the_loudest() -> None:
    spectrogram = RunningSpectrogram(8000)
    for second in range(100):
        spectrogram.add(tone(1000, 1, 8000) if second == 70 else np.zeros((8000, 1)))
    panel = spectrogram.finish()
    assert len(panel.decibels) <= picture.MAX_COLUMNS
    assert len(panel.decibels) * panel.column_seconds == pytest.approx(100, rel=0.01)
    loudest = panel.decibels.max(axis=1).argmax() * panel.column_seconds
    assert 69.9 < loudest < 71.1
    assert panel.decibels.max() == pytest.approx(0, abs=3)


def test_preview_is_coarse_and_at_most_ten_seconds() -> None:
    preview = picture.preview(tone(440, 12), 44100)
    assert preview.shape[1] == BANDS
    assert len(preview) * picture.PREVIEW_COLUMN_SECONDS == pytest.approx(10, abs=0.2)
    assert preview.dtype == np.float32
    assert preview.nbytes < 250_000


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".jpg"])
def test_figures_by_extension(suffix: str, tmp_path: Path) -> None:
    magic = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml", ".jpg": b"\xff\xd8"}
    path = tmp_path / f"figure{suffix}"
    picture.draw(path, [Panel(np.zeros((5, BANDS), np.float32), 0.02, "costs $5 _ ^ {")] * 2)
    assert path.read_bytes().startswith(magic[suffix])


def test_targets_are_checked_first(tmp_path: Path) -> None:
    (tmp_path / "there.png").touch()
    with pytest.raises(StylefxError, match="exists"):
        picture.check_figure(tmp_path / "there.png", overwrite=False)
    with pytest.raises(UsageError, match="is no name for a figure"):
        picture.check_figure(tmp_path / "figure", overwrite=True)
