"""Which processor the figures are of, its instruction set, and how to have every library keep to AVX2."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from typing import NoReturn

# Newest first, with a flag of /proc/cpuinfo that tells each.
INSTRUCTION_SETS = (
    ("AMX", "amx_tile"),
    ("AVX-512 with bfloat16", "avx512_bf16"),
    ("AVX-512", "avx512f"),
    ("AVX2", "avx2"),
    ("SSE4.2", "sse4_2"),
    ("NEON", "asimd"),
)
# oneDNN and MKL's rivals each have a variable of their own; numpy names what it is to leave out.
AVX2_ENVIRONMENT = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+popcnt,+lzcnt,+movbe,+sse4.2",
}


def processor() -> str:
    """The processor's name and the newest instruction set that programs are let use."""
    name = _fact("model name") or platform.processor() or platform.machine()
    return f"{name} ({instruction_set()})"


def instruction_set() -> str:
    """``AVX2`` and the like; what the environment forbids does not count."""
    flags = (_fact("flags") or _fact("Features") or "").split()
    found = next((name for name, flag in INSTRUCTION_SETS if flag in flags), platform.machine())
    return "AVX2" if only_avx2() else found


def only_avx2() -> bool:
    """Whether the environment keeps the libraries to AVX2."""
    return all(os.environ.get(name) == value for name, value in AVX2_ENVIRONMENT.items())


def avx2_environment() -> dict[str, str]:
    """The environment in which a new process computes as an AVX2 processor does."""
    # numpy's own list of what can be left out; the package was called numpy.core before 2.0.
    name = "numpy._core" if importlib.util.find_spec("numpy._core") else "numpy.core"
    core = importlib.import_module(f"{name}._multiarray_umath")
    dispatched = getattr(core, "__cpu_dispatch__", [])
    beyond = [name for name in dispatched if name.startswith(("AVX512", "X86_V4"))]
    left_out = {"NPY_DISABLE_CPU_FEATURES": " ".join(beyond)} if beyond else {}
    return {**os.environ, **AVX2_ENVIRONMENT, **left_out}


def begin_again_on_avx2(module: str, arguments: list[str]) -> NoReturn:
    """Replace this process by the same command under `avx2_environment`."""
    os.execve(sys.executable, [sys.executable, "-m", module, *arguments], avx2_environment())


def _fact(name: str) -> str | None:
    """The first line of that name in /proc/cpuinfo."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.partition(":")[2].strip() for line in file if line.startswith(name)), None)
    except OSError:
        return None
