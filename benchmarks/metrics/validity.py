"""Is a style statistic valid: does it hear the instrument rather than the tune?

Triplets: over the paired cases, ``d(target, style) < d(content, style)`` (same instrument, other tune,
against other instrument, other tune): wins and the median ratio of the two distances.

Grid: every instrument plays every score; AUC is the probability that a clip of the same instrument (another
score) is nearer than one of the same score (another instrument). 0.5 is indifference, below it the tune wins.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from benchmarks.cases.cases import Case
from benchmarks.cases.instruments import preset
from benchmarks.cases.rendering import SAMPLE_RATE, render_score
from benchmarks.cases.scores import MELODIES, PARTS
from benchmarks.cases.soundfonts import find_soundfont
from benchmarks.metrics.statistics import STATISTICS, Statistic
from benchmarks.report.quality import FAILURES, METRIC_CODE, notify
from benchmarks.report.store import Store, code_hash, key_of

INSTRUMENTS = (
    "piano",
    "vibraphone",
    "church organ",
    "nylon guitar",
    "violin",
    "cello",
    "harp",
    "choir",
    "trumpet",
    "oboe",
    "clarinet",
    "flute",
)
QUICK_INSTRUMENTS = 4
GRID_SECONDS = 6.0
CODE = ("benchmarks/metrics/validity.py", "benchmarks/metrics/statistics.py", *METRIC_CODE)


def run(
    cases: list[Case],
    soundfont: str,
    store: Store,
    quick: bool = False,
    statistics: tuple[Statistic, ...] = STATISTICS,
) -> list[dict[str, Any]]:
    """One record a statistic: wins, cases, ratio, AUC over melodies and over parts; or its error."""
    paired = [case for case in cases if case.target is not None]
    records = []
    for statistic in statistics:
        code = code_hash(*CODE, *statistic.code)
        key = key_of(statistic.name, soundfont, quick, code, *(case.name for case in paired))
        record = store.get(key)
        if record is None:
            record = _judge(statistic, paired, soundfont, quick)
            if "error" not in record:
                store.put(key, record)
        notify(f"validity on {soundfont}: {record}")
        records.append({"source": soundfont, **record})
    return records


def _judge(statistic: Statistic, cases: list[Case], soundfont: str, quick: bool) -> dict[str, Any]:
    try:
        wins, ratio = triplets(statistic, cases)
        scores = [list(kind)[:2] if quick else list(kind)[::2] for kind in (MELODIES, PARTS)]
        instruments = INSTRUMENTS[: QUICK_INSTRUMENTS if quick else None]
        mono, poly = (grid_auc(statistic, soundfont, instruments, names) for names in scores)
    except FAILURES as error:
        return {"statistic": statistic.name, "error": f"{type(error).__name__}: {error}"}
    counts = {"wins": wins, "cases": len(cases), "ratio": ratio}
    return {"statistic": statistic.name, **counts, "auc_melodies": mono, "auc_parts": poly}


def triplets(statistic: Statistic, cases: list[Case]) -> tuple[int, float]:
    """How often the target is nearer to the style than the content is, and the median ratio."""
    ratios = []
    for case in cases:
        assert case.target is not None
        clips = (case.style, case.target, case.content)
        style, target, content = (statistic.describe(audio, case.sample_rate) for audio in clips)
        ratios.append(statistic.distance(target, style) / statistic.distance(content, style))
    return int((np.array(ratios) < 1).sum()), float(np.median(ratios))


def grid_auc(statistic: Statistic, soundfont: str, instruments, scores) -> float:
    """Probability that the same instrument is nearer than the same score, over all anchors and pairs."""
    path = find_soundfont(soundfont)
    clips = {}
    for name, score in product(instruments, scores):
        played = preset(name, path)
        audio = render_score(path, played.bank, played.program, score, seconds=GRID_SECONDS)
        clips[name, score] = statistic.describe(audio, SAMPLE_RATE)
    distances = {}
    for a, b in product(clips, clips):
        # The same pair either way round, and never a clip with itself.
        if a < b and (a[0] == b[0] or a[1] == b[1]):
            distances[a, b] = distances[b, a] = statistic.distance(clips[a], clips[b])
    return nearer_instrument(distances)


def nearer_instrument(distances: dict[tuple[tuple[str, str], tuple[str, str]], float]) -> float:
    """AUC over anchors of same-instrument against same-score distances; ties count half."""
    anchors: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for (a, b), distance in distances.items():
        same_instrument, same_score = anchors.setdefault(a, ([], []))
        (same_instrument if a[0] == b[0] else same_score).append(distance)
    areas = []
    for same_instrument, same_score in anchors.values():
        gap = np.subtract.outer(same_instrument, same_score)
        areas.append((gap < 0).mean() + 0.5 * (gap == 0).mean())
    return float(np.mean(areas))
