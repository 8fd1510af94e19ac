"""Parameters move while it plays: no click, no jump in level, the same samples in any chunks, from any thread."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from stylefx import StyleTransfer
from stylefx.errors import StylefxError, UsageError
from stylefx.params import PARAMETERS, Controls, Settings
from tests.support.sounds import in_chunks, rms_db, splash_db, tone

RATE = 44_100
NOTE_HZ = 330.0
CHANGE = 20_000
# Above the partials of a steady note a change may leave this much more than there is without one, in dB.
MAX_SPLASH_DB = 3.0
# A step from one sound to the other at once, where in the waves it is heard most, leaves at least this much more: what
# the figure must be able to see.
STEP_SPLASH_DB, STEPS = 15.0, range(0, 400, 7)
LEVEL_FRAME = 441
SEEN = 14_700


@pytest.fixture(scope="module")
def content():
    """A steady note with the partials of a bowed string, (frames, 1)."""
    return tone(NOTE_HZ, 1.0, partials=tuple(1 / k for k in range(1, 20)))[:, None]


@pytest.fixture(scope="module")
def effect(bright_style, dull_style, content):
    effect = StyleTransfer([bright_style, dull_style], device="cpu", notes=False)
    effect.prepare(RATE, 1, len(content))
    return effect


@pytest.fixture(scope="module")
def with_notes(bright_style, dull_style, content):
    effect = StyleTransfer([bright_style, dull_style], device="cpu")
    effect.prepare(RATE, 1, len(content))
    return effect


@pytest.fixture(scope="module")
def steady(effect, content):
    """What a setting sounds like all the time, (samples,), rendered once."""
    return steadily(effect, content)


@pytest.fixture(scope="module")
def steady_notes(with_notes, content):
    return steadily(with_notes, content)


def steadily(effect: StyleTransfer, content: np.ndarray) -> Callable[[Settings], np.ndarray]:
    known: dict[Settings, np.ndarray] = {}

    def play(settings: Settings) -> np.ndarray:
        if settings not in known:
            known[settings] = changed(effect, content, settings, settings)
        return known[settings]

    return play


def changed(effect, content, before: Settings, after: Settings) -> np.ndarray:
    """The content with a change at sample `CHANGE` of the input, (samples,)."""
    effect.reset()
    effect.controls.change(**before.as_dict())
    first = effect.process(content[:CHANGE])
    effect.controls.change(**after.as_dict())
    return np.concatenate([first, effect.process(content[CHANGE:])])[:, 0]


def near_change(played: np.ndarray) -> np.ndarray:
    """Before the change, and until it has arrived."""
    return played[CHANGE - 3_000 : CHANGE + 10_000]


def levels_db(played: np.ndarray) -> np.ndarray:
    """Level of every 10 ms around the change."""
    near = played[CHANGE - 8_820 : CHANGE + 13_230]
    return np.array([rms_db(part) for part in near.reshape(-1, LEVEL_FRAME)])


def around_change(effect, content, steady, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Levels in dB without the change, before and after, and with it."""
    before, after = CHANGES[name]
    both = np.concatenate([levels_db(steady(before)), levels_db(steady(after))])
    return both, levels_db(changed(effect, content, before, after))


CHANGES = {
    "mix down": (Settings(), Settings(mix=0.0)),
    "mix up": (Settings(mix=0.0), Settings(mix=0.7)),
    "bypass": (Settings(), Settings(bypass=True)),
    "bypass off": (Settings(bypass=True), Settings()),
    "strength": (Settings(), Settings(strength=0.0)),
    "gain in": (Settings(), Settings(gain_in_db=-6.0)),
    "gain out": (Settings(mix=0.0), Settings(mix=0.0, gain_out_db=-12.0)),
    "morph": (Settings(), Settings(morph=0.6)),
    "style": (Settings(), Settings(style=2)),
    "other style": (Settings(morph=0.5, morph_style=2), Settings(morph=0.5, morph_style=1)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_no_click(effect, content, steady, name):
    before, after = CHANGES[name]
    played = changed(effect, content, before, after)
    # The change is heard a latency later if it is one of the sound that goes in.
    at = CHANGE if name.startswith(("mix", "bypass", "gain out")) else CHANGE + effect.latency_samples
    steps = [np.concatenate([steady(before)[: at + k], steady(after)[at + k :]]) for k in STEPS]
    stepped = max(splash_db(near_change(step), RATE) for step in steps)
    alone = max(splash_db(near_change(steady(each)), RATE) for each in (before, after))
    found = splash_db(near_change(played), RATE)
    assert found < max(alone + MAX_SPLASH_DB, -70)
    assert stepped > found + STEP_SPLASH_DB
    assert np.array_equal(played[:CHANGE], steady(before)[:CHANGE])
    assert abs(rms_db(played[-4_410:]) - rms_db(steady(after)[-4_410:])) < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["strength", "morph", "style", "other style"])
def test_a_change_of_what_plays_the_notes_is_no_click(with_notes, content, steady_notes, name):
    before, after = CHANGES[name]
    alone = max(splash_db(near_change(steady_notes(each)), RATE) for each in (before, after))
    found = splash_db(near_change(changed(with_notes, content, before, after)), RATE)
    assert found < max(alone + MAX_SPLASH_DB, -70)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CHANGES if "gain" not in name])
