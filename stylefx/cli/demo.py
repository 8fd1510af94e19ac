"""`stylefx demo`: fit a shipped clip, render a shipped input, write sound and picture, say how long."""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stylefx.cli.options import add_common_options

CONTENT, CLIP = "guitar_solo", "trumpet_solo"


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "demo",
        help="hear and see an example",
        description="Learn a trumpet from a clip that comes with stylefx, render a guitar in its sound, and write "
        "audio and a picture. An earlier demo in the same folder is replaced.",
        epilog="example: stylefx demo -o listen/",
    )
    parser.add_argument(
        "-o",
        "--output",
        default="stylefx-demo",
        metavar="DIR",
        help="where to write (default ./stylefx-demo)",
    )
    add_common_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Every step is one that a user would take by hand, and is printed as such."""
    from stylefx.cli.console import print_json

    folder = _make_folder(Path(args.output))
    result = _demo(folder)
    if args.json:
        print_json(result)
    return 0


def _make_folder(folder: Path) -> Path:
    from stylefx.errors import StylefxError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StylefxError(f"{folder} cannot be made: {error.strerror or error}") from error
    return folder


def _copy(source: Path, folder: Path) -> Path:
    from stylefx.io.output import replacing

    with source.open("rb") as original, replacing(folder / source.name) as copy:
        shutil.copyfileobj(original, copy)
    return folder / source.name


def _demo(folder: Path) -> dict[str, Any]:
    from stylefx.cli.console import compiling_announced, notify, progress_bar
    from stylefx.clips import clip_path
    from stylefx.io.clip import read_clips
    from stylefx.learn.fit import fit
    from stylefx.rendering import render

    content, clip = (_copy(clip_path(name), folder) for name in (CONTENT, CLIP))
    style_path, sound, figure = folder / f"{CLIP}.npz", folder / f"{CONTENT}.{CLIP}.wav", folder / "demo.png"
    with compiling_announced():
        started = time.perf_counter()
        learned = read_clips([clip])
        style = fit(learned.audio, learned.sample_rate).with_sources(learned.sources)
        style.save(style_path, overwrite=True)
        fit_seconds = time.perf_counter() - started
        notify(
            f"stylefx fit {clip} -o {style_path}: {fit_seconds:.1f} s for {learned.seconds:.1f} s of sound"
        )
        with progress_bar("rendering") as progress:
            report = render(content, style, sound, overwrite=True, plot=figure, progress=progress)
    notify(
        f"stylefx render {content} --style {style_path} -o {sound} --plot {figure}: "
        f"{report.wall_seconds:.1f} s for {report.seconds:.1f} s of sound"
    )
    notify(f"listen to {content} and {sound}, look at {figure}")
    return {
        "style": str(style_path),
        "figure": str(figure),
        "fit_seconds": fit_seconds,
        "render": asdict(report),
    }
