"""`stylefx fit`: a clip becomes a style file."""

from __future__ import annotations

import argparse
import time

from stylefx.cli.options import add_common_options, add_part_options, count, part_settings
from stylefx.style.methods import METHODS

EXAMPLES = """\
examples:
  stylefx fit piano.wav -o piano.npz
  stylefx fit take1.wav take2.flac -o guitar.npz --quality best
  stylefx fit album.flac -o solo.npz --start 1:02 --end 1:12
  stylefx fit bird.mp3 -o bird.npz --method ulyanov     see `stylefx methods`

Clips may last 0.5 s to 10 minutes in all, at any rate, channel count and format; ten seconds of the
instrument alone work best."""


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "fit",
        help="learn the sound of one or several clips",
        description="Learn the sound of a clip and write it to a style file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("clips", nargs="+", metavar="CLIP", help="audio file, or - for the standard input")
    parser.add_argument("-o", "--output", required=True, metavar="STYLE.npz", help="where to write the style")
    parser.add_argument(
        "--method",
        choices=tuple(METHODS),
        default="harmonic",
        metavar="NAME",
        help="harmonic (default) and musicnn-live stream in real time; `stylefx methods` lists the rest, which do not",
    )
    parser.add_argument(
        "--quality",
        choices=("draft", "normal", "best"),
        default="normal",
        help="how long to learn (default normal)",
    )
    parser.add_argument(
        "--seed", type=count, default=0, metavar="N", help="the same seed gives the same style (default 0)"
    )
    parser.add_argument(
        "--notes",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the clip's own notes, up to 3 MB, which play yours (default), or only learn to filter",
    )
    add_part_options(parser, "each clip")
    add_common_options(parser, overwrites=True)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the target, read the clips, fit, save, report."""
    from stylefx.cli.console import compiling_announced, notify, print_json
    from stylefx.instrument.table import NOTES
    from stylefx.io.clip import read_clips
    from stylefx.learn.fit import fit
    from stylefx.style.style import check_style_path

    path = check_style_path(args.output, args.yes)
    started = time.perf_counter()
    clip = read_clips(args.clips, **part_settings(args))
    for remark in clip.remarks:
        notify(f"stylefx: {remark}")
    with compiling_announced():
        style = fit(
            clip.audio,
            clip.sample_rate,
            method=args.method,
            quality=args.quality,
            seed=args.seed,
            notes=args.notes,
        )
    if args.notes and METHODS[args.method].real_time and NOTES not in style.arrays:
        notify("stylefx: no notes were heard in the clip: its sound is put on yours by filtering alone")
    style = style.with_sources(clip.sources)
    style.save(path, overwrite=args.yes)
    seconds = time.perf_counter() - started
    size = path.stat().st_size
    notify(
        f"learned {path} ({style.method}, {size / 1000:.0f} kB) from {style.source_names}, "
        f"{clip.seconds:.1f} s of sound, in {seconds:.1f} s"
    )
    if args.json:
        print_json({"style": str(path), "bytes": size, "seconds": seconds, **style.meta})
    return 0
