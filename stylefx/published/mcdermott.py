"""McDermott & Simoncelli 2011: auditory texture statistics, imposed on the waveform.

"Sound texture perception via statistics of the auditory periphery", Neuron 71, 926-940, on the model of
published/nets/cochlea.py:

    marginals             mean, deviation over mean, skewness, kurtosis of each cochlear envelope
    correlations          of envelopes 1, 2, 3, 5, 8, 11, 16 and 21 bands apart
    modulation power      of each modulation band over the envelope's variance
    C1                    correlation of equal modulation bands of cochlear bands 1 and 2 apart
    C2                    correlation of modulation bands an octave apart in one cochlear band, phases aligned

Each class of statistics, and each of the four moments, counts as ``||s - s_style||^2 / ||s_style||^2``, all alike but
the means, which count ten times and band by band; the waveform, its bands first brought to the style's levels,
descends their sum by L-BFGS, where the paper adjusts subband envelopes by conjugate gradients until they agree to 20
dB. It begins with noise, as published: a texture model keeps nothing of a content but its length.
`grinstein-mcdermott` begins with the content.
"""

from __future__ import annotations

import numpy as np
import soxr
import torch

from stylefx.analysis.grid import Grid
from stylefx.compute import compute_device
from stylefx.published.descent import Objective, Watch, by_autograd, lbfgs
from stylefx.published.gram import TINY, relative_distance
from stylefx.published.nets import cochlea
from stylefx.published.nets.cochlea import ENVELOPE_RATE, MULTIPLE, SAMPLE_RATE
from stylefx.published.offline import as_long_as, unheard
from stylefx.published.spectrogram import MAX_SECONDS
from stylefx.style.style import Style

CORRELATED = (1, 2, 3, 5, 8, 11, 16, 21)
NEIGHBOURS = (1, 2)
# The spectrum, which melts away among the other statistics otherwise.
MEAN_WEIGHT = 10.0
# Under this part of the loudest mean, 87 dB of the sound, a band counts as this loud.
QUIETEST = 0.05
LEVEL_PASSES = 3
# The variables are the sound whitened by the style's levels, down to this: else quiet bands would hardly move.
SHALLOWEST = 1e-4
# Modulation bands need to be heard a few times; a shorter block stays as it is.
SHORTEST_SECONDS = 0.25


def statistics(net: cochlea.Net, sound: torch.Tensor) -> dict[str, torch.Tensor]:
    """The five classes of statistics of ``sound`` (samples,)."""
    envelopes = net.envelopes(sound)
    mean = envelopes.mean(dim=1, keepdim=True)
    centred = envelopes - mean
    variance = (centred**2).mean(dim=1).clamp_min(TINY)
    unit = centred / variance.sqrt()[:, None]
    marginals = [mean[:, 0], variance.sqrt() / mean[:, 0], (unit**3).mean(dim=1), (unit**4).mean(dim=1)]
    power = (net.modulations(envelopes) ** 2).mean(dim=2) / variance[:, None]
    octaves = net.octaves(envelopes)
    return {
        "marginals": torch.stack(marginals, dim=1),
        "correlations": at_distances((unit @ unit.T) / unit.shape[1], CORRELATED),
        "modulation_power": power,
        "c1": _equal_modulations(octaves.real),
        "c2": _octaves_apart(octaves),
    }


def at_distances(matrix: torch.Tensor, distances: tuple[int, ...]) -> torch.Tensor:
    """The diagonals (..., n, n) -> (..., values) that many bands apart, one after the other."""
    return torch.cat([matrix.diagonal(distance, -2, -1) for distance in distances], dim=-1)


def _equal_modulations(bands: torch.Tensor) -> torch.Tensor:
    """C1 of (cochlear, modulation, frames): (modulation, pairs)."""
    unit = bands / bands.norm(dim=2, keepdim=True).clamp_min(TINY)
    by_modulation = unit.transpose(0, 1)
    return at_distances(by_modulation @ by_modulation.transpose(1, 2), NEIGHBOURS)


def _octaves_apart(bands: torch.Tensor) -> torch.Tensor:
    """C2 of analytic (cochlear, modulation, frames): (cochlear, pairs, 2), real and imaginary part.

    Squaring the lower band and dividing by its magnitude doubles its phase, which then runs as fast as the upper's.
    """
    lower, upper = bands[:, :-1], bands[:, 1:]
    size = (lower.real**2 + lower.imag**2).clamp_min(TINY).sqrt()
    doubled = lower**2 / size
    both = (doubled.conj() * upper).mean(dim=2)
    norm = (size**2).mean(dim=2) * (upper.real**2 + upper.imag**2).mean(dim=2)
    return torch.view_as_real(both / norm.clamp_min(TINY).sqrt())


def distance(found: torch.Tensor, wanted: torch.Tensor, name: str) -> torch.Tensor:
    """Of one class of statistics; moments are of different units, so each is a class of its own."""
    if name != "marginals":
        return relative_distance(found, wanted)
    (mean, *others), (wanted_mean, *wanted_others) = found.T, wanted.T
    unit = wanted_mean.clamp_min(QUIETEST * float(wanted_mean.max()) + TINY)
    level = MEAN_WEIGHT * (((mean - wanted_mean) / unit) ** 2).mean()
    return level + torch.stack([relative_distance(a, b) for a, b in zip(others, wanted_others)]).sum()


