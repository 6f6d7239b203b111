"""The machine, and an environment in which nobody is slowed down."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

# Settings that slow peers, or this project: a choice of kernels, a restriction of the instruction set, no compiler.
SLOWING = (
    "ATEN_CPU_CAPABILITY", "BLIS_ARCH_TYPE", "DNNL_MAX_CPU_ISA", "GLIBC_TUNABLES", "JAX_DISABLE_JIT",
    "MKL_CBWR", "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS", "NPY_DISABLE_CPU_FEATURES", "NUMBA_BOUNDSCHECK",
    "NUMBA_CPU_FEATURES", "NUMBA_CPU_NAME", "NUMBA_DEBUG", "NUMBA_DEBUGINFO", "NUMBA_DISABLE_JIT",
    "NUMBA_FULL_TRACEBACKS", "NUMBA_OPT", "NVPL_BLAS_DEBUG_CPU_TYPE", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE", "OPENBLAS_VERBOSE", "PYTHONDEVMODE", "PYTHONDONTWRITEBYTECODE", "PYTHONMALLOC",
    "PYTHONPROFILEIMPORTTIME", "PYTHONTRACEMALLOC", "TORCH_COMPILE_DISABLE", "XLA_FLAGS",
)  # fmt: skip

# Each row of the comparison says how many cores it may use.
THREADS = (
    "BLIS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip

PACKAGES = ("numpy", "numba", "llvmlite", "joblib", "pandas", "scikit-learn", "torch", "jax", "jaxlib", "optuna", "ray")


def cleaned() -> list[str]:
    """Remove what slows from the environment, for the processes to be started; returns the names that were set."""
    return [name for name in (*SLOWING, *THREADS) if os.environ.pop(name, None) is not None]


def one_thread() -> dict[str, str]:
    """Settings that keep libraries of linear algebra on one core."""
    return dict.fromkeys(THREADS, "1")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, str]:
    """What the figures depend on: the processor and the versions."""
    facts = {
        "processor": _processor(),
        "cores": str(cores()),
        "registers": f"{register_bits()} bits",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    return facts | {name: version(name) or "not installed" for name in PACKAGES}


def version(package: str) -> str | None:
    """The version of an installed package, or None."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return None


def register_bits() -> int:
    """The width of the widest vector registers."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 512
    return 256 if features.get("avx") else 128


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()} ({_target()})"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    return f"{platform.processor() or platform.machine()} ({_target()})"


def _target() -> str:
    import llvmlite.binding as llvm

    return str(llvm.get_host_cpu_name())
