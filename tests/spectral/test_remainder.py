"""Remainder: what notes leave of the filter is no louder, band by band, than what they leave of the content."""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import grid_for
from stylefx.spectral.remainder import Remainder

GRID = grid_for(44_100)


def remainder() -> Remainder:
    stage = Remainder()
    stage.prepare(GRID)
    return stage


def spectra() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A target with a floor 40 dB over the content's; every 20th bin is a partial, which the notes explain."""
    partial = np.arange(GRID.bins) % 20 == 0
    content = np.where(partial, 100, 0.01).astype(np.float32)
    target = np.where(partial, 100, 1).astype(np.float32)
    return target, content, np.where(partial, 0.0, 1.0).astype(np.float32)


def test_where_notes_explain_nothing_the_target_stays():
    target, content, kept = spectra()
    assert np.array_equal(remainder().process(target, content, np.ones_like(kept)), target)
    assert np.array_equal(
        remainder().process(target, content, 1 - 0.4 * (1 - kept)), target * np.sqrt(1 - 0.4 * (1 - kept))
    )


def test_between_explained_partials_the_floor_is_the_contents():
    target, content, kept = spectra()
    left = remainder().process(target, content, kept)
    assert not left[kept == 0].any()
    np.testing.assert_allclose(left[kept == 1], content[kept == 1], rtol=1e-2)


def test_what_is_softer_than_the_content_is_not_raised():
    target, content, kept = spectra()
    left = remainder().process(target * 1e-3, content, kept)
    np.testing.assert_allclose(left, target * 1e-3 * kept, rtol=1e-6)


def test_silence_stays_silence():
    nothing = np.zeros(GRID.bins, np.float32)
    assert not remainder().process(nothing, nothing, np.ones_like(nothing)).any()
