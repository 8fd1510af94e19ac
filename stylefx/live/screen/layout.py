"""The layout: what a snapshot looks like on a terminal of so many columns and rows.

Rows for which there is no room are left out, the least important first; the bars take the width that is left. Nothing
is said by colour alone, and where the terminal knows no block characters it gets ASCII.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.text import Text

from stylefx.live.screen.snapshot import FLOOR_DB, SPECTRUM_HIGH_HZ, SPECTRUM_LOW_HZ, Level, Snapshot

# Above these levels a meter is yellow and red.
LOUD_DB, TOO_LOUD_DB = -12.0, -3.0
LABEL_COLUMNS, VALUE_COLUMNS, SHORT_VALUE_COLUMNS = 9, 24, 10
# On fewer columns than these the meters' second numbers are left out.
WIDE_COLUMNS = 60
MIN_BAR_COLUMNS, MAX_BAR_COLUMNS = 4, 80
MIN_SPECTRUM_ROWS, MAX_SPECTRUM_ROWS = 2, 6
SPECTRUM_TOP_DB = -6.0
TICKS_HZ = (100, 300, 1000, 3000, 10_000)
MIN_TICKED_COLUMNS = 24
BLOCKS = "█░│ ▁▂▃▄▅▆▇█"
ASCII = "#-|  ..::||#"
KEYS = "Ctrl-C ends"


class Row(NamedTuple):
    """A line of the screen; the higher its importance the later it is left out."""

    importance: float
    text: Text


class Layout:
    """For a terminal of so many columns and rows."""

    def __init__(self, columns: int, rows: int, ascii_only: bool = False):
        self._columns, self._rows = columns, rows
        self._wide = columns >= WIDE_COLUMNS
        self._full, self._empty, self._mark, *self._eighths = tuple(ASCII if ascii_only else BLOCKS)
        free = columns - LABEL_COLUMNS - (VALUE_COLUMNS if self._wide else SHORT_VALUE_COLUMNS)
        self._bar_columns = min(max(free, MIN_BAR_COLUMNS), MAX_BAR_COLUMNS)

    def draw(self, snapshot: Snapshot) -> Text:
        """One text, at most as many lines as there are rows, cut off at the right edge."""
        above = [
            Row(7, _title(snapshot)),
            Row(2, Text()),
            Row(10, self._meter("in", snapshot.input)),
            Row(9, self._meter("out", snapshot.output)),
            Row(8, self._load(snapshot)),
            Row(7, _losses(snapshot)),
            Row(3, labelled("delay", f"{snapshot.delay_ms:.1f} ms")),
            *(Row(4, labelled(label, text)) for label, text in snapshot.status),
        ]
        below = [
            *self._said(snapshot.said),
            Row(6, Text(KEYS, style="dim")),
        ]
        spectrum = self._spectrum(snapshot.spectrum_db, self._rows - len(above) - len(below) - 3)
        kept = _most_important([*above, *(Row(1, row) for row in spectrum), *below], self._rows)
        for row in kept:
            row.truncate(self._columns, overflow="crop")
        return Text("\n", no_wrap=True).join(kept)

    def _said(self, lines: Iterable[str]) -> list[Row]:
        """What was said, in as many rows as it takes; the newest are the most important."""
        indent = " " * LABEL_COLUMNS if self._wide else ""
        rows = [
            row
            for line in lines
            for row in textwrap.wrap(_printable(line), self._columns, subsequent_indent=indent)
        ]
        return [Row(5 + place / len(rows), Text(row, style="yellow")) for place, row in enumerate(rows)]

    def _meter(self, label: str, level: Level) -> Text:
        filled, held = self._place(level.now_db), self._place(level.hold_db)
        bar = Text(self._full * filled + self._empty * (self._bar_columns - filled))
        for low_db, style in ((FLOOR_DB, "green"), (LOUD_DB, "yellow"), (TOO_LOUD_DB, "red")):
            bar.stylize(style, self._place(low_db), filled)
        bar.stylize("dim", filled)
        if held > filled:
            bar = Text.assemble(bar[: held - 1], (self._mark, "bold"), bar[held:])
        row = labelled(label, "").append_text(bar)
        row.append(f" {level.now_db:5.1f} dB" + (f"  peak {level.hold_db:5.1f}" if self._wide else ""))
        return row.append(" CLIP", "bold red") if level.clipped else row

    def _place(self, level_db: float) -> int:
        return round(self._bar_columns * (min(level_db, 0.0) - FLOOR_DB) / -FLOOR_DB)

    def _load(self, snapshot: Snapshot) -> Text:
        filled = round(self._bar_columns * min(snapshot.mean_load, 100.0) / 100)
        row = labelled("CPU", "").append(self._full * filled, "green")
        row.append(self._empty * (self._bar_columns - filled), "dim")
        worst = f"   worst {snapshot.worst_load:5.1f}" if self._wide else ""
        return row.append(f" {snapshot.mean_load:5.1f} %{worst}")

    def _spectrum(self, levels_db: Sequence[float], free: int) -> list[Text]:
        """Bars between empty rows, the top first, with the frequencies below; nothing if too few rows are free."""
        if free < MIN_SPECTRUM_ROWS:
            return []
        rows, columns = min(free, MAX_SPECTRUM_ROWS), self._bar_columns
        ends = [(place + 1) * len(levels_db) // columns for place in range(columns)]
        bars = [max(levels_db[start:end]) for start, end in zip([0, *ends], ends)]
        parts = [(level - FLOOR_DB) / (SPECTRUM_TOP_DB - FLOOR_DB) for level in bars]
        eighths = [round(8 * rows * min(max(part, 0.0), 1.0)) for part in parts]
        drawn = [
            "".join(self._eighths[min(max(height - 8 * row, 0), 8)] for height in eighths)
            for row in reversed(range(rows))
        ]
        labels = ["spectrum", *[""] * (rows - 1)]
        pictures = [labelled(label, text, "cyan") for label, text in zip(labels, drawn)]
        return [Text(), *pictures, self._frequencies(), Text()]

    def _frequencies(self) -> Text:
        if self._bar_columns < MIN_TICKED_COLUMNS:
            return Text()
        line = [" "] * self._bar_columns
        for hz in TICKS_HZ:
            part = math.log(hz / SPECTRUM_LOW_HZ) / math.log(SPECTRUM_HIGH_HZ / SPECTRUM_LOW_HZ)
            place, label = int(part * self._bar_columns), f"{hz // 1000}k" if hz >= 1000 else str(hz)
            line[place : place + len(label)] = label
        return labelled("Hz", "".join(line))


def labelled(label: str, text: str, style: str = "") -> Text:
    """A row that begins with its label."""
    return Text.assemble((f"{label:<{LABEL_COLUMNS}}", "bold"), (_printable(text), style))


def _printable(text: str) -> str:
    """Names of devices and files may hold anything, even what moves a cursor."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _title(snapshot: Snapshot) -> Text:
    minutes, seconds = divmod(int(snapshot.seconds), 60)
    return labelled("stylefx", f"{minutes}:{seconds:02d}  {snapshot.device}")


def _losses(snapshot: Snapshot) -> Text:
    counts = f"{snapshot.late} of {snapshot.blocks} blocks, {snapshot.lost_frames} samples lost"
    return labelled("late", counts, "bold yellow" if snapshot.late else "")


def _most_important(rows: list[Row], most: int) -> list[Text]:
    """As many as there is room for, in their order."""
    ranked = sorted(range(len(rows)), key=lambda place: -rows[place].importance)
    return [rows[place].text for place in sorted(ranked[:most])]
