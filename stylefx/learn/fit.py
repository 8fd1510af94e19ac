"""`fit`: a clip becomes a style. What is learned depends on the method; everything else is the same for all."""

from __future__ import annotations

import hashlib

import numpy as np

from stylefx.analysis.grid import Grid, grid_for
from stylefx.analysis.low_cut import without_rumble
from stylefx.checks import choice, sample_rate_of, whole_number
from stylefx.io.clip import check_clip, to_mono
from stylefx.io.picture import preview
from stylefx.samples import samples_of
from stylefx.style import metadata
from stylefx.style.methods import METHODS, find
from stylefx.style.style import Style

QUALITIES = ("draft", "normal", "best")


def fit(
    audio: np.ndarray,
    sample_rate: int,
    *,
    method: str = "harmonic",
    quality: str = "normal",
    seed: int = 0,
    notes: bool = True,
) -> Style:
    """Learn a style from a clip.

    Parameters
    ----------
    audio
        (frames,) or (frames, channels), 0.5 s to 10 min; float with full scale 1, or int16 or int32, which are scaled.
    sample_rate
        In Hz.
    method
        ``harmonic`` (pitch-invariant statistics, streams in real time) or another key of
        `stylefx.style.methods.METHODS`: published methods, which run offline.
    quality
        ``draft`` (the decoder as pretrained, at once), ``normal`` (with steps on the clip, some seconds) or
        ``best`` (more of them). The published methods have one quality.
    seed
        Of every random draw: same audio and seed, same style.
    notes
        Whether to keep the clip's own notes too, up to 3 MB more, with which the style plays; else it only filters.

    Returns
    -------
    Style
        Ready to play, or to be saved.

    Raises
    ------
    StylefxError
        The audio is too short, too long, silent, constant or not finite.
    UsageError
        An unknown method or quality, or arguments that are no samples and no rate: read a file first.
    """
    find(method)
    choice(quality, "quality", QUALITIES)
    seed = whole_number(seed, "seed", 0, 2**63 - 1)
    sample_rate = sample_rate_of(sample_rate)
    audio = samples_of(audio, "the clip")
    audio = audio[:, None] if audio.ndim == 1 else audio
    check_clip(audio, sample_rate)
    digest = hashlib.sha256(audio.tobytes()).hexdigest()
    audio = without_rumble(audio, sample_rate)
    mono = to_mono(audio)
    arrays, grid, window = _learn(audio, mono, sample_rate, method, quality, seed)
    if notes and METHODS[method].real_time:
        from stylefx.instrument.learn import learn_instrument

        struck = bool(arrays["decoder_decay_rates"].any())
        arrays = {**arrays, **learn_instrument(mono, sample_rate, struck)}
    source = {
        "name": "audio",
        "sha256": digest,
        "seconds": round(len(audio) / sample_rate, 3),
    }
    meta = metadata.describe(
        method,
        sample_rate=grid.sample_rate,
        n_fft=grid.n_fft,
        hop=grid.hop,
        window=window,
        window_length=grid.window_length,
        seed=seed,
        quality=quality,
        sources=[source],
    )
    return Style(method, {**arrays, "preview": preview(mono[:, None], sample_rate)}, meta)


def _learn(
    audio: np.ndarray, mono: np.ndarray, sample_rate: int, method: str, quality: str, seed: int
) -> tuple[dict[str, np.ndarray], Grid, str]:
    """The method's arrays, and the grid and the window they belong to."""
    if not METHODS[method].real_time:
        offline = METHODS[method].load()
        return offline.learn(mono, sample_rate), offline.grid, offline.window
    from stylefx.learn.decoder import fit_decoder
    from stylefx.learn.gram_target import learn_harmonic

    grid = grid_for(sample_rate)
    arrays = learn_harmonic(mono, grid, seed)
    if method == "musicnn-live":
        from stylefx.published.musicnn_live.target import learn_timbral

        arrays["gram"] = learn_timbral(mono, grid)
    return {**arrays, **fit_decoder(audio, sample_rate, quality, seed)}, grid, "gauss"
