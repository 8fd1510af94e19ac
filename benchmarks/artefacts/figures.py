"""All figures of one output, and the value up to which each reads right.

The limits stand where known-good sounds (targets against contents, recordings against themselves) end and known-bad
ones begin (tests/benchmarks/test_artefacts.py).
"""

from __future__ import annotations

import numpy as np

from benchmarks.artefacts.clicks import border_db, clicks_per_second
from benchmarks.artefacts.haze import haze_db
from benchmarks.artefacts.loudness import loudness_offset_db, loudness_spread_db
from benchmarks.artefacts.noise_floor import between_partials_db, pause_floor_db
from benchmarks.artefacts.peaks import flat_tops_per_second, true_peak_db
from benchmarks.artefacts.pre_echo import pre_echo_db
from benchmarks.artefacts.pumping import pumping_db
from benchmarks.artefacts.recovery import Play, recovery_db
from benchmarks.artefacts.roughness import phase_wander_excess
from benchmarks.artefacts.rumble import rumble_db
from benchmarks.cases.cases import Case
from stylefx.analysis.grid import grid_for

# Name -> up to where it reads right. Loudness counts in both directions.
LIMITS = {
    "clicks /s": 0.2,
    "hop border dB": 1.5,
    "pre-echo dB": 6.0,
    "beyond window dB": 3.0,
    "pumping dB": 2.0,
    "phase wander": 0.08,
    "pauses dB": 3.0,
    "valleys dB": 3.0,
    "haze dB": 3.0,
    "rumble dB": 6.0,
    "loudness dB": 2.0,
    "its spread dB": 2.0,
    "true peak dBFS": 0.5,
    "flat tops /s": 0.5,
    "recovery dB": 1.0,
}


def figures(audio: np.ndarray, case: Case, play: Play | None = None) -> dict[str, float]:
    """The figures named in `LIMITS` of an output (samples,) of ``case``; nan where a case does not tell.

    ``play`` is what made it, for the figure that asks for other inputs; without it that one is not told.
    """
    rate, content = case.sample_rate, case.content
    grid = grid_for(rate)
    references = [content] if case.target is None else [content, case.target]
    # What is in the content or in the target is no fault.
    known = case.style if case.target is None else case.target
    window = grid.window_length / rate
    values = [
        clicks_per_second(audio, references, rate),
        border_db(audio, rate, grid.hop) - max(border_db(content, rate, grid.hop), 0.0),
        pre_echo_db(audio, references, rate),
        pre_echo_db(audio, references, rate, window),
        min(pumping_db(audio, reference, rate) for reference in references),
        min(phase_wander_excess(audio, reference) for reference in references),
        pause_floor_db(audio, content, rate),
        between_partials_db(audio, content, known, rate),
        haze_db(audio, content, case.style, rate),
        rumble_db(audio, content, known, rate),
        loudness_offset_db(audio, content, rate),
        loudness_spread_db(audio, content, rate),
        true_peak_db(audio, rate),
        flat_tops_per_second(audio, rate),
        float("nan") if play is None else recovery_db(play, content, rate),
    ]
    return dict(zip(LIMITS, values))


def reads_right(name: str, value: float) -> bool:
    """Whether a figure is within its limit; what could not be read is no fault."""
    return not abs(value) > LIMITS[name] if name == "loudness dB" else not value > LIMITS[name]
