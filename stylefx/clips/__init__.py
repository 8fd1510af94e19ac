"""The recordings that ship with stylefx, by name; credits in PROVENANCE.md beside them."""

from __future__ import annotations

from pathlib import Path

CREDITS = {
    "guitar_solo": '"Feelings", Carlos Viola Iborra, MIT',
    "trumpet_solo": '"Jazz Trumpet Loops", Mihai Sorohan, CC BY 3.0',
    "singing_male": "vocadito 10, Bittner et al., CC BY 4.0",
}


def clip_path(name: str) -> Path:
    """Where the shipped clip ``name`` lies; ``CREDITS`` lists the names."""
    if name not in CREDITS:
        raise KeyError(f"no shipped clip {name!r}; there are {', '.join(CREDITS)}")
    return Path(__file__).with_name(f"{name}.flac")
