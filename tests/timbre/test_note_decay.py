"""Struck styles: their notes die away, whatever the content does; and what tells a struck clip from a held one."""

import numpy as np
import pytest

import stylefx
from stylefx.learn.note_decay import decay_rates
from stylefx.learn.spectra import GRID, mean_level, observe, power_spectrogram
from stylefx.timbre.layout import position_frequencies
from stylefx.timbre.note_decay import Decay

RATE = 44_100
NOTE_SECONDS = 0.8
FRAMES_A_NOTE = round(NOTE_SECONDS / GRID.hop_seconds)


def notes(keys, fall_db, attack=0.005, release=0.03, length=0.95, vibrato_cents=0.0, seconds=NOTE_SECONDS):
    """Tones of ten partials, one after the other, each falling by ``fall_db`` a second; a little noise."""
    time = np.arange(int(seconds * RATE)) / RATE
    envelope = np.minimum(1, time / attack) * 10 ** (-fall_db * time / 20)
    envelope *= np.clip((length * seconds - time) / release, 0, 1)
    turns = np.cumsum(2 ** (vibrato_cents / 1200 * np.sin(2 * np.pi * 5.5 * time))) / RATE
    pieces = []
    for key in keys:
        fundamental = 440 * 2 ** ((key - 69) / 12)
        pieces.append(envelope * sum(np.sin(2 * np.pi * n * fundamental * turns) / n for n in range(1, 11)))
    audio = np.concatenate(pieces)
    return (0.1 * audio + 1e-5 * np.random.default_rng(0).normal(size=len(audio))).astype(np.float32)


def levels(audio):
    """Levels of every position (frames, positions) and the slow level (frames,)."""
    power = power_spectrogram(audio)
    seen = observe(power / mean_level(power), np.array([10]))
    return seen.own, seen.slow_level


def rates_of(audio):
    own, slow = levels(audio)
    return decay_rates(own, slow, GRID.hop_seconds)


def played(audio, rates):
    """How far everything is turned down (frames, positions), and the content's levels."""
    own, slow = levels(audio)
    decay = Decay(np.broadcast_to(np.asarray(rates, np.float32), own.shape[1]))
    decay.prepare(GRID)
    return np.stack([decay.process(row, row, float(level)).copy() for row, level in zip(own, slow)]), own


KEYS = (57, 64, 60, 69, 62, 67, 59, 65)


@pytest.mark.parametrize("fall_db", [12, 25, 45])
def test_the_rate_of_a_struck_clip_is_found(fall_db):
    assert -10 * rates_of(notes(KEYS, fall_db)) == pytest.approx(fall_db, rel=0.3)


@pytest.mark.parametrize(
    "clip",
    [
        notes(KEYS, 0),
        notes(KEYS, 0, attack=0.1, release=0.1, vibrato_cents=40),
        notes(KEYS, 0, attack=0.02, release=0.08, length=0.7, seconds=0.35),
        notes(KEYS, -6),
        notes(KEYS[:1], 30),
        np.random.default_rng(0).normal(size=5 * RATE).astype(np.float32),
    ],
    ids=["held", "swelling", "staccato", "growing", "one note", "noise"],
)
def test_what_is_held_or_cannot_be_told_has_no_rate(clip):
    assert not rates_of(clip).any()


@pytest.mark.parametrize("vibrato_cents", [0, 30])
def test_a_held_note_falls_at_the_rate_and_the_next_one_begins_anew(vibrato_cents):
    down, _ = played(notes(KEYS, 0, attack=0.03, vibrato_cents=vibrato_cents), -2.0)
    begins, ends = [], []
    for note, key in enumerate(KEYS[2:], start=2):
        fundamental = np.abs(position_frequencies() - 440 * 2 ** ((key - 69) / 12)).argmin()
        start = note * FRAMES_A_NOTE
        begins.append(down[start + 15 : start + 25, fundamental].mean())
        ends.append(down[start + FRAMES_A_NOTE - 30 : start + FRAMES_A_NOTE - 20, fundamental].mean())
    assert np.median(begins) > -0.2
    seconds = (FRAMES_A_NOTE - 45) * GRID.hop_seconds
    assert np.median(ends) - np.median(begins) == pytest.approx(-2.0 * seconds, rel=0.35)


def test_what_falls_by_itself_is_left_alone():
    down, own = played(notes(KEYS, 30), -2.0)
    loud = own > own.max() - 2
    assert np.abs(down[loud]).mean() < 0.1


