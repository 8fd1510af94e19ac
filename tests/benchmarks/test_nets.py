"""Feature nets as style statistics: timbre is what is compared; trained weights and random ones differ."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import nets
from benchmarks.metrics.net_statistics import NET_STATISTICS
from tests.support.sounds import melody
from tests.support.trained_nets import needs_musicnn, needs_vgg16

RATE = 44_100
RICH, DULL = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.4), (1.0, 0.05)
BY_NAME = {statistic.name: statistic for statistic in NET_STATISTICS}


def test_every_row_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(NET_STATISTICS)


@pytest.mark.slow
@needs_musicnn
@needs_vgg16
@pytest.mark.parametrize(
    "name",
    [
        "musicnn vgg (MagnaTagATune), pool4",
        "musicnn (Million Song), cnn3",
        "VGG-16 (photographs), conv1_1",
        "musicnn vgg, random weights, pool1",
    ],
)
def test_a_timbre_at_other_pitches_is_nearer_than_another_timbre_at_the_same(name: str) -> None:
    statistic = BY_NAME[name]
    rich, elsewhere = (
        statistic.describe(melody(pitches, 1.2, RICH), RATE) for pitches in ((60, 62, 64), (61, 64, 65))
    )
    dull = statistic.describe(melody((60, 62, 64), 1.2, DULL), RATE)
    assert statistic.distance(rich, rich) == pytest.approx(0, abs=1e-6)
    assert statistic.distance(rich, elsewhere) < statistic.distance(rich, dull)


@needs_musicnn
def test_random_weights_are_others_and_always_the_same() -> None:
    clip = melody((60, 67), 1.2, RICH)
    trained, random = (
        BY_NAME[f"musicnn vgg{which}, pool2"].describe(clip, RATE)
        for which in (" (MagnaTagATune)", ", random weights")
    )
    assert np.array_equal(random, BY_NAME["musicnn vgg, random weights, pool2"].describe(clip, RATE))
    assert BY_NAME["musicnn vgg, random weights, pool2"].distance(trained, random) > 0.01


def test_the_page_begins_with_the_best() -> None:
    records = [
        {"statistic": name, "auc_melodies": melodies, "auc_parts": parts}
        for name, melodies, parts in (("a", 0.5, 0.5), ("b", 0.9, 0.2), ("c", 0.8, 0.9))
    ]
    rows = [line for line in nets.page(records, 2.0).splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == ["c", "b", "a"]
    assert "0.900" in rows[0]
