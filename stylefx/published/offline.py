"""What the offline methods share: a block becomes a log spectrogram, an objective moves it, Griffin-Lim sounds it.

A method is one class: it makes its target from the style in ``__init__`` and the objective of a block in
`objective`. The published front end (Ulyanov & Lebedev 2016) is that of all, unless a method has a ``grid`` of its
own: log(1 + |STFT|), magnitudes not normalised. Blocks, cross-fades and channels: see blockwise.py.
"""

from __future__ import annotations

import numpy as np
import soxr
import torch

from stylefx.analysis.grid import Grid
from stylefx.compute import compute_device
from stylefx.errors import StylefxError
from stylefx.published.descent import Objective, Watch, lbfgs
from stylefx.published.spectrogram import GRID, learn_spectrogram, log_magnitudes
from stylefx.style.style import Style

GRIFFIN_LIM_ITERATIONS = 500


class SpectrogramMethod:
    """Transforms whole blocks of mono audio towards ``style``, in ``iterations`` steps each.

    Attributes
    ----------
    grid : Grid
        Of the spectrogram that style, content and output are seen as.
    shortest_frames : int
        What the features need: of a clip, and of a block; a shorter block is a remnant and stays as it is.
    keeps_unheard : bool
        Whether what lies above the grid's highest frequency stays as it is in the content; else it is silent.
    watch : callable or None
        Called with the fraction of a block's steps done.
    """

    grid: Grid = GRID
    window = "hann"
    shortest_frames = 12
    keeps_unheard = False

    def __init__(self, style: Style, iterations: int, device: str):
        self.iterations = iterations
        self.device, self.seed = compute_device(device), style.meta["seed"]
        self.style = self.tensor(self._long_enough(style.arrays["log_magnitudes"]))
        self.watch: Watch | None = None

    @classmethod
    def learn(cls, audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
        """The arrays of a style from mono ``audio`` float32 (samples,)."""
        arrays = learn_spectrogram(audio, sample_rate, cls.grid)
        cls._long_enough(arrays["log_magnitudes"])
        return arrays

    @classmethod
    def _long_enough(cls, frames: np.ndarray) -> np.ndarray:
        """The frames, if the features have something to see in them."""
        if len(frames) < cls.shortest_frames:
            seconds = cls.grid.hop_seconds
            raise StylefxError(
                f"the clip has {len(frames) * seconds:.2f} s, this method needs {cls.shortest_frames * seconds:.2f} s"
            )
        return frames

    def objective(self, content: torch.Tensor) -> Objective:
        """The objective of a block whose log magnitudes are ``content`` (frames, bins)."""
        raise NotImplementedError

    def start(self, content: np.ndarray) -> np.ndarray:
        """Where the steps begin: the content, unless a method begins elsewhere."""
        return content

    def descend(self, objective: Objective, start: np.ndarray) -> np.ndarray:
        """The steps: L-BFGS, unless a method takes others."""
        return lbfgs(objective, start, self.iterations, self.device, self.watch)

    def optimise(self, content: np.ndarray) -> np.ndarray:
        """Log magnitudes (frames, bins) for those of the content."""
        return self.descend(self.objective(self.tensor(content)), self.start(content))

    def transform(self, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """Styled mono audio float32 (samples,), as long as ``audio``."""
        from stylefx.published.griffin_lim import griffin_lim

        grid = self.grid
        if len(audio) * grid.sample_rate < self.shortest_frames * grid.hop * sample_rate:
            return audio
        sound = soxr.resample(audio, sample_rate, grid.sample_rate)
        content = log_magnitudes(sound, grid)
        magnitude = np.expm1(self.optimise(content).clip(min=0)).T
        window = np.hanning(grid.n_fft + 1)[:-1]
        samples = griffin_lim(magnitude, grid.n_fft, grid.hop, window, GRIFFIN_LIM_ITERATIONS, self.seed)
        styled = as_long_as(audio, soxr.resample(samples.astype(np.float32), grid.sample_rate, sample_rate))
        if self.keeps_unheard:
            styled += unheard(audio, sound, sample_rate, grid.sample_rate)
        return styled

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """float32 on the method's device."""
        return torch.as_tensor(array, dtype=torch.float32, device=self.device)


def as_long_as(audio: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """``samples``, cut or followed by zeros to the length of ``audio``."""
    return np.pad(samples, (0, max(0, len(audio) - len(samples))))[: len(audio)]


def unheard(audio: np.ndarray, sound: np.ndarray, sample_rate: int, lower_rate: int) -> np.ndarray:
    """What of ``audio`` is lost in ``sound``, the same at a lower rate: (samples,) as long as ``audio``."""
    return audio - as_long_as(audio, soxr.resample(sound, lower_rate, sample_rate))
