"""Where torch computes: one thread on the CPU, or the GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylefx.checks import choice
from stylefx.errors import UsageError

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda")


def check_device(name: str) -> None:
    """Refuse what `compute_device` would; torch is loaded only where a GPU is asked for.

    Raises
    ------
    UsageError
        An unknown name, or ``cuda`` where torch sees no GPU.
    """
    choice(name, "device", DEVICES)
    if name == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UsageError("device cuda was asked for and torch sees no GPU: use --device cpu")


def compute_device(name: str) -> torch.device:
    """The torch device for ``auto`` (a GPU if there is one), ``cpu`` or ``cuda``; see `check_device` for errors.

    Sets torch to one thread: for the engine's small products a second thread costs more than it brings, and on a
    busy machine ten times more.
    """
    import torch

    check_device(name)
    torch.set_num_threads(1)
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
