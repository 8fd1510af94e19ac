"""The tracker hears the notes that are played, whatever the blocks, and keeps to what its profile promises."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylefx.analysis.grid import LATENCIES
from stylefx.errors import StylefxError, UsageError
from stylefx.tracking.notes import Event
from stylefx.tracking.tracker import Tracker, track
from tests.support.sounds import tone
from tests.support.tunes import RATE, SCALE, plucked, tune

# What the engine delays its sound by, in samples at 44.1 kHz.
ENGINE_DELAYS = {"normal": 2048, "low": 1280, "lowest": 640}


def reported(events: list[Event]) -> list[tuple]:
    """All that was reported, as values that can be compared."""
    return [(e.kind, e.sample, e.note.number, e.note.onset, e.note.confidence) for e in events]


def heard(tracker: Tracker, audio: np.ndarray, sizes: list[int]) -> list[tuple]:
    """What the tracker reports when fed with blocks of these sizes in turn, the notes' tracks included."""
    tracker.reset()
    events, start, turn = [], 0, 0
    while start < len(audio):
        size = sizes[turn % len(sizes)]
        events += tracker.process(audio[start : start + size])
        start, turn = start + size, turn + 1
    events += tracker.flush()
    return [*reported(events), *[tuple(e.note.track) for e in events if e.kind == "off"]]


@pytest.fixture(scope="module")
def trackers() -> dict[str, Tracker]:
    made = {profile: Tracker(profile) for profile in LATENCIES}
    for tracker in made.values():
        tracker.prepare(RATE)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("profile", LATENCIES)
@settings(max_examples=4, deadline=None)
@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=5))
def test_any_blocks_tell_the_same(trackers, profile, sizes):
    audio = tune(SCALE[:2], 1.0)
    sizes = [*sizes, 3000]
    assert heard(trackers[profile], audio, sizes) == heard(trackers[profile], audio, [len(audio)])


@pytest.mark.slow
@pytest.mark.parametrize("profile", LATENCIES)
def test_reset_is_as_new(trackers, profile):
    audio = tune(SCALE[:2], 1.0)
    trackers[profile].process(tune([(0.0, 50), (0.3, 57)], 0.8))
    new = Tracker(profile)
    new.prepare(RATE)
    assert heard(trackers[profile], audio, [700]) == heard(new, audio, [700])


@pytest.mark.parametrize("profile", LATENCIES)
def test_silence_has_no_notes(profile):
    assert track(np.zeros((RATE, 2), np.float32), RATE, profile) == []


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513])
def test_short_sounds_are_no_trouble(length):
    assert track(np.full(length, 1e-5, np.float32), RATE, "normal") == []


@pytest.mark.slow
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("profile", ["studio", "normal"])
def test_a_scale_is_heard(profile, rate):
    notes = track(tune(SCALE, 2.0, rate), rate, profile)
    assert [round(note.pitch) for note in notes] == [pitch for _, pitch in SCALE]
    for note, (onset, pitch) in zip(notes, SCALE):
        assert note.onset == pytest.approx(onset, abs=0.03)
        assert note.pitch == pytest.approx(pitch, abs=0.2)
        assert note.offset is not None
        assert note.offset > note.onset + 0.15


def test_two_notes_at_once_and_an_octave():
    notes = track(tune([(0.3, 60), (0.3, 67), (1.0, 55), (1.0, 67)], 1.6), RATE)
    first = sorted(round(note.pitch) for note in notes if note.onset < 0.6)
    second = sorted(round(note.pitch) for note in notes if note.onset > 0.6)
    assert first == [60, 67]
    assert second == [55, 67]


def test_the_same_pitch_struck_again_is_another_note():
    notes = track(tune([(0.2, 62), (0.6, 62), (1.0, 62)], 1.5), RATE)
    assert [round(note.pitch) for note in notes] == [62, 62, 62]
    np.testing.assert_allclose([note.onset for note in notes], [0.2, 0.6, 1.0], atol=0.03)


def test_louder_notes_have_higher_levels():
    quiet, loud = plucked(64, 1.0, level=0.03), plucked(64, 1.0, level=0.3)
    levels = [
        track(np.concatenate([np.zeros(9000, np.float32), sound]), RATE)[0].level_db
        for sound in (quiet, loud)
    ]
    assert levels[1] - levels[0] == pytest.approx(20, abs=1.5)


