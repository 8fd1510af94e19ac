"""Ulyanov & Lebedev (2016) as tuned for audio by Cifka et al. (ICASSP 2021, baseline "U+L").

The published network (one random convolution, 4096 filters, 11 frames, ReLU), fed differently: 16 kHz, n_fft
2048, hop 512, power spectrogram divided by its mean, log1p; content weight 1, style weight 10^-2.1, where the
content loss is 0.5 |F - Fc|^2 and the style loss 0.5 |G - Gs|^2 with G = 0.5 F F^T / T; filters of deviation
sqrt(2) sqrt(2 / ((bins + filters) 11)); start from noise of deviation 1e-3; 100 L-BFGS iterations in ten
rounds of ten, no line search; Griffin-Lim 32. The losses come from stylefx's closed form (the network of
infinitely many filters), which agrees with 4096 sampled ones within about 1 %.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 16_000
N_FFT, HOP = 2048, 512
FILTERS, WIDTH = 4096, 11
STYLE_WEIGHT = 10**-2.1
ROUNDS, ITERATIONS = 10, 10
GRIFFIN_LIM = 32
NOISE = 1e-3
# exp of more than this overflows; the tuned baseline clips there too.
LARGEST_LOG = 40.0


def ulyanov_cifka(
    content: np.ndarray, style: np.ndarray, sample_rate: int, style_weight: float = STYLE_WEIGHT
) -> np.ndarray:
    """The content optimised towards the clip's Gram matrix; mono, at ``sample_rate``."""
    import librosa

    from benchmarks.metrics.paired import at_rate
    from benchmarks.systems.baselines.musaicing import _matched

    wanted, clip = (_spectrogram(at_rate(audio, sample_rate, SAMPLE_RATE)) for audio in (content, style))
    found = _optimise(wanted, clip, style_weight)
    power = np.expm1(np.clip(np.nan_to_num(found), 0, LARGEST_LOG))
    audio = librosa.griffinlim(
        np.sqrt(power).T, n_iter=GRIFFIN_LIM, n_fft=N_FFT, hop_length=HOP, random_state=0
    )
    audio = audio / max(np.abs(audio).max(), 1e-9) * np.abs(content).max()
    return _matched(at_rate(audio, SAMPLE_RATE, sample_rate), content)


def _spectrogram(audio: np.ndarray) -> np.ndarray:
    import librosa

    power = np.abs(librosa.stft(audio, n_fft=N_FFT, hop_length=HOP)) ** 2
    return np.log1p(power / (power.mean() + np.finfo(power.dtype).eps)).T


def _optimise(content: np.ndarray, style: np.ndarray, style_weight: float) -> np.ndarray:
    import torch

    from stylefx.published.closed_form import ArcCosineKernel, ContentLoss, GramLoss

    deviation = np.sqrt(2) * np.sqrt(2 / ((content.shape[1] + FILTERS) * WIDTH))
    kernel = ArcCosineKernel(FILTERS, float(deviation), WIDTH)
    keeping = ContentLoss(kernel, torch.from_numpy(content.copy()))
    towards = GramLoss(kernel, torch.from_numpy(style.copy()))
    # The two weights sum to one; halves and quarters are those of the losses above.
    keep_weight = 0.5 / (1 + style_weight)
    style_scale = 0.5 * 0.25 * style_weight / (1 + style_weight)
    generator = torch.Generator().manual_seed(0)
    found = (NOISE * torch.randn(content.shape, generator=generator)).requires_grad_()
    search = torch.optim.LBFGS([found], lr=1, tolerance_grad=1e-5, max_iter=ITERATIONS)

    def loss():
        with torch.no_grad():
            kept, kept_slope = keeping(found)
            styled, styled_slope = towards(found)
            found.grad = keep_weight * kept_slope + style_scale * styled_slope
            return keep_weight * kept + style_scale * styled

    for _ in range(ROUNDS):
        search.step(loss)
    return found.detach().numpy()
