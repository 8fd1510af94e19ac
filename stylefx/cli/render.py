"""`stylefx render`: a style on files, folders and pipes."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylefx.cli.options import (
    add_common_options,
    add_engine_options,
    add_style_options,
    count,
    engine_settings,
    part_settings,
)
from stylefx.errors import EXIT_FAILED, StylefxError, UsageError
from stylefx.interruption import Interrupted

if TYPE_CHECKING:
    from stylefx.cli.jobs import Job
    from stylefx.style.style import Style

# As many names of files that failed stand in the last line.
LISTED = 5

EXAMPLES = """\
examples:
  stylefx render song.wav --style piano.npz                    writes song.piano.wav beside song.wav
  stylefx render song.flac --style piano.npz -o out.wav        format by extension
  stylefx render takes/ --style piano.npz -o styled/           every audio file in a folder (--recursive: and below)
  stylefx render a.wav b.wav --style piano.npz -o styled/      several files
  stylefx render song.wav --style piano.npz --start 1:02 --end 1:12.5    a part of it
  stylefx render takes/ --style piano.npz -o styled/ --jobs 0 --resume    on all cores, only what is missing
  sox in.mp3 -t au - | stylefx render - --style piano.npz -o - | sox -t au - out.ogg
  stylefx render song.wav --style piano.npz --style bird.npz --morph 0.3    writes song.piano+bird.wav
  stylefx render song.wav --style piano.npz --plot song.png    draws content, style and output

Length, rate and channels stay as they are, and so do the samples (16-bit, float, ...) where the format can
hold them."""


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "render",
        help="put a style on audio files",
        description="Put a style on audio files, through the same engine as live.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "contents", nargs="+", metavar="CONTENT", help="audio file, folder, or - for standard input"
    )
    add_style_options(parser, "twice with --morph")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="file, folder (needed for several inputs), or - for AU on standard output; "
        "default: NAME.STYLE.EXT beside the input",
    )
    parser.add_argument("--recursive", action="store_true", help="search folders and their subfolders")
    add_engine_options(parser, of_a_take=True)
    parser.add_argument("--plot", metavar="FIGURE.png", help="draw spectrograms of content, style and output")
    parser.add_argument(
        "--jobs",
        type=count,
        default=1,
        metavar="N",
        help="render N files at a time, each in its own process; 0: one per core (default 1)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="render on the workers of a Dask cluster, tcp://HOST:8786, which read and write the same paths "
        "(a shared file system); what is in work there when you stop is finished",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="skip files whose output already exists, to continue a run that was stopped",
    )
    add_common_options(parser, overwrites=True)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One bad file does not stop the others, but the exit code tells."""
    from stylefx.cli.console import compiling_announced, notify, print_json
    from stylefx.cli.jobs import plan
    from stylefx.io.files import PIPE
    from stylefx.style.style import Style

    if args.json and args.output == PIPE:
        raise UsageError("--json and -o - both want the standard output: choose one")
    if len(args.style) != (1 if args.morph is None else 2):
        raise UsageError(
            f"{len(args.style)} styles: one, or two and --morph 0..1, how far from the first to the second"
        )
    styles = [Style.load(path) for path in args.style]
    jobs = plan(args.contents, args.output, "+".join(Path(path).stem for path in args.style), args.recursive)
    part = part_settings(args)
    if args.plot is not None and len(jobs) > 1:
        raise UsageError(f"--plot draws one file, these are {len(jobs)}: render them one by one")
    _check_workers(args)
    single = len(jobs) == 1 and args.scheduler is None
    skipped = [job.output for job in jobs if args.resume and Path(job.output).is_file()]
    jobs = [job for job in jobs if job.output not in skipped]
    if skipped:
        notify(f"{len(skipped)} files are there already")
    with compiling_announced():
        if single:
            reports, errors = [_render(job, styles, args, part) for job in jobs], list[dict[str, str]]()
        else:
            render_all = _render_all if args.jobs == 1 and args.scheduler is None else _render_on_workers
            reports, errors = render_all(jobs, styles, args, part)
            notify(
                f"{len(reports)} of {len(jobs)} files rendered"
                + ("" if not errors else f", {len(errors)} failed: {_names(errors)}")
            )
    if args.json:
        found = {"skipped": skipped} if args.resume else {}
        print_json(
            {"style": args.style[0], "styles": args.style, "rendered": reports, "failed": errors, **found}
        )
    return EXIT_FAILED if errors else 0


