"""``python -m benchmarks.nets``: which layer of which net hears the instrument rather than the tune -> NETS.md.

The grid of validity.py on TimGM6mb, of which nothing here has heard a note: every instrument plays every score; the
figure is the probability that a clip of the same instrument, another tune, is nearer than one of the same tune on
another instrument. What the figures say is written by hand after a run, in NETS-COMMENT.md.
"""

from __future__ import annotations

import datetime
import sys
import time
from typing import Any

from benchmarks import HERE
from benchmarks.cases.scores import MELODIES, PARTS
from benchmarks.metrics.net_statistics import NET_STATISTICS
from benchmarks.metrics.statistics import STATISTICS, Statistic
from benchmarks.metrics.validity import CODE, GRID_SECONDS, INSTRUMENTS, grid_auc
from benchmarks.report.quality import METRIC_CODE, notify
from benchmarks.report.store import Store, code_hash, key_of
from benchmarks.report.tables import as_cells, markdown_table
from benchmarks.timing import distribution as timing

COMMENT = HERE / "NETS-COMMENT.md"
SOUNDFONT = "TimGM6mb"
BESIDE = ("U+L Gram, centred, cosine", "harmonic Gram (method harmonic)", "long-term spectrum (EQ match)")
COLUMNS = ("statistic", "auc_melodies", "auc_parts")


def main() -> int:
    """Measure and write."""
    timing.single_thread()
    began, store = time.process_time(), Store()
    beside = [statistic for statistic in STATISTICS if statistic.name in BESIDE]
    records = [judged(statistic, store) for statistic in (*NET_STATISTICS, *beside)]
    (HERE / "NETS.md").write_text(page(records, (time.process_time() - began) / 60))
    return 0


def judged(statistic: Statistic, store: Store) -> dict[str, Any]:
    """The two areas of a statistic, from the store where nothing has changed."""
    key = key_of("nets", statistic.name, SOUNDFONT, code_hash(*CODE, *METRIC_CODE, *statistic.code))
    record = store.get(key)
    if record is None:
        melodies, parts = (
            grid_auc(statistic, SOUNDFONT, INSTRUMENTS, list(scores)[::2]) for scores in (MELODIES, PARTS)
        )
        record = {"statistic": statistic.name, "auc_melodies": melodies, "auc_parts": parts}
        store.put(key, record)
    notify(str(record))
    return record


def page(records: list[dict[str, Any]], cpu_minutes: float) -> str:
    """The whole of NETS.md, the best statistic first."""
    about = ", ".join(f"{name} {value}" for name, value in timing.machine().items())
    ordered = sorted(records, key=lambda record: -(record["auc_melodies"] + record["auc_parts"]))
    parts = [
        "# Feature nets, layer by layer: do they hear the instrument or the tune?",
        f"Written by `python -m benchmarks.nets` on {datetime.date.today().isoformat()}. Machine: {about}. "
        f"{cpu_minutes:.0f} CPU minutes in this run (results of unchanged code come from the cache).",
        *([COMMENT.read_text().strip()] if COMMENT.exists() else []),
        f"{len(INSTRUMENTS)} instruments of {SOUNDFONT} play {len(list(MELODIES)[::2])} melodies and "
        f"{len(list(PARTS)[::2])} pieces of several parts, {GRID_SECONDS:g} s each. `auc`: the probability that the "
        "same instrument with another tune is nearer than another instrument with the same tune (0.5: indifferent; "
        "below, the tune wins). Nets: the cosine between Gram matrices of one layer, not centred.",
        markdown_table(COLUMNS, [as_cells(record, COLUMNS, 3) for record in ordered]),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
