"""What stands on the screen beside the meters: the styles, the one that plays marked, and the parameters."""

from __future__ import annotations

from stylefx.engine.transfer import StyleTransfer
from stylefx.live.worker import Engine
from stylefx.params import PARAMETERS, Settings

# Shown by their number in the row of styles.
STYLE_NUMBERS = ("style", "morph_style")
LONGEST_NAME = 24


def status_of(engine: Engine) -> list[tuple[str, str]]:
    """Pairs of a label and a text."""
    if not isinstance(engine, StyleTransfer):
        return [("style", "none, the input comes back as it is")]
    settings = engine.settings
    return [("style", _styles(engine.bank.names, settings)), ("sound", _sound(settings))]


def _styles(names: tuple[str, ...], settings: Settings) -> str:
    """``1 piano.wav  [2 bird.mp3]``, and where morph leads to."""
    texts = [f"{number} {name[:LONGEST_NAME]}" for number, name in enumerate(names, 1)]
    playing = settings.style if settings.style <= len(texts) else 1
    if len(texts) > 1:
        texts[playing - 1] = f"[{texts[playing - 1]}]"
    if settings.morph and playing != settings.morph_style <= len(texts):
        texts.append(f"{PARAMETERS['morph'].text(settings.morph)} of the way to {settings.morph_style}")
    return "  ".join(texts)


def _sound(settings: Settings) -> str:
    """Levels by name and value, switches by their name alone when they are on."""
    texts = []
    for name, value in settings.as_dict().items():
        parameter = PARAMETERS[name]
        if name in STYLE_NUMBERS or (name == "morph" and not value):
            continue
        label = name.removesuffix("_db").replace("_", " ")
        if not isinstance(parameter.default, bool):
            texts.append(f"{label} {parameter.text(value)}")
        elif value:
            texts.append(label.upper())
    return "  ".join(texts)
