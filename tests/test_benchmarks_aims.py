"""Aims, duels and long runs: computed from the records, with the case that is worst by name."""

from __future__ import annotations

import json

import pytest

from benchmarks import aims, cost, curves, duels, longrun_table

METRICS = {"mel_closed": 0.5, "timbre_closed": 0.9, "pitch_kept": 1.0, "onset": 0.9, "lsd": 10.0, "copy": 0.3}


def record(row: str, case: str, source="FluidR3_GM", group="melodic", **values):
    kind = "stylefx" if row.startswith("stylefx") else "rival"
    about = {"row": row, "case": case, "source": source, "group": group, "kind": kind, "subset": False}
    return {**about, "seconds": 10.0, "fit_s": 2.0, "render_factor": 0.3, "mel": 3.0, **METRICS, **values}


def real(row: str, case: str, group: str, style_closed: float, pitch_jaccard: float):
    about = record(row, case, "recordings", group)
    kept = {name: value for name, value in about.items() if name not in ("mel", *METRICS)}
    return {
        **kept,
        "style_closed": style_closed,
        "pitch_jaccard": pitch_jaccard,
        "loudness": 0.9,
        "copy": 0.1,
    }


def judged(records, validity=()):
    found = aims.judged({"quality": records, "validity": list(validity)})
    return {(aim["what"], aim["quality"]): aim for aim in found}


def test_aims_are_medians_over_cases_and_the_worst_case_has_a_name():
    records = [record("stylefx", f"case {k}", mel_closed=value) for k, value in enumerate((0.1, 0.45, 0.6))]
    found = judged([*records, record("stylefx", "heard", group=aims.HEARD_GROUP, mel_closed=-5.0)])
    median = found["mel_closed, FluidR3_GM", "normal"]
    assert (median["found"], median["met"]) == (0.45, True)
    worst = found["worst mel_closed, FluidR3_GM", "normal"]
    assert (worst["found"], worst["met"]) == (0.1, False)
    assert "case 0" in worst["where"]
    assert ("mel_closed, TimGM6mb", "normal") not in found


FIT, CHAIN = "fit of 10 s, CPU s", "whole chain, CPU s per s of audio"


def test_upper_bounds_are_met_from_below():
    found = judged(
        [
            record("stylefx draft", "a", copy=0.71, fit_s=0.4),
            record("stylefx", "a", render_factor=0.36),
        ]
    )
    assert not found["largest copy", "draft"]["met"]
    assert found[FIT, "draft"]["met"]
    assert not found[CHAIN, "normal"]["met"]


def test_costs_are_judged_by_what_was_timed_alone():
    speed = {
        "engine": [{"setting": "default", "rtf": 0.3}],
        "scaling": {"fit": {"rows": [{"quality": "normal", "seconds": 10.0, "cpu_s": 11.0}]}},
    }
    records = [record("stylefx", "a", render_factor=0.4, fit_s=5.0)]
    found = {aim["what"]: aim for aim in aims.judged({"quality": records, "speed": speed})}
    assert (found[CHAIN]["found"], found[CHAIN]["met"]) == (0.3, True)
    assert (found[FIT]["found"], found[FIT]["met"]) == (11.0, False)


def test_a_rival_that_pastes_the_clip_is_no_lead():
    records = [
        real("stylefx", "a", "voice", 0.7, 0.8),
        real("EQ match", "a", "voice", 0.5, 0.8),
        real("NMF musaicing", "a", "voice", 0.9, 0.0),
    ]
    lead = judged(records)["voice -> instrument: lead in style_closed", "normal"]
    assert lead["found"] == pytest.approx(0.2)
    assert "EQ match" in lead["where"]


def test_the_statistic_is_judged_on_the_soundfont_that_it_is_worst_on():
    validity = [
        {"source": font, "statistic": aims.STATISTIC, "wins": wins, "cases": 20, "ratio": ratio}
        for font, wins, ratio in (("one", 20, 0.1), ("two", 17, 0.2))
    ]
    found = judged([record("stylefx", "a")], validity)
    assert found["statistic: share of triplets lost", "normal"]["found"] == pytest.approx(0.15)
    assert found["statistic: median distance ratio", "normal"]["where"] == "two"


def test_the_table_of_aims_says_met_and_missed():
    text = aims.section({"quality": [record("stylefx", "a", onset=0.1)], "validity": None})
    assert "0.500 met" in text
    assert "0.100 **missed**" in text


def test_duels_count_wins_ties_and_losses_whichever_way_is_better():
    records = []
    for case, mine, theirs in (("a", 0.5, 0.3), ("b", 0.302, 0.3), ("c", 0.1, 0.3), ("d", 0.4, 0.3)):
        records += [record("stylefx", case, onset=mine, lsd=10 * mine)]
        records += [record("EQ match", case, onset=theirs, lsd=10 * theirs)]
    found = {duel["metric"]: duel for duel in duels.duels(records)}
    assert (found["onset"]["wins"], found["onset"]["losses"], found["onset"]["cases"]) == (2, 1, 4)
    assert (found["onset"]["worst"], found["onset"]["case"]) == (0.1, "c")
    assert (found["lsd"]["wins"], found["lsd"]["losses"], found["lsd"]["case"]) == (1, 3, "a")
    assert "| onset | 2 | 1 | 1 | 50 % | 0.10 | c |" in duels.section(records)


def test_a_committed_long_run_is_shown_with_date_and_machine(tmp_path):
    path = tmp_path / "longrun.json"
    assert longrun_table.section(path) == ""
    runs = [{"run": "1 h, idle", "late": 0}, {"run": "1 h, busy", "late": 3, "worst_ms": 4.25}]
    path.write_text(json.dumps({"date": "2026-01-31", "machine": "a laptop", "runs": runs}))
    text = longrun_table.section(path)
    for expected in ("2026-01-31", "a laptop", "| 1 h, idle | 0 | - |", "| 1 h, busy | 3 | 4.25 |"):
        assert expected in text


def test_the_cost_of_a_row_is_told_without_the_cache():
    results = {"quality": [record("stylefx", "a", metrics_s=1.0), record("stylefx", "b", metrics_s=1.0)]}
    text = cost.section({**results, "sections": {"quality": {"cpu_minutes": 2.0, "wall_minutes": 3.0}}})
    assert "| stylefx | 2 | 2.0 | 3.0 | 1.0 | 0.2 |" in text
    assert "| quality | 2.0 | 3.0 |" in text


def test_a_point_is_beaten_by_a_point_that_is_better_both_ways():
    ours = [{"method": "stylefx", "timbre_closed": t, "pitch_kept": p} for t, p in ((0.5, 1.0), (0.8, 0.9))]
    for timbre, pitch, expected in (
        (0.7, 0.9, True),
        (0.7, 0.95, False),
        (0.4, 1.0, True),
        (0.9, 0.1, False),
    ):
        point = {"method": "EQ match", "timbre_closed": timbre, "pitch_kept": pitch}
        assert curves.beaten(point, [point, *ours]) is expected
