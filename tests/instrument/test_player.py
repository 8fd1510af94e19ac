"""The clip plays your notes: an instrument from a clip, and the path that plays it."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx import Style, StyleTransfer, fit
from stylefx.analysis.grid import STUDIO, grid_for
from stylefx.analysis.window import analysis_window, frame_power
from stylefx.engine.streaming import StreamingPath
from stylefx.errors import StylefxError, UsageError
from stylefx.instrument.envelope import envelope_filters
from stylefx.instrument.learn import learn_instrument
from stylefx.instrument.loops import ATTACK_DB, looped
from stylefx.instrument.partials import Partials
from stylefx.instrument.player import Player
from stylefx.instrument.separate import Separated
from stylefx.instrument.table import (
    COLUMNS,
    LEVEL_DB,
    LOOP_BEGIN,
    LOOP_LENGTH,
    NOTES,
    PITCH,
    SAMPLES,
    SECONDS,
    Instrument,
)
from stylefx.instrument.voices import Voices
from stylefx.tracking.notes import Event, Note
from tests.support.sounds import in_chunks, rms_db, tone

RATE = 44_100
GRID = grid_for(RATE)


@pytest.fixture(scope="module")
def style(trumpet):
    import soundfile

    return fit(*soundfile.read(trumpet, dtype="float32"), quality="draft")


def level_at(audio: np.ndarray, hz: float) -> float:
    wave = np.exp(-2j * np.pi * hz * np.arange(len(audio)) / RATE) * np.hanning(len(audio))
    return 20 * np.log10(abs(audio.reshape(-1) @ wave) + 1e-9)


def test_two_notes_at_once_are_told_apart():
    low, high = (tone(hz, 1.0).reshape(-1) for hz in (440.0, 523.25))
    notes = [Note(1, 0.0, 69.0, -20.0, 1.0, 1.0), Note(2, 0.0, 72.0, -20.0, 1.0, 1.0)]
    separated = Separated(low + high, RATE, notes)
    middle = slice(10_000, 30_000)
    for index, (mine, other) in enumerate(((440.0, 523.25), (523.25, 440.0))):
        alone = separated.note(index)[middle]
        assert level_at(alone, mine) > level_at(alone, other) + 30


def test_a_note_leaves_a_bass_that_nobody_has_named():
    """Its attack may keep some of what begins with it; afterwards there is little under a fundamental."""
    named, bass = tone(440.0, 1.0).reshape(-1), tone(110.0, 1.0).reshape(-1)
    alone = Separated(named + bass, RATE, [Note(1, 0.0, 69.0, -20.0, 1.0, 1.0)]).note(0)
    middle = slice(10_000, 30_000)
    assert level_at(alone[middle], 440.0) == pytest.approx(level_at((named + bass)[middle], 440.0), abs=0.5)
    assert level_at(alone[middle], 110.0) < level_at(alone[middle], 440.0) - 25


def test_a_loop_has_no_seam():
    audio = tone(441.0, 1.0).reshape(-1)
    sample, begin, length = looped(audio, 0, 69.04, RATE)
    assert begin + length == len(sample)
    again = np.concatenate([sample, sample[begin:], sample[begin:]])
    assert np.abs(np.diff(again)).max() < 1.02 * np.abs(np.diff(audio)).max()


def test_an_attack_with_something_else_in_it_is_no_louder_than_a_held_note_has_it():
    audio = 0.1 * tone(441.0, 1.0).reshape(-1)
    audio[: RATE // 20] *= 10
    sample, begin, _ = looped(audio, 0, 69.04, RATE)
    held = rms_db(sample[begin:])
    assert held == pytest.approx(rms_db(audio[begin:]), abs=0.5)
    assert rms_db(sample[: RATE // 25]) - held == pytest.approx(ATTACK_DB, abs=1.0)


@pytest.mark.slow
def test_a_voice_plays_the_pitch_it_is_asked_for_and_ends():
    audio = tone(440.0, 1.0).reshape(-1)
    row = np.zeros((1, COLUMNS))
    row[0, 1], row[0, PITCH] = len(audio), 69
    voices = Voices(Instrument(row, audio, RATE))
    voices.prepare(RATE, 256)
    voice = voices.start(0, 0.0, 2 ** (3 / 12), 1.0, 100)
    played = np.concatenate([voices.render().copy() for _ in range(80)])
    assert not played[:100].any()
    assert level_at(played, 523.25) > level_at(played, 440.0) + 40
    voices.release(voice, 0.05, 0)
    rest = np.concatenate([voices.render().copy() for _ in range(60)])
    assert rms_db(rest[-256:]) < -100
    assert not voices.sounds(voice)


def test_a_stroke_that_is_over_does_not_touch_the_next_one():
    """The voice of a sample that has run out plays another stroke; the first note's changes are not for that one."""
    audio = tone(440.0, 0.1).reshape(-1)
    row = np.zeros((1, COLUMNS))
    row[0, 1], row[0, PITCH] = len(audio), 69

    def second(touched: bool) -> np.ndarray:
        voices = Voices(Instrument(row, audio, RATE))
        voices.prepare(RATE, 256)
        first = voices.start(0, 0.0, 1.0, 1.0, 0)
        for _ in range(20):
            voices.render()
        assert not voices.sounds(first)
        voices.start(0, 0.0, 1.0, 1.0, 0)
        if touched:
            voices.change(first, 0.1, 2.0)
            voices.release(first, 0.01, 0)
        return np.concatenate([voices.render().copy() for _ in range(10)])

    assert second(False).any()
    assert np.array_equal(second(True), second(False))


