"""Which pictures go with which results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.cases.cases import Case, paired
from benchmarks.cases.soundfonts import find_soundfont
from benchmarks.report import curves, plots
from benchmarks.report.quality import FAILURES, notify
from benchmarks.systems.rows import ROWS
from stylefx.errors import StylefxError

# Sustained to struck: attacks and decays have to be made, which shows in a picture.
SHOWN_CASE = "violin -> piano"
SHOWN_ROWS = ("EQ match", "U+L published", "stylefx")


def draw(results: dict[str, Any], folder: Path, quick: bool = False) -> None:
    """quality.png, spectrograms.png, tradeoff.png and speed.png, as far as there is something to draw.

    The spectrograms are rendered for the picture, which ``quick`` leaves out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = [r for r in results.get("quality", []) if not r["subset"]]
    if shown:
        plots.draw_medians(shown, folder / "quality.png")
    if shown and not quick:
        _draw_one_case(folder / "spectrograms.png")
    if results.get("curves"):
        curves.draw(results["curves"], folder / "tradeoff.png")
    if results.get("speed"):
        plots.draw_speed(results["speed"]["engine"], folder / "speed.png")


def _draw_one_case(path: Path) -> None:
    for font in ("FluidR3_GM", "TimGM6mb"):
        try:
            find_soundfont(font)
        except StylefxError:
            continue
        cases = [case for case in paired(font, limit=4) if case.name.startswith(SHOWN_CASE)]
        plots.draw_spectrograms(_sounds(cases[0]), f"{font}: {cases[0].name}", path)
        return


def _sounds(case: Case):
    assert case.target is not None
    outputs = {}
    for name in SHOWN_ROWS:
        try:
            outputs[name] = (ROWS[name](case.content, case.style, case.sample_rate), case.sample_rate)
        except FAILURES as error:
            notify(f"no picture of {name}: {type(error).__name__}: {error}")
    rate = case.sample_rate
    known = {"content": (case.content, rate), "style": (case.style, rate)}
    return {**known, **outputs, "target": (case.target, rate)}
