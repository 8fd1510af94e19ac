"""Every figure of an artefact: it reads right on good sound and wrong where the artefact was put in."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("librosa")

from benchmarks.artefacts import clicks, loudness, noise_floor, peaks, pre_echo, pumping, roughness
from benchmarks.artefacts.__main__ import cell
from benchmarks.artefacts.figures import LIMITS, figures, reads_right
from benchmarks.cases.cases import Case, clip_audio
from tests.support.sounds import tone

RATE, HOP, SECONDS = 44_100, 256, 4.0
PITCHES = (262, 330, 392, 523)


def notes(partials, decay_s, hertz=PITCHES) -> np.ndarray:
    """A note a second, 0.8 s long, struck, with a pause after it."""
    audio = np.zeros(int(SECONDS * RATE), np.float32)
    for k, hz in enumerate(hertz):
        note = tone(hz, 0.8, RATE, partials)
        time_s = np.arange(len(note)) / RATE
        ends = np.minimum(1, time_s / 0.003) * np.minimum(1, (0.8 - time_s) / 0.02)
        audio[k * RATE + 4410 :][: len(note)] = note * ends * np.exp(-time_s / decay_s)
    return audio


@pytest.fixture(scope="module")
def content() -> np.ndarray:
    return notes((1.0, 0.6, 0.4, 0.3, 0.2, 0.1), 0.5)


@pytest.fixture(scope="module")
def target() -> np.ndarray:
    return 0.62 * notes((1.0, 0.2, 0.3, 0.05), 0.8)


@pytest.fixture(scope="module")
def case(content, target) -> Case:
    return Case("notes", content, notes((1.0, 0.2, 0.3, 0.05), 0.8, (196, 247, 294, 392)), target, RATE)


@pytest.fixture(scope="module")
def guitar() -> np.ndarray:
    audio, rate = clip_audio("guitar_solo")
    return audio[: 4 * rate]


def wrong(audio, case) -> set[str]:
    """The figures that do not read right."""
    return {name for name, value in figures(audio, case).items() if not reads_right(name, value)}


@pytest.mark.slow
def test_the_target_and_the_content_read_right(case, content, target):
    assert wrong(target, case) == set()
    assert wrong(content, case) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["guitar_solo", "trumpet_solo", "singing_male", "tabla"])
def test_a_recording_is_no_artefact_of_itself(name):
    audio, rate = clip_audio(name)
    audio = audio[: 3 * rate]
    assert wrong(audio, Case(name, audio, audio, None, rate)) == set()


def test_clicks_anywhere(guitar):
    clicking = guitar.copy()
    clicking[10_000::22_050] += 10 ** (-30 / 20) * np.abs(guitar).max()
    count = len(guitar[10_000::22_050]) / (len(guitar) / RATE)
    assert clicks.clicks_per_second(clicking, [guitar], RATE) == pytest.approx(count, rel=0.3)
    assert clicks.clicks_per_second(guitar, [guitar], RATE) == 0


def test_a_step_where_blocks_meet(guitar):
    stepping = guitar * (1 + 0.02 * (np.arange(len(guitar)) // HOP % 2))
    assert clicks.border_db(stepping, RATE, HOP) > 2 * LIMITS["hop border dB"]
    assert clicks.border_db(guitar, RATE, HOP) < LIMITS["hop border dB"]


def test_noise_that_pulses_at_the_hop_rate(guitar):
    """What phase that is flat over frequency does: 40 dB under the sound, not heard as clicks but as a buzz."""
    random = np.random.default_rng(0)
    pulse = 0.3 + np.exp(-0.5 * (((np.arange(len(guitar)) + 128) % HOP - 128) / 20) ** 2)
    noise = 0.01 * np.abs(guitar).max() * np.diff(random.standard_normal(len(guitar) + 1))
    assert clicks.border_db(guitar + noise * pulse, RATE, HOP) > 2 * LIMITS["hop border dB"]
    assert clicks.border_db(guitar + noise, RATE, HOP) < LIMITS["hop border dB"]


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "beyond"), [(0.006, False), (0.2, True)])
def test_energy_before_an_onset(content, target, seconds, beyond):
    """Reversed decays: a short one is what a window of 46 ms explains, a long one is not."""
    decay = np.exp(-np.arange(int(4 * seconds * RATE)) / (seconds * RATE)).astype(np.float32)
    noise = np.random.default_rng(1).standard_normal(len(decay)) * decay
    early = np.convolve(target, noise[::-1])[len(decay) - 1 :][: len(target)]
    early *= np.abs(target).max() / np.abs(early).max()
    references = [content, target]
    assert pre_echo.pre_echo_db(early, references, RATE) > LIMITS["pre-echo dB"]
    excess = pre_echo.pre_echo_db(early, references, RATE, window_seconds=2048 / RATE)
    assert (excess > LIMITS["beyond window dB"]) == beyond


@pytest.mark.slow
def test_a_level_that_wavers(case, content, target):
    time_s = np.arange(len(target)) / RATE
    wavering = target * 10 ** (5 * np.sin(2 * np.pi * 5 * time_s) / 20)
    assert pumping.pumping_db(wavering, target, RATE) > LIMITS["pumping dB"]
    assert "pumping dB" in wrong(wavering, case)
    # Another decay is style, not pumping.
    assert pumping.pumping_db(target, content, RATE) < 0.5 * LIMITS["pumping dB"]


@pytest.mark.slow
def test_frames_with_phases_of_their_own(guitar, target):
    import librosa

    random = np.random.default_rng(2)
    for audio in (guitar, target):
        magnitude = np.abs(librosa.stft(audio, n_fft=2048, hop_length=HOP))
        phases = np.exp(2j * np.pi * random.random(magnitude.shape))
        phasey = librosa.istft(magnitude * phases, hop_length=HOP, length=len(audio))
        assert roughness.phase_wander_excess(phasey, audio) > 1.5 * LIMITS["phase wander"]


@pytest.mark.slow
def test_noise_in_pauses_and_between_partials(case, content, target):
    noise = np.random.default_rng(3).standard_normal(len(target)).astype(np.float32)
    noisy = target + 10 ** (-65 / 20) * np.abs(target).max() * noise
    assert noise_floor.pause_floor_db(noisy, content, RATE) > 10
    assert "pauses dB" in wrong(noisy, case)
    assert "valleys dB" in wrong(target + 10 * (noisy - target), case)
    # The content's own noise is no fault of the output.
    floor = 10 ** (-65 / 20) * np.abs(target).max() * noise
    assert noise_floor.pause_floor_db(noisy, content + floor, RATE) < LIMITS["pauses dB"]
    assert noise_floor.between_partials_db(noisy, content + floor, target, RATE) < LIMITS["valleys dB"]


def test_dynamics_that_are_lost(content):
    dynamic = content * np.repeat([1.0, 0.1, 0.5, 0.05], RATE).astype(np.float32)
    assert loudness.loudness_spread_db(3 * dynamic, dynamic, RATE) < 0.1
    assert loudness.loudness_offset_db(3 * dynamic, dynamic, RATE) == pytest.approx(9.5, abs=0.2)
    assert loudness.loudness_spread_db(content, dynamic, RATE) > 2 * LIMITS["its spread dB"]


def test_clipping(guitar):
    clipped = np.clip(4 * guitar / np.abs(guitar).max(), -1, 1)
    assert peaks.flat_tops_per_second(clipped, RATE) > 10 * LIMITS["flat tops /s"]
    assert peaks.flat_tops_per_second(guitar, RATE) < LIMITS["flat tops /s"]
    assert peaks.true_peak_db(2 * guitar / np.abs(guitar).max(), RATE) == pytest.approx(6, abs=0.5)


def test_a_case_that_does_not_tell_has_a_dash():
    steady = tone(300, 2.0)
    read = figures(steady, Case("steady", steady, steady, None, RATE))
    assert np.isnan(read["pauses dB"])
    assert cell("pauses dB", read["pauses dB"]) == "-"
    assert cell("loudness dB", -4.0) == "**-4.00**"
