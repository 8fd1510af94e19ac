"""The decoder stage: causal, free of gain and rate, the same every time; and the fit that makes its arrays."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from stylefx.analysis.grid import grid_for
from stylefx.errors import StylefxError, UsageError
from stylefx.learn import fine_tune
from stylefx.learn.augmentation import flatten, warp
from stylefx.learn.decoder import fit_decoder, load_network
from stylefx.learn.network import answer, distance, stored
from stylefx.learn.spectra import BIN_HZ, GRID, mean_level, observe_style, power_spectrogram
from stylefx.learn.training_examples import drawn_frames
from stylefx.timbre.adaptive_eq import WEIGHT, SlowEqualiser, level_statistics
from stylefx.timbre.decoder import Decoder, _whole
from stylefx.timbre.features import FEATURES, log10_in_place
from stylefx.timbre.layout import Plan, position_frequencies

RATE = 44_100


def plucked(keys, rate=RATE, seconds=3.0, decay=4.0, partials=12, seed=0):
    """Decaying tones, one after the other."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(size=len(time))
    audio = 1e-4 * noise
    for start, key in zip(np.linspace(0.1, seconds - 0.5, len(keys)), keys):
        after = np.maximum(time - start, 0)
        fundamental = 440 * 2 ** ((key - 69) / 12)
        tone = sum(
            np.sin(2 * np.pi * n * fundamental * after) / n**1.5
            for n in range(1, partials)
            if n * fundamental < rate / 2.2
        )
        audio += 0.3 * (time > start) * np.exp(-decay * after) * tone
    return audio.astype(np.float32)


def magnitudes(audio, rate=RATE):
    """(frames, bins) on the engine's grid for a rate."""
    grid = grid_for(rate)
    frames = np.lib.stride_tricks.sliding_window_view(audio, grid.window_length)[:: grid.hop]
    return np.abs(np.fft.rfft(frames * np.hanning(grid.window_length), grid.n_fft)).astype(np.float32), grid


def play(arrays, audio, rate=RATE):
    frames, grid = magnitudes(audio, rate)
    decoder = Decoder(arrays)
    decoder.prepare(grid)
    return np.stack([decoder.process(frame) for frame in frames]), frames


@pytest.fixture(scope="module")
def arrays():
    return fit_decoder(plucked([60, 64, 67, 72]), RATE, "draft")


@pytest.fixture(scope="module")
def content():
    return plucked([57, 62, 65], decay=0.5, partials=25, seed=1)


def test_fit_is_small_finite_and_the_same_for_a_seed(arrays):
    again = fit_decoder(plucked([60, 64, 67, 72]), RATE, "draft")
    assert sum(array.nbytes for array in arrays.values()) < 1.5e6
    for name, array in arrays.items():
        assert name.startswith("decoder_")
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        assert np.array_equal(array, again[name])


def test_the_engine_answers_as_the_network_that_was_trained(content):
    """At every second position in the first frame, before the equaliser."""
    network, power = load_network(), power_spectrogram(plucked([60, 64, 67]))
    static, samples, _ = observe_style(power / mean_level(power), np.random.default_rng(0), 64, 16)
    with torch.no_grad():
        layers = network.folded(network.encode(torch.from_numpy(samples)))
        arrays = stored(network, layers, torch.from_numpy(static))
        unused = (
            "decoder_mean_levels",
            "decoder_level_spreads",
            "decoder_mean_amplitudes",
            "decoder_decay_rates",
        )
        arrays |= dict.fromkeys(unused, np.zeros_like(static[:, -1]))
        decoder = Decoder(arrays)
        decoder.prepare(GRID)
        decoder.process(magnitudes(content)[0][30])
        features = torch.from_numpy(decoder._content_features.features[None])
        expected = answer(layers, network.skip, features, network.listen(features), torch.from_numpy(static))
    found, weights = np.zeros_like(decoder._own), decoder._weights
    _whole(decoder._own, weights["skip"], weights["envelope"], features[0].numpy(), found)
    assert np.abs(found - expected[0].numpy())[::2].max() < 1e-3


@pytest.mark.slow
def test_reset_is_like_new_and_output_repeats(arrays, content):
    frames, grid = magnitudes(content)
    decoder = Decoder(arrays)
    decoder.prepare(grid)
    first = np.stack([decoder.process(frame) for frame in frames])
    decoder.reset()
    again = np.stack([decoder.process(frame) for frame in frames])
    assert np.array_equal(first, again)
    assert np.array_equal(first, play(arrays, content)[0])


def test_an_answer_outlives_the_next_call(arrays, content):
    frames, grid = magnitudes(content)
    decoder = Decoder(arrays)
    decoder.prepare(grid)
    first = decoder.process(frames[40])
    kept = first.copy()
    decoder.process(frames[41])
    assert np.array_equal(first, kept)