@pytest.mark.slow
@pytest.mark.parametrize("latency", [STUDIO, "lowest"])
def test_any_blocks_and_reset_give_the_same_samples(style, guitar_audio, latency):
    audio = guitar_audio[:60_000]
    effect = StyleTransfer(style, device="cpu", latency=latency)
    effect.prepare(RATE, 1, 1 << 16)
    whole = effect.process(audio)
    assert whole.any()
    for sizes in ([256], [1000, 17, 333]):
        effect.reset()
        assert np.array_equal(in_chunks(effect, audio, sizes), whole)


@pytest.mark.slow
@pytest.mark.parametrize("latency", [STUDIO, "normal"])
def test_silence_stays_silent(style, latency):
    assert not StyleTransfer(style, device="cpu", latency=latency)(
        np.zeros((60_000, 2), np.float32), RATE
    ).any()


@pytest.mark.slow
@pytest.mark.parametrize("latency", [STUDIO, "normal"])
def test_the_notes_change_the_sound_and_the_delay_is_the_declared_one(style, guitar_audio, latency):
    audio = guitar_audio[:120_000]
    effect = StyleTransfer(style, device="cpu", latency=latency)
    played, filtered = effect(audio, RATE), StyleTransfer(style, device="cpu", notes=False)(audio, RATE)
    assert rms_db(played - filtered) > rms_db(filtered) - 20
    effect = StyleTransfer(style, device="cpu", latency=latency, strength=0.0)
    unchanged = effect(audio, RATE)
    assert rms_db((unchanged - audio)[5_000:-5_000]) < rms_db(audio) - 60
    path = effect._path
    assert isinstance(path, StreamingPath)
    assert path.ensemble is not None
    assert effect.latency_samples == 2048 + (path.ensemble.latency_samples if latency == STUDIO else 0)


def test_a_style_without_notes_only_filters(style, guitar_audio):
    audio = guitar_audio[:40_000]
    arrays = {name: array for name, array in style.arrays.items() if name not in (NOTES, SAMPLES)}
    without = Style(style.method, arrays, style.meta)
    filtered = StyleTransfer(without, device="cpu", notes=False)(audio, RATE)
    assert np.allclose(StyleTransfer(without, device="cpu")(audio, RATE), filtered, atol=1e-5)
    assert np.array_equal(StyleTransfer(style, device="cpu", notes=False)(audio, RATE), filtered)


def test_a_style_with_notes_is_kept_and_forged_ones_are_refused(style, tmp_path):
    path = tmp_path / "style.npz"
    style.save(path)
    assert np.array_equal(Style.load(path).arrays[NOTES], style.arrays[NOTES])
    for column, value in ((0, 1e9), (1, -5), (LOOP_LENGTH, 1e8), (LEVEL_DB, 1e6), (PITCH, -1), (0, 0.5)):
        notes = style.arrays[NOTES].copy()
        notes[-1, column] = value
        with pytest.raises(StylefxError, match="instrument"):
            Style(style.method, {**style.arrays, NOTES: notes}, style.meta)
    lacking = {name: array for name, array in style.arrays.items() if name != SAMPLES}
    with pytest.raises(StylefxError, match="both or neither"):
        Style(style.method, lacking, style.meta)


@pytest.mark.slow
def test_a_long_clip_costs_no_more_than_its_first_half_minute():
    """Every note was taken out of the whole clip: a minute took two, and 1.2 GB."""
    audio = np.tile(tone(440.0, 1.0).reshape(-1) * np.linspace(1, 0, RATE, dtype=np.float32), 34)
    longer, short = (learn_instrument(each, RATE, True) for each in (audio, audio[: 30 * RATE]))
    assert longer.keys() == short.keys() == {NOTES, SAMPLES}
    assert np.array_equal(longer[NOTES], short[NOTES])


