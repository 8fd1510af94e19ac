"""Trade-off curves: timbre_closed against pitch_kept as each method's own knob turns, all on one plot.

One point per method hides the choice that its authors made. A method is better where its curve lies further
up and to the right, not where one point does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import engine, quality
from benchmarks.baselines import musaicing, spectral, ulyanov_cifka
from benchmarks.cases import HEARD_GROUP, Case
from benchmarks.row import Row
from benchmarks.rows import ROWS
from benchmarks.store import Store

# Every n-th case of the paired ones: enough for a median, few enough for many points.
STEP, QUICK_STEP = 4, 12
METRICS = ("mel_closed", "timbre_closed", "pitch_kept", "onset")

Maker = Callable[[float], Row]


def _rival(name: str, function: Callable, knob: str, code: str) -> Maker:
    def make(value: float) -> Row:
        return Row(f"{name}, {knob} {value:g}", "", partial(function, **{knob: value}), (code,), kind="curve")

    return make


def _engine(value: float) -> Row:
    # The knob's end is the default row, whose results are there already.
    if value == 1:
        return ROWS["stylefx"]
    return engine.offline_row(f"stylefx, strength {value:g}", "", kind="curve", strength=value)


def _published(value: float) -> Row:
    if value == 1:
        return ROWS["U+L published"]
    return Row(
        f"U+L published, strength {value:g}",
        "",
        partial(engine.published, strength=value),
        engine.PUBLISHED_CODE,
        engine.learn_published,
        kind="curve",
    )


_SPECTRAL = "benchmarks/baselines/spectral.py"
CURVES: dict[str, tuple[str, Maker, tuple[float, ...]]] = {
    "EQ match": ("strength", _rival("EQ", spectral.eq_match, "strength", _SPECTRAL), (0.25, 0.5, 0.75, 1)),
    "cepstral envelope": (
        "strength",
        _rival("envelope", spectral.cepstral_envelope, "strength", _SPECTRAL),
        (0.25, 0.5, 0.75, 1),
    ),
    "U+L tuned": (
        "style weight",
        _rival(
            "U+L tuned", ulyanov_cifka.ulyanov_cifka, "style_weight", "benchmarks/baselines/ulyanov_cifka.py"
        ),
        (10**-2.1, 10**-1.1, 1, 10, 100),
    ),
    "U+L published": ("strength", _published, (0.5, 1)),
    "NMF musaicing": (
        "polyphony",
        _rival("NMF", musaicing.musaicing, "polyphony", "benchmarks/baselines/musaicing.py"),
        (1, 3, 10, 30),
    ),
    "stylefx": ("strength", _engine, (0.25, 0.5, 0.75, 1)),
}


def run(cases: list[Case], store: Store, quick: bool = False) -> list[dict[str, Any]]:
    """One point a method and knob value: medians over every fourth paired case."""
    known = [case for case in cases if case.target is not None and case.group != HEARD_GROUP]
    chosen = known[:: QUICK_STEP if quick else STEP]
    points = []
    for method, (knob, make, values) in CURVES.items():
        for value in values[-1:] if quick else values:
            records = quality.run(chosen, [make(value)], store, "curve")
            failed = [record["error"] for record in records if "error" in record]
            point = {"method": method, "knob": knob, "value": value, "cases": len(chosen)}
            points.append({**point, **quality.medians(records, METRICS), "failed": failed})
    return points


def draw(points: list[dict[str, Any]], path: Path) -> None:
    """The picture: one line a method, the knob's last value marked."""
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
        (line,) = axes.plot(across, up, "-o", markersize=4, label=method)
        if known:
            axes.plot(across[-1], up[-1], "o", markersize=9, color=line.get_color())
            label = f"{known[-1]['knob']} {known[-1]['value']:g}"
            axes.annotate(
                label, (across[-1], up[-1]), xytext=(6, -10), textcoords="offset points", fontsize=7
            )
    axes.plot(0, 1, "ks")
    axes.annotate("copy content", (0, 1), xytext=(6, 6), textcoords="offset points", fontsize=7)
    axes.margins(x=0.14)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
