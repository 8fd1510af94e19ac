"""Style files that change on disk while they play: the sound stays as it is, and a message says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from stylefx.live.observer import Playing, SessionObserver

# Looks between two questions to the disk: about a second.
LOOKS_BETWEEN = 12


class ReplacedWatch(SessionObserver):
    """Says once of each file that it was replaced or deleted.

    Parameters
    ----------
    paths : sequence of path
        The files that play.
    notify : callable
        Gets the sentence.
    """

    def __init__(self, paths: Sequence[str | Path], notify: Callable[[str], None]):
        self._notify = notify
        self._stamps = {Path(path): _stamp(Path(path)) for path in paths}
        self._looks = 0

    def begin(self, playing: Playing) -> None:
        """See `SessionObserver.begin`."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def poll(self) -> None:
        """Ask the disk now and then."""
        self._looks += 1
        if self._looks % LOOKS_BETWEEN:
            return
        for path, stamp in self._stamps.items():
            now = _stamp(path)
            if now != stamp:
                self._stamps[path] = now
                what = "is gone" if now is None else "has changed on disk"
                self._notify(f"{path.name} {what}: it plays on as it was, start again to hear it as it is")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells one version of a file from another; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
