"""Pieces for the tracker: truth is what sounds, and notes are what was played."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from stylefx.learn.pretraining.tracker.figures import counts, figures
from stylefx.learn.pretraining.tracker.pieces import FRAME, NONE, SoundingNote, mixed, risen_at
from stylefx.learn.pretraining.tracker.players import BEND_STEP, InventedPlayer, Rendered, random_bend
from stylefx.learn.pretraining.tracker.scores import Note, random_score
from stylefx.learn.pretraining.tracker.sounds import augmented, phone_in_room
from stylefx.tracking.layout import LOWEST_PITCH

RATE = 44_100


def tone(key: int, start: float, seconds: float, rise: float = 0.002, half_life: float = 9.0) -> Rendered:
    time = np.arange(int((seconds + 0.1) * RATE)) / RATE
    shape = np.minimum(time / rise, 1) * 0.5 ** (time / half_life) * (time < seconds)
    samples = 0.2 * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * time) * shape
    return Rendered(Note(start, seconds, key, 100), samples.astype(np.float32), np.zeros(1))


def truth_of(*notes: Rendered):
    return mixed(list(notes), [1.0] * len(notes))[1]


def test_a_note_is_marked_where_it_begins_and_while_it_sounds():
    onset, _, sounding, cents, (note,) = truth_of(tone(69, 1.0, 0.5))
    frames, pitches = np.nonzero(onset != NONE)
    assert set(pitches) == {69 - LOWEST_PITCH}
    place = (frames[0] + 0.5 + onset[frames[0], pitches[0]] / 100) * FRAME / RATE
    assert place == pytest.approx(1.0, abs=0.004)
    sounds = np.nonzero(sounding[:, 69 - LOWEST_PITCH] == 1)[0]
    assert (sounds[0] * FRAME / RATE, sounds[-1] * FRAME / RATE) == pytest.approx((1.0, 1.5), abs=0.03)
    assert (note.pitch, note.weight, cents.any()) == (69, 1.0, False)


def test_a_string_that_has_died_away_does_not_sound():
    *_, (note,) = truth_of(tone(60, 0.5, 5.0, half_life=0.1))
    # 30 dB down after five halvings of the amplitude.
    assert note.offset == pytest.approx(0.5 + 0.5, abs=0.12)


def test_a_slow_attack_begins_where_it_has_risen():
    slow = tone(60, 0.0, 2.0, rise=0.25)
    assert 0.02 < risen_at(slow.samples) / RATE < 0.08
    assert risen_at(tone(60, 0.0, 2.0).samples) / RATE < 0.005


def test_a_note_buried_under_another_is_not_asked_for():
    loud, quiet = tone(60, 0.5, 2.0), tone(72, 0.6, 0.5)
    *_, notes = mixed([loud, quiet], [1.0, 0.01])[1]
    assert [note.pitch for note in notes] == [60]
    *_, notes = mixed([loud, quiet], [1.0, 0.06])[1]
    assert [note.weight for note in notes] == [1.0, 0.0]


def test_a_bent_note_sounds_where_it_is_bent_to():
    bent = tone(60, 0.5, 1.0)
    bent.bend = np.where(np.arange(RATE // BEND_STEP + 1) * BEND_STEP < 0.5 * RATE, 0.0, 1.2)
    _, _, sounding, cents, _ = truth_of(bent)
    late = int(1.2 * RATE / FRAME)
    assert sounding[late, 61 - LOWEST_PITCH] == 1
    assert sounding[late, 60 - LOWEST_PITCH] == 0
    assert cents[late, 61 - LOWEST_PITCH] == 20


@pytest.mark.parametrize("voices", [1, 2, 5])
def test_scores_stay_within_the_piano_and_the_time(voices):
    rng = np.random.default_rng(3)
    for _ in range(30):
        for note in random_score(rng, 10.0, voices):
            assert 0 <= note.start < 10.0
            assert 21 <= note.key <= 108
            assert 1 <= note.velocity <= 127
            assert note.length > 0


def test_a_single_line_is_mostly_one_note_at_a_time():
    rng = np.random.default_rng(0)
    for _ in range(20):
        starts = sorted(note.start for note in random_score(rng, 10.0, 1))
        together = sum(b - a < 0.01 for a, b in pairwise(starts))
        assert together <= 0.1 * len(starts)


def test_invented_instruments_play_the_key():
    rng = np.random.default_rng(1)
    for key in (45, 69):
        player = InventedPlayer(rng)
        note = Note(0.0, 1.0, key, 90)
        samples = player.play(rng, note, random_bend(rng, 1.0, False)).samples[:40_000]
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 17))
        partial = np.fft.rfftfreq(1 << 17, 1 / RATE) / (440 * 2 ** ((key - 69) / 12))
        strong = partial[spectrum > 0.3 * spectrum.max()]
        assert (np.abs(strong - np.round(strong)) < 0.05 * np.round(strong)).mean() > 0.8


def test_augmentation_keeps_length_and_time():
    rng = np.random.default_rng(0)
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1
    for _ in range(10):
        heard = augmented(rng, click)
        assert heard.shape == click.shape
        assert np.isfinite(heard).all()
        assert abs(int(np.abs(heard).argmax()) - RATE // 2) < 0.05 * RATE
    assert phone_in_room(rng, click).shape == click.shape


def note(onset: float, pitch: float, offset: float | None = None, weight: float = 1.0) -> SoundingNote:
    return SoundingNote(onset, onset + 0.5 if offset is None else offset, pitch, weight)


def test_figures_of_perfect_and_of_wrong_notes():
    true = [note(0.0, 60), note(0.5, 64), note(1.0, 67)]
    perfect = figures([counts(true, true)])
    assert (perfect["f50"], perfect["f20"], perfect["frame"], perfect["missing"]) == (1, 1, 1, 0)
    named = [note(0.03, 60), note(0.5, 76), note(1.0, 50)]
    found = figures([counts(named, true)])
    assert found["f50"] == pytest.approx(1 / 3)
    assert found["f20"] == 0
    assert found["octaves"] == pytest.approx(1 / 3)
    assert found["ghosts"] == pytest.approx(1 / 3)
    assert found["missing"] == pytest.approx(2 / 3)


def test_faint_notes_may_be_named_or_not():
    true = [note(0.0, 60), note(0.0, 64, weight=0.0)]
    assert figures([counts(true[:1], true)])["f50"] == 1
    assert figures([counts(true, true)])["f50"] == 1


def test_a_note_named_twice_counts_once():
    found = figures([counts([note(0.0, 60), note(0.04, 60)], [note(0.0, 60)])])
    assert (found["precision"], found["recall"], found["ghosts"]) == (0.5, 1, 0)
