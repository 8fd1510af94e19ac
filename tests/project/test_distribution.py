"""What is packed: a README that works on a package index, types, a manual page, completions, no pictures."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from stylefx.cli.main import VERBS, build_parser, main
from stylefx.cli.manual import completion, manual

ROOT = Path(__file__).parents[2]
HOME = "https://example.org/somebody/stylefx"


def build(builder: type[SdistBuilder] | type[WheelBuilder], root: Path, folder: Path) -> Path:
    (artefact,) = builder(str(root)).build(directory=str(folder), versions=["standard"])
    return Path(artefact)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Packed and unpacked again, by somebody whose repository is at HOME."""
    folder = tmp_path_factory.mktemp("sdist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEFX_URL", f"{HOME}.git")
        with tarfile.open(build(SdistBuilder, ROOT, folder)) as archive:
            archive.extractall(folder, filter="data") if sys.version_info >= (3, 12) else archive.extractall(
                folder
            )
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    yield unpacked
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """From the unpacked source distribution alone, as an installer does it; file name -> bytes."""
    with zipfile.ZipFile(build(WheelBuilder, sdist, tmp_path_factory.mktemp("wheel"))) as archive:
        return {name.split(".data/")[-1]: archive.read(name) for name in archive.namelist()}


def metadata(wheel: dict[str, bytes]) -> str:
    return next(data for name, data in wheel.items() if name.endswith("METADATA")).decode()


def test_the_source_distribution_holds_no_pictures(sdist: Path) -> None:
    files = [path for path in sdist.rglob("*") if path.is_file()]
    assert [path for path in files if path.suffix == ".png"] == []
    names = {str(path.relative_to(sdist)) for path in files}
    assert {"hatch_build.py", "README.md", "tests/project/test_distribution.py", "stylefx/py.typed"} <= names
    assert {
        "benchmarks/RESULTS.md",
        "CONTRIBUTING.md",
        "examples/render_file.py",
        "docs/architecture.md",
    } <= names
    assert [path for path in files if path.suffix == ".ogg"] == []


def test_links_and_pictures_are_absolute(wheel: dict[str, bytes]) -> None:
    text = metadata(wheel)
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert f"{HOME}/raw/HEAD/benchmarks/pictures/demo.png" in targets
    assert f"{HOME}/blob/HEAD/stylefx/clips/PROVENANCE.md" in targets
    assert all(target.startswith(("https://", "#")) for target in targets)
    for address in (f"Source, {HOME}", f"Issues, {HOME}/issues"):
        assert f"\nProject-URL: {address}\n" in text
    assert "\nClassifier: Typing :: Typed\n" in text
    assert "stylefx/py.typed" in wheel


def test_the_wheel_brings_the_manual_page_and_completions(wheel: dict[str, bytes]) -> None:
    assert wheel["data/share/man/man1/stylefx.1"].decode() == manual(build_parser())
    assert b"-F _shtab_stylefx stylefx" in wheel["data/share/bash-completion/completions/stylefx"]
    assert wheel["data/share/zsh/site-functions/_stylefx"].startswith(b"#compdef stylefx")


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://example.org/somebody/stylefx.git", HOME),
        ("https://name:secret@example.org/somebody/stylefx", HOME),
        ("git@example.org:somebody/stylefx.git", HOME),
        ("ssh://git@example.org:2222/somebody/stylefx.git", HOME),
        ("/srv/git/stylefx.git", None),
        ("", None),
    ],
)
def test_the_address_of_a_repository(remote: str, address: str | None) -> None:
    sys.path.insert(0, str(ROOT))
    try:
        from hatch_build import _address, absolute
    finally:
        sys.path.remove(str(ROOT))
    assert _address(remote) == address
    text = "see ![a](b.png) and [c](d/e.md), [f](https://g), [h](#i)"
    expected = (
        f"see ![a]({HOME}/raw/HEAD/b.png) and [c]({HOME}/blob/HEAD/d/e.md)" if address else "see  and c"
    )
    assert absolute(text, address) == f"{expected}, [f](https://g), [h](#i)"


def test_the_manual_page_is_one(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["--print-manual"]) == 0
    page = capsys.readouterr().out
    assert page == manual(build_parser())
    verbs = re.findall(r"^\.SH STYLEFX (\w+)$", page, re.MULTILINE)
    assert len(verbs) == len(set(verbs)) == len(VERBS)
    assert {"FIT", "RENDER", "LIVE", "APP"} <= set(verbs)
    # Every line that begins with a full stop is one of roff's commands.
    assert {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))} == {
        *(".TH", ".SH", ".B", ".PP", ".nf", ".fi", ".TP")
    }
    assert "\\fB\\-\\-style\\fR \\fISTYLE.npz\\fR" in page


def test_bash_completes_verbs_and_options(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["--print-completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert script.strip() == completion(build_parser(), "bash").strip()
    (tmp_path / "stylefx.bash").write_text(script)
    ask = (
        "source stylefx.bash; complete_for() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); "
        "_shtab_stylefx; printf '%s\\n' \"${COMPREPLY[@]}\"; }; "
        "complete_for stylefx re; complete_for stylefx render --mor"
    )  # fmt: skip
    run = subprocess.run(
        ["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stdout.split() == ["render", "--morph"]
