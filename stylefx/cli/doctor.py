"""`stylefx doctor`: what is installed, which devices there are, and what runs in real time here."""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from stylefx.cli.options import add_common_options

if TYPE_CHECKING:
    from stylefx.engine.timing import Speed

PACKAGES = (
    "numpy", "numba", "scipy", "torch", "soundfile", "sounddevice", "rtmixer", "soxr", "rich", "matplotlib",
)  # fmt: skip
BENCHMARK_SECONDS = 3.0


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "doctor",
        help="show what is installed and what runs in real time on this machine",
        description="Show versions and devices, then measure what this machine can play in real time.",
        epilog="example: stylefx doctor --json > machine.json",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where the optimiser runs (default auto)",
    )
    add_common_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say each part as soon as it is known; the benchmark comes last."""
    from stylefx.cli.console import compiling_announced, print_json

    facts = {"system": _system(), "packages": _packages(), "devices": _devices(), "compiled_code": _cache()}
    if not args.json:
        print("\n".join(_lines(facts)), flush=True)
    with compiling_announced():
        default, largest = _benchmark(args.device)
    facts["speed"] = {
        "default": asdict(default),
        "largest_setting": None if largest is None else asdict(largest),
        "keeps_up": default.keeps_up,
    }
    if args.json:
        print_json(facts)
    else:
        print("\n".join(_speed_lines(default, largest)))
    return 0


def _system() -> dict[str, Any]:
    import stylefx

    return {
        "stylefx": stylefx.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "gpu": _gpu(),
    }


def _gpu() -> str | None:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def _packages() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _devices() -> dict[str, Any]:
    """The devices, or the sentence that says why there are none."""
    from stylefx.errors import StylefxError
    from stylefx.io.devices import NO_DEVICE, list_devices

    try:
        found = [asdict(device) for device in list_devices()]
    except StylefxError as error:
        return {"found": [], "why_none": str(error)}
    return {"found": found, "why_none": None if found else NO_DEVICE}


def _cache() -> dict[str, Any]:
    """Where compiled code is kept, beside the package or else with the user's, and how much there is yet."""
    from stylefx.jit import compiled_code

    folder, functions = compiled_code()
    return {"folder": str(folder), "functions": functions}


def _benchmark(device: str) -> tuple[Speed, Speed | None]:
    """A shipped clip through a style of another, in mono at 44.1 kHz."""
    from stylefx.clips import clip_path
    from stylefx.engine.timing import largest_setting, measure
    from stylefx.io.files import read_audio
    from stylefx.learn.fit import fit

    style = fit(*read_audio(clip_path("trumpet_solo")), quality="draft")
    audio, sample_rate = read_audio(clip_path("guitar_solo"))
    audio = audio[: int(BENCHMARK_SECONDS * sample_rate)]
    return measure(style, audio, sample_rate, device=device), largest_setting(
        style, audio, sample_rate, device
    )


def _lines(facts: dict[str, Any]) -> list[str]:
    system, cache = facts["system"], facts["compiled_code"]
    devices = facts["devices"]["found"]
    installed = [f"{name} {number or 'MISSING'}" for name, number in facts["packages"].items()]
    compiled = (
        f"{cache['functions']} functions" if cache["functions"] else "none yet, the first run takes longer"
    )
    return [
        f"stylefx   {system['stylefx']}, Python {system['python']}, {system['platform']}",
        f"machine   {system['processors']} processors, GPU {system['gpu'] or 'none'}",
        f"packages  {', '.join(installed)}",
        *(f"device    {device['number']} {device['name']}, {device['host']}" for device in devices),
        *([] if devices else [f"device    none: {facts['devices']['why_none']}"]),
        f"compiled  {compiled} in {cache['folder']}",
    ]


def _speed_lines(default: Speed, largest: Speed | None) -> list[str]:
    rows = [("lateness", default.lateness), ("whole hop", default.hop), *default.stages.items()]
    table = [f"          {name:<12}{t.p50_ms:8.2f}{t.p99_ms:8.2f}{t.max_ms:8.2f}" for name, t in rows]
    if largest is None:
        verdict = "no setting does, as busy as this machine is now; render works, only slower"
    else:
        verdict = f"up to {largest.iterations} iterations per hop do (stylefx live --iterations)"
    return [
        f"speed     ms per hop of {default.deadline_ms:.2f} ms; CPU load {default.load:.0%} of one processor",
        f"          {'':<12}{'p50':>8}{'p99':>8}{'max':>8}",
        *table,
        f"verdict   the default {'keeps up' if default.keeps_up else 'does not keep up'}; {verdict}",
    ]
