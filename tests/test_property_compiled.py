"""Compiled loops are cached by their own file: a constant of another module would stay as it was when that changes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import stylefx

ROOT = Path(stylefx.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "njit" in path.read_text(encoding="utf-8"))


def frozen_constants(source: str) -> set[str]:
    """Constants that compiled functions of a module read although another module sets them.

    A constant made from an imported one counts: it freezes as well.
    """
    tree = ast.parse(source)
    foreign = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stylefx")
        for alias in node.names
        if alias.name.isupper()
    }
    for node in tree.body:
        if isinstance(node, ast.Assign) and foreign & _names(node.value):
            foreign |= {name for target in node.targets for name in _names(target)}
    compiled = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any("njit" in ast.unparse(d) for d in node.decorator_list)
    )
    return {name for function in compiled for name in _names(function) & foreign}


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_compiled_loops_read_no_constant_of_another_module(path):
    assert not frozen_constants(path.read_text(encoding="utf-8"))


def test_a_constant_made_of_an_imported_one_is_found():
    source = (
        "from stylefx.decode.positions import RATIOS\nCOUNT = len(RATIOS)\n"
        "@numba.njit(cache=True)\ndef loop(x):\n    return x[COUNT]\n"
    )
    assert frozen_constants(source) == {"COUNT"}
