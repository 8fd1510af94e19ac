"""Compiled loops read no constant of another module: within one process it would stay as it was when that changes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import stylefx

ROOT = Path(stylefx.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "import compiled" in path.read_text(encoding="utf-8"))


def compiled_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """All that the one decorator stands over, with options or without."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(each).split("(")[0] == "compiled" for each in node.decorator_list)
    ]


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
    return {name for function in compiled_functions(tree) for name in _names(function) & foreign}


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_compiled_loops_read_no_constant_of_another_module(path):
    assert not frozen_constants(path.read_text(encoding="utf-8"))


def test_a_constant_made_of_an_imported_one_is_found():
    source = (
        "from stylefx.timbre.layout import RATIOS\nCOUNT = len(RATIOS)\n"
        "@compiled\ndef loop(x):\n    return x[COUNT]\n"
    )
    assert frozen_constants(source) == {"COUNT"}


def test_there_is_one_decorator_and_it_is_seen():
    """numba is asked to compile in one module only, and every loop below it is looked at here."""
    asking = {path.name for path in ROOT.rglob("*.py") if "njit" in path.read_text(encoding="utf-8")}
    assert asking == {"jit.py"}
    loops = sum(len(compiled_functions(ast.parse(path.read_text(encoding="utf-8")))) for path in MODULES)
    assert loops == sum(path.read_text(encoding="utf-8").count("\n@compiled") for path in MODULES) > 20
