"""The library: style files in the user's data folder, each with what the page shows of it beside it.

    NAME.npz    the style
    NAME.json   what was heard in its clip: the notes
    NAME.flac   the part of the clip that was learned, to listen to

Names come from a page: they are checked, and nothing outside the folder is ever opened.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from stylefx.errors import StylefxError, UsageError

VARIABLE = "STYLEFX_LIBRARY"
LONGEST_NAME = 60
# Letters of any alphabet and digits, with spaces and a few signs between; neither hidden nor a path on any system.
_NAME = re.compile(r"\w(?:[\w \-+()',.]*[\w)])?")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
BESIDE = (".npz", ".json", ".flac")


def default_folder() -> Path:
    """Where this system keeps a user's data, or what `VARIABLE` says."""
    from platformdirs import user_data_path

    given = os.environ.get(VARIABLE)
    return Path(given) if given else user_data_path("stylefx", appauthor=False) / "styles"


def checked_name(name: object) -> str:
    """A name that may be a file's; UsageError for any other."""
    fine = isinstance(name, str) and len(name) <= LONGEST_NAME and _NAME.fullmatch(name)
    if not fine or _RESERVED.fullmatch(str(name)):
        raise UsageError(
            f"{str(name)[:80]!r} is no name for a style: letters, digits, spaces and -+()',. between them, "
            f"{LONGEST_NAME} at most"
        )
    return str(name)


class Library:
    """The styles in ``folder``, which is made if it is not there."""

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StylefxError(f"the library {folder} cannot be made: {error.strerror or error}") from error

    def names(self) -> list[str]:
        """In order."""
        files = (path for path in self.folder.glob("*.npz") if path.is_file() and not path.is_symlink())
        return sorted((path.stem for path in files if _NAME.fullmatch(path.stem)), key=str.casefold)

    def file(self, name: object, suffix: str = ".npz") -> Path:
        """A file of a style that is there; StylefxError where there is none."""
        path = self.folder / f"{checked_name(name)}{suffix}"
        if not path.is_file() or path.is_symlink():
            raise StylefxError(f"the library holds no {path.name}")
        return path

    def new_path(self, name: object) -> Path:
        """Where a new style goes; StylefxError where one of that name is."""
        path = self.folder / f"{checked_name(name)}.npz"
        if any(os.path.lexists(path.with_suffix(suffix)) for suffix in BESIDE):
            raise StylefxError(f"the library already has a style called {name}: choose another name")
        return path

    def facts(self, name: str) -> dict[str, Any]:
        """What the page shows in its list; without notes where the clip was not analysed for them."""
        try:
            found = json.loads(self.file(name, ".json").read_text("utf-8"))
        except (StylefxError, OSError, ValueError):
            found = {}
        found = found if isinstance(found, dict) else {}
        return {**found, "name": name, "clip": (self.folder / f"{name}.flac").is_file()}

    def rename(self, name: object, new: object) -> None:
        """All files of a style; nothing is overwritten."""
        old, path = self.file(name), self.new_path(new)
        for suffix in BESIDE[::-1]:  # the style last: what is listed is whole
            if old.with_suffix(suffix).is_file():
                os.rename(old.with_suffix(suffix), path.with_suffix(suffix))

    def delete(self, name: object) -> None:
        """All files of a style."""
        path = self.file(name)
        for suffix in BESIDE:
            path.with_suffix(suffix).unlink(missing_ok=True)

    def take_in(self, file: Path, name: object) -> None:
        """A style file from elsewhere, checked, as ``name``."""
        from stylefx.style.style import Style

        path = self.new_path(name)
        Style.load(file).save(path)
