"""What makes a kept result stale, and what does not; two processes that fill one store; rows proved equal."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.cases.cases import Case
from benchmarks.report import quality, store
from benchmarks.systems import engine, rows
from benchmarks.systems.row import Row

RATE = 22_050
SOURCE = '''"""Words about the module."""
LIMIT = 1


def shout(word):
    """Words about the function."""
    return word + "!"
'''


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ROOT", tmp_path)
    (tmp_path / "stylefx" / "inner").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("Words about the function", "Other words", False),
        ("Words about the module", "Other words", False),
        ("LIMIT = 1", "LIMIT = 1  # of what", False),
        ("LIMIT = 1", "LIMIT = 2", True),
        ('"!"', '"?"', True),
        ("def shout(word):", "def shout(word=None):", True),
    ],
)
def test_results_go_stale_with_what_the_code_does(root, old, new, stale):
    (root / "a.py").write_text(SOURCE)
    before = store.code_hash("a.py")
    (root / "a.py").write_text(SOURCE.replace(old, new))
    assert (store.code_hash("a.py") != before) is stale


def test_only_the_named_files_count_and_weights_count_by_their_bytes(root):
    (root / "a.py").write_text("1")
    (root / "stylefx" / "w.npz").write_bytes(b"weights")
    before = store.code_hash("a.py", "stylefx")
    (root / "b.py").write_text("1")
    assert store.code_hash("a.py", "stylefx") == before
    (root / "stylefx" / "w.npz").write_bytes(b"WEIGHTS")
    assert store.code_hash("a.py", "stylefx") != before


def test_imports_are_followed_wherever_they_stand(root):
    package = root / "stylefx"
    (package / "a.py").write_text(
        "import numpy\nfrom typing import TYPE_CHECKING\nfrom stylefx import b\n"
        "if TYPE_CHECKING:\n    import stylefx.hint\n"
        "def late():\n    from stylefx.inner.c import thing\n"
    )
    for name in ("b", "hint", "inner/d", "unused"):
        (package / f"{name}.py").write_text("")
    (package / "inner" / "c.py").write_text("import stylefx.inner.d")
    found = store.with_imports("stylefx/a.py")
    assert found == tuple(f"stylefx/{name}.py" for name in ("a", "b", "inner/c", "inner/d"))
    without = store.with_imports("stylefx/a.py", without=("stylefx/inner/c.py",))
    assert without == ("stylefx/a.py", "stylefx/b.py")


def test_rivals_outlive_changes_of_the_engine():
    streaming = ("stylefx/decode", "stylefx/learn/decoder", "stylefx/streaming", "stylefx/transfer")
    for row in rows.chosen(None, ("rival",)):
        assert not [path for path in row.code if path.startswith(streaming)], row.name
        assert all((store.ROOT / path).exists() for path in row.code), row.name
    assert "stylefx/published/closed_form.py" in rows.ROWS["U+L tuned"].code


FIT_AND_PLAY = """
import sys
import numpy as np, stylefx
audio = np.random.default_rng(0).uniform(-0.1, 0.1, 44100).astype(np.float32)
stylefx.StyleTransfer(stylefx.fit(audio, 44100, quality="draft"), device="cpu")(audio, 44100)
names = [name for name in sys.modules if name.startswith("stylefx") and sys.modules[name].__file__]
print(*(sys.modules[name].__file__ for name in names), sep="\\n")
"""


@pytest.mark.slow
def test_whatever_a_fit_and_a_rendering_load_makes_results_stale_or_is_named_as_not_heard():
    command = [sys.executable, "-c", FIT_AND_PLAY]
    answer = subprocess.run(command, cwd=store.ROOT, check=True, capture_output=True, text=True, timeout=500)
    loaded = {line.removeprefix(f"{store.ROOT}/") for line in answer.stdout.split()}
    packages = {path for path in loaded if path.endswith("__init__.py")}
    forgotten = loaded - packages - set(engine.CODE) - set(engine.NOT_HEARD)
    assert "stylefx/engine/streaming.py" in loaded
    assert not forgotten


@pytest.fixture
def cases() -> list[Case]:
    rng = np.random.default_rng(0)
    sounds = rng.uniform(-0.1, 0.1, (7, 2, RATE)).astype(np.float32)
    return [Case(f"case {k}", content, style, None, RATE) for k, (content, style) in enumerate(sounds)]


def test_two_processes_from_both_ends_measure_everything_once(tmp_path, cases, monkeypatch):
    pytest.importorskip("librosa")
    monkeypatch.setattr(quality, "real_metrics", lambda audio, case: {"style_closed": 0.0})
    measured = []

    def apply(content, style, rate):
        measured.append(content[0])
        return content

    row = Row("copied", "", apply, ("benchmarks/systems/baselines/copies.py",))
    kept = store.Store(tmp_path)
    quality.run(cases[:3], [row], kept, "here")
    backwards = quality.run(cases, [row], kept, "here", backwards=True)
    assert [record["case"] for record in backwards] == [case.name for case in reversed(cases)]
    assert measured == [case.content[0] for case in cases[:3] + cases[:2:-1]]


def test_a_row_of_the_subset_stands_for_all_only_where_its_samples_are_the_same(tmp_path, cases, monkeypatch):
    monkeypatch.setattr(quality, "real_metrics", lambda audio, case: {"style_closed": 0.5})
    code = ("benchmarks/systems/baselines/copies.py",)

    def rows_of(live):
        offline = Row("stylefx", "", lambda content, style, rate: content, code, kind="stylefx")
        return [offline, Row("stylefx live", "", live, code, kind="stylefx", subset=True)]

    same = quality.run(cases, rows_of(lambda c, s, r: c.copy()), store.Store(tmp_path / "same"), "here")
    spread, sentence = quality.spread(same, "stylefx live", "stylefx")
    live = [record for record in spread if record["row"] == "stylefx live"]
    assert len(live) == len(cases)
    assert not any(record["subset"] for record in live)
    assert sum("render_factor" in record for record in live) == 2
    assert "bit for bit" in sentence

    other = quality.run(cases, rows_of(lambda c, s, r: c * 0.999), store.Store(tmp_path / "other"), "here")
    unchanged, sentence = quality.spread(other, "stylefx live", "stylefx")
    assert unchanged == other
    assert "0 of 2" in sentence
