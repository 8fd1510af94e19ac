"""The latency that is declared is the latency that is heard, to the sample."""

import numpy as np
import pytest

from stylefx import StyleTransfer

RATES = [8_000, 22_050, 32_000, 44_100, 48_000, 96_000]
DECLARED = {"normal": 2_048, "low": 1_280, "lowest": 640}  # at 44.1 and 48 kHz


def impulse_answer(style, rate, **options):
    effect = StyleTransfer(style, device="cpu", **options)
    effect.prepare(rate, 1, 512)
    audio = np.zeros((rate // 2 // 512 * 512, 1), np.float32)
    at = len(audio) // 3
    audio[at] = 0.5
    played = np.concatenate([effect.process(block) for block in audio.reshape(-1, 512, 1)])
    return effect.latency_samples, int(np.argmax(np.abs(played))) - at, played


@pytest.mark.slow
@pytest.mark.parametrize("latency", DECLARED)
@pytest.mark.parametrize("rate", RATES)
def test_an_impulse_comes_when_declared(bright_style, rate, latency):
    declared, heard, _ = impulse_answer(bright_style, rate, strength=0.0, latency=latency)
    assert heard == declared


@pytest.mark.slow
@pytest.mark.parametrize("latency", DECLARED)
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_styled_impulse_comes_when_declared(bright_style, rate, latency):
    """Another timbre is another pulse shape, so its peak may lean to a side, but the energy stays in place."""
    declared, _, played = impulse_answer(bright_style, rate, latency=latency)
    assert declared == DECLARED[latency]
    energy = played[:, 0].astype(np.float64) ** 2
    centre = (np.arange(len(energy)) * energy).sum() / energy.sum()
    assert abs(centre - (len(energy) // 3 + declared)) < 0.001 * rate


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES)
def test_dry_is_the_input_delayed_exactly(bright_style, rate, guitar_audio):
    effect = StyleTransfer(bright_style, mix=0.0, device="cpu", latency="low")
    effect.prepare(rate, 1, 700)
    audio = guitar_audio[:20_000]
    played = np.concatenate([effect.process(audio[k : k + 700]) for k in range(0, len(audio), 700)])
    late = effect.latency_samples
    assert np.array_equal(played[late:], audio[:-late])
    assert not played[:late].any()


@pytest.mark.parametrize(
    ("latency", "low", "high"), [("normal", 0.036, 0.052), ("low", 0.022, 0.033), ("lowest", 0.011, 0.0165)]
)
def test_latency_lasts_about_as_long_at_every_rate(bright_style, latency, low, high):
    seconds = []
    for rate in RATES:
        effect = StyleTransfer(bright_style, device="cpu", latency=latency)
        effect.prepare(rate, 1, 512)
        seconds.append(effect.latency_samples / rate)
    assert min(seconds) > low
    assert max(seconds) < high


def test_calling_it_compensates(bright_style, guitar_audio):
    played = StyleTransfer(bright_style, mix=0.0, device="cpu")(guitar_audio[:, 0], 44_100)
    assert np.array_equal(played, guitar_audio[:, 0])


def test_flush_returns_the_tail(bright_style, guitar_audio):
    effect = StyleTransfer(bright_style, mix=0.0, device="cpu")
    effect.prepare(44_100, 1, 300)
    audio = guitar_audio[:300]
    played = np.concatenate([effect.process(audio), effect.flush()])
    assert len(played) == 300 + effect.latency_samples
    assert np.array_equal(played[effect.latency_samples :], audio)
