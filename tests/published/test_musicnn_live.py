"""The streaming optimiser that listens with musicnn: the features and gradients of the net, a sound nearer the clip."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import soxr
import torch

from stylefx import Style, StyleTransfer, fit
from stylefx.analysis.grid import grid_for
from stylefx.analysis.window import analysis_window
from stylefx.clips import clip_path
from stylefx.optimise.harmonic import Moments
from stylefx.published.musicnn_live.stage import feature_slope, unit_gram
from stylefx.published.musicnn_live.target import learn_timbral
from stylefx.published.nets import musicnn
from stylefx.published.nets.engine_mel import AMPLITUDE, engine_bank, frames_apart
from stylefx.published.nets.log_mel import BANDS, GRID, LogMel
from stylefx.published.nets.musicnn_timbral_stream import FILTERS, FRAMES, MusicnnTimbralStream
from stylefx.published.spectrogram import log_magnitudes
from tests.support.sounds import in_chunks
from tests.support.trained_nets import heard, needs_musicnn

CPU = torch.device("cpu")
RATE = 44_100


@pytest.fixture(scope="module")
def trumpet_style() -> Style:
    return fit(*soundfile.read(clip_path("trumpet_solo")), method="musicnn-live", quality="draft")


@pytest.fixture(scope="module")
def guitar_audio() -> np.ndarray:
    return soundfile.read(clip_path("guitar_solo"), dtype="float32", frames=3 * RATE)[0]


@needs_musicnn
def test_features_and_gradient_are_those_of_the_whole_net() -> None:
    levels = (torch.rand(FRAMES, BANDS, generator=torch.Generator().manual_seed(2)) * 4).requires_grad_()
    # The middle of seven frames sees all of them.
    wanted = musicnn.Net(CPU).activations(levels)["timbral"][:FILTERS, FRAMES // 2, 0]
    slope = torch.randn(FILTERS, generator=torch.Generator().manual_seed(3))
    (gradient,) = torch.autograd.grad(wanted, levels, slope)
    newest = MusicnnTimbralStream(CPU)
    assert torch.allclose(newest(levels.detach()), wanted.detach(), atol=1e-4)
    assert torch.allclose(newest.backwards(slope), gradient, atol=1e-4)


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_the_engine_hears_what_the_net_would(rate: int) -> None:
    """Log mel levels from the engine's frames against those from the net's own: 2 dB apart in the mean."""
    audio, grid = heard("guitar_solo", GRID, 4.0)[0][: 4 * GRID.sample_rate], grid_for(rate)
    seen = soxr.resample(audio, GRID.sample_rate, rate)
    hop, window = grid.hop * frames_apart(grid), analysis_window(grid)
    padded = np.pad(seen, grid.window_length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, grid.window_length)[::hop]
    magnitudes = np.abs(np.fft.rfft(frames * window, grid.n_fft, axis=1))
    found = np.log10(1e4 * ((magnitudes / magnitudes.max()) ** 2 @ engine_bank(grid)) + 1)
    # At the level that the loudest bin stands for.
    scale = AMPLITUDE * window.sum() / 2 / magnitudes.max()
    wanted = LogMel(CPU)(torch.from_numpy(log_magnitudes((scale * audio).astype(np.float32), GRID))).numpy()
    places = np.round(np.arange(len(found)) * hop / rate * GRID.sample_rate / GRID.hop).astype(int)
    wanted = wanted[places]
    sounding = wanted > 1
    assert np.corrcoef(found[sounding], wanted[sounding])[0, 1] > 0.95
    assert np.abs(found - wanted)[sounding].mean() < 0.25


@pytest.mark.slow
@needs_musicnn
def test_the_target_is_the_clips_at_any_level_and_rate() -> None:
    clip, rate = soundfile.read(clip_path("guitar_solo"), dtype="float32", frames=4 * RATE)
    target = learn_timbral(clip, grid_for(rate))
    assert np.linalg.norm(target) == pytest.approx(1, abs=1e-3)
    assert np.abs(learn_timbral(0.05 * clip, grid_for(rate)) - target).max() < 1e-3
    at_48 = learn_timbral(soxr.resample(clip, rate, 48_000), grid_for(48_000))
    other = learn_timbral(soundfile.read(clip_path("trumpet_solo"), dtype="float32")[0], grid_for(rate))
    assert np.linalg.norm(at_48 - target) < 0.2 * np.linalg.norm(other - target)


@needs_musicnn
def test_the_slope_is_that_of_the_loss() -> None:
    generator = torch.Generator().manual_seed(4)
    past = Moments.zero(FILTERS, CPU).plus(torch.rand(9, FILTERS, generator=generator), torch.ones(9))
    target = unit_gram(past.plus(torch.rand(9, FILTERS, generator=generator), torch.ones(9)))
    newest = torch.rand(FILTERS, generator=generator, requires_grad=True)
    moments = past.plus(newest[None], torch.ones(1))
    loss = 2 - 2 * (unit_gram(moments) * target).sum()
    (wanted,) = torch.autograd.grad(loss, newest)
    found = feature_slope(newest, moments, target).detach()
    assert torch.allclose(found, wanted, atol=1e-3 * float(wanted.abs().max()))


@pytest.mark.slow
@needs_musicnn
def test_steps_bring_the_sound_nearer_to_the_clip(trumpet_style, guitar_audio, tmp_path) -> None:
    trumpet_style.save(tmp_path / "trumpet.npz")
    style = Style.load(tmp_path / "trumpet.npz")
    distances = []
    for iterations in (0, 1, 4):
        # From the content, so that nothing but the steps moves the sound.
        played = StyleTransfer(style, iterations=iterations, start="content", device="cpu")(
            guitar_audio, RATE
        )
        found = learn_timbral(played, grid_for(RATE))
        distances.append(((found - style.arrays["gram"]) ** 2).sum())
    assert distances[1] < 0.95 * distances[0]
    assert distances[2] < 0.9 * distances[1]


@pytest.mark.slow
@needs_musicnn
def test_any_chunks_give_the_same_samples(trumpet_style, guitar_audio) -> None:
    fx = StyleTransfer(trumpet_style, device="cpu")
    assert fx.iterations == 1  # more than the default method takes
    fx.prepare(RATE, 1, 8192)
    whole = in_chunks(fx, guitar_audio[:RATE, None], [8192])
    fx.reset()
    assert np.array_equal(in_chunks(fx, guitar_audio[:RATE, None], [509]), whole)
