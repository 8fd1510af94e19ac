"""Content and styles far from what they were made for: the answer is sensible, and never broken."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stylefx import StyleTransfer, fit
from stylefx.clips import clip_path
from stylefx.io.files import read_audio
from stylefx.spectral.loudness import HEADROOM_DB
from tests.support.sounds import rms_db, tone

RATE = 44_100
SECONDS = 1.2
SAMPLES = int(SECONDS * RATE)
TIME_S = np.arange(SAMPLES) / RATE


def noise(seed: int, seconds: float = SECONDS) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(int(seconds * RATE)).astype(np.float32)


def recorded(name: str, seconds: float = SECONDS) -> np.ndarray:
    """The beginning of the sounding part of a clip, mono."""
    audio = read_audio(clip_path(name))[0].mean(axis=1)
    first = int(np.argmax(np.abs(audio) > 0.1 * np.abs(audio).max()))
    return audio[first : first + int(seconds * RATE)].astype(np.float32)


def drums(seconds: float = SECONDS) -> np.ndarray:
    """Strokes with a falling pitch and a burst of noise, four a second."""
    time_s = np.arange(int(seconds * RATE)) / RATE
    since = time_s % 0.25
    skin = np.sin(2 * np.pi * (90 * since + 3 * (1 - np.exp(-since / 0.02)))) * np.exp(-since / 0.06)
    return (0.4 * skin + 3 * noise(5, seconds) * np.exp(-since / 0.01)).astype(np.float32)


def clicks() -> np.ndarray:
    audio = np.zeros(SAMPLES, np.float32)
    audio[4_000::11_025] = 0.8
    return audio


CONTENTS = {
    "lowest note of a bass": tone(41.2, SECONDS),
    "sine of 40 Hz": 0.3 * np.sin(2 * np.pi * 40 * TIME_S),
    "highest note of a piano": tone(4186, SECONDS),
    "sine of 12 kHz": 0.3 * np.sin(2 * np.pi * 12_000 * TIME_S),
    "white noise": noise(1),
    "drums": drums(),
    "clicks of one sample": clicks(),
    "guitar": recorded("guitar_solo"),
    "voice": recorded("singing_male"),
    "very quiet": 1e-4 * recorded("guitar_solo"),
}
CLIPS = {
    "trumpet": lambda: recorded("trumpet_solo", 4.0),
    "drums": lambda: drums(4.0),
    "noise": lambda: noise(2, 4.0),
    "sine": lambda: tone(1000, 4.0, partials=(1.0,)),
}
# What a style may take that knows nothing of the kind (a drum of a held tone, a sine of noise), and what any may add.
MIN_DB, MAX_DB = -21.0, 4.0


@pytest.fixture(scope="module")
def effects():
    """An effect for each clip, without steps, that parts of a test may use one after the other."""
    styles, found = {}, {}

    def effect(name: str, notes: bool = True) -> StyleTransfer:
        if name not in styles:
            styles[name] = fit(CLIPS[name](), RATE, quality="draft")
        if (name, notes) not in found:
            found[name, notes] = StyleTransfer(styles[name], iterations=0, device="cpu", notes=notes)
        return found[name, notes]

    return effect


def played(effect, content) -> np.ndarray:
    return effect(content.astype(np.float32), RATE)


def bands_db(audio) -> np.ndarray:
    """Levels of third octaves from 50 Hz to 12.8 kHz."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE)
    edges = 50 * 2 ** (np.arange(25) / 3)
    return 10 * np.log10([power[(hz >= a) & (hz < b)].sum() for a, b in itertools.pairwise(edges)])


@pytest.mark.slow
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("content", ["guitar", "white noise", "drums", "highest note of a piano"])
def test_any_style_on_any_sound(effects, clip, content):
    answer = played(effects(clip), CONTENTS[content])
    assert np.isfinite(answer).all()
    assert np.abs(answer).max() <= 1
    assert MIN_DB < rms_db(answer) - rms_db(CONTENTS[content]) < MAX_DB


