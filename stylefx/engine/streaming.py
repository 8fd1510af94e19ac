"""The streaming path: low cut -> analysis -> chains (decode, optimise) -> blend -> freeze -> phase -> overlap-add.

Every step has the same shapes for every hop, so the samples do not depend on how the stream was cut into blocks.
Several channels share one reference spectrum; each gets the same magnitude ratio and the same phase rotation, so
the stereo image stays where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from stylefx.analysis.frames import Analysis, reference_spectrum
from stylefx.analysis.grid import Grid, grid_for
from stylefx.analysis.low_cut import LowCut
from stylefx.engine.bank import StyleBank
from stylefx.engine.style_chain import Clock, StyleChain
from stylefx.params import PARAMETERS, Settings
from stylefx.phase.rtisi import ITERATIONS, Rtisi
from stylefx.ramp import Ramp
from stylefx.spectral.blend import Crossfade, blend
from stylefx.spectral.freeze import Freeze
from stylefx.spectral.noise_floor import NoiseFloor
from stylefx.synthesis.limiter import Limiter
from stylefx.synthesis.mix import KNEE
from stylefx.synthesis.overlap_add import OverlapAdd

if TYPE_CHECKING:
    from stylefx.engine.ensemble import Ensemble

TINY = 1e-12
# Powers are blended, of which the first steps are heard most: this evens out the knob, in amplitude.
TAPER = 1.7


class StreamingPath:
    """Samples in, hops of styled samples out, ``latency_samples`` late."""

    def __init__(self, bank: StyleBank, iterations: int, latency: str = "normal", notes: bool = True):
        self.bank = bank
        self.iterations = iterations
        self.low_cut = LowCut()
        self.analysis = Analysis()
        self.noise_floor = NoiseFloor()
        self._latency = latency
        self.phase = Rtisi()
        self._economy = False
        self.overlap_add = OverlapAdd()
        self.limiter = Limiter()
        self._clock = Clock()
        self.ensemble = _ensemble(latency) if notes else None

    def prepare(self, sample_rate: int, channels: int) -> None:
        """Allocate every stage for a rate in Hz and a number of channels; latency and hop are known after."""
        grid = grid_for(sample_rate, self._latency)
        self.low_cut.prepare(sample_rate, channels)
        self.analysis.prepare(grid, channels)
        self.bank.prepare(grid)
        self.noise_floor.prepare(grid, channels)
        self.phase.prepare(grid)
        self.overlap_add.prepare(grid, channels)
        self.limiter.prepare(grid)
        self.chains: Crossfade[StyleChain] = Crossfade(_hops("style", grid))
        self.strength = Ramp(_hops("strength", grid))
        self.freeze = Freeze(_hops("freeze", grid))
        self.freeze.prepare(channels, grid.bins)
        self.hop = self.lead_in = grid.hop
        self.latency_samples = sum(stage.latency_samples for stage in self._stages)
        if self.ensemble is not None:
            self.ensemble.prepare(grid, channels, self.latency_samples, _hops("freeze", grid))
            self.latency_samples += self.ensemble.latency_samples
        # Each channel over the reference, for the frames that the phase stage still holds.
        held = self.phase.latency_samples // grid.hop + 1
        self._shares = np.zeros((held, channels, grid.bins), np.complex64)
        self._hops_per_answer, self._held_hops = grid.hops_per_answer, 0

    @property
    def iterations(self) -> int:
        """Optimiser steps per hop; may be set between blocks."""
        return self._iterations

    @iterations.setter
    def iterations(self, steps: int) -> None:
        if steps > 0:
            self.bank.add_optimisers()
        self._iterations = steps

    @property
    def economy(self) -> bool:
        """Whether the decoder answers every second hop and the phase is left unrefined: two thirds of the work."""
        return self._economy

    @economy.setter
    def economy(self, economises: bool) -> None:
        self._economy = economises
        self.phase.iterations = 0 if economises else ITERATIONS

    @property
    def _stages(self) -> tuple:
        """Those with a latency, in the order of the signal."""
        return self.analysis, self.phase, self.overlap_add

    def reset(self) -> None:
        """Forget every sample, as new."""
        for stage in (
            self.low_cut,
            *self._stages,
            self.bank,
            self.noise_floor,
            self.chains,
            self.strength,
            self.freeze,
            self.limiter,
        ):
            stage.reset()
        if self.ensemble is not None:
            self.ensemble.reset()
        self._shares[:] = 0
        self._held_hops = 0
        self._clock.seconds.clear()

    @property
    def stage_seconds(self) -> dict[str, float]:
        """Seconds spent in each stage since `prepare` or `reset`."""
        return self._clock.seconds

    def process(self, block: np.ndarray, settings: Settings) -> Iterator[np.ndarray]:
        """Yield a hop for every frame that a block completes.

        Parameters
        ----------
        block : float32 (frames, channels)
            The next samples; any number.
        settings : Settings
            Where the parameters are to go from here.

        Yields
        ------
        float32 (hop, channels)
            `latency_samples` late.
        """
        clock, shares = self._clock, self.bank.shares(settings)
        clock.restart()
        for spectrum in self.analysis.process(self.low_cut.process(block)):
            if self.ensemble is not None:
                spectrum = self.ensemble.update(self.analysis.newest, spectrum, self.bank.chains)
            content_spectrum = spectrum
            magnitude = np.abs(reference_spectrum(spectrum))
            clock.charge("analysis")
            sounding = self.chains.towards(shares)
            target, kept = self._target(magnitude, sounding)
            strength = float(self.strength.towards(settings.strength, 1)[0]) ** TAPER
            spectrum = self.noise_floor.process(spectrum, strength)
            target = self.noise_floor.textured(target, magnitude, np.abs(reference_spectrum(spectrum)))
            if kept is not None and not settings.freeze:
                target = target * kept
            target = blend([(magnitude, 1 - strength), (target, strength)])
            target, spectrum = self.freeze.process(target, spectrum, settings.freeze)
            content = reference_spectrum(spectrum)
            frame = self.phase.process(target, content)
            clock.charge("phase")
            if len(spectrum) == 1:
                finished = self.overlap_add.add(self.phase.share[None])
            else:
                finished = self.overlap_add.process(self._to_channels(frame, spectrum, content))
            if self.ensemble is not None:
                finished = self.ensemble.with_notes(
                    finished, sounding, content_spectrum, strength, settings.freeze
                )
            ceiling = KNEE / 10 ** (settings.gain_out_db / 20)
            finished = self.limiter.process(finished, self.overlap_add.coming, ceiling)
            clock.charge("overlap_add")
            yield finished
            clock.restart()

    def _target(self, magnitude: np.ndarray, shares: dict[StyleChain, float]) -> tuple:
        """What the chains that sound make of the content, together (bins,), and the gain that notes leave to it."""
        answering = self._held_hops == 0
        self._held_hops = (self._held_hops + 1) % (self._hops_per_answer * (2 if self.economy else 1))
        # Not in the same hop, so that no hop has twice the work of another.
        optimising = self._held_hops == 0
        self.bank.update(magnitude, answering)
        answers = {
            chain: chain.process(magnitude, self.iterations, self._clock, answering, optimising)
            for chain in shares
        }
        kept = self.ensemble.kept(answers, shares, magnitude) if self.ensemble is not None else None
        return blend([(answers[chain], shares[chain]) for chain in shares]), kept

    def _to_channels(self, frame: np.ndarray, spectrum: np.ndarray, content: np.ndarray) -> np.ndarray:
        """The styled reference (bins,) as channels (channels, bins): each keeps its part and its lead."""
        level = np.abs(content) ** 2 + np.float32(TINY)
        self._shares[:-1] = self._shares[1:]
        self._shares[-1] = spectrum * content.conj() / level
        return frame * self._shares[0]


def _ensemble(latency: str) -> Ensemble:
    """What plays the clip's notes; imported when it is wanted, for it brings the tracker."""
    from stylefx.engine.ensemble import Ensemble

    return Ensemble(latency)


def _hops(parameter: str, grid: Grid) -> int:
    """Hops that a change of a parameter takes."""
    return round(PARAMETERS[parameter].smoothing_seconds / grid.hop_seconds)
