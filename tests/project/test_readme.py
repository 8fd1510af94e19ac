"""The README's promises: its code runs, its table is the engine's, its verbs are the command's."""

from __future__ import annotations

import argparse
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stylefx.analysis.grid import grid_for
from stylefx.cli.main import build_parser
from stylefx.engine.transfer import StyleTransfer
from stylefx.style.style import Style

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

PAGES = sorted(
    path
    for places in ("*.md", "benchmarks/*.md", "docs/**/*.md", "examples/*.md")
    for path in ROOT.glob(places)
)


@pytest.mark.slow
def test_the_python_example_runs(tmp_path: Path, monkeypatch, trumpet: Path, guitar: Path) -> None:
    clip, rate = soundfile.read(trumpet, frames=44100)
    soundfile.write(tmp_path / "piano.wav", clip, rate)
    song, rate = soundfile.read(guitar, frames=22_050)
    soundfile.write(tmp_path / "song.wav", np.stack([song, song], axis=1), rate)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {"block": np.zeros((512, 2), np.float32)}
    exec(compile(code, "README.md", "exec"), names)
    assert names["y"].shape == (22_050, 2)
    assert names["out"].shape == (512, 2)
    assert len(names["tail"]) == names["fx"].latency_samples
    assert soundfile.info("out.wav").frames == 22_050


def test_the_latency_table_is_the_engines(trumpet_style_path: Path) -> None:
    rows = re.findall(
        r"\| ([\d.]+) kHz \| `(\w+)` \| (\d+) / (\d+) / (\d+) \| (\d+) samples, ([\d.]+) ms \|", README
    )
    assert len(rows) >= 5
    for khz, latency, window, n_fft, hop, samples, ms in rows:
        rate = round(1000 * float(khz))
        grid = grid_for(rate, latency)
        assert (grid.window_length, grid.n_fft, grid.hop) == (int(window), int(n_fft), int(hop))
        fx = StyleTransfer(Style.load(trumpet_style_path), latency=latency)
        fx.prepare(rate, 1, 512)
        assert fx.latency_samples == int(samples)
        assert float(ms) == pytest.approx(1000 * fx.latency_samples / rate, abs=0.05)


def test_every_verb_stands_in_the_table() -> None:
    (verbs,) = (each for each in build_parser()._actions if isinstance(each, argparse._SubParsersAction))
    assert sorted(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == sorted(verbs.choices)


def test_the_commands_shown_are_ones_the_parser_takes(monkeypatch, tmp_path: Path) -> None:
    """Every `stylefx ...` line of the command-line section, parsed (not run)."""
    section = README.split("## Command line")[1].split("## Python")[0]
    lines = re.findall(r"^(?:.*\| )?stylefx ([^#|\n]+)", section, re.MULTILINE)
    assert len(lines) >= 8
    for line in lines:
        args = build_parser().parse_args(line.split())
        assert callable(args.run)


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_links_and_pictures_exist(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_what_there_is_to_hear_is_short_small_and_named() -> None:
    folder = ROOT / "docs" / "listen"
    files = sorted(folder.glob("*.ogg"))
    assert len(files) == 15
    assert sum(path.stat().st_size for path in files) < 1.5e6
    page = (folder / "README.md").read_text()
    for path in files:
        found = soundfile.info(path)
        assert found.frames <= 6 * found.samplerate
        assert f"({path.name})" in page


def test_what_makes_it_finds_its_clips() -> None:
    make = runpy.run_path(str(ROOT / "docs" / "listen" / "make.py"))
    for name in {name for pair in make["PAIRS"] for name in pair}:
        audio, rate = make["read"](name)
        assert len(audio) > rate


@pytest.mark.parametrize("page", ["architecture.md", "adding-a-method.md"])
def test_modules_that_a_page_names_exist(page: str) -> None:
    named = re.findall(r"[\w/]+/\w+\.py\b", (ROOT / "docs" / page).read_text())
    assert len(named) > 5
    for path in named:
        assert (
            (ROOT / path).is_file() or (ROOT / "stylefx" / path).is_file() or path.endswith("test_flat.py")
        ), path
