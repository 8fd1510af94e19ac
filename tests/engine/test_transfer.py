"""What the effect does to the sound: timbre moves to the clip's, melody, loudness and image stay."""

import numpy as np
import pytest

from stylefx import StyleTransfer, fit
from stylefx.errors import UsageError
from tests.support.sounds import melody, rms_db, tone

RATE = 44_100
DULL = (1.0, 0.1, 0.03)


def centroid_hz(audio):
    spectrum = np.abs(np.fft.rfft(audio)) ** 2
    return float((np.fft.rfftfreq(len(audio), 1 / RATE) * spectrum).sum() / spectrum.sum())


@pytest.mark.slow
def test_a_bright_clip_makes_it_brighter_and_a_dull_one_duller(bright_style):
    dull_style = fit(melody((50, 53, 57, 60), 2.0, DULL), RATE)
    content = melody((62, 66, 69), 1.5, (1.0, 0.4, 0.3, 0.2, 0.1))
    before = centroid_hz(content)
    bright = centroid_hz(StyleTransfer(bright_style, device="cpu")(content, RATE))
    dull = centroid_hz(StyleTransfer(dull_style, device="cpu")(content, RATE))
    assert bright > 1.2 * before
    assert dull < 0.9 * before


def test_the_pitch_stays(bright_style):
    played = StyleTransfer(bright_style, device="cpu")(tone(330, 1.0), RATE)[10_000:34_000]
    spectrum = np.abs(np.fft.rfft(played * np.hanning(len(played))))
    partials = np.fft.rfftfreq(len(played), 1 / RATE)[np.argsort(spectrum)[-3:]]
    assert np.abs(partials / 330 - np.round(partials / 330)).max() < 0.01


def test_loudness_follows_the_player(bright_style):
    content = np.concatenate([0.1 * tone(262, 0.7), tone(262, 0.7)])
    played = StyleTransfer(bright_style, device="cpu")(content, RATE)
    for part in (slice(8_000, 25_000), slice(39_000, 56_000)):
        assert abs(rms_db(played[part]) - rms_db(content[part])) < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("latency", ["normal", "low", "lowest"])
def test_strength_zero_is_the_content(bright_style, guitar_audio, latency):
    played = StyleTransfer(bright_style, strength=0.0, device="cpu", latency=latency)(guitar_audio, RATE)
    assert rms_db(played - guitar_audio) < rms_db(guitar_audio) - 100


@pytest.mark.slow
def test_strength_moves_the_sound_step_by_step(bright_style, guitar_audio):
    away = [
        rms_db(np.abs(np.fft.rfft(StyleTransfer(bright_style, strength=s, device="cpu")(guitar_audio[:, 0], RATE)))
               - np.abs(np.fft.rfft(guitar_audio[:, 0])))
        for s in (0.0, 0.25, 0.5, 1.0)
    ]  # fmt: skip
    assert away == sorted(away)


def test_the_stereo_image_stays(bright_style):
    left = melody((60, 64), 1.0, (1.0, 0.5, 0.25))
    content = np.stack([left, 0.25 * left], axis=1)
    played = StyleTransfer(bright_style, device="cpu")(content, RATE)
    assert rms_db(played[:, 1] - 0.25 * played[:, 0]) < rms_db(played[:, 0]) - 60


def test_channels_in_opposite_phase_do_not_cancel(bright_style):
    left = melody((60, 64), 1.0, (1.0, 0.5, 0.25))
    played = StyleTransfer(bright_style, device="cpu")(np.stack([left, -left], axis=1), RATE)
    assert abs(rms_db(played) - rms_db(left)) < 3
    assert rms_db(played.sum(axis=1)) < rms_db(left) - 40


def test_one_channel_silent_stays_silent(bright_style):
    left = melody((60, 64), 1.0, (1.0, 0.5, 0.25))
    played = StyleTransfer(bright_style, device="cpu")(np.stack([left, np.zeros_like(left)], axis=1), RATE)
    assert not played[:, 1].any()


@pytest.mark.slow
@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_any_number_of_iterations(bright_style, guitar_audio, iterations):
    played = StyleTransfer(bright_style, iterations=iterations, device="cpu")(guitar_audio[:20_000], RATE)
    assert abs(rms_db(played) - rms_db(guitar_audio[:20_000])) < 3


@pytest.mark.slow
def test_iterations_may_change_while_it_plays(bright_style, guitar_audio):
    """What the live engine's quality ladder does when the machine is late."""
    effect = StyleTransfer(bright_style, iterations=2, device="cpu")
    effect.prepare(RATE, 1, 20_000)
    effect.process(guitar_audio[:20_000])
    effect.iterations = 0
    fewer = effect.process(guitar_audio[20_000:40_000])
    effect.reset()
    effect.iterations = 2
    effect.process(guitar_audio[:20_000])
    assert not np.array_equal(effect.process(guitar_audio[20_000:40_000]), fewer)
    with pytest.raises(UsageError, match="0 or more"):
        effect.iterations = -1


@pytest.mark.slow
def test_more_iterations_come_nearer_to_the_target(bright_style):
    """The optimiser descends what it says it descends: the Gram distance to the clip, from the content."""
    from stylefx.learn.gram_target import gram_distance

    audio = melody((62, 66, 69, 74), 4.0, tuple(0.5**k for k in range(8)))
    outputs = [
        StyleTransfer(bright_style, iterations=n, start="content", device="cpu", notes=False)(audio, RATE)
        for n in (0, 1, 8)
    ]
    before, one, eight = (gram_distance(bright_style, played, RATE) for played in outputs)
    assert eight < one < before
    assert eight < 0.8 * before
