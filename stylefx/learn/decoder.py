"""A clip -> the decoder of its style: the pretrained network's answer, then steps on the clip itself.

``draft`` is the pretrained network, conditioned on the clip (0.4 s). ``normal`` and ``best`` go on: the clip is the
target; the content is a copy that was moved in pitch together with it and augmented (a spectral form of denoising);
and the folded weights follow for some seconds. What helps on recordings, whose rooms and noises no SoundFont has.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import torch

from stylefx.analysis.grid import NOMINAL_RATE
from stylefx.errors import StylefxError, UsageError
from stylefx.learn.fine_tune import fine_tune
from stylefx.learn.network import Network, stored
from stylefx.learn.note_decay import decay_rates
from stylefx.learn.spectra import (
    GRID,
    PLAN,
    mean_level,
    observe_style,
    power_spectrogram,
    sounding_frames,
)
from stylefx.timbre.adaptive_eq import level_statistics
from stylefx.timbre.ceiling import mean_amplitudes
from stylefx.timbre.rumble import rumble_levels

WEIGHTS = "decoder.npz"
# Steps on the clip.
STEPS = {"draft": 0, "normal": 150, "best": 500}
STYLE_FRAMES, STYLE_POSITIONS = 256, 16
# More of a clip than this teaches nothing new, and costs memory.
MAX_SECONDS = 30.0
# A clip this quiet holds nothing to learn (-120 dB of full scale, summed over a frame's bins).
SILENT_POWER = 1e-9


def fit_decoder(
    audio: np.ndarray, sample_rate: int, quality: str = "normal", seed: int = 0
) -> dict[str, np.ndarray]:
    """Learn the decoder of a style.

    Parameters
    ----------
    audio
        Float (frames,) or (frames, channels) at ``sample_rate`` Hz; the first 30 s are used.
    quality
        ``draft``, ``normal`` or ``best``.
    seed
        The same seed gives the same arrays on the same machine.

    Returns
    -------
    dict
        float32 arrays for :class:`stylefx.timbre.decoder.Decoder`, 0.9 MB.

    Raises
    ------
    UsageError
        The quality is not known.
    StylefxError
        The clip is silent, or the package lacks its weights.
    """
    if quality not in STEPS:
        raise UsageError(f"quality {quality!r} is not known: use one of {', '.join(STEPS)}")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _fit(_power(audio, sample_rate), STEPS[quality], np.random.default_rng(seed))
    finally:
        torch.set_num_threads(threads)


def _fit(power: np.ndarray, steps: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    network = load_network()
    static, samples, seen = observe_style(power, rng, STYLE_FRAMES, STYLE_POSITIONS)
    with torch.no_grad():
        layers = network.folded(network.encode(torch.from_numpy(samples)))
    if steps:
        layers = fine_tune(network, layers, power, static, steps, rng)
    sounding = seen.own[sounding_frames(seen)]
    means, spreads = level_statistics(sounding)
    return {
        **stored(network, layers, torch.from_numpy(static)),
        "decoder_mean_levels": means,
        "decoder_level_spreads": spreads,
        "decoder_mean_amplitudes": mean_amplitudes(power, PLAN.band_low, PLAN.band_high, GRID.bin_hz),
        "decoder_rumble": rumble_levels(sounding),
        "decoder_decay_rates": decay_rates(seen.own, seen.slow_level, GRID.hop_seconds),
    }


def load_network(path: Path | None = None) -> Network:
    """The network with the shipped weights, or with those that pretraining wrote to ``path``."""
    source = path or resources.files("stylefx.learn") / "weights" / WEIGHTS
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            network = Network(len(arrays["decoder2_bias"]))
            weights = {
                name: torch.from_numpy(arrays[name.replace(".", "_")]) for name in network.state_dict()
            }
        network.load_state_dict(weights)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise StylefxError(
            f"the decoder's weights {source} cannot be read ({error}): install stylefx again"
        ) from error
    return network


def _power(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Power spectrogram of the clip at 44.1 kHz, rms over channels, mean level 1."""
    channels = np.asarray(audio, np.float32).reshape(len(audio), -1)[: int(MAX_SECONDS * sample_rate)]
    if sample_rate != NOMINAL_RATE:
        import soxr

        channels = soxr.resample(channels, sample_rate, NOMINAL_RATE, "HQ").reshape(-1, channels.shape[1])
    power = np.stack([power_spectrogram(channel) for channel in channels.T]).mean(axis=0)
    level = mean_level(power)
    if not level > SILENT_POWER:
        raise StylefxError("the clip is silent: choose one with sound")
    return np.asarray(power / level, np.float32)
