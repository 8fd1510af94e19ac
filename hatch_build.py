"""What is made when stylefx is packed: a README that also works away from the repository, a manual page, completions.

The repository's address is asked for in three places: STYLEFX_URL, the origin of the checkout, and, where a wheel is
made from an unpacked source distribution, that one's PKG-INFO. Where none knows it, the README that is packed has no
picture and no links into the repository, rather than broken ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

# ![text](target) and [text](target), where the target is neither an address nor a place on the page.
_LINK = re.compile(r"(!?)\[([^]]*)\]\((?!\w+:|#)([^)]*)\)")


class Metadata(MetadataHookInterface):
    """README and addresses."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling with [project]."""
        home, root = repository(Path(self.root)), Path(self.root)
        text = (root / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text, home)}
        metadata["urls"] = {} if home is None else urls(home)


class SharedData(BuildHookInterface):
    """The manual page and the completions, from the parser."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it packs."""
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from stylefx.cli.main import build_parser
            from stylefx.cli.manual import completion, manual
        finally:
            sys.path.remove(self.root)
        files = {
            "share/man/man1/stylefx.1": manual(build_parser()),
            "share/bash-completion/completions/stylefx": completion(build_parser(), "bash"),
            "share/zsh/site-functions/_stylefx": completion(build_parser(), "zsh"),
        }
        self._folder = tempfile.TemporaryDirectory()
        for number, (target, text) in enumerate(files.items()):
            path = Path(self._folder.name) / str(number)
            path.write_text(text, encoding="utf-8")
            build_data["shared_data"][str(path)] = target

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling when all is packed."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def absolute(text: str, home: str | None) -> str:
    """A README whose links and pictures work anywhere."""

    def replaced(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        if home is None:
            return "" if picture else words
        return f"{picture}[{words}]({home}/{'raw' if picture else 'blob'}/HEAD/{target})"

    return _LINK.sub(replaced, text)


def urls(home: str) -> dict[str, str]:
    """What a package index shows beside the README."""
    return {
        "Source": home,
        "Issues": f"{home}/issues",
        "Changelog": f"{home}/blob/HEAD/CHANGELOG.md",
        "Results": f"{home}/blob/HEAD/benchmarks/RESULTS.md",
    }


def repository(root: Path) -> str | None:
    """The address of the repository, without a slash at its end; None where nothing names it."""
    return _address(os.environ.get("STYLEFX_URL", "")) or _from_package(root) or _address(_origin(root))


def _from_package(root: Path) -> str | None:
    """An unpacked source distribution."""
    path = root / "PKG-INFO"
    if not path.is_file():
        return None
    lines = HeaderParser().parsestr(path.read_text(encoding="utf-8")).get_all("Project-URL", [])
    return next((line.split(", ", 1)[1] for line in lines if line.startswith("Source, ")), None)


def _origin(root: Path) -> str:
    try:
        command = ["git", "-C", str(root), "config", "--get", "remote.origin.url"]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except OSError:
        return ""


def _address(remote: str) -> str | None:
    """As a browser takes it, without a name or a password; None of a path."""
    match = re.fullmatch(
        r"(?:https?://|ssh://|git@)(?:[^@/]*@)?([\w.-]+)[:/](?:\d+/)?([\w./~-]+?)(?:\.git)?/?", remote
    )
    return None if match is None else f"https://{match[1]}/{match[2]}"
