"""The catalogue of rows: rivals, stylefx at its qualities and live, and what each stage adds
(ablation), the published methods."""

from __future__ import annotations

from benchmarks.systems import engine
from benchmarks.systems.baselines import copies, musaicing, spectral, ulyanov_cifka, ulyanov_published
from benchmarks.systems.method_rows import METHOD_ROWS
from benchmarks.systems.notes_rows import NOTES_ROWS
from benchmarks.systems.row import Row, code_of
from stylefx.errors import UsageError

_SPECTRAL = code_of(spectral)


def _subset(name: str, about: str, **settings) -> Row:
    return engine.offline_row(name, about, kind="ablation", subset=True, **settings)


_CATALOGUE = (
    Row("copy content", "does nothing", copies.copy_content, code_of(copies)),
    Row("copy style", "plays the clip", copies.copy_style, code_of(copies)),
    Row("EQ match", "long-term spectrum, 31-bin smoothing", spectral.eq_match, _SPECTRAL),
    Row("cepstral envelope", "cross-synthesis, 40 coefficients", spectral.cepstral_envelope, _SPECTRAL),
    Row(
        "U+L published",
        "Ulyanov & Lebedev 2016: 300 L-BFGS iterations through the closed form, Griffin-Lim",
        ulyanov_published.ulyanov_published,
        code_of(ulyanov_published),
        ulyanov_published.learn_published,
    ),
    Row(
        "U+L tuned",
        "Cifka 2021: 100 iterations, Griffin-Lim 32",
        ulyanov_cifka.ulyanov_cifka,
        code_of(ulyanov_cifka),
    ),
    Row("NMF musaicing", "Driedger 2015: r 3, p 10, c 3", musaicing.musaicing, code_of(musaicing)),
    engine.offline_row("stylefx draft", "render, quality draft", quality="draft"),
    engine.offline_row("stylefx", "render, quality normal"),
    engine.offline_row("stylefx normal", "render --latency normal", latency="normal"),
    engine.offline_row("stylefx filter", "render --latency normal --no-notes", latency="normal", notes=False),
    engine.live_row("stylefx live", "streaming engine, blocks of 256 samples"),
    engine.live_row("stylefx low", "live --latency low: 1280 samples", latency="low"),
    engine.live_row("stylefx lowest", "live --latency lowest: 640 samples", latency="lowest"),
    _subset("stylefx best", "render, quality best", quality="best"),
    _subset("notes held", "a struck style's notes do not die away", held=True),
    _subset("neither start nor steps", "analysis and phase alone", iterations=0, start="content"),
    _subset("optimiser alone", "4 steps per hop from the content", start="content", iterations=4),
    _subset("1 iteration", "optimiser steps per hop", iterations=1),
    _subset("4 iterations", "optimiser steps per hop", iterations=4),
    _subset("16 iterations", "optimiser steps per hop", iterations=16),
    _subset("phase: content", "the content's phase as it is", phase=("rtisi", 0)),
    _subset(
        "phase: 2 passes", "the content's phase, refined twice instead of four times", phase=("rtisi", 2)
    ),
    _subset("phase: rtpghi", "from magnitudes alone, a hop of look-ahead, refined", phase=("rtpghi", 4)),
    _subset("phase: mixed", "the same where the content's own phase does not fit", phase=("mixed", 4)),
    _subset(
        "phase: look-ahead", "the content's phase, refined with a hop of look-ahead", phase=("borrowed", 4)
    ),
    _subset("phase: no refinement", "mixed gradients alone", phase=("mixed", 0)),
    *NOTES_ROWS,
    *METHOD_ROWS,
)
ROWS = {row.name: row for row in _CATALOGUE}


def chosen(names: list[str] | None, kinds: tuple[str, ...] = ("rival", "stylefx")) -> list[Row]:
    """The rows of the given names, or all of the given kinds; UsageError lists the names there are."""
    unknown = [name for name in names or [] if name not in ROWS]
    if unknown:
        raise UsageError(f"no row {unknown[0]!r}: there are {', '.join(ROWS)}")
    return [ROWS[name] for name in names] if names else [row for row in _CATALOGUE if row.kind in kinds]