def test_an_unknown_word_is_refused(style):
    with pytest.raises(UsageError, match="True or False"):
        StyleTransfer(style, notes="studio")  # type: ignore[arg-type]


def test_notes_outside_the_range_are_folded_in_by_octaves_where_that_is_asked_for():
    instrument = rows_of(*(0.1 * tone(hz, 1.0).reshape(-1) for hz in (261.63, 523.25)))
    plain, folding = Player(instrument), Player(instrument, fold=True)
    moved = {30.0: 24.0, 53.0: 12.0, 54.0: 0.0, 66.0: 0.0, 78.0: 0.0, 79.0: -12.0, 95.0: -24.0}
    for pitch, semitones in moved.items():
        note = Note(1, 0.0, pitch, -20.0, 1.0)
        assert folding._octaves(note) == semitones
        assert folding._nearest(note)[1] == 1.0
        assert plain._octaves(note) == 0
    folding.prepare(GRID)
    folding.update([Event("on", 0, Note(1, 0.0, 84.0, -20.0, 1.0, 1.0))], 0)
    played = np.concatenate([folding.play(now * GRID.hop).copy() for now in range(60)])
    assert level_at(played, 523.25) > level_at(played, 1046.5)


def test_a_longer_sample_is_chosen_before_a_nearer_short_one_and_an_unsure_note_is_not_played():
    rows = np.zeros((3, COLUMNS))
    rows[:, 1], rows[:, PITCH], rows[:, SECONDS], rows[:, LEVEL_DB] = (
        44_100,
        (60, 61, 70),
        (0.2, 1.0, 1.0),
        -20,
    )
    player = Player(Instrument(rows, np.zeros(3 * 44_100, np.float32), RATE))
    assert player._nearest(Note(1, 0.0, 60.0, -20.0, 1.0)) == (1, 1.0)
    assert player._nearest(Note(1, 0.0, 60.0, -20.0, 0.9))[1] == 0
    assert 0 < player._nearest(Note(1, 0.0, 60.0, -20.0, 0.97))[1] < 1
    # A distance that the nearest note does not reach is played by the filter.
    assert 0 < player._nearest(Note(1, 0.0, 79.0, -20.0, 1.0))[1] < 1
    assert player._nearest(Note(1, 0.0, 83.0, -20.0, 1.0))[1] == 0


def rows_of(*audios: np.ndarray) -> Instrument:
    """One row per sound, which begins at once and is named as if the tracker had read the same level in each."""
    rows, lengths = np.zeros((len(audios), COLUMNS)), [len(audio) for audio in audios]
    rows[:, 0], rows[:, 1] = np.cumsum([0, *lengths[:-1]]), lengths
    rows[:, PITCH], rows[:, SECONDS], rows[:, LEVEL_DB] = (60, 72)[: len(audios)], 1.0, -20
    return Instrument(rows, np.concatenate(audios).astype(np.float32), RATE)


def hop_levels(player: Player, pitch: float, hops: int) -> np.ndarray:
    player.prepare(GRID)
    note = Note(1, 0.0, pitch, -20.0, 1.0, 1.0)
    note.track.append((0.0, pitch, -20.0))
    player.update([Event("on", 0, note)], 0)
    return np.array([rms_db(player.play(now * GRID.hop)) for now in range(hops)])


def test_a_note_is_as_loud_as_it_is_asked_for_whatever_its_sample_is():
    soft, loud = (gain * tone(hz, 1.0).reshape(-1) for gain, hz in ((0.05, 261.63), (0.5, 523.25)))
    player = Player(rows_of(soft, loud))
    for pitch in (60.0, 72.0):
        assert abs(np.median(hop_levels(player, pitch, 60)[20:]) - -23.0) < 1.0  # RMS of a sine of -20 dB


def test_the_correction_of_the_level_stays_where_it_is_right():
    """It once moved on for as long as it was remembered, to 10 dB too much."""
    player = Player(rows_of(0.1 * tone(261.63, 1.0).reshape(-1)))
    player.prepare(GRID)
    found = []
    for _ in range(3000):
        player.balance(4.0, 1.0 * player._correction**2)
        found.append(player._correction)
    assert found[200] > 1.9
    assert max(found) < 2.01


