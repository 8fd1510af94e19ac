"""What doctor measures: hops that wait for slow ones before them, and a verdict that follows from the figures."""

from __future__ import annotations

import numpy as np
import pytest

from stylefx.engine.timing import RESERVE_MS, Speed, Times, _lateness


def test_a_slow_hop_delays_those_behind_it() -> None:
    """Deadline 10: 25 late once, then 5 a hop are caught up."""
    late = _lateness(np.array([5.0, 25, 5, 5, 5, 5]), 10.0)
    np.testing.assert_allclose(late, [5, 25, 20, 15, 10, 5])


def test_too_slow_gets_later_and_later() -> None:
    np.testing.assert_allclose(_lateness(np.full(4, 11.0), 10.0), [11, 12, 13, 14])


@pytest.mark.parametrize(
    ("load", "late_ms", "expected"),
    [(0.3, 2.0, True), (0.8, 2.0, False), (0.3, RESERVE_MS + 1, False)],
)
def test_verdict(load: float, late_ms: float, expected: bool) -> None:
    times = Times(1.0, late_ms, late_ms)
    assert Speed(None, 5.8, load, times, times, {}).keeps_up is expected
