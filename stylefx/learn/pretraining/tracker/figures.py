"""Figures of named notes against true ones: onset F1, octave errors, ghosts, missing notes, frame F1, delay of naming.

A named note is a hit where a true note of the same key (to half a semitone) begins within the tolerance; pairs are
matched so that as many as possible are hits (mir_eval). A named note that is no hit is an octave error where a true
note an octave, a twelfth or two octaves away begins then, a ghost where its key does not sound around its onset, and
else a note named twice or late. Faint true notes (weight 0) may be named or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

OCTAVES = (12, 19, 24)
# A note named at this distance from where its key sounds is no ghost.
NEAR_SECONDS = 0.05
FRAME_SECONDS = 0.01


def match(named: Sequence, true: Sequence, tolerance: float) -> list[tuple[int, int]]:
    """Largest set of pairs (named index, true index) with onsets within ``tolerance`` seconds and the same key."""
    from mir_eval.util import _bipartite_match

    graph: dict[int, list[int]] = {}
    for i, note in enumerate(named):
        near = [
            j
            for j, other in enumerate(true)
            if abs(note.onset - other.onset) <= tolerance and abs(note.pitch - other.pitch) <= 0.6
        ]
        if near:
            graph[i] = near
    # The result names, for every matched right node, its left one.
    return sorted((left, right) for right, left in _bipartite_match(graph).items())


def counts(named: Sequence, true: Sequence) -> dict[str, float]:
    """Counts that add up over pieces: see `figures`."""
    surely = [note for note in true if note.weight]
    found: dict[str, float] = {"true": len(surely)}
    for name, tolerance in (("50", 0.05), ("20", 0.02)):
        pairs = match(named, true, tolerance)
        hits = sum(1 for _, j in pairs if true[j].weight)
        found[f"hits{name}"] = hits
        found[f"named{name}"] = len(named) - (len(pairs) - hits)
    hit = {i for i, _ in match(named, true, 0.05)}
    rest = [note for i, note in enumerate(named) if i not in hit]
    octaves = [note for note in rest if _octave_of(note, true)]
    ghosts = [note for note in rest if not _octave_of(note, true) and not _sounds(note, true)]
    return found | {"octaves": len(octaves), "ghosts": len(ghosts)} | _frame_counts(named, true)


def _octave_of(note: Any, true: Sequence) -> bool:
    if _sounds(note, true):
        return False
    return any(
        abs(note.onset - other.onset) <= 0.1 and abs(abs(note.pitch - other.pitch) - apart) < 0.6
        for other in true
        for apart in OCTAVES
    )


def _sounds(note: Any, true: Sequence) -> bool:
    return any(
        abs(note.pitch - other.pitch) <= 0.7
        and other.onset - NEAR_SECONDS <= note.onset <= other.offset + NEAR_SECONDS
        for other in true
    )


def _frame_counts(named: Sequence, true: Sequence) -> dict[str, float]:
    end = max([note.offset for note in (*named, *true)], default=0.0)
    a, b = _roll(named, end), _roll(true, end)
    return {"both": float((a & b).sum()), "frames named": float(a.sum()), "frames true": float(b.sum())}


def _roll(notes: Sequence, end: float) -> np.ndarray:
    roll = np.zeros((int(end / FRAME_SECONDS) + 2, 128), bool)
    for note in notes:
        first, last = (int(seconds / FRAME_SECONDS) for seconds in (note.onset, note.offset))
        roll[first:last, round(note.pitch)] = True
    return roll


def figures(all_counts: Sequence[dict[str, float]]) -> dict[str, float]:
    """F1 at 50 and 20 ms, precision, recall, frame F1, and octave errors, ghosts (of those named) and missing notes."""
    total = {name: sum(each[name] for each in all_counts) for name in all_counts[0]}
    named = max(total["named50"], 1)
    return {
        "f50": 2 * total["hits50"] / max(total["true"] + total["named50"], 1),
        "f20": 2 * total["hits20"] / max(total["true"] + total["named20"], 1),
        "precision": total["hits50"] / named,
        "recall": total["hits50"] / max(total["true"], 1),
        "frame": 2 * total["both"] / max(total["frames named"] + total["frames true"], 1),
        "octaves": total["octaves"] / named,
        "ghosts": total["ghosts"] / named,
        "missing": 1 - total["hits50"] / max(total["true"], 1),
    }
