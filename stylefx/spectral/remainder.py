"""Remainder: what the filter path still plays of a frame that notes explain.

The filter raises what the content has too little of, between its partials too. While it plays the notes as well, that
is heard as their upper partials; once the clip's own notes play them, it is noise between those. So what the notes
leave of the target is, band by band, no louder than what they leave of the content, the more so the more of the
content's energy they explain. Latency: none.
"""

from __future__ import annotations

import numpy as np

from stylefx.analysis.grid import Grid

LOWEST_HZ, BANDS_PER_OCTAVE, OCTAVES = 100.0, 3, 8
# Of the content's energy explained by notes: no limit up to the first share, all of it from the second on.
FROM_SHARE, WHOLE_FROM_SHARE = 0.5, 0.9
TINY = np.float32(1e-12)


class Remainder:
    """Stage: target, content and what the notes leave, (bins,) each -> the target that is left."""

    latency_samples = 0

    def prepare(self, grid: Grid) -> None:
        """Lay the bands over a grid's bins."""
        edges = LOWEST_HZ * 2 ** (np.arange(OCTAVES * BANDS_PER_OCTAVE) / BANDS_PER_OCTAVE)
        starts = np.ceil(edges / grid.bin_hz).astype(int)
        self._starts = np.unique(np.concatenate([[0], starts[starts < grid.bins]]))
        self._sizes = np.diff(self._starts, append=grid.bins)

    def process(self, target: np.ndarray, content: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """One frame.

        Parameters
        ----------
        target, content : float32 (bins,)
            Magnitudes.
        kept : float32 (bins,)
            Share of every bin's power that the notes leave, 0 to 1.

        Returns
        -------
        float32 (bins,)
            Magnitudes of the target that are left, new.
        """
        left = target * np.sqrt(kept)
        power = content * content
        rest = power * kept
        explained = 1 - float(rest.sum()) / (float(power.sum()) + float(TINY))
        limited = min(max((explained - FROM_SHARE) / (WHOLE_FROM_SHARE - FROM_SHARE), 0.0), 1.0)
        if limited > 0:
            most, found = (np.add.reduceat(each, self._starts) for each in (rest, left * left))
            gains = np.minimum(np.sqrt((most + TINY) / (found + TINY)), 1) ** np.float32(limited)
            left *= np.repeat(gains, self._sizes)
        return left