def test_a_note_that_is_stopped_ends():
    sound = plucked(69, 1.0)
    sound[int(0.4 * RATE) :] = 0
    (note,) = track(np.concatenate([sound, np.zeros(RATE, np.float32)]), RATE)
    assert note.offset is not None
    assert 0.3 < note.offset < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("profile", LATENCIES)
def test_nothing_is_revised_after_the_look_ahead(trackers, profile):
    """Every guess is confirmed or withdrawn within the latency; onset and confidence do not change after it."""
    tracker = trackers[profile]
    tracker.reset()
    audio = tune([*SCALE, (0.66, 48), (1.05, 55)], 2.0)
    promised, pending = {}, {}
    for start in range(0, len(audio), 256):
        for event in tracker.process(audio[start : start + 256]):
            onset_sample = event.note.onset * RATE
            if event.kind == "guess":
                pending[event.note.number] = onset_sample
            elif event.kind == "withdrawn":
                assert event.sample <= pending.pop(event.note.number) + tracker.latency_samples
            elif event.kind == "on":
                pending.pop(event.note.number, None)
                # Three quarters of a frame: the onset may be placed in the neighbouring frame.
                assert event.sample <= onset_sample + tracker.latency_samples + 384
                promised[event.note.number] = (event.note.onset, event.note.confidence, event.note)
    assert promised
    for onset, confidence, note in promised.values():
        assert (note.onset, note.confidence) == (onset, confidence)


@pytest.mark.parametrize("profile", sorted(ENGINE_DELAYS))
def test_live_profiles_fit_into_the_engine(trackers, profile):
    assert trackers[profile].latency_samples <= ENGINE_DELAYS[profile]


def test_studio_looks_a_quarter_to_one_second_ahead(trackers):
    assert 0.25 <= trackers["studio"].latency_samples / RATE <= 1.0


def test_notes_that_sound_can_be_read_while_playing(trackers):
    tracker = trackers["normal"]
    tracker.reset()
    tracker.process(tune([(0.2, 60), (0.2, 67)], 0.6))
    assert [round(note.pitch) for note in tracker.notes] == [60, 67]
    assert tracker.salience.sounding[60 - 21] > 0.5
    assert all(len(note.track) > 10 for note in tracker.notes)


def test_a_profile_that_is_not_known_is_refused():
    with pytest.raises(UsageError, match="studio, normal, low, lowest"):
        Tracker("best")


def test_a_rate_without_a_grid_is_refused():
    with pytest.raises(StylefxError, match="2000"):
        Tracker("low").prepare(2000)


def decaying(slow_db: float, fast_db: float, let_go: float, seconds: float) -> np.ndarray:
    """A tone that falls by so many dB a second until it is let go, then by more."""
    time = np.arange(round(seconds * RATE)) / RATE
    level_db = -slow_db * np.minimum(time, let_go) - fast_db * np.maximum(0, time - let_go)
    attack = np.minimum(1, time / 0.005)
    return (tone(261.63, seconds) * attack * 10 ** (level_db / 20)).astype(np.float32)


@pytest.mark.parametrize("profile", ["studio", "normal"])
@pytest.mark.parametrize(("slow_db", "fast_db"), [(0.0, 150.0), (20.0, 150.0), (0.0, 400.0)])
def test_a_note_is_released_where_it_begins_to_fall_faster(profile, slow_db, fast_db):
    audio = np.concatenate([np.zeros(RATE // 5, np.float32), decaying(slow_db, fast_db, 0.6, 1.3)])
    (note,) = [each for each in track(audio, RATE, profile) if round(each.pitch) == 60]
    assert note.released is not None
    assert note.offset is not None
    assert note.released == pytest.approx(0.8, abs=0.03)
    assert note.released < note.offset


@pytest.mark.parametrize("fall_db", [0.0, 15.0, 30.0])
def test_a_note_that_only_dies_away_is_not_released(fall_db):
    found = track(decaying(fall_db, fall_db, 0.0, 1.5), RATE)
    assert [note.released for note in found if round(note.pitch) == 60] == [None]


@pytest.mark.slow
def test_torch_is_not_needed_to_play():
    code = (
        "import sys, numpy as np; from stylefx.tracking.tracker import track; "
        "track(np.zeros(3000, np.float32), 44100); print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout.strip() == "False"
