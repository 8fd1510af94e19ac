"""A style: what `fit` learned from a clip, and the one file that carries it.

The file is a .npz without pickles: `meta`, a JSON object as bytes (metadata.py), and plain arrays beside
it. A `Style` checks itself when it is made, so a style that exists is valid, whether it was fitted, loaded or
built by hand. What each method stores stands in `ARRAYS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from stylefx.analysis.axis import POSITIONS
from stylefx.checks import path_of
from stylefx.errors import StylefxError, UsageError, one_line
from stylefx.instrument.table import COLUMNS, check_instrument
from stylefx.io.named_pipe import tell_if_waiting
from stylefx.io.output import check_output
from stylefx.style import archive, metadata
from stylefx.style.methods import METHODS, Method

FILTERS = 64  # of optimise/harmonic.py, which is slow to import
COCHLEAR_BANDS = 30  # of published/nets/cochlea.py, likewise
TIMBRAL_FILTERS = 204  # of published/nets/musicnn_timbral_stream.py, likewise
# Array name -> shape, per layout. A word stands for any size, the same wherever the word appears.
Shape = tuple[str | int, ...]
# The decoder compares its sizes with its features' when it is made (timbre/decoder.py).
DECODER: dict[str, Shape] = {
    "decoder_ear_weight1": ("decoder_features", "decoder_ear"),
    "decoder_ear_bias1": ("decoder_positions", "decoder_ear"),
    "decoder_ear_weight2": ("decoder_ear", "decoder_channels"),
    "decoder_ear_bias2": ("decoder_channels",),
    "decoder_weight1": ("decoder_seen", "decoder_hidden"),
    "decoder_bias1": ("decoder_positions", "decoder_hidden"),
    "decoder_weight2": ("decoder_hidden", "decoder_hidden"),
    "decoder_bias2": ("decoder_hidden",),
    "decoder_weight3": ("decoder_hidden", "decoder_hidden"),
    "decoder_bias3": ("decoder_hidden",),
    "decoder_weight4": ("decoder_hidden",),
    "decoder_bias4": (1,),
    "decoder_skip": (2,),
    "decoder_envelope": ("decoder_positions",),
    "decoder_mean_levels": ("decoder_positions",),
    "decoder_level_spreads": ("decoder_positions",),
    "decoder_mean_amplitudes": ("decoder_positions",),
    "decoder_decay_rates": ("decoder_positions",),
}
LAYOUTS: dict[str, dict[str, Shape]] = {
    "decoder": {"gram": (FILTERS, FILTERS), "envelope": (POSITIONS,), **DECODER},
    "timbral decoder": {
        "gram": (TIMBRAL_FILTERS, TIMBRAL_FILTERS),
        "envelope": (POSITIONS,),
        **DECODER,
    },
    "spectrogram": {"log_magnitudes": ("frames", "bins")},
    "texture": {
        "marginals": (COCHLEAR_BANDS, 4),
        "correlations": (173,),  # pairs of bands 1, 2, 3, 5, 8, 11, 16 and 21 apart
        "modulation_power": (COCHLEAR_BANDS, 20),
        "c1": (6, 57),  # pairs of bands 1 and 2 apart
        "c2": (COCHLEAR_BANDS, 5, 2),
    },
}


def arrays_of(method: Method) -> dict[str, Shape]:
    """Array name -> shape for the styles of a method."""
    return {
        name: tuple(method.bins if size == "bins" else size for size in shape)
        for name, shape in LAYOUTS[method.layout].items()
    }


ARRAYS: dict[str, dict[str, Shape]] = {name: arrays_of(method) for name, method in METHODS.items()}
# Arrays that may stand beside them: what the clip has under its notes (timbre/rumble.py), a coarse log spectrogram of
# it in dB, for pictures of a style (picture.py), and its notes (instrument/table.py).
OPTIONAL: dict[str, Shape] = {
    "decoder_rumble": ("decoder_positions",),
    "preview": ("preview_columns", "preview_bands"),
    "instrument_notes": ("instrument_rows", COLUMNS),
    "instrument_samples": ("instrument_length",),
}
# What honest values stay within by far, so that a forged one cannot overflow in the engine; others: archive.MAX_VALUE.
RANGES: dict[str, tuple[float, float]] = {
    "gram": (-1.001, 1.001),  # a covariance over its norm
    "envelope": (-50.0, 50.0),  # natural log of magnitude
    "log_magnitudes": (0.0, 50.0),
    "preview": (-300.0, 300.0),
    "marginals": (-1e5, 1e5),
    **dict.fromkeys(("correlations", "c1", "c2"), (-1.001, 1.001)),
    "modulation_power": (0.0, 100.0),
    **dict.fromkeys((*DECODER, "decoder_rumble"), (-100.0, 100.0)),
}


# What plays in real time stays within these by far; a forged style would play thousands of times slower than it.
MAX_SIZES = {"decoder_hidden": 512, "decoder_ear": 256, "decoder_channels": 64, "decoder_features": 512}
MAX_LIVE_STEPS = 20  # three times slower than real time on one slow core; a hundred, fourteen times


@dataclass(frozen=True, repr=False)
class Style:
    """What was learned from one or several clips.

    Attributes
    ----------
    method : str
        Which statistics these are: a key of `ARRAYS`.
    arrays : dict of str to ndarray
        float32, float64 or int64, named and shaped as `ARRAYS` says for the method, and perhaps some of `OPTIONAL`.
    meta : dict
        Provenance and grid: see `metadata.describe`.

    Raises
    ------
    StylefxError
        Anything is missing, has another type or shape, is out of range or not finite.
    """

    method: str
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]

    def __post_init__(self) -> None:
        metadata.check(self.meta, list(ARRAYS))
        if self.method != self.meta["method"]:
            raise StylefxError(f"the style says method {self.meta['method']!r} and {self.method!r}")
        _check_arrays(self.method, self.arrays)
        steps = self.meta["defaults"].get("iterations", 0)
        if METHODS[self.method].real_time and steps > MAX_LIVE_STEPS:
            raise StylefxError(
                f"its defaults ask for {steps} steps per hop, at most {MAX_LIVE_STEPS} can be played"
            )

    def __repr__(self) -> str:
        about = f"{self.method}, {self.meta['quality']}, {self.meta['sample_rate']} Hz"
        size = sum(array.nbytes for array in self.arrays.values())
        return one_line(f"<Style of {self.source_names[:120]}: {about}, {size / 1e6:.1f} MB>")

    def _repr_png_(self) -> bytes | None:
        """The clip's spectrogram, for a notebook; None where the file holds no picture."""
        from stylefx.io.picture import picture_of

        return picture_of(self)

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the style to one .npz file, complete or not at all; equal styles give equal bytes.

        Parameters
        ----------
        path : str or Path
            Ends in .npz.
        overwrite : bool
            Whether a file that is there may be replaced.

        Raises
        ------
        StylefxError
            The file cannot be written, or is there already; the message says what to do.
        """
        path = check_style_path(path_of(path, "the style file"), overwrite)
        try:
            archive.write_arrays(path, {"meta": metadata.encode(self.meta), **self.arrays}, overwrite)
        except OSError as error:
            raise StylefxError(f"{path} cannot be written: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: str | Path) -> Style:
        """Read a style file, trusted or not.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Style
            Checked: it can be played.

        Raises
        ------
        StylefxError
            It cannot be read or is no valid style; the message is one sentence.
        """
        path = path_of(path, "the style file")
        if path.is_dir():
            raise StylefxError(f"{path} is a directory, expected a style file that `stylefx fit` wrote")
        tell_if_waiting(path)
        try:
            arrays = archive.read_arrays(path)
            meta = metadata.decode(arrays.pop("meta", None))
            return cls(str(meta.get("method")), arrays, meta)
        except FileNotFoundError:
            raise StylefxError(f"{path} does not exist: make it with `stylefx fit CLIP -o {path}`") from None
        except OSError as error:
            raise StylefxError(f"{path} cannot be read: {error.strerror or error}") from error
        except metadata.NewerStyleError as error:
            raise StylefxError(f"{path} {error}") from None
        except StylefxError as error:
            raise StylefxError(f"{path} is not a style file that can be used: {error}") from error

    def with_sources(self, sources: Sequence[Mapping[str, Any]]) -> Style:
        """The same style, said to be learned from other clips.

        Parameters
        ----------
        sources : sequence of mappings
            With ``name``, ``sha256`` and ``seconds``.

        Returns
        -------
        Style
        """
        return replace(self, meta={**self.meta, "sources": [dict(source) for source in sources]})

    @property
    def source_names(self) -> str:
        """The clips' names in one line."""
        return ", ".join(source["name"] for source in self.meta["sources"])


