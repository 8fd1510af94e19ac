"""Trade-off curves: timbre_closed against pitch_kept as each method's own knob turns, all on one plot.

One point per method hides the choice that its authors made. A method is better where its curve lies further
up and to the right, not where one point does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cases.cases import HEARD_GROUP, Case
from benchmarks.report import quality
from benchmarks.report.store import Store
from benchmarks.systems import engine
from benchmarks.systems.baselines import musaicing, spectral, ulyanov_cifka, ulyanov_published
from benchmarks.systems.row import Row
from benchmarks.systems.rows import ROWS

# The cases of the subset, four of the paired ones: few for a median, but the fits and the ends of the curves are
# there already.
STEP, QUICK_STEP = quality.SUBSET_STEP, 12
METRICS = ("mel_closed", "timbre_closed", "pitch_kept", "onset")
OURS = "stylefx"

Maker = Callable[[float], Row]


def _rival(row: str, function: Callable, knob: str, default: float) -> Maker:
    """Rows of a rival whose ``knob`` is turned; at its default it is the row that the tables have."""
    known = ROWS[row]

    def make(value: float) -> Row:
        if value == default:
            return known
        turned = partial(function, **{knob: value})
        return Row(f"{row}, {knob} {value:g}", "", turned, known.code, known.learn, kind="curve")

    return make


def _engine(value: float) -> Row:
    if value == 1:
        return ROWS[OURS]
    return engine.offline_row(f"{OURS}, strength {value:g}", "", kind="curve", strength=value)


# Method -> its knob, its rows, and the knob's values from least to most style.
CURVES: dict[str, tuple[str, Maker, tuple[float, ...]]] = {
    "EQ match": (
        "strength",
        _rival("EQ match", spectral.eq_match, "strength", 1),
        (0.25, 0.5, 0.75, 1),
    ),
    "cepstral envelope": (
        "strength",
        _rival("cepstral envelope", spectral.cepstral_envelope, "strength", 1),
        (0.25, 0.5, 0.75, 1),
    ),
    "U+L tuned": (
        "style weight",
        _rival("U+L tuned", ulyanov_cifka.ulyanov_cifka, "style_weight", ulyanov_cifka.STYLE_WEIGHT),
        (ulyanov_cifka.STYLE_WEIGHT, 10**-1.1, 1, 10, 100),
    ),
    "U+L published": (
        "content weight",
        _rival(
            "U+L published",
            ulyanov_published.ulyanov_published,
            "content_weight",
            ulyanov_published.CONTENT_WEIGHT,
        ),
        (10, 1, 0.1, ulyanov_published.CONTENT_WEIGHT),
    ),
    "NMF musaicing": (
        "polyphony",
        _rival("NMF musaicing", musaicing.musaicing, "polyphony", musaicing.POLYPHONY),
        (1, 3, musaicing.POLYPHONY, 30),
    ),
    OURS: ("strength", _engine, (0.25, 0.5, 0.75, 1)),
}
QUICK_WITHOUT = ("U+L published", OURS)


def run(cases: list[Case], store: Store, quick: bool = False) -> list[dict[str, Any]]:
    """One point a method and knob value: medians over every sixth paired case."""
    known = [case for case in cases if case.target is not None and case.group != HEARD_GROUP]
    chosen = known[:: QUICK_STEP if quick else STEP]
    points = []
    for method, (knob, make, values) in CURVES.items():
        if quick and method in QUICK_WITHOUT:
            continue
        for value in values[-1:] if quick else values:
            records = quality.run(chosen, [replace(make(value), subset=False)], store, "curve")
            failed = [record["error"] for record in records if "error" in record]
            point = {"method": method, "knob": knob, "value": value, "cases": len(chosen)}
            points.append({**point, **quality.medians(records, METRICS), "failed": failed})
    return [{**point, "beaten": beaten(point, points)} for point in points]


def beaten(point: dict[str, Any], points: list[dict[str, Any]]) -> bool:
    """Whether some point of stylefx closes more of the timbre gap and keeps at least as much pitch."""
    if point["method"] == OURS or "timbre_closed" not in point:
        return False
    return any(
        p["timbre_closed"] > point["timbre_closed"] and p["pitch_kept"] >= point["pitch_kept"]
        for p in points
        if p["method"] == OURS and "timbre_closed" in p
    )


def draw(points: list[dict[str, Any]], path: Path) -> None:
    """The picture: one line per method, the end of its knob with most style marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot(
        xlabel="timbre_closed (0 the content, 1 the target)",
        ylabel="pitch_kept (1 the target)",
        title="Trade-off: each method along its own knob, medians",
    )
    for method in dict.fromkeys(point["method"] for point in points):
        known = [p for p in points if p["method"] == method and "timbre_closed" in p]
        across, up = ([p[name] for p in known] for name in ("timbre_closed", "pitch_kept"))
        if not known:
            continue
        first, last = known[0], known[-1]
        label = f"{method}, {first['knob']} {first['value']:.3g} to {last['value']:.3g}"
        (line,) = axes.plot(across, up, "-o", markersize=4, label=label)
        axes.plot(across[-1], up[-1], "o", markersize=9, color=line.get_color())
    axes.plot(0, 1, "ks")
    axes.annotate("copy content", (0, 1), xytext=(6, -12), textcoords="offset points", fontsize=7)
    axes.margins(x=0.14)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
