"""`stylefx notes`: which notes a recording plays, since when, how loud, and how sure that is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylefx.cli.options import add_common_options

if TYPE_CHECKING:
    from stylefx.io.picture import Panel
    from stylefx.tracking.notes import Note

EXAMPLES = """\
examples:
  stylefx notes song.wav                          prints onset, offset, pitch, level and confidence
  stylefx notes song.wav --midi song.mid          for any sequencer
  stylefx notes song.wav --plot notes.png         the notes over the spectrogram
  stylefx notes song.wav --json                   for other programs
  stylefx notes song.wav --latency normal         what `live` would hear while playing

Several instruments at once count as one; drums, noise and speech have few notes or none."""
KEY_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "notes",
        help="list the notes of a recording",
        description="Find the notes of a recording, and print them or write them as JSON, MIDI or a figure.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("content", metavar="CONTENT", help="audio file, or - for standard input")
    parser.add_argument(
        "--latency",
        choices=("studio", "normal", "low", "lowest"),
        default="studio",
        help="how far to look ahead: studio 0.33 s, the others as far as live can (default studio)",
    )
    parser.add_argument("--midi", metavar="FILE.mid", help="write the notes as a MIDI file")
    parser.add_argument("--plot", metavar="FIGURE.png", help="draw the notes over the spectrogram")
    add_common_options(parser, overwrites=True)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Refuse what could not be written first; then listen."""
    from stylefx.cli.console import compiling_announced, notify, print_json
    from stylefx.io import picture
    from stylefx.io.midi_file import check_midi, write_midi

    if args.midi is not None:
        check_midi(args.midi, args.yes)
    if args.plot is not None:
        picture.check_figure(args.plot, args.yes)
    with compiling_announced():
        notes, panel = _hear(args.content, args.latency, args.plot is not None)
    if args.midi is not None:
        write_midi(args.midi, notes, args.yes)
        notify(f"wrote {args.midi}: {len(notes)} notes")
    if panel is not None:
        from stylefx.io.note_picture import draw_notes

        draw_notes(args.plot, panel, notes, args.yes)
        notify(f"drew {args.plot}")
    if args.json:
        print_json({"notes": [as_json(note) for note in notes]})
    elif args.midi is None and args.plot is None:
        print("\n".join(_lines(notes)))
    return 0


def _hear(content: str, latency: str, drawn: bool) -> tuple[list[Note], Panel | None]:
    from dataclasses import replace

    from stylefx.cli.console import progress_bar
    from stylefx.compute import one_blas_thread
    from stylefx.io.files import AudioReader
    from stylefx.io.picture import RunningSpectrogram
    from stylefx.tracking.tracker import OfflineTracker

    with (
        one_blas_thread(),
        AudioReader(content) as reader,
        progress_bar(Path(reader.name).name) as progress,
    ):
        offline = OfflineTracker(reader.sample_rate, latency)
        spectrogram = RunningSpectrogram(reader.sample_rate) if drawn else None
        done = 0
        for block in reader.blocks():
            offline.add(block)
            if spectrogram is not None:
                spectrogram.add(block)
            done += len(block)
            if progress is not None:
                progress(done, reader.frames)
        panel = None if spectrogram is None else replace(spectrogram.finish(), title=Path(reader.name).name)
        return offline.finish(), panel


def as_json(note: Note) -> dict[str, Any]:
    """A note as other programs read it: seconds, MIDI pitch with its fraction, dB, 0 to 1."""
    return {
        "onset": round(note.onset, 4),
        "offset": round(float(note.offset or note.onset), 4),
        "pitch": round(note.pitch, 2),
        "level_db": round(note.level_db, 1),
        "confidence": round(note.confidence, 3),
    }


def _lines(notes: list[Note]) -> list[str]:
    if not notes:
        return ["no notes"]
    lines = ["  onset   offset  note  cents  level  confidence"]
    for note in notes:
        key = round(note.pitch)
        name = f"{KEY_NAMES[key % 12]}{key // 12 - 1}"
        cents = round(100 * (note.pitch - key))
        lines.append(
            f"{note.onset:7.3f}  {note.offset or note.onset:7.3f}  {name:4s}  {cents:+5d}  "
            f"{note.level_db:5.1f}  {note.confidence:10.2f}"
        )
    return lines