def check_style_path(path: str | Path, overwrite: bool) -> Path:
    """The path of a style file to write, refused before any work is done if it cannot be."""
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise UsageError(f"{path} does not end in .npz, as style files do")
    check_output(path, overwrite)
    return path


def _check_arrays(method: str, arrays: dict[str, np.ndarray]) -> None:
    """Names, types, shapes and values of the arrays against what the method declares."""
    needed = ARRAYS[method]
    lacking, unknown = sorted(set(needed) - set(arrays)), sorted(set(arrays) - set(needed) - set(OPTIONAL))
    if lacking or unknown:
        found = " and ".join(
            f"{verb} {', '.join(names)}" for verb, names in (("lacks", lacking), ("holds", unknown)) if names
        )
        raise StylefxError(
            f"it {found[:300]}, unlike a style of method {method}: if another version made it, fit the clip again"
        )
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        if array.dtype not in (np.float32, np.float64, np.int64):
            raise StylefxError(f"{name} holds {array.dtype}, expected float32, float64 or int64")
        _check_shape(name, array.shape, (needed | OPTIONAL)[name], sizes)
        for size, most in MAX_SIZES.items():
            if sizes.get(size, 0) > most:
                raise StylefxError(f"{name} has shape {array.shape}, at most {most} can be played in time")
        low, high = RANGES.get(name, (-archive.MAX_VALUE, archive.MAX_VALUE))
        if not ((array >= low) & (array <= high)).all():
            raise StylefxError(f"{name} holds values that are not finite, or not within {low:g} and {high:g}")
    check_instrument(arrays)
    if sum(array.nbytes for array in arrays.values()) > archive.MAX_BYTES - metadata.MAX_BYTES:
        raise StylefxError("its arrays are larger than a style file may be")


def _check_shape(name: str, shape: tuple[int, ...], expected: Shape, sizes: dict[str, int]) -> None:
    """Bind the words of ``expected`` to sizes on first use, compare afterwards."""
    wanted = [
        sizes.setdefault(size, found) if isinstance(size, str) else size
        for size, found in zip(expected, shape)
    ]
    if len(shape) != len(expected) or list(shape) != wanted or math.prod(shape) == 0:
        raise StylefxError(f"{name} has shape {shape}, expected ({', '.join(map(str, expected))})")
