"""Each method's own style loss as a distance between clips: does it hear the instrument rather than the tune?

The triplets of validity.py, but in the unit that the method descends: the loss of the target's and of the content's
spectrogram under the objective made from the style clip, content terms at zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases.cases import Case
from benchmarks.metrics.paired import at_rate
from benchmarks.report.quality import FAILURES, METRIC_CODE, notify
from benchmarks.report.store import Store, code_hash, key_of, with_imports
from benchmarks.report.tables import as_cells, markdown_table
from benchmarks.systems.engine import NOT_HEARD
from stylefx.style.methods import METHODS, Method

SECONDS = 5.0
# Each stands for all that descend the same statistic.
STATISTICS = {
    "harmonic": "random features of harmonic patterns",
    "ulyanov": "one wide random 1-D layer (also grinstein-random)",
    "random2d": "one random 2-D layer over log frequency",
    "gatys": "VGG trained on photographs (also grinstein-vgg)",
    "he": "VGG-19 with random weights",
    "verma": "random AlexNet of 3 x 3 kernels, and the mean spectrum",
    "antognini": "six random 1-D layers, autocorrelation and diversity",
    "musicnn": "a net trained on music (also grinstein-musicnn)",
    "mcdermott": "auditory texture statistics (also grinstein-mcdermott)",
}
COLUMNS = ("method", "statistic", "wins", "cases", "ratio", "error")
ABOUT = (
    f"Over all paired cases, {SECONDS:g} s of each clip: `wins` counts the cases in which the target (same "
    "instrument, other tune) has a smaller style loss than the content (other instrument, other tune); `ratio` is the "
    "median of the two losses, 1 where the statistic does not tell them apart."
)


def run(cases: list[Case], store: Store) -> list[dict[str, Any]]:
    """One record a method: wins, cases, ratio; or its error."""
    chosen = [case for case in cases if case.target is not None]
    records = []
    for name, about in STATISTICS.items():
        method = METHODS[name]
        module = method.objective.partition(":")[0].replace(".", "/") + ".py"
        code = code_hash(
            "benchmarks/metrics/method_validity.py", *with_imports(module, without=NOT_HEARD), *METRIC_CODE
        )
        key = key_of("validity", name, code, *(case.name for case in chosen))
        record = store.get(key)
        if record is None:
            record = judge(method, chosen)
            if "error" not in record:
                store.put(key, record)
        notify(f"validity of {name}: {record}")
        records.append({"method": name, "statistic": about, **record})
    return records


def judge(method: Method, cases: list[Case]) -> dict[str, Any]:
    """How often the target is nearer than the content, and the median ratio."""
    try:
        ratios = [_ratio(method, case) for case in cases]
    except FAILURES as error:
        return {"error": f"{type(error).__name__}: {error}"}
    wins = int((np.array(ratios) < 1).sum())
    return {"wins": wins, "cases": len(ratios), "ratio": float(np.median(ratios))}


def _ratio(method: Method, case: Case) -> float:
    import stylefx

    assert case.target is not None
    samples = round(SECONDS * case.sample_rate)
    style, target, content = (audio[:samples] for audio in (case.style, case.target, case.content))
    learned = stylefx.fit(style, case.sample_rate, method=method.name, quality="draft", seed=0)
    if method.real_time:
        from stylefx.learn.gram_target import gram_distance

        to_target, to_content = (gram_distance(learned, each, case.sample_rate) for each in (target, content))
    else:
        effect = method.load()(learned, 0, "cpu")
        to_target, to_content = (style_loss(effect, each, case.sample_rate) for each in (target, content))
    return to_target / to_content


def style_loss(effect: Any, audio: np.ndarray, sample_rate: int) -> float:
    """The loss of a clip under a method's objective with the clip as its own content."""
    import torch

    from stylefx.published.mcdermott import McDermott, distance, padded, statistics
    from stylefx.published.spectrogram import log_magnitudes
    from stylefx.published.ulyanov import Ulyanov

    heard = at_rate(audio, sample_rate, effect.grid.sample_rate)
    if isinstance(effect, McDermott):
        sound = padded(heard)
        effect.objective(len(sound))
        found = statistics(effect._net, torch.from_numpy(sound))
        return float(sum(distance(found[name], wanted, name) for name, wanted in effect.targets.items()))
    frames = log_magnitudes(heard, effect.grid)
    # Where the steps begin content terms are zero; of those that begin with noise, at the content.
    begun = frames if isinstance(effect, Ulyanov) else effect.start(frames)
    loss, _ = effect.objective(effect.tensor(frames))(effect.tensor(begun))
    return float(loss)


def table(records: list[dict[str, Any]]) -> str:
    """Markdown, the most telling first."""
    ordered = sorted(records, key=lambda record: record.get("ratio", 9.0))
    return markdown_table(COLUMNS, [as_cells(record, COLUMNS) for record in ordered])
