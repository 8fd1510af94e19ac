"""What the network sees of a frame: levels relative to a slow maximum, gathered at the partials of every pitch."""

from __future__ import annotations

from stylefx.tracking.layout import SHIFTS

# Levels count from the loudest place lately down to this far below.
FLOOR_DB, TOP_DB = -80.0, 6.0
# The loudest place is forgotten by so many dB per second, and never taken for less than the last.
FALL_DB_PER_SECOND, SILENT_DB = 4.0, -72.0
# The neighbourhood whose mean is taken from a level: this many places to either side (four semitones).
BOX = 12
# Partials at which the short window is read.
SHORT_SHIFTS = SHIFTS[2:8]
CHANNELS = 3 * len(SHIFTS) + 2 + len(SHORT_SHIFTS)
