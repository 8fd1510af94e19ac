"""The benchmark's cases: scores, rendering and foreign folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases import cases, instruments, scores
from stylefx.errors import StylefxError

RATE = 22_050


def test_pitch_names_are_midi_numbers():
    names = ("A4", "C4", "F#3", "Bb4", "-")
    assert [scores.midi_pitch(name) for name in names] == [69, 60, 54, 70, None]


def test_unequal_voices_are_refused():
    with pytest.raises(ValueError, match="must be equal"):
        scores.score("broken", 60, "C4:2", "C4 D4 E4")


def test_scores_are_many_enough_and_playable():
    assert len(scores.MELODIES) >= 8
    assert sum(2 <= len(tune.voices) <= 4 for tune in scores.PARTS.values()) >= 4
    for tune in scores.SCORES.values():
        notes = scores.timed_notes(tune, 10.0)
        assert all(0 <= on < off <= 10 and 28 <= pitch <= 100 for on, off, pitch in notes), tune.name
        assert notes[-1][1] > 9, tune.name


def test_content_and_style_never_share_a_tune():
    for _, score, _, _, style_score, _ in cases.MELODIC + cases.POLYPHONIC + cases.HEARD:
        assert score != style_score
    assert len(cases.MELODIC) >= 12
    assert len(cases.POLYPHONIC) >= 6
    assert len(cases.REAL) >= 8


def test_the_groups_say_truly_what_was_heard_in_training():
    pretrain = pytest.importorskip("stylefx.learn.pretraining.decoder.train")
    font = Path("FluidR3_GM.sf2")
    for lines, left_out in ((cases.MELODIC + cases.POLYPHONIC, True), (cases.HEARD, False)):
        for line in lines:
            style = instruments.preset(line[3], font)
            assert ((style.bank, style.program) in pretrain.LEFT_OUT) is left_out, style


def test_a_missing_instrument_has_a_stand_in(tmp_path):
    assert instruments.preset("ukulele", tmp_path / "FluidR3_GM.sf2") == instruments.UKULELE
    assert instruments.preset("ukulele", tmp_path / "Other.sf2").name == instruments.UKULELE_STAND_IN


def test_every_named_clip_is_there_with_its_credit():
    credits = "".join((place / "PROVENANCE.md").read_text() for place in cases.CLIPS)
    for content, style, _ in cases.REAL:
        for clip in (content, style):
            assert cases.clip_path(clip).is_file()
            assert clip in credits


@pytest.mark.slow
def test_the_truth_is_rendered_with_the_contents_notes():
    pytest.importorskip("tinysoundfont")
    pytest.importorskip("pretty_midi")
    case = cases.paired("TimGM6mb", limit=1)[0]
    assert case.target is not None
    assert len(case.content) == len(case.target) == len(case.style) == 10 * case.sample_rate
    assert np.abs(case.target).max() == pytest.approx(10 ** (-3 / 20), abs=1e-3)
    for on_s, off_s, _ in case.notes[:8]:
        around = slice(round((on_s + 0.05) * case.sample_rate), round(off_s * case.sample_rate))
        assert np.sqrt((case.target[around] ** 2).mean()) > 1e-3


def test_foreign_folder(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    rng = np.random.default_rng(0)
    for name, rate in (
        ("07_content", RATE),
        ("07_style", 2 * RATE),
        ("07_target", RATE),
        ("a", RATE),
        ("b", RATE),
    ):
        soundfile.write(tmp_path / f"{name}.flac", rng.uniform(-0.1, 0.1, rate), rate)
    about = {"content": "oboe", "style": "harp", "poly": True, "notes": [[0, 0.5, 60]]}
    (tmp_path / "07.json").write_text(json.dumps(about))
    (tmp_path / "pairs.json").write_text(json.dumps([["a.flac", "b.flac"]]))
    paired, real = cases.folder(tmp_path)
    assert (paired.name, paired.group, paired.notes) == ("07: oboe -> harp", "polyphonic", [(0.0, 0.5, 60)])
    assert len(paired.style) == pytest.approx(RATE, abs=2)
    assert real.target is None
    assert len(real.content) == RATE


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(StylefxError, match="nothing to measure"):
        cases.folder(tmp_path)
