"""The methods' rows and page: every published method is measured, and a style's loss is least for its own clip."""

import numpy as np
import pytest
import soundfile

from benchmarks import methods
from benchmarks.cases.cases import Case
from benchmarks.metrics import method_validity
from benchmarks.systems.method_rows import METHOD_ROWS, iterations
from benchmarks.systems.rows import ROWS, chosen
from stylefx import fit
from stylefx.style.methods import METHODS
from tests.support.sounds import melody

RATE = 44_100


def test_every_method_but_the_default_has_a_row_and_the_full_run_leaves_them_out():
    others = set(METHODS) - {"harmonic"}
    assert {row.name for row in METHOD_ROWS} == others <= set(ROWS)
    assert not others & {row.name for row in chosen(None)}
    assert [row.name for row in chosen(["gatys"])] == ["gatys"]


def test_a_row_covers_its_objective_and_what_that_shares():
    assert {
        "stylefx/published/he.py",
        "stylefx/published/gatys.py",
        "stylefx/published/nets/random_vgg.py",
    } <= set(ROWS["he"].code)
    assert "stylefx/published/nets/cochlea.py" in ROWS["grinstein-mcdermott"].code
    assert "stylefx/published/he.py" not in ROWS["random2d"].code


@pytest.mark.parametrize("name", ["ulyanov", "random2d", "mcdermott"])
def test_a_clip_is_nearest_to_itself(name, trumpet, guitar):
    clip, other = (soundfile.read(path, dtype="float32")[0][:RATE] for path in (trumpet, guitar))
    effect = METHODS[name].load()(fit(clip, RATE, method=name), 0, "cpu")
    own, others = (method_validity.style_loss(effect, audio, RATE) for audio in (clip, other))
    assert own < 0.01 * others


def test_cases_are_shortened_with_their_notes():
    sound = melody((60, 62), 6.0, (1.0,))
    case = Case("a", sound, sound, sound, RATE, [(0.0, 1.0, 60), (4.5, 5.0, 62)])
    short = methods.shortened(case)
    assert short.target is not None
    assert len(short.content) == len(short.target) == methods.SECONDS * RATE
    assert len(short.style) == len(sound)
    assert short.notes == [(0.0, 1.0, 60)]


def test_the_page_has_every_method_its_reference_and_what_failed():
    records = [
        {"row": row.name, "case": "a -> b", "mel_closed": 0.1, "timbre_closed": np.nan, "pitch_kept": 1.0}
        for row in METHOD_ROWS
    ]
    records[0] = {"row": METHOD_ROWS[0].name, "case": "a -> b", "error": "ValueError: no such thing"}
    text = methods.page(records, [{"method": "he", "statistic": "x", "wins": 3, "cases": 4, "ratio": 0.5}])
    assert all(f"`{method.name}`" in text and method.reference in text for method in METHODS.values())
    assert "ValueError: no such thing" in text
    assert f"| {METHOD_ROWS[2].name} | {iterations(METHODS[METHOD_ROWS[2].name])} | 0.10 |" in text
    assert "| he | x | 3 | 4 | 0.50 |" in text
