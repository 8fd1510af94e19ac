"""The auditory model of McDermott & Simoncelli 2011: cochlear bands, their envelopes, modulation bands.

"Sound texture perception via statistics of the auditory periphery", Neuron 71. Sound at 20 kHz passes 30 filters,
half cosines equally spaced from 52 to 8844 Hz on the ERB-rate scale and overlapping by half; the Hilbert envelope of
each is compressed (power 0.3) and sampled at 400 Hz; each envelope passes modulation filters, half cosines of
constant Q: 20 of Q = 2 from 0.5 to 200 Hz, half an octave or so apart, for power, and six of Q = sqrt 2 an octave
apart, 3.1 to 100 Hz, for correlations. Filters are applied in the spectrum of the whole block (circularly, as in the
paper). A band's envelope needs no more samples than the band is wide, so its spectrum is cut out and transformed back
at 2 kHz.
"""

from __future__ import annotations

import numpy as np
import torch

SAMPLE_RATE, ENVELOPE_RATE, BAND_RATE = 20_000, 400, 2_000
BANDS, LOWEST_HZ, HIGHEST_HZ = 30, 52.0, 8844.0
COMPRESSION = 0.3
MODULATIONS, LOWEST_MODULATION_HZ, HIGHEST_MODULATION_HZ, Q = 20, 0.5, 200.0, 2.0
OCTAVES, OCTAVE_Q = 6, 2**0.5
# Blocks are padded to a multiple of this, so that both slower rates have whole numbers of samples.
MULTIPLE = 1000
# Relative to the band's mean power: keeps the slope of the compression finite where a band is silent.
FLOOR = 1e-6


def erb_rate(hz: np.ndarray | float) -> np.ndarray:
    """Glasberg & Moore 1990."""
    return 9.265 * np.log(1 + np.asarray(hz) / (24.7 * 9.265))


def cochlear_centres_hz() -> np.ndarray:
    """Centres of the cochlear filters, equally spaced on the ERB-rate scale: float64 (BANDS,)."""
    rates = np.linspace(erb_rate(LOWEST_HZ), erb_rate(HIGHEST_HZ), BANDS)
    return 24.7 * 9.265 * (np.exp(rates / 9.265) - 1)


def modulation_centres_hz() -> np.ndarray:
    """Centres of the filters for power, equally spaced in octaves: float64 (MODULATIONS,)."""
    return np.geomspace(LOWEST_MODULATION_HZ, HIGHEST_MODULATION_HZ, MODULATIONS)


def octave_centres_hz() -> np.ndarray:
    """Centres of the filters for correlations: float64 (OCTAVES,)."""
    return 100.0 / 2.0 ** np.arange(OCTAVES)[::-1]


def cochlear_filters(bins_hz: np.ndarray) -> np.ndarray:
    """Gains (BANDS, bins)."""
    rates = erb_rate(cochlear_centres_hz())
    offset = (erb_rate(bins_hz) - rates[:, None]) / (rates[1] - rates[0])
    return np.where(np.abs(offset) < 1, np.cos(np.pi / 2 * offset), 0.0)


def modulation_filters(bins_hz: np.ndarray, centres_hz: np.ndarray, q: float) -> np.ndarray:
    """Gains (filters, bins): half cosines whose width at half power is the centre over ``q``."""
    offset = (bins_hz - centres_hz[:, None]) / (centres_hz[:, None] / q)
    return np.where(np.abs(offset) < 1, np.cos(np.pi / 2 * offset), 0.0)


class Net:
    """Sound (samples,) at 20 kHz -> envelopes; and envelopes -> modulation bands."""

    def __init__(self, device: torch.device):
        self._device = device

    def prepare(self, samples: int) -> None:
        """Make the filters for blocks of ``samples``, a multiple of `MULTIPLE`."""
        bins_hz = np.arange(samples // 2 + 1) * SAMPLE_RATE / samples
        gains = cochlear_filters(bins_hz)
        self._band_samples = samples * BAND_RATE // SAMPLE_RATE
        first = np.minimum((gains > 0).argmax(axis=1), len(bins_hz) - self._band_samples)
        self._cut = torch.as_tensor(first[:, None] + np.arange(self._band_samples), device=self._device)
        self._gains = self._tensor(np.take_along_axis(gains, self._cut.cpu().numpy(), axis=1))
        self.frames = samples * ENVELOPE_RATE // SAMPLE_RATE
        modulation_hz = np.arange(self.frames // 2 + 1) * ENVELOPE_RATE / self.frames
        self._power_gains = self._tensor(modulation_filters(modulation_hz, modulation_centres_hz(), Q))
        self._octave_gains = self._tensor(modulation_filters(modulation_hz, octave_centres_hz(), OCTAVE_Q))

    def envelopes(self, sound: torch.Tensor) -> torch.Tensor:
        """Compressed envelopes of the cochlear bands: (BANDS, frames) at 400 Hz."""
        spectrum = torch.fft.rfft(sound)
        # Twice the positive frequencies alone is the analytic signal; where its spectrum stands does not matter.
        analytic = torch.fft.ifft(spectrum[self._cut] * self._gains) * (2 * BAND_RATE / SAMPLE_RATE)
        power = analytic.real**2 + analytic.imag**2
        floor = FLOOR * power.detach().mean(dim=1, keepdim=True) + 1e-12
        compressed = torch.fft.rfft((power + floor) ** (COMPRESSION / 2))[:, : self.frames // 2 + 1]
        return torch.fft.irfft(compressed, self.frames) * (ENVELOPE_RATE / BAND_RATE)

    def modulations(self, envelopes: torch.Tensor) -> torch.Tensor:
        """For power: (BANDS, MODULATIONS, frames)."""
        return torch.fft.irfft(torch.fft.rfft(envelopes)[:, None] * self._power_gains, self.frames)

    def octaves(self, envelopes: torch.Tensor) -> torch.Tensor:
        """For correlations, analytic: complex (BANDS, OCTAVES, frames)."""
        spectrum = torch.fft.rfft(envelopes)[:, None] * self._octave_gains
        missing = self.frames - spectrum.shape[2]
        return 2 * torch.fft.ifft(torch.nn.functional.pad(spectrum, (0, missing)))

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32, device=self._device)
