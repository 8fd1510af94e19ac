"""Where torch computes: one thread on the CPU, or the GPU."""

from __future__ import annotations

import torch

from stylefx.checks import choice
from stylefx.errors import UsageError

DEVICES = ("auto", "cpu", "cuda")


def compute_device(name: str) -> torch.device:
    """The torch device for ``auto`` (a GPU if there is one), ``cpu`` or ``cuda``.

    Sets torch to one thread: for the engine's small products a second thread costs more than it brings, and on a
    busy machine ten times more.

    Raises
    ------
    UsageError
        An unknown name, or ``cuda`` where torch sees no GPU.
    """
    choice(name, "device", DEVICES)
    torch.set_num_threads(1)
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("device cuda was asked for and torch sees no GPU: use --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
