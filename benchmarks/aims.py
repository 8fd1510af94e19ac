"""What stylefx set out to reach, against what was measured: one line an aim, met or not.

The aims were set before the engine was tuned, from prototypes and rivals: on renders medians over the paired
cases, on recordings over all pairs; ``draft`` and ``normal`` (the default) side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cases import HEARD_GROUP, TRAINING_FONT
from benchmarks.quality import Record
from benchmarks.tables import COPIES, LEAK, OURS, markdown_table, number

UNSEEN_FONT = "TimGM6mb"
ROWS = {"draft": "stylefx draft", "normal": OURS, "best": "stylefx best"}
STATISTIC = "harmonic Gram (method harmonic)"
# A rival counts for voices if it keeps this much of the pitch: pasting the clip closes any style gap.
KEEPS_PITCH = 0.5

Results = dict[str, Any]
# Of the whole results and a row's name: the figure and the case it was read in, None where it was not measured.
Reading = Callable[[Results, str], "tuple[float, str] | None"]
Chosen = Callable[[Record], bool]


@dataclass(frozen=True)
class Aim:
    """``asked`` by quality (``draft``, ``normal``, ``best``); ``least``: whether it is a lower bound."""

    what: str
    read: Reading
    asked: dict[str, float]
    least: bool = True


def median_of(metric: str, chosen: Chosen) -> Reading:
    """Median of a metric over the chosen records of a row."""

    def read(results: Results, row: str) -> tuple[float, str] | None:
        values = [r[metric] for r in _of(results, row) if metric in r and chosen(r)]
        return (float(np.median(values)), f"{len(values)} cases") if values else None

    return read


def worst_of(metric: str, chosen: Chosen, largest: bool = False) -> Reading:
    """Smallest value of a metric over the chosen records, and where; or largest, and what the content reads there."""

    def read(results: Results, row: str) -> tuple[float, str] | None:
        found = [r for r in _of(results, row) if metric in r and chosen(r)]
        if not found:
            return None
        worst = (max if largest else min)(found, key=lambda record: record[metric])
        at = (worst["source"], worst["case"])
        content = [r[metric] for r in _of(results, "copy content") if (r["source"], r["case"]) == at]
        beside = f" (the content itself {number(content[0])})" if content and largest else ""
        return worst[metric], f"{at[0]}, {at[1]}{beside}"

    return read


def lead_of(metric: str, chosen: Chosen) -> Reading:
    """Median over the best rival's that keeps the pitch: above 0 stylefx leads."""

    def read(results: Results, row: str) -> tuple[float, str] | None:
        rivals = {r["row"] for r in results["quality"] if r["kind"] == "rival" and r["row"] not in COPIES}
        found = {}
        for name in (row, *sorted(rivals)):
            value, pitch = (median_of(m, chosen)(results, name) for m in (metric, "pitch_jaccard"))
            if value and pitch and (name == row or pitch[0] >= KEEPS_PITCH):
                found[name] = value[0]
        if row not in found or len(found) < 2:
            return None
        mine = found.pop(row)
        best = max(found, key=lambda name: found[name])
        return mine - found[best], f"{number(mine)}, {best} {number(found[best])}"

    return read


def statistic_of(figure: Callable[[Record], float]) -> Reading:
    """A figure of the style statistic on the SoundFont that it is worst on; it has no quality."""

    def read(results: Results, row: str) -> tuple[float, str] | None:
        found = [r for r in results.get("validity") or [] if r["statistic"] == STATISTIC and "error" not in r]
        pooled = [(figure(record), record["source"]) for record in found]
        return max(pooled, key=lambda pair: pair[0]) if pooled else None

    return read


def fit_alone(results: Results, row: str) -> tuple[float, str] | None:
    """CPU seconds of a fit of 10 s: timed by itself where the speed section ran, else the median over the cases."""
    quality = next(name for name, known in ROWS.items() if known == row)
    rows = results.get("speed", {}).get("scaling", {}).get("fit", {}).get("rows", [])
    timed = [r["cpu_s"] for r in rows if (r["quality"], r["seconds"]) == (quality, 10.0)]
    return (timed[0], "timed by itself") if timed else median_of("fit_s", _any)(results, row)


def chain_alone(results: Results, row: str) -> tuple[float, str] | None:
    """CPU seconds per second of audio: timed by itself where the speed section ran, else the median of the cases."""
    records = results.get("speed", {}).get("engine", [])
    timed = [r["rtf"] for r in records if r["setting"] == "default" and "rtf" in r]
    return (timed[0], "timed by itself") if timed else median_of("render_factor", _any)(results, row)


def _of(results: Results, row: str) -> list[Record]:
    return [r for r in results["quality"] if r["row"] == row and "error" not in r]


def _paired(font: str) -> Chosen:
    return lambda r: r["source"] == font and r["group"] != HEARD_GROUP and "mel_closed" in r


