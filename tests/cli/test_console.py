"""What people are told while they wait: that code is being compiled, and nothing that would spoil a log."""

from __future__ import annotations

import json

import numba
import pytest

from stylefx.cli.console import compiling_announced, print_json, progress_bar


def test_compiling_is_announced_once_and_only_when_it_happens(capsys: pytest.CaptureFixture) -> None:
    with compiling_announced():
        pass
    assert capsys.readouterr().err == ""
    twice, thrice = numba.njit(lambda x: x + x), numba.njit(lambda x: 3 * x)
    with compiling_announced():
        assert twice(2) == 4
        assert thrice(2) == 6
    caught = capsys.readouterr()
    assert caught.err.count("compiling for this machine, once") == 1
    assert caught.out == ""
    with compiling_announced():
        assert twice(3) == 6
    assert capsys.readouterr().err == ""


def test_no_bar_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture) -> None:
    with progress_bar("rendering") as progress:
        assert progress is None
    assert capsys.readouterr() == ("", "")


def test_json_is_plain_ascii_for_any_terminal(capsys: pytest.CaptureFixture) -> None:
    print_json({"name": "pièce \udce9"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"name": "pièce \udce9"}