def _render_all(
    jobs: list[Job], styles: list[Style], args: argparse.Namespace, part: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    from stylefx.cli.console import notify

    reports, errors = [], []
    for job in jobs:
        try:
            reports.append(_render(job, styles, args, part))
        except StylefxError as error:
            sentence = str(error)
        except Exception as error:  # a fault of ours with one file does not cost the others
            if isinstance(error.__cause__, Interrupted):
                raise
            sentence = f"{job.content} failed with {type(error).__name__}: {error}"
        else:
            continue
        notify(f"stylefx: {sentence}")
        errors.append({"content": job.content, "error": sentence})
    return reports, errors


def _check_workers(args: argparse.Namespace) -> None:
    if args.resume and args.yes:
        raise UsageError("--resume keeps the files that are there and -y replaces them: choose one")
    if args.scheduler is not None and args.jobs != 1:
        raise UsageError("--jobs is for this machine and --scheduler for a cluster: choose one")
    if args.scheduler is not None and (args.plot or "-" in (*args.contents, args.output)):
        raise UsageError("--scheduler renders files elsewhere: without --plot and pipes")


def _render_on_workers(
    jobs: list[Job], styles: list[Style], args: argparse.Namespace, part: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """As `_render_all`; workers read the styles themselves."""
    from stylefx.cli.console import notify, progress_bar
    from stylefx.cli.workers import cores, on_cluster, on_processes
    from stylefx.io.output import check_output
    from stylefx.io.writing import is_null_device

    reports: dict[Job, dict[str, Any]] = {}
    errors: dict[Job, str] = {}

    def failed(job: Job, sentence: str) -> None:
        notify(f"stylefx: {sentence}")
        errors[job] = sentence

    for job in jobs:  # a task that is begun again may find its own output
        try:
            if not is_null_device(job.output):
                check_output(Path(job.output), args.yes)
        except StylefxError as error:
            failed(job, str(error))
    left = [job for job in jobs if job not in errors]
    settings = {
        "style": [os.path.abspath(path) for path in args.style],
        **engine_settings(args),
        **part,
        "overwrite": args.yes,
    }
    if args.scheduler is None:
        results = on_processes(left, settings, args.jobs or cores())
    else:
        results = on_cluster(left, settings, args.scheduler)
    with progress_bar(f"{len(left)} files") as progress:
        for job, outcome in results:
            if isinstance(outcome, str):
                failed(job, outcome)
            else:
                reports[job] = outcome
                _print_report(outcome)
            if progress is not None:
                progress(len(reports) + len(errors), len(jobs))
    return (
        [reports[job] for job in jobs if job in reports],
        [{"content": job.content, "error": errors[job]} for job in jobs if job in errors],
    )


def _names(errors: list[dict[str, str]]) -> str:
    """The first files that failed."""
    names = [Path(error["content"]).name for error in errors]
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


def _render(job: Job, styles: list[Style], args: argparse.Namespace, part: dict[str, Any]) -> dict[str, Any]:
    from stylefx.cli.console import notify, progress_bar
    from stylefx.rendering import render

    with progress_bar(Path(job.content).name) as progress:
        report = render(
            job.content,
            styles,
            job.output,
            **engine_settings(args),
            **part,
            overwrite=args.yes,
            plot=args.plot,
            progress=progress,
        )
    found = asdict(report)
    _print_report(found)
    if args.plot:
        notify(f"drew {args.plot}")
    return found


def _print_report(report: dict[str, Any]) -> None:
    from stylefx.cli.console import notify

    seconds = report["frames"] / report["sample_rate"]
    notify(f"wrote {report['output']}: {seconds:.1f} s of sound in {report['wall_seconds']:.1f} s")
    for remark in report["remarks"]:
        notify(f"stylefx: {remark}")
