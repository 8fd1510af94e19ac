"""The style file: what is saved comes back, byte for byte the same each time, and what is odd is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fuzz.archives import members_of, npy, zipped
from stylefx.engine.transfer import StyleTransfer
from stylefx.errors import StylefxError, UsageError
from stylefx.style import archive
from stylefx.style.style import RANGES, Style


def test_what_is_saved_comes_back(made_up_style: Style, tmp_path: Path) -> None:
    made_up_style.save(tmp_path / "style.npz")
    loaded = Style.load(tmp_path / "style.npz")
    assert loaded.method == made_up_style.method
    assert loaded.meta == made_up_style.meta
    assert loaded.arrays.keys() == made_up_style.arrays.keys()
    for name, array in loaded.arrays.items():
        np.testing.assert_array_equal(array, made_up_style.arrays[name])
        assert array.dtype == made_up_style.arrays[name].dtype
        assert array.flags.writeable  # torch complains about arrays that are not


def test_equal_styles_give_equal_bytes(made_up_style: Style, tmp_path: Path) -> None:
    made_up_style.save(tmp_path / "one.npz")
    Style.load(tmp_path / "one.npz").save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_numpy_reads_it_without_pickle(made_up_style: Style, tmp_path: Path) -> None:
    made_up_style.save(tmp_path / "style.npz")
    with np.load(tmp_path / "style.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"meta", *made_up_style.arrays}


def test_savez_compressed_is_read(made_up_style: Style, tmp_path: Path) -> None:
    made_up_style.save(tmp_path / "style.npz")
    with np.load(tmp_path / "style.npz") as arrays:
        np.savez_compressed(tmp_path / "packed.npz", **arrays)
    assert Style.load(tmp_path / "packed.npz").meta == made_up_style.meta


def test_existing_file_stays_unless_told(made_up_style: Style, tmp_path: Path) -> None:
    path = tmp_path / "style.npz"
    path.write_bytes(b"mine")
    with pytest.raises(StylefxError, match="exists"):
        made_up_style.save(path)
    assert path.read_bytes() == b"mine"
    made_up_style.save(path, overwrite=True)
    assert Style.load(path).meta == made_up_style.meta


def test_a_failed_write_leaves_nothing(made_up_style: Style, tmp_path: Path, monkeypatch) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full_disk)
    with pytest.raises(StylefxError, match="No space left on device"):
        made_up_style.save(tmp_path / "style.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("style.wav", UsageError, "does not end in .npz"),
        ("nowhere/style.npz", StylefxError, "does not exist"),
        (".", UsageError, "does not end in .npz"),
    ],
)
def test_bad_targets(made_up_style: Style, tmp_path: Path, name: str, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        made_up_style.save(tmp_path / name)


def test_newer_version_is_refused_by_its_number(made_up_style: Style, tmp_path: Path) -> None:
    path = tmp_path / "style.npz"
    made_up_style.save(path)
    members = members_of(path.read_bytes())
    text = (
        np.frombuffer(members["meta.npy"], np.uint8)[128:].tobytes().replace(b'"version": 1', b'"version": 9')
    )
    path.write_bytes(zipped(members | {"meta.npy": npy(np.frombuffer(text, np.uint8))}))
    with pytest.raises(
        StylefxError, match=r"is of style format 9, this stylefx \S+ reads up to 1: update stylefx"
    ):
        Style.load(path)


def test_forged_shape_allocates_nothing(made_up_style: Style, tmp_path: Path) -> None:
    """The classic: a header that asks for 745 GiB over 64 bytes of data."""
    path = tmp_path / "style.npz"
    made_up_style.save(path)
    members = members_of(path.read_bytes())
    name = next(name for name in members if name != "meta.npy")
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000,), }".ljust(117) + "\n"
    members[name] = b"\x93NUMPY\x01\x00\x76\x00" + header.encode() + bytes(64)
    path.write_bytes(zipped(members))
    with pytest.raises(StylefxError, match=r"declares shape \(100000000000,\) but holds another size"):
        Style.load(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_impossible_values_are_refused_everywhere(made_up_style: Style, tmp_path: Path, value: float) -> None:
    name, array = next(iter(made_up_style.arrays.items()))
    array = array.copy()
    array.flat[5] = value
    with pytest.raises(StylefxError, match="not finite"):
        replace(made_up_style, arrays={name: array})
    made_up_style.save(tmp_path / "style.npz")
    members = members_of((tmp_path / "style.npz").read_bytes()) | {f"{name}.npy": npy(array)}
    (tmp_path / "forged.npz").write_bytes(zipped(members))
    with pytest.raises(StylefxError, match="not finite"):
        Style.load(tmp_path / "forged.npz")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_fft": 0}, "its n_fft is '0'"),
        ({"sample_rate": 44100.0}, "its sample_rate is '44100.0'"),
        ({"seed": True}, "its seed is 'True'"),
        ({"method": "magic"}, "its method is 'magic'"),
        ({"sources": [{"name": "a"}]}, "its sources is"),
        ({"defaults": {"mix": 2.0}}, "its defaults is"),
        ({"licence_note": "x\ny"}, "its licence_note is"),
        ({"extra": 1}, "its meta lacks or has too much: extra"),
    ],
)
def test_meta_out_of_range_is_named(made_up_style: Style, changes: dict, words: str) -> None:
    with pytest.raises(StylefxError, match=words):
        replace(made_up_style, meta={**made_up_style.meta, **changes})


def test_shapes_must_agree_with_the_grid(made_up_style: Style) -> None:
    name, array = next(iter(made_up_style.arrays.items()))
    with pytest.raises(StylefxError, match=f"{name} has shape"):
        replace(made_up_style, arrays={name: array[:, :-1]})
    with pytest.raises(
        StylefxError, match=f"lacks .*{name}.*: if another version made it, fit the clip again"
    ):
        replace(made_up_style, arrays={})
    with pytest.raises(StylefxError, match="holds more"):
        replace(made_up_style, arrays={**made_up_style.arrays, "more": array})


def test_missing_directory_and_empty_paths(tmp_path: Path) -> None:
    with pytest.raises(StylefxError, match="does not exist: make it with `stylefx fit"):
        Style.load(tmp_path / "none.npz")
    with pytest.raises(StylefxError, match="is a directory"):
        Style.load(tmp_path)
    (tmp_path / "empty.npz").touch()
    with pytest.raises(StylefxError, match="has only 0 bytes"):
        Style.load(tmp_path / "empty.npz")


def test_a_long_directory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "many.npz"
    path.write_bytes(zipped({f"a{number}.npy": b"" for number in range(archive.MAX_MEMBERS + 1)}))
    with pytest.raises(archive.CorruptArchiveError, match="lists 65 members"):
        archive.read_arrays(path)


def test_sources_can_be_renamed(made_up_style: Style) -> None:
    renamed = made_up_style.with_sources([{"name": "b.wav", "sha256": "1" * 64, "seconds": 1}])
    assert renamed.source_names == "b.wav"
    assert made_up_style.source_names == "pièce.wav"


def without_notes(style: Style) -> Style:
    """The arrays of numbers alone; forged notes are tests/instrument's."""
    return replace(style, arrays={name: array for name, array in style.arrays.items() if name in RANGES})


@pytest.mark.parametrize("seed", range(3))
def test_no_style_that_loads_can_make_noise_of_numbers(seed: int, trumpet_style_path: Path) -> None:
    """The most extreme values that pass the checks: what is played stays finite and within full scale."""
    fitted = without_notes(Style.load(trumpet_style_path))
    random = np.random.default_rng(seed)
    arrays = {
        name: random.choice(np.array(RANGES[name], np.float32), array.shape)
        for name, array in fitted.arrays.items()
    }
    forged = replace(fitted, arrays=arrays)
    played = StyleTransfer(forged)(random.uniform(-1, 1, 20_000).astype(np.float32), 44100)
    assert np.isfinite(played).all()
    assert np.abs(played).max() <= 1


def test_values_beyond_what_the_engine_takes_are_refused(trumpet_style_path: Path) -> None:
    fitted = without_notes(Style.load(trumpet_style_path))
    for name, array in fitted.arrays.items():
        beyond = array.copy()
        beyond.flat[0] = RANGES[name][1] * 1.01
        with pytest.raises(StylefxError, match=f"{name} holds values that are not finite, or not within"):
            replace(fitted, arrays={**fitted.arrays, name: beyond})
