"""Other CPUs, as libraries are told to take this one for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
LIBRARIES_FOR_THE_OLDEST_CPU = {
    # NumPy falls back to code for the oldest CPU it supports, and the C library to its own.
    "NPY_DISABLE_CPU_FEATURES": " ".join(np._core._multiarray_umath.__cpu_dispatch__),  # type: ignore[attr-defined]
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
}