@pytest.mark.parametrize("held", [True, False])
def test_a_held_note_follows_the_content_up_and_down(held):
    """From its beginning on, which may be faint; a struck note dies away by itself."""
    instrument = rows_of(0.1 * tone(261.63, 2.0).reshape(-1))
    instrument.notes[0, SECONDS] = 2.0
    if held:
        instrument.notes[0, [LOOP_BEGIN, LOOP_LENGTH]] = 10_000, 20_000
    player = Player(instrument)
    player.prepare(GRID)
    note = Note(1, 0.0, 60.0, -30.0, 1.0, 2.0)
    note.track += [(0.0, 60.0, -30.0), (0.5, 60.0, -20.0), (1.0, 60.0, -40.0)]
    player.update([Event("on", 0, note)], 0)
    played = np.concatenate(
        [player.play(now * GRID.hop).copy() for now in range(round(1.4 / GRID.hop_seconds))]
    )
    first, louder, softer = (rms_db(played[round(at * RATE) :][:8820]) for at in (0.25, 0.75, 1.15))
    assert louder - first == pytest.approx(7.0 if held else 0.0, abs=0.5)
    assert softer - first == pytest.approx(-7.0 if held else 0.0, abs=0.5)


def peaks_of(instrument: Instrument, semitones: float) -> np.ndarray:
    """Levels in dB of the first ten partials of a note that is moved."""
    voices = Voices(instrument)
    voices.prepare(RATE, 256)
    voices.start(0, 0.0, 2 ** (semitones / 12), 1.0, 0)
    played = np.concatenate([voices.render().copy() for _ in range(60)])[4000:]
    hz = 220.0 * 2 ** (semitones / 12)
    return np.array([level_at(played, hz * k) for k in range(1, 11)])


def test_a_note_that_is_moved_far_keeps_its_spectral_envelope():
    """Partials with a hill at 1 kHz: an octave up the hill would lie at 2 kHz."""
    hill = [10 ** (-((220 * k / 1000 - 1) ** 2) * 1.5) for k in range(1, 20)]
    sample = 0.05 * tone(220.0, 1.0, RATE, tuple(hill)).reshape(-1)
    instrument = rows_of(sample)
    near, far = peaks_of(instrument, 1.0), peaks_of(instrument, 12.0)
    assert np.argmax(near) == 4
    # Untouched, the fifth partial would be the highest an octave up as well.
    assert np.argmax(far) in (1, 2)
    filters = envelope_filters(instrument, RATE)
    middle = len(filters) // 2
    assert np.array_equal(filters[middle], np.eye(1, filters.shape[1])[0])
    energies = [np.sum(10 ** (peaks / 10)) for peaks in (near, far)]
    assert abs(10 * np.log10(energies[1] / energies[0])) < 3


@pytest.mark.parametrize(("louder_db", "kept_db"), [(0.0, -10.0), (20.0, -1.0)])
def test_a_note_takes_no_more_from_the_filter_than_it_has(louder_db, kept_db):
    """What is much louder at its partials is something else."""
    partials = Partials()
    partials.prepare(GRID)
    sound = tone(440.0, 0.2).reshape(-1)[: GRID.window_length]
    content = np.abs(np.fft.rfft(sound * analysis_window(GRID), GRID.n_fft)).astype(np.float32)
    level = 10 * np.log10(2 * frame_power(GRID) * (content**2).sum())
    partials.sounds(1, 69.0, 1.0, 0, float(level) - louder_db)
    kept = partials.kept(RATE, content)
    found = 10 * np.log10((kept * content**2).sum() / (content**2).sum())
    assert (found < kept_db) if louder_db == 0 else (found > kept_db), found


def test_a_stroke_that_begins_in_the_middle_of_its_attack_is_no_click():
    sound = rows_of(0.3 * np.sign(tone(261.63, 1.0).reshape(-1)))
    voices = Voices(sound)
    voices.prepare(RATE, 256)
    played = []
    for place in (0.0, 400.0):
        voices.reset()
        voices.start(0, place, 1.0, 1.0, 0)
        played.append(np.concatenate([voices.render().copy() for _ in range(4)]))
    begun, late = played
    assert abs(late[0]) < 0.1 * np.abs(late).max()
    assert np.allclose(late[300:600], begun[700:1000], atol=0.01)


def test_what_a_foreign_sound_taught_the_correction_can_be_put_back():
    """As the engine does it: the arrays of `memory` are the player's own, whatever is prepared or forgotten."""
    player = Player(rows_of(0.1 * tone(261.63, 1.0).reshape(-1)))
    (memory,) = player.memory
    player.prepare(GRID)
    for _ in range(200):
        player.balance(1.0, player._correction**2)
    before = memory.copy()
    for _ in range(200):
        player.balance(400.0, player._correction**2)
    assert player._correction > 2
    memory[:] = before
    for _ in range(100):
        player.balance(1.0, player._correction**2)
    assert player._correction == pytest.approx(1.0, abs=0.05)