@pytest.mark.slow
def test_level_follows_the_content(arrays, content):
    soft, _ = play(arrays, 0.01 * content)
    loud, _ = play(arrays, content)
    heard = loud > loud.max() * 1e-3
    assert np.abs(20 * np.log10(loud[heard] / soft[heard]) - 40).max() < 0.1


def test_silence_stays_silent(arrays):
    out, _ = play(arrays, np.zeros(RATE, np.float32))
    assert not out.any()


def test_silence_then_sound_is_finite_and_not_louder_than_six_times(arrays, content):
    out, frames = play(arrays, np.concatenate([np.zeros(RATE // 2, np.float32), content]))
    assert np.isfinite(out).all()
    assert np.sqrt((out**2).sum()) < 6 * np.sqrt((frames**2).sum())


@pytest.mark.slow
@pytest.mark.parametrize("rate", [22_050, 48_000, 96_000])
def test_other_rates_sound_alike(arrays, rate):
    keys = [57, 62, 65]
    here, _ = play(arrays, plucked(keys, decay=0.5, seed=1))
    there, _ = play(arrays, plucked(keys, rate, decay=0.5, seed=1), rate)
    bands = np.geomspace(150, 8000, 13)

    def profile(out, sample_rate):
        grid = grid_for(sample_rate)
        power, hertz = (out**2).mean(axis=0), np.arange(grid.bins) * grid.bin_hz
        energy = [power[(hertz >= low) & (hertz < high)].sum() for low, high in pairwise(bands)]
        level = 10 * np.log10(np.array(energy) / sum(energy) + 1e-6)
        return level

    difference = profile(here, RATE) - profile(there, rate)
    assert np.median(np.abs(difference)) < 3.0


def test_pitch_is_kept(arrays):
    tone = plucked([69], decay=0.2, partials=20)
    out, _ = play(arrays, tone)
    mean = out[150:300].mean(axis=0)
    loudest = np.argmax(mean) * RATE / 4096
    harmonic = max(1, round(loudest / 440))
    assert abs(loudest - 440 * harmonic) < 35  # half a main lobe


@pytest.mark.slow
def test_the_clip_colours_the_answer(content):
    dark = fit_decoder(plucked([60, 64, 67], partials=3), RATE, "draft")
    bright = fit_decoder(
        plucked([60, 64, 67], partials=40) + plucked([60, 64, 67], partials=60), RATE, "draft"
    )

    def brightness(arrays):
        power = (play(arrays, content)[0] ** 2).mean(axis=0)
        return power[190:].sum() / power.sum()  # above 2 kHz

    assert brightness(bright) > 2 * brightness(dark)


def test_wrong_arrays_are_refused_by_name(arrays):
    broken = {**arrays, "decoder_bias1": arrays["decoder_bias1"][:-1]}
    with pytest.raises(StylefxError, match="decoder_bias1"):
        Decoder(broken)


def test_fit_refuses_what_it_cannot_use():
    with pytest.raises(UsageError, match="quality"):
        fit_decoder(plucked([60]), RATE, "superb")
    with pytest.raises(StylefxError, match="silent"):
        fit_decoder(np.zeros(RATE, np.float32), RATE, "draft")


@pytest.mark.slow
def test_steps_on_the_clip_change_the_weights_and_stay_finite():
    clip = plucked([60, 64, 67, 72])
    draft, normal = fit_decoder(clip, RATE, "draft"), fit_decoder(clip, RATE, "normal")
    assert any(np.abs(normal[name] - draft[name]).max() > 1e-3 for name in draft)
    assert all(np.isfinite(array).all() for array in normal.values())


def test_stereo_short_and_48_khz_clips_are_taken():
    clip = plucked([60, 67], rate=48_000, seconds=0.6)
    arrays = fit_decoder(np.stack([clip, 0.5 * clip], axis=1), 48_000, "draft")
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_every_position_is_inside_every_grid():
    for rate in (8_000, 44_100, 48_000, 192_000):
        plan = Plan(grid_for(rate))
        assert plan.gather.max() < plan.bins - 1
        assert plan.expand_index.max() + 1 < len(position_frequencies())


def test_fast_logarithm():
    values = np.geomspace(1e-20, 1e20, 10_001).astype(np.float32)
    exact = np.log10(values.astype(np.float64))
    log10_in_place(values)
    assert np.abs(values - exact).max() < 1e-5


def test_level_statistics_ignore_gain():
    levels = np.random.default_rng(0).normal(size=(20, len(position_frequencies())))
    for found, louder in zip(level_statistics(levels), level_statistics(levels + 3)):
        assert np.allclose(found, louder, atol=1e-4)


def tilting(frames: int, slope: float) -> np.ndarray:
    """Levels (frames, positions) of a spectrum that turns darker and brighter, three times a second."""
    octaves = np.log2(position_frequencies() / 1000)
    turning = np.sin(2 * np.pi * 3 * np.arange(frames) * GRID.hop_seconds)
    return (-0.3 * octaves + slope * turning[:, None] * octaves).astype(np.float32)


@pytest.mark.parametrize(("found", "wanted_slope"), [(0.05, 0.1), (0.1, 0.06)])
def test_the_answer_moves_as_much_as_the_clip(found, wanted_slope):
    """Within a fifth of the deviation, where it was twice or half of it, and as loud as before."""
    wanted = level_statistics(tilting(1000, wanted_slope))
    equaliser = SlowEqualiser(*wanted)
    equaliser.prepare(GRID)
    played = tilting(1500, found)
    before = np.log10((10.0**played) @ WEIGHT)
    for frame in played:
        equaliser.process(frame, sounding=True)
    assert np.allclose(np.log10((10.0**played) @ WEIGHT), before, atol=1e-3)
    spread, asked = level_statistics(played[1000:])[1], wanted[1]
    heard = asked > 0.05
    assert np.allclose(spread[heard], asked[heard], rtol=0.2)


def test_warp_moves_a_partial():
    power = power_spectrogram(np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE))[20:40].copy()
    warp(power, np.full(20, 1.5, np.float32))
    assert abs(BIN_HZ[power.mean(axis=0).argmax()] - 1500) < 12


def test_flatten_holds_what_decays():
    power = power_spectrogram(plucked([69], seconds=2.0, decay=5.0))
    before = power[60].sum() / power[250].sum()
    flatten(power, 1.0, 5)
    assert power[60].sum() / power[250].sum() < 0.05 * before


def test_the_written_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(1)
    network = load_network()
    power = power_spectrogram(rng.standard_normal(2 * 44_100).astype(np.float32))
    power /= mean_level(power)
    static, samples, _ = observe_style(power, rng, 64, 16)
    with torch.no_grad():
        layers = network.folded(network.encode(torch.from_numpy(samples)))
    layers = [
        (weight.detach().clone().requires_grad_(), bias.detach().clone().requires_grad_())
        for weight, bias in layers
    ]
    sampler = fine_tune.ClipSampler(power, static)
    lessons = [fine_tune._heard(network, sampler.draw(rng)) for _ in range(fine_tune.ITEMS)]
    skip = network.skip.detach()
    found = fine_tune.Gradient(skip, torch.from_numpy(static))(layers, lessons, np.random.default_rng(2))
    drawn, answers, again = [], [], np.random.default_rng(2)
    for each in lessons:
        frames = torch.from_numpy(drawn_frames(again, each.item, fine_tune.FRAMES_EACH))
        seen = each.seen[frames].float()
        features, heard = seen[..., :FEATURES], seen[..., FEATURES:]
        answers.append(answer(layers, skip, features, heard, torch.from_numpy(static)))
        drawn.append(frames)
    targets = torch.stack([each.target[frames] for each, frames in zip(lessons, drawn)])
    floors = torch.stack([each.floor[frames] for each, frames in zip(lessons, drawn)])
    distance(torch.stack(answers), targets, floors).backward()
    expected = [weight.grad for layer in layers for weight in layer if weight.grad is not None]
    assert len(found) == len(expected)
    for slope, wanted in zip(found, expected):
        assert slope.shape == wanted.shape
        assert float((slope - wanted).norm()) < 1e-3 * float(wanted.norm())


def test_a_held_frame_is_answered_at_every_position_after_two(arrays, content):
    """What the positions answer in turn is what they would answer all at once: with it once more nothing moves."""
    frames, grid = magnitudes(content)
    decoder = Decoder(arrays)
    decoder.prepare(grid)
    for _ in range(400):  # until nearly every average has settled
        decoder.process(frames[30])
    before = decoder._own.copy()
    for _ in range(2):
        decoder.process(frames[30])
        np.testing.assert_allclose(decoder._own, before, atol=0.01)


@pytest.mark.slow
def test_adam_is_that_of_torch():
    torch.manual_seed(0)
    own, theirs = torch.randn(5, 3), torch.randn(5, 3)
    theirs.copy_(own)
    theirs.requires_grad_(True)
    reference = torch.optim.Adam([theirs], 1e-2, betas=(fine_tune.MEAN_DECAY, fine_tune.SQUARE_DECAY))
    optimiser = fine_tune.Adam([own])
    for _ in range(20):
        slope = torch.randn(5, 3)
        theirs.grad = slope.clone()
        reference.step()
        optimiser.step([slope], 1e-2)
    torch.testing.assert_close(own, theirs.detach(), rtol=1e-4, atol=1e-5)
