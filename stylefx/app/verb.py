"""`stylefx app`: a page on this machine over the same engine."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import socket
from contextlib import suppress
from pathlib import Path

from stylefx.cli.surfaces import port_number
from stylefx.errors import StylefxError

HOST = "127.0.0.1"
EXAMPLES = """\
examples:
  stylefx app                    opens the page in your browser
  stylefx app --no-browser       only prints the address, whose token is needed to get in
  stylefx app --host 192.168.1.5 --no-browser     for other machines too, at this one's address

Ctrl-C ends it. Styles stay in your data folder; renders are kept until it ends."""


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add the verb to the parser."""
    parser = subparsers.add_parser(
        "app",
        help="make styles and render in the browser",
        description="Make styles, apply them to takes and listen, on a page that this machine serves to itself.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=port_number, default=0, metavar="N", help="port to listen on (default: any free one)"
    )
    parser.add_argument(
        "--host",
        type=own_address,
        default=HOST,
        metavar="ADDRESS",
        help="an address of this machine at which others can reach the page, with the token (default: 127.0.0.1, this "
        "machine only)",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="print the address without opening a browser"
    )
    parser.add_argument(
        "--library",
        metavar="DIR",
        help="folder of the styles (default: STYLEFX_LIBRARY, or your data folder)",
    )
    parser.set_defaults(run=run)


def own_address(text: str) -> str:
    """One IP address; which others would use is not known of 0.0.0.0, nor so what their browsers may call us."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address such as 192.168.1.5") from None
    if address.is_unspecified:
        raise argparse.ArgumentTypeError(
            f"{text} stands for every address: give the one that others will open"
        )
    return str(address)


def run(args: argparse.Namespace) -> int:
    """Print the address, open it, and serve until Ctrl-C or SIGTERM."""
    try:
        import platformdirs  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise StylefxError("the page needs more: pip install 'stylefx[app]'") from None
    from stylefx.app.library import Library, default_folder
    from stylefx.app.server import Server
    from stylefx.app.session import Session
    from stylefx.cli.console import notify
    from stylefx.interruption import Interrupted

    library = Library(Path(args.library) if args.library else default_folder())
    if not ipaddress.ip_address(args.host).is_loopback:
        notify(
            f"stylefx: anyone who reaches {args.host} and has this token can use stylefx on this machine; traffic is "
            "not encrypted"
        )
    with _listening(args.host, args.port) as listener, Session() as session:
        server = Server(library, session, listener)
        print(server.url, flush=True)
        if not args.no_browser:
            import webbrowser

            webbrowser.open(server.url)
        with suppress(Interrupted):  # as live: ending it is no failure
            server.run()
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """Accepts connections from here on: an early one waits for the server to start."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise StylefxError(
                f"--host: {host} cannot be listened at ({error.strerror}): is it this machine's?"
            ) from error
        raise StylefxError(f"--port: port {port} is taken ({error.strerror}), choose another or 0") from error
    return listener
