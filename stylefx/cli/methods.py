"""`stylefx methods`: every method by name, with its reference and what it needs and costs."""

from __future__ import annotations

import argparse

from stylefx.cli.options import add_common_options
from stylefx.style.methods import METHODS, Method


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "methods",
        help="list the methods, published and ours",
        description="List every method for `stylefx fit --method NAME`: its source, settings, requirements and cost.",
        epilog="example: stylefx methods --json",
    )
    add_common_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print."""
    from stylefx.cli.console import print_json

    if args.json:
        print_json({"methods": [method.as_dict() for method in METHODS.values()]})
    else:
        print("\n".join(line for method in METHODS.values() for line in _lines(method)))
    return 0


def running(real_time: bool, cpu_factor: float) -> str:
    """In real time or not, and at which cost."""
    if real_time:
        return f"in real time, {cpu_factor:.2g} CPU s per second of sound"
    return f"offline, block by block, about {cpu_factor:.2g} CPU s per second of sound"


def _lines(method: Method) -> list[str]:
    from stylefx.published.nets.installed import INSTALL

    needed = [] if method.weights == "none" else [f"{'':19} trained weights: {INSTALL}"]
    return [
        f"{method.name:19} {method.title}",
        f"{'':19} {method.reference}",
        f"{'':19} {running(method.real_time, method.cpu_factor)}",
        *needed,
    ]
