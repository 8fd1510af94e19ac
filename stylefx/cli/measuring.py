"""`stylefx live --measure`: the delay from the output back to the input, beside what is declared."""

from __future__ import annotations

import argparse
import threading
from typing import TYPE_CHECKING

from stylefx.errors import UsageError

if TYPE_CHECKING:
    from stylefx.live.io.duplex import Duplex
    from stylefx.live.tools.roundtrip import Measured
    from stylefx.live.worker import Engine


def measure_for(args: argparse.Namespace, duplex: Duplex, stop: threading.Event) -> int:
    """Measure through the devices that are asked for, print both delays."""
    from stylefx.cli.console import notify, print_json
    from stylefx.live.tools.roundtrip import measure

    measured = measure(_engine(args), duplex, stop, notify)
    declared = measured.declared
    difference = measured.samples - declared.samples
    if args.json:
        print_json(
            {
                "samples": measured.samples,
                "ms": round(declared.milliseconds(measured.samples), 3),
                "found": list(measured.found),
                "declared": declared.as_dict(),
                "difference": difference,
            }
        )
    else:
        print(_text(measured, difference))
    return 0


def _text(measured: Measured, difference: int) -> str:
    declared, least, most = measured.declared, min(measured.found), max(measured.found)
    times = (
        f"{len(measured.found)} times the same" if least == most else f"between {least} and {most} samples"
    )
    rows = [
        f"{name:<9}{declared.milliseconds(samples):8.1f} ms  {samples:6d} samples"
        for name, samples in (("measured", measured.samples), ("declared", declared.samples))
    ]
    rows[0] += f", {times}"
    if difference:
        what = "more" if difference > 0 else "less"
        rows.append(f"{abs(difference)} samples {what}: what converters, driver and cable do not tell")
    return "\n".join(rows)


def _engine(args: argparse.Namespace) -> Engine:
    """The engine with its dry signal alone, which is exactly as late as the styled one."""
    if args.bypass:
        from stylefx.live.session import Bypass

        return Bypass()
    if not args.style:
        raise UsageError(
            "--measure measures a style's delay: add --style STYLE.npz, or --bypass for the device's"
        )
    from stylefx.engine.transfer import StyleTransfer
    from stylefx.style.style import Style

    return StyleTransfer(
        Style.load(args.style[0]), mix=0.0, iterations=args.iterations, latency=args.latency, notes=args.notes
    )
