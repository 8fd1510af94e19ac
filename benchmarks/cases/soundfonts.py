"""Where the SoundFonts are: FluidR3_GM (MIT, Debian's fluid-soundfont-gm) and TimGM6mb (inside pretty_midi).

FluidR3 may have been trained on; TimGM6mb never is, so its tables show what carries over to sounds unheard.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from stylefx.errors import StylefxError

FLUID_PLACES = (
    Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    Path("/usr/share/soundfonts/FluidR3_GM.sf2"),
    Path("/opt/homebrew/share/soundfonts/FluidR3_GM.sf2"),
)


def find_soundfont(name_or_path: str) -> Path:
    """The file of ``FluidR3_GM``, ``TimGM6mb`` or any path to an .sf2; StylefxError where it is missing."""
    if name_or_path == "TimGM6mb":
        return _inside_pretty_midi()
    places = FLUID_PLACES if name_or_path == "FluidR3_GM" else (Path(name_or_path),)
    for place in places:
        if place.is_file():
            return place
    raise StylefxError(
        f"no SoundFont at {', '.join(map(str, places))}: install Debian's fluid-soundfont-gm or name one "
        "with --soundfont"
    )


def _inside_pretty_midi() -> Path:
    spec = find_spec("pretty_midi")
    if spec is None or spec.origin is None:
        raise StylefxError(
            "TimGM6mb comes inside pretty_midi, which is not installed: pip install pretty_midi"
        )
    return Path(spec.origin).with_name("TimGM6mb.sf2")
