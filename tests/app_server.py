"""`stylefx app` as a user starts it, and the browser that opens it: Debian's Chromium through Playwright."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium")
STOP_SECONDS = 20


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


class App:
    """The running command; use it in a ``with`` statement."""

    def __init__(self, library: Path):
        command = [sys.executable, "-m", "stylefx", "app", "--no-browser", "--library", str(library)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, self._process.stderr.read() if self._process.stderr else ""
        parts = urlsplit(self.url)
        self.port, self.token = parts.port or 0, parts.query.removeprefix("token=")

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

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """One request with the cookie; ``headers`` take its place, '' leaves one out."""
        sent = {"Cookie": f"stylefx-{self.port}={self.token}", **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, {name: text for name, text in sent.items() if text})
        answer = connection.getresponse()
        found = answer.status, answer.read(), answer.headers
        connection.close()
        return found
