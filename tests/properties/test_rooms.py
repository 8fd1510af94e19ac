"""What a room of the package may import: the rooms to its left, and the libraries that are named for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stylefx

PACKAGE = Path(stylefx.__file__).parent
# In the order of the signal, then of what is built on it. Modules at the root are for all rooms.
ROOMS = {
    "analysis": set(),
    "tracking": {"analysis"},
    "timbre": {"analysis"},
    "io": {"tracking"},
    "instrument": {"analysis", "tracking"},
    "style": {"analysis", "instrument", "io"},
    "spectral": {"analysis"},
    "phase": {"analysis"},
    "synthesis": {"analysis"},
    "engine": {
        "analysis",
        "tracking",
        "timbre",
        "io",
        "instrument",
        "style",
        "spectral",
        "phase",
        "synthesis",
    },
    "optimise": {"analysis"},
    "published": {"analysis", "style", "optimise"},
    "learn": {"analysis", "tracking", "timbre", "io", "instrument", "style", "optimise", "published"},
    "clips": set(),
    "live": {"analysis", "tracking", "io", "style", "synthesis", "engine", "learn"},
    "cli": {
        "analysis",
        "tracking",
        "io",
        "instrument",
        "style",
        "engine",
        "learn",
        "published",
        "clips",
        "live",
    },
    "app": {"analysis", "tracking", "io", "style", "engine", "learn", "clips", "live", "cli"},
}
# The modules at the root that are no foundation: who may import them.
ABOVE = {"rendering": {"cli", "app", "root"}}
LIBRARIES = {
    "torch": {"optimise", "published", "learn", "compute", "cli.doctor"},
    "sounddevice": {"io", "live"},
    "soundfile": {"io", "app"},
    "threading": {"params", "interruption", "engine", "io", "live", "cli", "app"},
    "argparse": {"cli", "app", "learn.pretraining"},
}
# The command line knows every verb, and the app's is one.
KNOWN = {("cli.main", "app")}


def modules() -> list[str]:
    """Every module without the package's name; packages end in nothing."""
    return sorted(".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))


def imports(module: str) -> Iterator[str]:
    """What a module imports, wherever in it, but not for the type checker alone."""
    tree = ast.parse((PACKAGE / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8"))
    for node in _played(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def _played(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _played(child)


def room_of(module: str) -> str:
    """Of a module of the package, without its name: the first part, or the root."""
    room = module.split(".")[0]
    return room if room in ROOMS else "root"


def test_every_folder_is_a_room() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)


@pytest.mark.parametrize("module", [name for name in modules() if room_of(name) != "root"])
def test_a_room_imports_what_is_to_its_left(module: str) -> None:
    room = room_of(module)
    for name in imports(module):
        if not name.startswith("stylefx."):
            continue
        other = name.removeprefix("stylefx.")
        if (above := ABOVE.get(other.split(".")[0])) is not None:
            assert room in above, f"{module} imports {name}"
        elif (target := room_of(other)) not in ("root", room) and (module, target) not in KNOWN:
            assert target in ROOMS[room], f"{module} imports {name}"


def test_the_foundation_at_the_root_imports_no_room() -> None:
    for module in modules():
        if room_of(module) == "root" and module not in (*ABOVE, "__init__", "__main__"):
            rooms = {room_of(name.removeprefix("stylefx.")) for name in imports(module) if "stylefx." in name}
            assert rooms <= {"root"}, module


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_imported_where_it_belongs(library: str) -> None:
    for module in modules():
        if any(name.split(".")[0] == library for name in imports(module)):
            allowed = LIBRARIES[library]
            assert any(module == room or module.startswith(f"{room}.") for room in allowed), module
