"""`stylefx app` as a user starts it, and the browser that opens it: Debian's Chromium through Playwright."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium")
STOP_SECONDS = 20
# Of windows, in pixels: a telephone, a laptop, a wide screen.
WIDTHS = (360, 1280, 2560)


def require_browser() -> None:
    """Skip where there is no browser, except in CI, where that is a failure."""
    missing = [] if CHROMIUM else ["chromium (apt)"]
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        missing.append("playwright (pip)")
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@contextmanager
def chromium(*arguments: str) -> Iterator[Any]:
    """A browser, which plays sound unasked and takes ``arguments`` besides."""
    require_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *arguments],
        )
        yield browser
        browser.close()


def opened(browser: Any, app: App, **options: Any) -> Any:
    """A page of its own; what goes wrong in it is in ``faults``."""
    page = browser.new_context(**options).new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(app.url)
    page.wait_for_selector("body[data-ready]")
    return page


def check_for_everybody(page: Any) -> None:
    """Nothing keeps anybody out, in the light and in the dark, and it fits every window."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def serious(page: Any) -> list[str]:
    """What axe-core finds that keeps somebody out."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


class App:
    """The running command; use it in a ``with`` statement."""

    def __init__(self, library: Path, *options: str, environment: Mapping[str, str] | None = None):
        command = [
            sys.executable,
            "-m",
            "stylefx",
            "app",
            "--no-browser",
            "--library",
            str(library),
            *options,
        ]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, self._process.stderr.read() if self._process.stderr else ""
        parts = urlsplit(self.url)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.token = parts.query.removeprefix("token=")

    def __enter__(self) -> App:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.finish()

    def finish(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Its exit code and what it still said on stdout and stderr."""
        self._process.send_signal(how)
        try:
            out, err = self._process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        return self._process.returncode, out, err

    @property
    def pid(self) -> int:
        """Of the server."""
        return self._process.pid

    def kill(self) -> None:
        """As the system does that is short of memory."""
        self._process.kill()
        self._process.communicate(timeout=STOP_SECONDS)

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """One request with the cookie; ``headers`` take its place, '' leaves one out."""
        sent = {"Cookie": f"stylefx-{self.port}={self.token}", **headers}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        connection.request(method, path, body, {name: text for name, text in sent.items() if text})
        answer = connection.getresponse()
        found = answer.status, answer.read(), answer.headers
        connection.close()
        return found