@pytest.mark.slow
@pytest.mark.parametrize("content", CONTENTS)
def test_any_sound_in_a_melodic_style(effects, content):
    answer = played(effects("trumpet"), CONTENTS[content])
    assert np.isfinite(answer).all()
    assert np.abs(answer).max() <= 1
    # A sine of 12 kHz has hardly anything that a trumpet could sound on.
    assert -9 < rms_db(answer) - rms_db(CONTENTS[content]) < MAX_DB


@pytest.mark.slow
@pytest.mark.parametrize("clip", ["trumpet", "drums"])
@pytest.mark.parametrize(
    ("notes", "gain_db"), [(False, -60.0), (False, -20.0), (False, 6.0), (True, -20.0), (True, 6.0)]
)
def test_a_louder_player_is_louder_and_nothing_else(effects, clip, gain_db, notes):
    content = 0.2 * CONTENTS["guitar"]
    before = played(effects(clip, notes), content)
    after = played(effects(clip, notes), content * 10 ** (gain_db / 20))
    assert rms_db(after) - rms_db(before) == pytest.approx(gain_db, abs=0.3)
    change = bands_db(after) - bands_db(before)
    loud = bands_db(before) > bands_db(before).max() - 60
    assert np.abs(change - gain_db)[loud].max() < 2


@pytest.mark.slow
@pytest.mark.parametrize("clip", ["trumpet", "noise", "sine"])
@pytest.mark.parametrize(("notes", "later"), [(False, 4_096), (True, RATE // 2)])
def test_when_the_player_stops_so_does_the_sound(effects, clip, notes, later):
    """No loop inside feeds itself: a window and the latency later, or when its notes have ended, there is nothing."""
    effect = effects(clip, notes)
    effect.prepare(RATE, 1, SAMPLES)
    effect.process(CONTENTS["guitar"][:, None])
    after = effect.process(np.zeros((SAMPLES, 1), np.float32))[effect.latency_samples + later :]
    assert not after.any()


def test_silence_in_silence_out(effects):
    assert not played(effects("noise"), np.zeros(SAMPLES)).any()


@pytest.mark.slow
@pytest.mark.parametrize("gain", [5.0, 100.0])
def test_input_far_over_full_scale(effects, gain):
    answer = played(effects("trumpet"), gain * CONTENTS["guitar"])
    assert np.isfinite(answer).all()
    assert np.abs(answer).max() <= 1
    assert rms_db(answer) > -20
    clipped = played(effects("trumpet"), np.clip(gain * CONTENTS["guitar"], -1, 1))
    assert np.abs(clipped).max() <= 1


def test_an_offset_makes_little_sound(effects):
    """The step at its beginning is one; what comes after is mostly the offset."""
    answer = played(effects("trumpet"), np.full(SAMPLES, 0.3))[RATE // 2 :]
    assert rms_db(answer - answer.mean()) < rms_db(np.full(1, 0.3)) - 12


def test_a_tone_on_an_offset_is_as_loud_as_without(effects):
    content = tone(262, SECONDS)
    plain, offset = played(effects("trumpet"), content), played(effects("trumpet"), content + 0.05)
    heard = slice(10_000, -5_000)
    assert abs(rms_db((offset - offset.mean())[heard]) - rms_db(plain[heard])) < 3


def test_after_a_loud_note_a_soft_one_is_soft(effects):
    content = np.concatenate([tone(262, 0.6), 0.01 * tone(330, 0.6)])
    answer = played(effects("trumpet"), content)
    # What was raised under the loud one fades; until then it is held near the soft one (see Loudness).
    assert abs(rms_db(answer[-15_000:]) - rms_db(content[-15_000:])) < HEADROOM_DB + 1
    assert rms_db(answer[-15_000:]) < rms_db(answer[:20_000]) - 20