def test_no_change_of_notes_is_a_jump_in_level(with_notes, content, steady_notes, name):
    steady, during = around_change(with_notes, content, steady_notes, name)
    assert steady.min() - 1.5 < during.min()
    assert during.max() < steady.max() + 2


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CHANGES if "gain" not in name])
def test_no_change_is_a_jump_in_level(effect, content, steady, name):
    both, during = around_change(effect, content, steady, name)
    assert both.min() - 1.5 < during.min()
    assert during.max() < both.max() + 2


def test_bypass_is_the_delayed_input_bit_for_bit(effect, content):
    played = changed(effect, content, Settings(), Settings(bypass=True))
    late = effect.latency_samples
    assert np.array_equal(played[CHANGE + 2_000 :], content[CHANGE + 2_000 - late : -late, 0])


@pytest.mark.slow
def test_changes_at_the_same_samples_sound_alike_in_any_chunks(effect, content):
    moments = {3_000: {"mix": 0.4}, 9_000: {"style": 2, "strength": 0.5}, 9_300: {"gain_in_db": 3.0}}
    moments |= {12_000: {"morph": 0.3, "style": 1}, 12_500: {"freeze": True}, 20_000: {"bypass": True}}
    moments |= {20_400: {"bypass": False, "freeze": False, "gain_out_db": -3.0}}
    cuts = [0, *moments, 30_000]
    outputs = []
    for size in (7_000, 100, 333):
        effect.reset()
        effect.controls.change(**Settings().as_dict())
        parts = []
        for start, stop in pairwise(cuts):
            effect.controls.change(**moments.get(start, {}))
            parts.append(in_chunks(effect, content[start:stop], [size]))
        outputs.append(np.concatenate(parts))
    assert np.array_equal(outputs[0], outputs[1])
    assert np.array_equal(outputs[0], outputs[2])


@pytest.mark.slow
def test_mix_keeps_the_level_of_a_melody(bright_style, guitar_audio):
    effect = StyleTransfer(bright_style, device="cpu")
    levels = []
    for mix in (0.0, 0.5, 1.0):
        effect.mix = mix
        levels.append(rms_db(effect(guitar_audio, RATE)))
    assert max(levels) - min(levels) < 1