def _poly(r: Record) -> bool:
    return r["source"] == TRAINING_FONT and r["group"] == "polyphonic"


def _recording(r: Record) -> bool:
    return r["source"] == "recordings"


def _group(name: str) -> Chosen:
    return lambda r: _recording(r) and r["group"] == name


def _any(r: Record) -> bool:
    return True


def _each(value: float) -> dict[str, float]:
    return {"draft": value, "normal": value}


_KNOWN, _UNSEEN = _paired(TRAINING_FONT), _paired(UNSEEN_FONT)
AIMS = (
    Aim("mel_closed, FluidR3_GM", median_of("mel_closed", _KNOWN), _each(0.42)),
    Aim("timbre_closed, FluidR3_GM", median_of("timbre_closed", _KNOWN), _each(0.88)),
    Aim("pitch_kept, FluidR3_GM", median_of("pitch_kept", _KNOWN), _each(0.98)),
    Aim("onset, FluidR3_GM", median_of("onset", _KNOWN), _each(0.82)),
    Aim("mel_closed, TimGM6mb", median_of("mel_closed", _UNSEEN), _each(0.36)),
    Aim("timbre_closed, TimGM6mb", median_of("timbre_closed", _UNSEEN), _each(0.80)),
    Aim("pitch_kept, TimGM6mb", median_of("pitch_kept", _UNSEEN), _each(0.97)),
    Aim("mel_closed, polyphonic, FluidR3_GM", median_of("mel_closed", _poly), _each(0.40)),
    Aim("pitch_kept, polyphonic, FluidR3_GM", median_of("pitch_kept", _poly), _each(0.98)),
    Aim("worst mel_closed, FluidR3_GM", worst_of("mel_closed", _KNOWN), _each(0.20)),
    Aim("worst mel_closed, TimGM6mb", worst_of("mel_closed", _UNSEEN), _each(0.20)),
    Aim("style_closed, recordings", median_of("style_closed", _recording), {"draft": 0.55, "normal": 0.72}),
    Aim("pitch_jaccard, recordings", median_of("pitch_jaccard", _recording), {"draft": 0.70, "normal": 0.78}),
    Aim("worst style_closed, recordings", worst_of("style_closed", _recording), _each(0.30)),
    Aim("voice -> instrument: lead in style_closed", lead_of("style_closed", _group("voice")), _each(0.0)),
    Aim("instrument -> voice: lead in style_closed", lead_of("style_closed", _group("to voice")), _each(0.0)),
    Aim("largest copy", worst_of("copy", _any, largest=True), _each(LEAK), least=False),
    Aim("fit of 10 s, CPU s", fit_alone, {"draft": 0.5, "normal": 10.0, "best": 60.0}, least=False),
    Aim("whole chain, CPU s per s of audio", chain_alone, {"normal": 0.35}, least=False),
    Aim(
        "statistic: share of triplets lost",
        statistic_of(lambda r: 1 - r["wins"] / r["cases"]),
        {"normal": 0.05},
        False,
    ),
    Aim("statistic: median distance ratio", statistic_of(lambda r: r["ratio"]), {"normal": 0.15}, False),
)


def judged(results: Results) -> list[dict[str, Any]]:
    """One record an aim and quality that was measured: what, asked, found, where, met."""
    found = []
    for aim in AIMS:
        for quality, asked in aim.asked.items():
            reading = aim.read(results, ROWS[quality])
            if reading is not None:
                value, where = reading
                met = value >= asked if aim.least else value <= asked
                about = {"what": aim.what, "quality": quality, "asked": asked, "least": aim.least}
                found.append({**about, "found": value, "where": where, "met": met})
    return found


def section(results: Results) -> str:
    """The aims as a table: one line an aim, a cell a quality."""
    records = judged(results)
    met = sum(record["met"] for record in records)
    lines = []
    for what in dict.fromkeys(record["what"] for record in records):
        mine = {record["quality"]: record for record in records if record["what"] == what}
        default = mine.get("normal") or next(iter(mine.values()))
        asked = " / ".join(dict.fromkeys(f"{record['asked']:g}" for record in mine.values()))
        bound = f"{'at least' if default['least'] else 'at most'} {asked}"
        lines.append([what, bound, *(_cell(mine.get(quality)) for quality in ROWS), default["where"]])
    text = (
        f"{met} of {len(records)} are met. Medians over the paired cases (instruments heard in training left out) and "
        "over all recordings; `worst` is over every single case. The lead towards and from voices is over the best "
        f"rival that keeps a pitch Jaccard of {KEEPS_PITCH}. The last column belongs to `normal`, the default."
    )
    return "\n\n".join(["## Aims", text, markdown_table(("figure", "asked", *ROWS, "over"), lines)])


def _cell(record: dict[str, Any] | None) -> str:
    return (
        "" if record is None else f"{number(record['found'], 3)} {'met' if record['met'] else '**missed**'}"
    )