class McDermott:
    """Transforms whole blocks of mono audio, in ``iterations`` L-BFGS steps each; see `SpectrogramMethod`."""

    # Of the envelopes: what the statistics are taken from.
    grid = Grid(SAMPLE_RATE, MULTIPLE, MULTIPLE, SAMPLE_RATE // ENVELOPE_RATE)
    window = "none"

    def __init__(self, style: Style, iterations: int, device: str):
        self.iterations = iterations
        self.device, self.seed = compute_device(device), style.meta["seed"]
        self.watch: Watch | None = None
        self._net = cochlea.Net(self.device)
        self.targets = {
            name: torch.tensor(style.arrays[name], dtype=torch.float32, device=self.device)
            for name in ("marginals", "correlations", "modulation_power", "c1", "c2")
        }
        # A mean of an envelope; a forged style may say otherwise.
        self.targets["marginals"][:, 0].clamp_(min=TINY)

    @classmethod
    def learn(cls, audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
        """The statistics of mono ``audio`` float32 (samples,), of its first 30 s."""
        sound = padded(soxr.resample(audio[: round(MAX_SECONDS * sample_rate)], sample_rate, SAMPLE_RATE))
        net = cochlea.Net(torch.device("cpu"))
        net.prepare(len(sound))
        found = statistics(net, torch.from_numpy(sound))
        return {name: values.numpy() for name, values in found.items()}

    def objective(self, samples: int) -> Objective:
        """The objective of sound of so many samples, given as what `shape` makes it of."""
        self._net.prepare(samples)
        levels = self.targets["marginals"][:, 0].cpu().numpy() ** (1 / cochlea.COMPRESSION)
        self._shape = over_bands(levels / levels.max(), samples).clip(SHALLOWEST, None)
        shape = torch.as_tensor(self._shape, dtype=torch.float32, device=self.device)

        def loss(whitened: torch.Tensor) -> torch.Tensor:
            sound = torch.fft.irfft(torch.fft.rfft(whitened) * shape, samples)
            found = statistics(self._net, sound)
            return torch.stack(
                [distance(found[name], wanted, name) for name, wanted in self.targets.items()]
            ).sum()

        return by_autograd(loss)

    def start(self, content: np.ndarray) -> np.ndarray:
        """Noise at the content's level."""
        noise = np.random.default_rng(self.seed).standard_normal(len(content))
        return np.sqrt(np.mean(content**2)) * noise

    def level(self, sound: np.ndarray) -> np.ndarray:
        """``sound`` with the level of each cochlear band where the style has it, its envelopes as they were."""
        wanted = self.targets["marginals"][:, 0].cpu().numpy()
        for _ in range(LEVEL_PASSES):
            envelopes = self._net.envelopes(torch.as_tensor(sound, dtype=torch.float32, device=self.device))
            found = envelopes.mean(dim=1).cpu().numpy()
            ratios = (wanted / np.maximum(found, TINY)).clip(0.1, 3) ** (1 / cochlea.COMPRESSION)
            sound = np.fft.irfft(np.fft.rfft(sound) * over_bands(ratios, len(sound)), len(sound))
        return sound

    def optimise(self, content: np.ndarray) -> np.ndarray:
        """Sound float64 (samples,) with the style's statistics, for that of a content at 20 kHz, `padded`."""
        objective, samples = self.objective(len(content)), len(content)
        whitened = np.fft.irfft(np.fft.rfft(self.level(self.start(content))) / self._shape, samples)
        found = lbfgs(objective, whitened, self.iterations, self.device, self.watch)
        return np.fft.irfft(np.fft.rfft(found) * self._shape, samples)

    def transform(self, audio: np.ndarray, sample_rate: int) -> np.ndarray:
        """Styled mono audio float32 (samples,), as long as ``audio``."""
        if len(audio) < SHORTEST_SECONDS * sample_rate:
            return audio
        content = soxr.resample(audio, sample_rate, SAMPLE_RATE)
        found = self.optimise(padded(content)).astype(np.float32)
        styled = as_long_as(audio, soxr.resample(found, SAMPLE_RATE, sample_rate))
        return styled + unheard(audio, content, sample_rate, SAMPLE_RATE)


def over_bands(values: np.ndarray, samples: int) -> np.ndarray:
    """Values of the cochlear bands over the bins of ``samples``, (bins,); beyond the bands those of the outermost."""
    hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE).clip(cochlea.LOWEST_HZ, cochlea.HIGHEST_HZ)
    # The squares of the filters sum to 1.
    return values @ cochlea.cochlear_filters(hz) ** 2


def padded(sound: np.ndarray) -> np.ndarray:
    """``sound`` (samples,) and zeros up to a length that both slower rates divide."""
    return np.pad(sound, (0, -len(sound) % MULTIPLE)).astype(np.float32)
