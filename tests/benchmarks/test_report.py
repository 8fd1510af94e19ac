"""The benchmark's honesty: failures stay in the tables, losses are named, results go stale with code."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from benchmarks.cases.cases import Case
from benchmarks.metrics import validity
from benchmarks.report import collect, quality, runs, store, tables
from benchmarks.report import pages as report
from benchmarks.systems import rows
from benchmarks.systems.baselines import copies, spectral
from benchmarks.systems.row import Row
from benchmarks.timing import distribution as timing
from stylefx.errors import StylefxError, UsageError

RATE = 22_050


@pytest.fixture
def case() -> Case:
    rng = np.random.default_rng(0)
    content, style = rng.uniform(-0.1, 0.1, (2, RATE)).astype(np.float32)
    return Case("noise -> noise", content, style, None, RATE)


def failing(content, style, sample_rate):
    raise StylefxError("no such luck")


def row(name: str, apply) -> Row:
    return Row(name, "", apply, ("benchmarks/systems/baselines/copies.py",))


def record(name: str, source="font", group="melodic", **values) -> quality.Record:
    kind = "stylefx" if name.startswith("stylefx") else "rival"
    about = {"case": "a -> b", "row": name, "kind": kind, "subset": False, "source": source, "group": group}
    return {**about, "seconds": 10.0, **values}


PAIRED = {
    "lsd": 10.0,
    "copy": 0.3,
    "mel": 5.0,
    "mel_closed": 0.3,
    "timbre_closed": 0.5,
    "pitch_kept": 1.0,
    "onset": 0.8,
}


@pytest.mark.parametrize(
    ("apply", "reason"),
    [
        (failing, "StylefxError: no such luck"),
        (lambda content, style, rate: content[:-1], "ValueError: .* samples came back"),
        (lambda content, style, rate: content * np.nan, "ValueError: .*NaN"),
    ],
)
def test_a_failing_row_keeps_its_place_with_its_error(tmp_path, case, apply, reason):
    records = quality.run([case], [row("broken", apply)], store.Store(tmp_path), "here")
    assert len(records) == 1
    assert re.search(reason, records[0]["error"])
    (line,) = collect.collect({"quality": [{**r, "source": "here"} for r in records], "sections": {}})[
        "medians"
    ]
    assert line["row"] == "broken"
    assert line["failures"].startswith("1 failed")
    assert runs.failures({"quality": records})
    assert not list(tmp_path.glob("*.json")), "a failure must be tried again"


def test_results_resume_until_case_or_code_change(tmp_path, case, monkeypatch):
    pytest.importorskip("librosa")
    calls = []

    def counted(content, style, rate):
        calls.append(len(content))
        return content

    kept = store.Store(tmp_path)
    monkeypatch.setattr(quality, "real_metrics", lambda audio, case: {"style_closed": 0.0})
    first = quality.measured(case, row("counted", counted), kept)
    assert quality.measured(case, row("counted", counted), kept) == first
    assert len(calls) == 1
    other = Case(case.name, case.content * 0.5, case.style, None, RATE)
    quality.measured(other, row("counted", counted), kept)
    assert len(calls) == 2
    monkeypatch.setattr(quality, "code_hash", lambda *paths: "changed")
    quality.measured(case, row("counted", counted), kept)
    assert len(calls) == 3
    quality.measured(case, row("counted", counted), store.Store(tmp_path, fresh=True))
    assert len(calls) == 4


def test_losing_cells_are_named_and_copies_are_no_rivals():
    records = [
        record("copy content", **{**PAIRED, "pitch_kept": 1.2}),
        record("EQ match", **{**PAIRED, "timbre_closed": 0.7}),
        record("stylefx", **{**PAIRED, "mel_closed": -0.1}),
        # A part of stylefx on fewer cases is no rival either.
        {**record("4 iterations", **{**PAIRED, "onset": 0.99}), "kind": "ablation", "subset": True},
    ]
    found = tables.losses(records)
    assert len(found) == 2
    shown = [[cell[name] for name in ("metric", "stylefx", "rival", "its")] for cell in found]
    assert shown == [
        ["mel_closed", "-0.10", "EQ match", "0.30"],
        ["timbre_closed", "0.50", "EQ match", "0.70"],
    ]
    (worse,) = tables.bad_cases(records)
    assert (worse["case"], worse["metric"], worse["value"]) == ("a -> b", "mel_closed", "-0.10")


RESULTS = {
    "date": "2026-01-01",
    "arguments": "",
    "machine": timing.machine(),
    "load": 0.5,
    "limited": True,
    "notes": ["Not measured: nothing."],
    "cpu_minutes": 1.0,
    "sections": {"quality": {"cpu_minutes": 0.9, "wall_minutes": 1.1}},
}


def test_the_pages_say_what_the_records_say(tmp_path):
    results = {
        **RESULTS,
        "quality": [
            record("EQ match", **PAIRED),
            record("stylefx", **{**PAIRED, "mel_closed": 0.1}),
            record("stylefx draft", error="ValueError: broken"),
        ],
        "curves": [
            {"method": "x", "knob": "k", "value": 1.0, "cases": 1, "beaten": False, "failed": ["E: y"]}
        ],
        "phase": [{"method": "offline", "clean": -17.25, "us": 766.0}],
    }
    text = report.write(results, tmp_path)
    page, more = ((tmp_path / name).read_text() for name in ("RESULTS.md", "DETAILS.md"))
    assert text == f"{page}\n{more}"
    assert "| **stylefx `render`**, default | 0.10 | 0.50 | 1.00 |" in page
    assert "| font | melodic | mel_closed | 0.10 | EQ match | 0.30 |" in page
    for expected in ("1 failed: ValueError: broken", "RAVE", "numpy", "E: y", "| offline | -17.2 | 766.0 |"):
        assert expected in more
    assert json.dumps(results)


def test_a_later_run_leaves_no_table_of_an_earlier_one_but_those_filled_by_hand(tmp_path):
    collect.save({**RESULTS, "quality": [record("EQ match", **PAIRED)]}, tmp_path)
    collect.save_table([{"what": "fit", "now": "1"}], tmp_path / f"{collect.BY_HAND[0]}.csv")
    collect.save(RESULTS, tmp_path)
    assert set(collect.load(tmp_path)[1]) == {"sections", collect.BY_HAND[0]}


def test_the_committed_pages_are_those_of_the_committed_tables(tmp_path):
    shutil.copytree(report.HERE / "results", tmp_path / "results")
    report.write_pages(tmp_path)
    for name in ("RESULTS.md", "DETAILS.md"):
        assert (tmp_path / name).read_text() == (report.HERE / name).read_text(), name
    assert len((report.HERE / "RESULTS.md").read_text().splitlines()) <= 150


def test_sections_by_hand_that_no_table_belongs_to_end_the_page(monkeypatch, tmp_path):
    monkeypatch.setattr(report, "COMMENT", tmp_path / "COMMENT.md")
    (tmp_path / "COMMENT.md").write_text("## Comparison\nof five\n\n## Appendix\nby hand\n")
    report.write({**RESULTS, "limited": False}, tmp_path)
    assert (tmp_path / "RESULTS.md").read_text().endswith("## Appendix\n\nby hand\n")


def test_medians_count_only_the_cases_that_worked():
    records = [
        record("EQ match", mel=1.0, mel_closed=0.1),
        record("EQ match", mel=3.0, mel_closed=0.3),
        record("EQ match", error="E"),
    ]
    (found,) = tables.all_medians(records)
    assert found["cases"] == 2
    assert found["mel_closed"] == pytest.approx(0.2)


def test_unknown_rows_are_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="EQ match"):
        rows.chosen(["nonsense"])
    assert [r.name for r in rows.chosen(["EQ match"])] == ["EQ match"]


def test_catalogue_has_the_rows_that_every_table_carries():
    required = {"copy content", "copy style", "EQ match", "cepstral envelope", "U+L published", "U+L tuned"}
    required |= {"NMF musaicing", "stylefx", "stylefx live"}
    assert required <= set(rows.ROWS)


def test_area_is_one_for_instruments_and_zero_for_tunes():
    clips = [(i, m) for i in "pq" for m in "xyz"]

    def area(near_instrument: bool) -> float:
        distances = {}
        for a in clips:
            for b in clips:
                if a != b and (a[0] == b[0] or a[1] == b[1]):
                    distances[a, b] = 1.0 if (a[0] == b[0]) is near_instrument else 2.0
        return validity.nearer_instrument(distances)

    assert area(True) == 1
    assert area(False) == 0


def test_a_line_is_fitted_with_its_slope():
    line = timing.fit_line([1, 2, 3], [3.0, 5.0, 7.0])
    assert line["slope"] == pytest.approx(2)
    assert line["intercept"] == pytest.approx(1)
    assert line["r_squared"] == pytest.approx(1)


def test_percentiles_show_the_one_late_hop():
    seconds = np.full(1000, 0.001)
    seconds[7] = 0.5
    found = timing.percentiles(seconds)
    assert found["p50_ms"] == pytest.approx(1)
    assert found["max_ms"] == pytest.approx(500)


def test_eq_match_brings_the_spectrum_over():
    pytest.importorskip("librosa")
    from scipy.signal import lfilter

    rng = np.random.default_rng(2)
    content, other = rng.standard_normal((2, 2 * RATE)).astype(np.float32) * 0.1
    style = lfilter([1], [1, -0.9], other).astype(np.float32)
    matched = spectral.eq_match(content, style, RATE)

    def tilt(audio):
        spectrum = np.abs(np.fft.rfft(audio)) ** 2
        return 10 * np.log10(spectrum[100:2000].mean() / spectrum[-8000:].mean())

    assert abs(tilt(matched) - tilt(style)) < 1.5
    assert abs(tilt(content) - tilt(style)) > 15
    assert len(copies.copy_style(content, style[:100], RATE)) == len(content)
