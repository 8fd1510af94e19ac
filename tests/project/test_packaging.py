"""What is written in two places says the same in both, and what ships is what the credits name."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import soundfile

import stylefx
from stylefx.clips import CREDITS, clip_path
from stylefx.optimise.harmonic import FILTERS
from stylefx.style.style import ARRAYS

ROOT = Path(__file__).parents[2]


def test_one_version() -> None:
    assert version("stylefx") == stylefx.__version__
    assert f'version = "{stylefx.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"## {stylefx.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_linters_are_the_same_everywhere() -> None:
    pins = [
        set(re.findall(r"\b(ruff|mypy)==([\d.]+)", (ROOT / name).read_text()))
        for name in (".pre-commit-config.yaml", "pyproject.toml")
    ]
    assert pins[0] == pins[1]
    assert len(pins[0]) == 2


def test_the_readme_has_the_two_commands_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text()
    between = readme.split("<!-- the two commands -->")[1].split("<!-- end -->")[0]
    commands = [line for line in between.splitlines() if line.startswith("pip install ")]
    assert commands == ["pip install . && stylefx demo", 'pip install ".[test]" && pytest']


def test_every_clip_has_its_credit_and_they_are_small() -> None:
    provenance = clip_path("guitar_solo").with_name("PROVENANCE.md").read_text()
    clips = sorted(clip_path("guitar_solo").parent.glob("*.flac"))
    assert [clip.stem for clip in clips] == sorted(CREDITS)
    assert sum(clip.stat().st_size for clip in clips) < 2_000_000
    for clip in clips:
        seconds = soundfile.info(clip).duration
        assert f"| {clip.name} |" in provenance
        assert f"| 44.1 kHz, 1, {seconds:.1f} |" in provenance
        assert all(word in provenance for word in CREDITS[clip.stem].split(", "))


def test_the_style_file_expects_what_the_method_makes() -> None:
    assert ARRAYS["harmonic"]["gram"] == (FILTERS, FILTERS)


def test_the_lowest_versions_of_ci_are_the_lower_bounds() -> None:
    required = (ROOT / "pyproject.toml").read_text().split("\ndependencies = [")[1].split("\n]")[0]
    bounds = dict(re.findall(r'"([a-z-]+)>=([\d.]+)"', required))
    assert bounds.pop("torch")
    pins = re.findall(r"^([a-z-]+)==([\d.]+)$", (ROOT / ".ci/lowest.txt").read_text(), re.MULTILINE)
    assert {name: padded(pin) for name, pin in pins} == {name: padded(low) for name, low in bounds.items()}


def padded(version_number: str) -> list[int]:
    """1.26 is 1.26.0."""
    return [*map(int, version_number.split(".")), 0, 0][:3]
