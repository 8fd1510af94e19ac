"""`stylefx info`: what a style file holds and where it comes from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylefx.cli.methods import running
from stylefx.cli.options import add_common_options
from stylefx.errors import StylefxError
from stylefx.style.methods import METHODS

if TYPE_CHECKING:
    import numpy as np

    from stylefx.instrument.table import Instrument
    from stylefx.style.style import Style


EXAMPLES = """\
examples:
  stylefx info piano.npz                       method, sources, notes and arrays
  stylefx info piano.npz --plot piano.png      the clip's spectrogram and the notes kept of it
  stylefx info piano.npz --play scale.wav      a scale on these notes; without a name, through the default output"""
# What `--play` without a file stands for.
SPEAKERS = ""


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "info",
        help="show what a style file contains",
        description="Check a style file and show what it contains: method, sources, grid and arrays.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("style", metavar="STYLE.npz", help="style file that `stylefx fit` wrote")
    parser.add_argument(
        "--plot", metavar="FIGURE", help="draw the clip's spectrogram and the notes kept of it"
    )
    parser.add_argument(
        "--play",
        nargs="?",
        const=SPEAKERS,
        metavar="FILE",
        help="play a scale on the notes kept of the clip, through the default output or into an audio file",
    )
    add_common_options(parser, overwrites=True)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Load, which checks everything, and print."""
    from stylefx.cli.console import print_json
    from stylefx.instrument.table import NOTES, instrument_rows
    from stylefx.style.style import Style

    style = Style.load(args.style)
    if args.plot is not None:
        _draw(args, style)
    if args.play is not None:
        _play(args, style)
    arrays = {
        name: {"shape": list(array.shape), "type": str(array.dtype)} for name, array in style.arrays.items()
    }
    method = METHODS[style.method]
    result = {
        **style.meta,
        "real_time": method.real_time,
        "cpu_factor": method.cpu_factor,
        "notes_fall_db_per_second": _fall(style.arrays.get("decoder_decay_rates")),
        "arrays": arrays,
        "bytes": Path(args.style).stat().st_size,
    }
    if NOTES in style.arrays:
        result["instrument"] = instrument_rows(style.arrays)
    if args.json:
        print_json(result)
    elif args.plot is None and args.play is None:
        print("\n".join(_lines(result)))
    return 0


def _draw(args: argparse.Namespace, style: Style) -> None:
    from stylefx.cli.console import notify
    from stylefx.instrument.table import instrument_rows
    from stylefx.io.note_picture import draw_notes
    from stylefx.io.picture import panel_of
    from stylefx.tracking.notes import Note

    panel = panel_of(style)
    if panel is None:
        raise StylefxError(f"{args.style} holds no picture of its clip: fit the clip again")
    notes = [
        Note(number, row["second"], row["pitch"], row["level_db"], 1.0, row["second"] + row["seconds"])
        for number, row in enumerate(instrument_rows(style.arrays))
    ]
    draw_notes(args.plot, panel, notes, args.yes)
    notify(f"drew {args.plot}: {len(notes)} notes")


def _play(args: argparse.Namespace, style: Style) -> None:
    """A scale, into the file or through the default output."""
    from stylefx.cli.console import compiling_announced, notify
    from stylefx.instrument.scale import scale
    from stylefx.instrument.table import instrument_of
    from stylefx.io.writing import AudioWriter

    instrument = instrument_of(style.arrays, style.meta["sample_rate"])
    if instrument is None:
        raise StylefxError(f"{args.style} holds no notes of its clip, so there is nothing to play a scale on")
    with compiling_announced():
        if args.play == SPEAKERS:
            _to_speakers(instrument)
            return
        audio = scale(instrument, instrument.sample_rate)
    with AudioWriter(args.play, instrument.sample_rate, 1, overwrite=args.yes) as writer:
        writer.write(audio[:, None])
    notify(f"wrote {args.play}: a scale of {len(audio) / instrument.sample_rate:.1f} s")


def _to_speakers(instrument: Instrument) -> None:
    """A scale at the device's own rate, to its end."""
    from stylefx.instrument.scale import scale
    from stylefx.io.devices import find_device, load_sounddevice

    sounddevice, device = load_sounddevice(), find_device(None, "output")
    rate = round(device.sample_rate)
    try:
        sounddevice.play(scale(instrument, rate), rate, device=device.number, blocking=True)
    except sounddevice.PortAudioError as error:
        raise StylefxError(f"{device.name} cannot be played through ({error}): try --play FILE") from error


def _fall(rates: np.ndarray | None) -> list[float] | None:
    """By how many dB per second notes die away, least and most over frequency; None where they are held."""
    if rates is None or not rates.any():
        return None
    return [round(-10 * float(rate), 1) for rate in (rates.max(), rates.min())]


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [
        f"method    {result['method']}, quality {result['quality']}, seed {result['seed']}",
        f"runs      {running(result['real_time'], result['cpu_factor'])}",
        f"written   by stylefx {result['stylefx']}, format {result['version']}, {result['bytes']:,} bytes",
        f"grid      {result['sample_rate']} Hz, {result['window']} window {result['window_length']}, "
        f"FFT {result['n_fft']}, hop {result['hop']}",
    ]
    if result["notes_fall_db_per_second"]:
        least, most = result["notes_fall_db_per_second"]
        lines.append(f"notes     die away, by {least:.0f} to {most:.0f} dB per second")
    lines += [
        f"learned   from {source['name']}, {source['seconds']:.2f} s, sha256 {source['sha256'][:12]}..."
        for source in result["sources"]
    ]
    lines += [
        f"note      {note['pitch']:.2f} at {note['second']:.2f} s, {note['seconds']:.2f} s long, "
        f"{note['level_db']:.0f} dB, {'held' if note['held'] else 'struck'}"
        for note in result.get("instrument", [])
    ]
    lines += [f"default   {name} {value}" for name, value in result["defaults"].items()]
    lines += [
        f"array     {name} {'x'.join(map(str, array['shape']))} {array['type']}"
        for name, array in result["arrays"].items()
    ]
    return [*lines, f"licence   {result['licence_note']}"]