@pytest.mark.slow
def test_freeze_holds_note_and_level_while_the_input_is_silent(effect, content):
    silence = np.zeros((3 * RATE, 1), np.float32)
    effect.prepare(RATE, 1, len(silence))
    effect.controls.change(**Settings().as_dict())
    effect.process(content[:CHANGE])
    effect.controls.change(freeze=True)
    held = effect.process(silence)[effect.latency_samples :, 0]
    effect.controls.change(freeze=False)
    after = effect.process(silence[:RATE])[:, 0]
    spectrum = np.abs(np.fft.rfft(held[-RATE:] * np.hanning(RATE)))
    partial = np.argmax(spectrum[300:360]) + 300
    assert abs(partial - NOTE_HZ) <= 1
    levels = np.array([rms_db(part) for part in held[: len(held) // 2_205 * 2_205].reshape(-1, 2_205)])
    assert levels.max() - levels.min() < 3
    assert abs(np.median(levels) - rms_db(content)) < 3
    assert rms_db(after[effect.latency_samples + 4_410 :]) < -100


@pytest.mark.slow
def test_morph_at_its_ends_is_either_style_alone_and_half_way_between(bright_style, dull_style, content):
    def play(styles, morph=0.0):
        return StyleTransfer(styles, morph=morph, device="cpu", notes=False)(content[:, 0], RATE)

    ends = [play(bright_style), play(dull_style)]
    both = [bright_style, dull_style]
    assert np.array_equal(play(both, 0.0), ends[0])
    assert np.array_equal(play(both, 1.0), ends[1])
    half = play(both, 0.5)
    assert abs(rms_db(half) - (rms_db(ends[0]) + rms_db(ends[1])) / 2) < 0.5
    seen = [harmonics_db(audio) for audio in (ends[0], half, ends[1])]
    assert np.abs(seen[1] - (seen[0] + seen[2]) / 2).mean() < 0.25 * np.abs(seen[0] - seen[2]).mean()


def harmonics_db(audio: np.ndarray) -> np.ndarray:
    """Level of the first partials of the note against the first's."""
    spectrum = np.abs(np.fft.rfft(audio[8_820 : 8_820 + SEEN] * np.hanning(SEEN)))
    places = [round(NOTE_HZ * k * SEEN / RATE) for k in range(1, 7)]
    found = np.array([20 * np.log10(spectrum[place - 2 : place + 3].max()) for place in places])
    return found - found[0]


def test_a_style_added_while_it_plays_sounds_as_if_it_had_always_been_there(
    bright_style, dull_style, content
):
    outputs = []
    for styles in ([bright_style, dull_style], [bright_style]):
        effect = StyleTransfer(styles, device="cpu", notes=False)
        effect.prepare(RATE, 1, len(content))
        first = effect.process(content[:CHANGE])
        if len(styles) == 1:
            adding = threading.Thread(target=effect.bank.add, args=(dull_style, "dull"))
            adding.start()
            adding.join(timeout=60)
            assert effect.bank.names[1] == "dull"
        effect.controls.change(style=2)
        outputs.append(np.concatenate([first, effect.process(content[CHANGE:])]))
    assert np.array_equal(outputs[0], outputs[1])


def test_a_style_that_is_replaced_while_it_plays_is_cross_faded(bright_style, dull_style, content, steady):
    effect = StyleTransfer(bright_style, device="cpu", notes=False)
    effect.prepare(RATE, 1, len(content))
    first = effect.process(content[:CHANGE])
    effect.bank.replace(1, dull_style)
    played = np.concatenate([first, effect.process(content[CHANGE:])])[:, 0]
    alone = max(splash_db(near_change(steady(Settings(style=style))), RATE) for style in (1, 2))
    assert splash_db(near_change(played), RATE) < alone + MAX_SPLASH_DB
    away = harmonics_db(played[CHANGE:]) - harmonics_db(steady(Settings(style=2))[CHANGE:])
    assert np.abs(away).mean() < 3.5


def test_a_style_change_keeps_no_memory(effect, content):
    effect.prepare(RATE, 1, 1_024)
    effect.controls.change(**Settings().as_dict())
    for start in range(0, 20_480, 1_024):
        effect.process(content[start : start + 1_024])
    tracemalloc.start()
    effect.process(content[20_480:21_504])
    before, _ = tracemalloc.get_traced_memory()
    effect.controls.change(style=2)
    for start in range(21_504, 40_960, 1_024):
        effect.process(content[start : start + 1_024])
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 50_000  # one array of a frame is 8 kB; a voice is megabytes


def test_a_bank_says_what_it_cannot_take(bright_style, made_up_style):
    effect = StyleTransfer(bright_style, device="cpu")
    with pytest.raises(StylefxError, match="cannot stream"):
        effect.bank.add(made_up_style)
    with pytest.raises(UsageError, match="slot 2 holds no style"):
        effect.bank.replace(2, bright_style)
    for slot in range(2, 10):
        assert effect.bank.add(bright_style) == slot
    with pytest.raises(UsageError, match="full"):
        effect.bank.add(bright_style)
    with pytest.raises(UsageError, match="at least one"):
        StyleTransfer([], device="cpu")


def test_controls_keep_to_the_ranges():
    controls = Controls()
    for name, parameter in PARAMETERS.items():
        with pytest.raises(UsageError, match=name):
            controls.change(**{name: parameter.high + 1})
        with pytest.raises(UsageError, match=name):
            controls.change(**{name: float("nan")})
        assert parameter.nearest(1e9) == parameter.high
        assert parameter.at(0.0) == parameter.low
    assert controls.settings == Settings()
    for _ in range(30):
        controls.nudge("mix", -1)
    assert controls.settings.mix == 0
    for _ in range(10):
        controls.nudge("mix", +1)
    assert controls.settings.mix == 0.5


def test_changes_from_many_threads_all_count():
    controls = Controls(Settings(mix=0.0, strength=0.0))

    def turn(name):
        for _ in range(200):
            controls.nudge(name, +1)
            controls.nudge(name, -1)
        controls.nudge(name, +2)

    threads = [threading.Thread(target=turn, args=(name,)) for name in ("mix", "strength", "gain_in_db")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    settings = controls.settings
    assert (settings.mix, settings.strength, settings.gain_in_db) == (0.1, 0.1, 2.0)


def test_morph_leads_back_once_the_style_it_leads_to_is_chosen():
    controls = Controls()
    controls.change(style=2)
    assert (controls.settings.style, controls.settings.morph_style) == (2, 1)
    controls.change(style=3)
    assert (controls.settings.style, controls.settings.morph_style) == (3, 1)
    controls.change(style=1, morph_style=1)
    assert (controls.settings.style, controls.settings.morph_style) == (1, 1)
