"""`stylefx live --tune`: what this machine can play, and the command line to play it with."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from stylefx.cli.options import engine_settings
from stylefx.errors import EXIT_FAILED, NoDeviceError, UsageError

if TYPE_CHECKING:
    from stylefx.engine.transfer import StyleTransfer
    from stylefx.live.tools.tune import Tuning
    from stylefx.style.style import Style

# Where there is no device to ask.
USUAL_RATE = 48_000
CLIP = "guitar_solo"
CHANNELS = 2


def tune_for(args: argparse.Namespace) -> int:
    """Measure, print what to play with; exit code 1 if nothing keeps up."""
    from stylefx.analysis.grid import grid_for
    from stylefx.cli.console import compiling_announced, notify, print_json
    from stylefx.clips import clip_path
    from stylefx.io.files import read_audio
    from stylefx.live.tools.tune import SAFE_RATIO, tune
    from stylefx.style.style import Style

    if not args.style:
        raise UsageError("--tune measures a style: add --style STYLE.npz")
    styles, sample_rate = [Style.load(path) for path in args.style], _rate(args)
    audio = read_audio(clip_path(CLIP))[0][:, :1].repeat(CHANNELS, axis=1)

    def engine_for(latency: str) -> tuple[StyleTransfer, int]:
        return _engine(args, styles, latency), grid_for(sample_rate, latency).hop

    notify(
        f"measuring at {sample_rate} Hz with {CHANNELS} channels, about half a minute: play nothing else meanwhile"
    )
    with compiling_announced():
        tuning = tune(engine_for, _latencies(args), audio, sample_rate, notify)
    line = command_line(args, tuning)
    if args.json:
        timings = [timing.as_dict() for timing in tuning.timings]
        print_json({"command": line, "sample_rate": sample_rate, "safe_part": SAFE_RATIO, "timings": timings})
    elif line is None:
        notify("stylefx: this machine is too slow or too busy for this style, even without iterations")
    else:
        notify(
            f"a block is called safe when its work takes at most {100 * SAFE_RATIO:.0f} % of its duration; play with:"
        )
        print(line)
    return EXIT_FAILED if line is None else 0


def command_line(args: argparse.Namespace, tuning: Tuning) -> str | None:
    """What to type, with the devices that were named; None when nothing keeps up."""
    if tuning.chosen is None:
        return None
    styles = [word for path in args.style for word in ("--style", path)]
    words = ["stylefx", "live", *styles, "--blocksize", tuning.block]
    words += [] if args.morph is None else ["--morph", args.morph]
    words += ["--iterations", tuning.chosen.iterations]
    words += [] if args.latency == "normal" else ["--latency", args.latency]
    words += [] if args.notes else ["--no-notes"]
    words += ["--fold"] if args.fold else []
    for option, value in (("-i", args.source), ("-o", args.sink)):
        words += [] if value is None else [option, value]
    return shlex.join(map(str, words))


def _latencies(args: argparse.Namespace) -> list[str]:
    """The profile that was asked for, then the others."""
    from stylefx.analysis.grid import PROFILES

    return [args.latency, *(name for name in PROFILES if name != args.latency)]


def _engine(args: argparse.Namespace, styles: list[Style], latency: str) -> StyleTransfer:
    from stylefx.engine.transfer import StyleTransfer

    return StyleTransfer(styles, **{**engine_settings(args), "latency": latency})


def _rate(args: argparse.Namespace) -> int:
    """The devices' own, or the usual one without any."""
    from stylefx.io.devices import find_device, shared_sample_rate

    try:
        return shared_sample_rate(find_device(args.source, "input"), find_device(args.sink, "output"))
    except NoDeviceError:
        if args.source is not None or args.sink is not None:
            raise
        return USUAL_RATE
