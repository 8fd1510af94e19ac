"""A mangled style file is one sentence or a valid style: never a crash, a pickle or much memory."""

from __future__ import annotations

import re
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from mangling import MANGLERS, saved

from stylefx.errors import StylefxError
from stylefx.style import Style

CASES_EACH = 100
MOST_BYTES = 8 * 2**20  # the bombs unpack to 9 MiB or more, and nothing may be unpacked to find out
SENTENCE = re.compile(r"[^\n]{20,600}")


@pytest.mark.parametrize("mangle", MANGLERS, ids=lambda mangle: mangle.__name__)
def test_mangled_files(mangle, made_up_style: Style, tmp_path: Path) -> None:
    whole = saved(made_up_style, tmp_path)
    marker = tmp_path / "unpickled"
    outcomes: Counter[str] = Counter()
    for seed in range(CASES_EACH):
        path = tmp_path / "mangled.npz"
        path.write_bytes(mangle(whole, np.random.default_rng(seed), marker))
        outcomes[outcome_of(path)] += 1
        assert not marker.exists(), f"seed {seed} was unpickled"
    assert outcomes["refused"] >= 0.5 * CASES_EACH, outcomes


def outcome_of(path: Path) -> str:
    tracemalloc.start()
    started = time.process_time()
    try:
        style = Style.load(path)
        for array in style.arrays.values():
            assert np.isfinite(array).all()
        sentence = None
    except StylefxError as error:
        sentence = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_BYTES
    assert time.process_time() - started < 5
    assert sentence is None or SENTENCE.fullmatch(sentence), sentence
    return "valid" if sentence is None else "refused"
