"""stylefx against the plain EQ match, case by case: how often it wins, and its worst case on every metric.

A median hides the case that fails and a rival that is nearly always a little better; these tables do not.
"""

from __future__ import annotations

from benchmarks.report.quality import Record
from benchmarks.report.tables import MARGIN, OURS, groups, kind_of, number, of_group

OPPONENT = "EQ match"
PAIRED = ("mel_closed", "timbre_closed", "pitch_kept", "onset", "lsd", "copy")
REAL = ("style_closed", "pitch_jaccard", "loudness", "copy")
LOWER_IS_BETTER = ("lsd", "copy")


def duels(records: list[Record], ours: str = OURS, opponent: str = OPPONENT) -> list[dict]:
    """One record a group and metric: wins, ties (within the margin) and losses; the worst value and its case."""
    found = []
    for source, group in groups(records):
        members = [r for r in of_group(records, source, group) if "error" not in r]
        mine = {r["case"]: r for r in members if r["row"] == ours}
        theirs = {r["case"]: r for r in members if r["row"] == opponent}
        both = [case for case in mine if case in theirs]
        for metric in PAIRED if kind_of(members) == "paired" else REAL:
            if both:
                sign = -1 if metric in LOWER_IS_BETTER else 1
                gaps = [sign * (mine[case][metric] - theirs[case][metric]) for case in both]
                worst = min(both, key=lambda case: sign * mine[case][metric])
                found.append(
                    {
                        "group": f"{source}: {group}",
                        "metric": metric,
                        "wins": sum(gap > MARGIN for gap in gaps),
                        "losses": sum(gap < -MARGIN for gap in gaps),
                        "cases": len(both),
                        "worst": mine[worst][metric],
                        "case": worst,
                    }
                )
    return found


def table(records: list[Record]) -> list[dict[str, str]]:
    """The duels of the default and of the draft, as text."""
    return [
        {
            "row": row,
            "group": duel["group"],
            "metric": duel["metric"],
            "wins": str(duel["wins"]),
            "ties": str(duel["cases"] - duel["wins"] - duel["losses"]),
            "losses": str(duel["losses"]),
            "share_won": f"{100 * duel['wins'] / duel['cases']:.0f} %",
            "worst": number(duel["worst"]),
            "in": duel["case"],
        }
        for row in dict.fromkeys((OURS, "stylefx draft"))
        for duel in duels(records, row)
    ]