def test_older_notes_of_a_chord_go_on_falling():
    """A high note begins while a low one is held, after a first note that is over."""
    low = notes([45], 0, seconds=1.6)
    high = np.concatenate([np.zeros(len(low) // 2, np.float32), notes([81], 0)])
    down, _ = played(np.concatenate([notes([52], 0), low + high]), -1.5)
    before, after = 2 * FRAMES_A_NOTE - 10, 2 * FRAMES_A_NOTE + 25
    old, new = (np.abs(position_frequencies() - hz).argmin() for hz in (110.0, 880.0))
    assert down[after, old] < down[before, old] < -0.5
    assert down[after, new] > -0.3


def test_the_first_note_does_not_tell_whether_onsets_are_clear():
    """It comes out of silence; what follows may be a choir."""
    down, _ = played(notes([57], 0, seconds=1.6), -2.0)
    assert not down.any()


@pytest.mark.parametrize(("rise", "least", "most"), [(1.0, -2.1, -0.8), (0.17, -0.4, 0)])
def test_the_fainter_onsets_are_the_less_is_turned_down(rise, least, most):
    """Faint ones would be missed, and without them nothing begins again."""
    decay = Decay(np.full(len(position_frequencies()), -4, np.float32))
    decay.prepare(GRID)
    level, lowest = np.float32(0), []
    for _ in range(12):
        for step, frames in ((rise, 60), (-0.9 * rise, 30)):
            level += np.float32(step)
            own = np.full(len(position_frequencies()), level)
            lowest.append(min(decay.process(own, own, float(level)).min() for _ in range(frames)))
    assert least < lowest[-2] <= most


def test_the_onsets_of_a_foreign_sound_tell_nothing():
    """Drum strokes in a choir are clear; they turn nothing down, neither then nor afterwards."""
    decay = Decay(np.full(len(position_frequencies()), -4, np.float32))
    decay.prepare(GRID)
    level, lowest = np.float32(0), []
    for foreign in 8 * (True,) + 2 * (False,):
        for step, frames in ((0.9, 60), (-0.9, 30)):
            level += np.float32(step)
            own = np.full(len(position_frequencies()), level)
            lowest.append(min(decay.process(own, own, float(level), foreign).min() for _ in range(frames)))
    assert not np.any(lowest[:16])


def test_a_note_that_grows_lifts_its_line():
    """By 18 dB in the second after its onset: it may fall by what a steady one does, not by all it has grown."""
    first = notes([60], 0)
    clips = (np.concatenate([first, notes([69], fall_db, seconds=1.3)]) for fall_db in (-18, 0))
    grown, steady = (played(clip, -1.0)[0] for clip in clips)
    fundamental, end = np.abs(position_frequencies() - 440).argmin(), -30
    assert steady[end, fundamental] < -0.5
    assert grown[end, fundamental] > steady[end, fundamental] - 0.3


def test_nothing_is_turned_up_or_down_beyond_the_limit():
    down, _ = played(notes(KEYS, 0), -6.0)
    assert down.max() <= 0
    assert -2.0 - 1e-5 <= down.min() < -1.8


def fall_db_per_second(audio):
    """Median over the notes of how fast they fall from 0.2 s to 0.6 s after their onsets."""
    notes_of = audio[: len(KEYS) * round(NOTE_SECONDS * RATE)].reshape(len(KEYS), -1)
    levels_db = [
        20 * np.log10(np.sqrt(np.mean(notes_of[:, round(at * RATE) :][:, : RATE // 20] ** 2, axis=1)))
        for at in (0.2, 0.6)
    ]
    return float(np.median(levels_db[0][1:] - levels_db[1][1:]) / 0.4)


@pytest.mark.slow
@pytest.mark.parametrize(("style_falls_db", "least", "most"), [(25, 12, 35), (0, -5, 5)])
def test_held_notes_die_away_in_the_style_of_a_plucked_clip(style_falls_db, least, most):
    style = stylefx.fit(notes((60, 67, 64, 72, 59), style_falls_db, seconds=0.6), RATE, quality="draft")
    played_back = stylefx.StyleTransfer(style)(notes(KEYS, 0, attack=0.03, vibrato_cents=20), RATE)
    assert least < fall_db_per_second(played_back.reshape(-1)) < most


def test_reset_is_like_new():
    own, slow = levels(notes(KEYS[:3], 0))
    decay = Decay(np.full(own.shape[1], -2, np.float32))
    decay.prepare(GRID)
    first = np.stack([decay.process(row, row, float(level)).copy() for row, level in zip(own, slow)])
    decay.reset()
    again = np.stack([decay.process(row, row, float(level)).copy() for row, level in zip(own, slow)])
    assert np.array_equal(first, again)
