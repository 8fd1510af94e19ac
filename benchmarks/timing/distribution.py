"""How times are told: the distribution over single hops, never a mean alone; and of which machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from benchmarks.timing.processor import processor

PACKAGES = ("numpy", "scipy", "numba", "torch", "librosa", "onnxruntime", "tinysoundfont", "basic-pitch")


def percentiles(seconds: np.ndarray) -> dict[str, float]:
    """p50, p99, p99.9 and the maximum, in milliseconds."""
    p50, p99, p999, worst = 1000 * np.percentile(seconds, [50, 99, 99.9, 100])
    return {"p50_ms": float(p50), "p99_ms": float(p99), "p999_ms": float(p999), "max_ms": float(worst)}


def fit_line(x: list[float], y: list[float]) -> dict[str, float]:
    """Slope, intercept and R squared of a straight line through the points."""
    slope, intercept = np.polyfit(x, y, 1)
    residual = np.asarray(y) - (slope * np.asarray(x) + intercept)
    spread = np.asarray(y) - np.mean(y)
    explained = 1 - (residual @ residual) / max(spread @ spread, 1e-12)
    return {"slope": float(slope), "intercept": float(intercept), "r_squared": float(explained)}


def single_thread() -> None:
    """One thread for every numeric library: the tables are of one thread, and two fight on a busy machine."""
    import scipy.linalg  # noqa: F401  (its BLAS must be loaded to be limited)
    import threadpoolctl
    import torch

    torch.set_num_threads(1)
    threadpoolctl.threadpool_limits(1)


def load() -> float:
    """The machine's load average over the last minute."""
    return os.getloadavg()[0]


def machine() -> dict[str, str]:
    """Processor, system and versions, for the top of the report."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **versions,
    }


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """``count`` processes that do nothing but keep a core busy."""
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
