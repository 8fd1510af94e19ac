"""`stylefx devices`: what can be played through, with the numbers that `live -i` and `-o` take."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylefx.io.devices import Device


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "devices",
        help="list sound devices",
        description="List the sound devices; `live -i` and `-o` take their numbers or parts of their names.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the devices; with none there, NoDeviceError (exit 3) says what to do."""
    from stylefx.cli.console import print_json
    from stylefx.errors import NoDeviceError
    from stylefx.io.devices import NO_DEVICE, list_devices

    devices = list_devices()
    if args.json:
        found = {"devices": [asdict(device) for device in devices]}
        print_json(found if devices else {**found, "error": NO_DEVICE})
    if not devices:
        raise NoDeviceError(NO_DEVICE)
    if not args.json:
        print("\n".join(_line(device) for device in devices))
        print("> the default input, < the default output")
    return 0


def _line(device: Device) -> str:
    mark = (">" if device.default_input else " ") + ("<" if device.default_output else " ")
    latency = "/".join(
        "-" if ms is None else f"{ms:.0f}" for ms in (device.input_latency_ms, device.output_latency_ms)
    )
    return (
        f"{mark} {device.number:3d}  {device.name}, {device.host}: {device.inputs} in, {device.outputs} out, "
        f"{device.sample_rate:.0f} Hz, {latency} ms"
    )
