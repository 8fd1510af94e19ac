"""Where torch computes: one thread on the CPU, or the GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager
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


def one_blas_thread() -> AbstractContextManager:
    """For offline work through the engine or the tracker: one thread for numpy's products, as `live` has it.

    On a busy machine several threads wait for each other, up to ten times as long, and the last bit of a sum would
    depend on their number.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, "blas")


def compute_device(name: str) -> torch.device:
    """The torch device for ``auto`` (a GPU if there is one), ``cpu`` or ``cuda``; see `check_device` for errors.

    Sets torch to one thread: for the engine's small products a second thread costs more than it brings, and on a
    busy machine ten times more.
    """
    import torch

    check_device(name)
    torch.set_num_threads(1)
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
