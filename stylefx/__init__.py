"""stylefx: hear yourself as a piano, a ukulele or a bird, from one ten-second clip, while you play.

    style = stylefx.fit(audio, sample_rate)
    fx = stylefx.StyleTransfer(style, mix=1.0)
    y = fx(audio, sample_rate)

The four public names load on first use, so that ``import stylefx`` (and ``stylefx --help``) stays instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Style", "StyleTransfer", "fit", "render"]

_HOMES = {
    "Style": "stylefx.style.style",
    "StyleTransfer": "stylefx.engine.transfer",
    "fit": "stylefx.learn.fit",
    "render": "stylefx.rendering",
}

if TYPE_CHECKING:
    from stylefx.engine.transfer import StyleTransfer
    from stylefx.learn.fit import fit
    from stylefx.rendering import render
    from stylefx.style.style import Style


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stylefx' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
