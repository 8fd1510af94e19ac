"""Notes, and the events that report them while they sound."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Note:
    """One note that was heard.

    Attributes
    ----------
    number
        Counts the notes of a stream; events name a note by it.
    onset, offset
        Seconds of the content's own time; ``offset`` is None while the note sounds.
    pitch
        MIDI pitch with its fraction: the median over the first tenth of a second.
    level_db
        Highest level of the note's own partials in its first tenth of a second, dB relative to a sine of full scale.
    released
        Seconds at which it was let go: from there on its level falls faster than before. None until that is known,
        and for a note that only dies away.
    confidence
        How sure the tracker is that this note began, 0 to 1.
    track
        (seconds, pitch, level_db) of every frame while it sounds.
    """

    number: int
    onset: float
    pitch: float
    level_db: float
    confidence: float
    offset: float | None = None
    released: float | None = None
    track: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Event:
    """``kind`` of news about a note, reported when ``sample`` samples of the content had been read.

    ``guess``: a note may have begun, to be confirmed or withdrawn within the look-ahead. ``on``: it has begun, for good
    (its number, onset and confidence stay). ``withdrawn``: the guess was wrong. ``released``: it was let go.
    ``off``: it has ended. ``note`` is the note itself, whose track goes on growing while it sounds.
    """

    kind: str
    sample: int
    note: Note
