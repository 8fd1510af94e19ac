"""Duels, costs and long runs: computed from the records, with the case that is worst by name."""

from __future__ import annotations

import json

from benchmarks.metrics import duels
from benchmarks.report import curves
from benchmarks.timing import cost, longrun_table

METRICS = {"mel_closed": 0.5, "timbre_closed": 0.9, "pitch_kept": 1.0, "onset": 0.9, "lsd": 10.0, "copy": 0.3}


def record(row: str, case: str, source="FluidR3_GM", group="melodic", **values):
    kind = "stylefx" if row.startswith("stylefx") else "rival"
    about = {"row": row, "case": case, "source": source, "group": group, "kind": kind, "subset": False}
    return {**about, "seconds": 10.0, "fit_s": 2.0, "render_factor": 0.3, "mel": 3.0, **METRICS, **values}


def test_duels_count_wins_ties_and_losses_whichever_way_is_better():
    records = []
    for case, mine, theirs in (("a", 0.5, 0.3), ("b", 0.302, 0.3), ("c", 0.1, 0.3), ("d", 0.4, 0.3)):
        records += [record("stylefx", case, onset=mine, lsd=10 * mine)]
        records += [record("EQ match", case, onset=theirs, lsd=10 * theirs)]
    found = {duel["metric"]: duel for duel in duels.duels(records)}
    assert (found["onset"]["wins"], found["onset"]["losses"], found["onset"]["cases"]) == (2, 1, 4)
    assert (found["onset"]["worst"], found["onset"]["case"]) == (0.1, "c")
    assert (found["lsd"]["wins"], found["lsd"]["losses"], found["lsd"]["case"]) == (1, 3, "a")
    (row,) = (row for row in duels.table(records) if (row["row"], row["metric"]) == ("stylefx", "onset"))
    shown = [row[name] for name in ("wins", "ties", "losses", "share_won", "worst", "in")]
    assert shown == ["2", "1", "1", "50 %", "0.10", "c"]


def test_a_committed_long_run_is_shown_with_date_and_machine(tmp_path):
    path = tmp_path / "longrun.json"
    assert longrun_table.section(path) == ""
    runs = [{"run": "1 h, idle", "late": 0}, {"run": "1 h, busy", "late": 3, "worst_ms": 4.25}]
    path.write_text(json.dumps({"date": "2026-01-31", "machine": "a laptop", "runs": runs}))
    text = longrun_table.section(path)
    for expected in ("2026-01-31", "a laptop", "| 1 h, idle | 0 | - |", "| 1 h, busy | 3 | 4.25 |"):
        assert expected in text


def test_the_cost_of_a_row_is_told_without_the_cache():
    (row,) = cost.table([record("stylefx", "a", metrics_s=1.0), record("stylefx", "b", metrics_s=1.0)])
    assert list(row.values()) == ["stylefx", "2", "2.0", "3.0", "1.0", "0.2"]


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
