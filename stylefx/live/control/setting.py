"""Set a parameter as surfaces do that may send any number: OSC and the page."""

from __future__ import annotations

from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import UsageError
from stylefx.params import PARAMETERS


def set_parameter(effect: StyleTransfer, name: str, value: float) -> None:
    """Bring ``value`` into the range of the parameter and set it.

    Raises
    ------
    UsageError
        It is not a number, or a slot that holds no style.
    """
    found = PARAMETERS[name].nearest(value)
    if name in ("style", "morph_style") and found > len(effect.bank):
        raise UsageError(f"slot {found} holds no style, there are {len(effect.bank)}")
    effect.controls.change(**{name: found})
