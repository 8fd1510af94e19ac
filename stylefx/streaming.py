"""The streaming path: analysis -> decode -> optimise -> phase -> overlap-add, one hop after the other.

Every step has the same shapes for every hop, so the samples do not depend on how the stream was cut into blocks.
Several channels share one reference spectrum; each gets the same magnitude ratio and the same phase rotation, so
the stereo image stays where it was.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from stylefx.analysis.frames import Analysis, reference_spectrum
from stylefx.analysis.grid import grid_for
from stylefx.compute import compute_device
from stylefx.decode.content import ContentStart
from stylefx.decode.decoder import Decoder
from stylefx.decode.envelope import EnvelopeStart
from stylefx.errors import UsageError
from stylefx.optimise.stream import Optimise
from stylefx.phase.stage import Phase
from stylefx.style import Style
from stylefx.synthesis.loudness import Loudness
from stylefx.synthesis.overlap_add import OverlapAdd

STARTS = ("decoder", "envelope", "content")
TINY = 1e-12


class StreamingPath:
    """Samples in, hops of styled samples out, ``latency_samples`` late."""

    def __init__(self, style: Style, iterations: int, device: str, start: str):
        self.analysis = Analysis()
        self.decode = _start_for(style, start)
        self.optimise = Optimise(style.arrays["gram"], style.meta["seed"], iterations, compute_device(device))
        self.loudness = Loudness()
        self.phase = Phase()
        self.overlap_add = OverlapAdd()
        self.stage_seconds: dict[str, float] = defaultdict(float)

    def prepare(self, sample_rate: int, channels: int) -> None:
        """Allocate every stage for a rate in Hz and a number of channels; latency and hop are known after."""
        grid = grid_for(sample_rate)
        self.analysis.prepare(grid, channels)
        self.decode.prepare(grid)
        self.optimise.prepare(grid)
        self.loudness.prepare(grid)
        self.phase.prepare(grid)
        self.overlap_add.prepare(grid, channels)
        self.hop = self.lead_in = grid.hop
        self.latency_samples = sum(stage.latency_samples for stage in self._stages)
        # Each channel over the reference, for the frames that the phase stage still holds.
        held = self.phase.latency_samples // grid.hop + 1
        self._shares = np.zeros((held, channels, grid.bins), np.complex64)

    @property
    def _stages(self) -> tuple:
        """In the order of the signal."""
        return self.analysis, self.decode, self.optimise, self.loudness, self.phase, self.overlap_add

    def reset(self) -> None:
        """Forget every sample, as new."""
        for stage in self._stages:
            stage.reset()
        self._shares[:] = 0
        self.stage_seconds.clear()

    @property
    def iterations(self) -> int:
        """Optimiser steps a hop; may be set between blocks."""
        return self.optimise.iterations

    @iterations.setter
    def iterations(self, steps: int) -> None:
        self.optimise.iterations = steps

    def process(self, block: np.ndarray, strength: float) -> Iterator[np.ndarray]:
        """Yield a hop (hop, channels) for every frame that ``block`` (frames, channels) completes."""
        clock = _Clock(self.stage_seconds)
        for spectrum in self.analysis.process(block):
            content = reference_spectrum(spectrum)
            magnitude = np.abs(content)
            clock.charge("analysis")
            start = self.decode.process(magnitude)
            clock.charge("decode")
            target = self.optimise.process(start)
            clock.charge("optimise")
            target = self.loudness.process(magnitude, blend(magnitude, target, strength))
            frame = self.phase.process(target, content)
            clock.charge("phase")
            finished = self.overlap_add.process(self._to_channels(frame, spectrum, content))
            clock.charge("overlap_add")
            yield finished
            clock.restart()

    def _to_channels(self, frame: np.ndarray, spectrum: np.ndarray, content: np.ndarray) -> np.ndarray:
        """The styled reference (bins,) as channels (channels, bins): each keeps its part and its lead."""
        if len(spectrum) == 1:
            return frame[None]
        level = np.abs(content) ** 2 + np.float32(TINY)
        self._shares[:-1] = self._shares[1:]
        self._shares[-1] = spectrum * content.conj() / level
        return frame * self._shares[0]


def blend(content: np.ndarray, target: np.ndarray, strength: float) -> np.ndarray:
    """Magnitudes between content and target, equal steps in decibels: 0 the content, 1 the target."""
    if strength >= 1:
        return target
    if strength <= 0:
        return content
    ratio = (target + np.float32(TINY)) / (content + np.float32(TINY))
    return content * ratio ** np.float32(strength)


def _start_for(style: Style, start: str):
    """The stage that makes the optimiser's start."""
    if start == "decoder":
        return Decoder(style.arrays)
    if start == "envelope":
        return EnvelopeStart(style.arrays["envelope"])
    if start == "content":
        return ContentStart()
    raise UsageError(f"start {start!r} is not known: use one of {', '.join(STARTS)}")


class _Clock:
    """Charges the time since the last charge to a stage."""

    def __init__(self, seconds: dict[str, float]):
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._last = time.perf_counter()

    def charge(self, stage: str) -> None:
        now = time.perf_counter()
        self._seconds[stage] += now - self._last
        self._last = now
