"""`strength` and `mix` as a player expects: 0 is the content, more is more, and nothing jumps or combs on the way."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx import StyleTransfer, fit
from tests.support.sounds import melody, rms_db

RATE = 44_100
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
BRIGHT, DULL = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5), (1.0, 0.1, 0.02)


def made(kind: str, notes: bool) -> tuple[StyleTransfer, np.ndarray, list[np.ndarray]]:
    """An effect with a bright or a dull style, a content of the other kind, and what it plays at every strength."""
    bright, dull = melody((62, 66, 69), 1.5, BRIGHT), melody((60, 64, 67, 72), 1.5, DULL)
    style, content = (bright, dull) if kind == "bright" else (dull, bright)
    effect = StyleTransfer(fit(style, RATE, quality="draft"), iterations=0, device="cpu", notes=notes)
    played = []
    for strength in STRENGTHS:
        effect.strength = strength
        played.append(effect(content, RATE))
    effect.strength = 1.0
    return effect, content, played


@pytest.fixture(scope="module", params=["bright", "dull"])
def pair(request):
    return made(request.param, False)


def spectrogram_db(audio):
    """Log spectrogram (frames, bins), not below -60 dB of its own maximum."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, 2048)[::1024] * np.hanning(2048)
    power = np.abs(np.fft.rfft(frames)) ** 2
    return 10 * np.log10(np.maximum(power, power.max() * 1e-6))


def apart_db(a, b):
    return float(np.abs(spectrogram_db(a) - spectrogram_db(b)).mean())


@pytest.mark.slow
def test_strength_zero_is_the_content(pair):
    _, content, played = pair
    assert rms_db(played[0] - content) < rms_db(content) - 100


def test_more_strength_is_further_from_the_content_and_nearer_to_the_styled(pair):
    _, content, played = pair
    away = [apart_db(each, content) for each in played]
    left = [apart_db(each, played[-1]) for each in played]
    assert away == sorted(away)
    assert left == sorted(left, reverse=True)
    # Steps of about one size: no part of the knob does nothing or everything.
    steps = np.diff(away)
    assert steps.min() > 0.1 * away[-1]
    assert steps.max() < 0.4 * away[-1]


@pytest.mark.slow
def test_the_content_is_back_as_soon_as_the_style_is_off(pair):
    effect, content, _ = pair
    content = content[:, None].astype(np.float32)
    effect.strength = 1.0
    effect.prepare(RATE, 1, 256)
    off, played = len(content) // 512, []
    for number in range(len(content) // 256):
        if number == off:
            effect.strength = 0.0
        played.append(effect.process(content[256 * number :][:256]))
    effect.strength = 1.0
    late = effect.latency_samples
    back = np.concatenate(played)[256 * off + late + RATE // 10 :]
    dry = content[256 * off + RATE // 10 :][: len(back)]
    assert rms_db(back - dry) < rms_db(dry) - 100


def test_no_level_changes_with_strength(pair):
    _, _, played = pair
    levels = [rms_db(each) for each in played]
    assert np.abs(np.diff(levels)).max() < 1.5


@pytest.mark.slow
def test_a_little_strength_is_a_little_change(pair):
    """Just above 0 the spectrum is still the content's: nothing begins with a step."""
    effect, content, played = pair
    effect.strength = 0.02
    little = effect(content, RATE)
    effect.strength = 1.0
    assert apart_db(little, content) < 0.2 * apart_db(played[-1], content)
    assert abs(rms_db(little) - rms_db(content)) < 0.5


def test_mix_and_strength_zero_do_not_comb(pair):
    """The dry sound and the unchanged wet one are in step: half of each is the whole."""
    effect, content, _ = pair
    effect.strength, effect.mix = 0.0, 0.5
    played = effect(content, RATE)
    effect.strength = effect.mix = 1.0
    assert rms_db(played - content) < rms_db(content) - 100


def test_half_mix_loses_no_more_than_two_sounds_out_of_step(pair):
    """Partials of dry and wet differ in phase, but no band may cancel as with a delay, and the level stays."""
    effect, content, played = pair
    effect.mix = 0.5
    half = effect(content, RATE)
    effect.mix = 1.0
    assert rms_db(half) > 0.5 * (rms_db(content) + rms_db(played[-1])) - 4
    heard = spectrogram_db(content) > spectrogram_db(content).max() - 30
    alone = np.maximum(spectrogram_db(0.5 * content), spectrogram_db(0.5 * played[-1]))
    lost = (alone - spectrogram_db(half))[heard]
    assert np.mean(lost > 6) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bright", "dull"])
def test_with_notes_the_knob_goes_from_the_content_to_the_styled(kind):
    """On the way content and notes may cancel where they have a partial in common; the level stays."""
    _, content, played = made(kind, True)
    assert rms_db(played[0] - content) < rms_db(content) - 100
    left = [apart_db(each, played[-1]) for each in played]
    assert max(left) == left[0]
    levels = [rms_db(each) for each in played]
    assert np.abs(np.diff(levels)).max() < 1.5
