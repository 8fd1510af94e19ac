"""`live --tune`: what is called safe, and a command line that can be typed."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest

from stylefx.cli.main import build_parser, main
from stylefx.live.tools import tune
from stylefx.live.tools.tune import SAFE_RATIO, Timing, _choose

RATE, HOP = 48_000, 256
HOP_SECONDS = HOP / RATE


def timing(load: float, iterations: int = 1, hitch_seconds: float = 0.0, wake_seconds: float = 0.0) -> Timing:
    """Hops that take ``load`` of their time, and one in 200 that takes longer."""
    seconds = np.full(2000, load * HOP_SECONDS)
    seconds[::200] += hitch_seconds
    return Timing("normal", iterations, RATE, HOP, 2560, seconds, wake_seconds)


@pytest.mark.parametrize(
    ("load", "hitch", "wake", "block"),
    [
        (0.3, 0.0, 0.0, 256),
        (0.69, 0.0, 0.0, 256),
        (0.71, 0.0, 0.0, None),
        (0.3, 0.003, 0.0, 512),
        (0.3, 0.010, 0.0, 2048),
        (0.3, 0.0, 0.003, 512),
        (0.6, 0.010, 0.0, 8192),
    ],
)
def test_a_block_is_safe_when_its_hitches_fit_into_it(load, hitch, wake, block):
    measured = timing(load, hitch_seconds=hitch, wake_seconds=wake)
    assert measured.smallest_block == block
    if block is not None:
        assert hitch + wake + load * block / RATE <= SAFE_RATIO * block / RATE + 1e-9
        assert measured.as_dict()["delay_ms"] == round(1000 * (2560 + block) / RATE, 1)


def test_iterations_are_given_up_where_no_block_bears_them():
    chosen, block = _choose([timing(0.2, 0), timing(0.35, 2, 0.003)])
    assert chosen is not None
    assert (chosen.iterations, block) == (2, 512)
    chosen, block = _choose([timing(0.4, 0), timing(0.9, 1)])
    assert chosen is not None
    assert (chosen.iterations, block) == (0, 256)
    assert _choose([timing(0.8, 0), timing(0.9, 1)]) == (None, 0)


@pytest.mark.slow
def test_what_it_prints_can_be_typed(trumpet_style_path, monkeypatch, capsys):
    """With the real engine, for a shorter time than a musician gets."""
    monkeypatch.setattr(tune, "MEASURE_SECONDS", 0.2)
    monkeypatch.setattr(tune, "LISTEN_SECONDS", 0.2)
    monkeypatch.setattr(tune, "SAFE_RATIO", 1e6)  # whatever else this machine has to do
    assert main(["live", "--style", str(trumpet_style_path), "--iterations", "2", "--tune", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    words = shlex.split(found["command"])
    assert words[0] == "stylefx"
    args = build_parser().parse_args(words[1:])
    assert (args.style, args.blocksize) == ([str(trumpet_style_path)], 256)
    assert args.iterations == max(each["iterations"] for each in found["timings"])
    delays = [each["delay_ms"] for each in found["timings"][-3:]]
    assert delays == sorted(delays, reverse=True), "quicker profiles are quicker"
    assert [*dict.fromkeys(each["latency"] for each in found["timings"])] == ["normal", "low", "lowest"]
    work = [each["hop_p50_ms"] for each in found["timings"] if each["latency"] == "normal"]
    assert work[-1] > work[0], "more iterations are more work"
    assert all(each["hops"] > 1 and each["deadline_ms"] > 0 for each in found["timings"])


def test_without_a_style_there_is_nothing_to_measure(capsys):
    assert main(["live", "--tune", "--capture", "3"]) == 2
    assert "--tune measures a style" in capsys.readouterr().err
