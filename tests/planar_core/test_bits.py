"""The same bits on every CPU: in processes of their own, with code for other CPUs and other library functions.

``bits.json`` keeps the digests, so that any machine can check itself against the one it was made on; ``bits.py`` says
what they are of, and how to write them anew.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import pytest

from tests.helpers.machines import LIBRARIES_FOR_THE_OLDEST_CPU, ROOT

KEPT = json.loads((Path(__file__).parent / "bits.json").read_text(encoding="utf-8"))

_HASWELL = [
    *(
        "sse",
        "sse2",
        "sse3",
        "ssse3",
        "sse4.1",
        "sse4.2",
        "avx",
        "avx2",
        "fma",
        "f16c",
        "bmi",
        "bmi2",
        "lzcnt",
        "movbe",
    ),
    *("popcnt", "cx16", "sahf", "xsave", "xsaveopt", "pclmul", "aes", "fsgsbase", "rdrnd", "invpcid"),
]


class Machine(NamedTuple):
    """A process that computes ``bits.py`` under some environment."""

    environment: dict[str, str]
    needs: list[str] | None = None  # features of the CPU, of another one than this; None: this one
    code: dict[str, bool] = {}  # noqa: RUF012 - never changed; instructions that must, or must not, be in the kernels


MACHINES = {
    "this one": Machine({}),
    "this one, libraries for the oldest CPU": Machine(LIBRARIES_FOR_THE_OLDEST_CPU),
    # Numba takes the features from this machine unless they are set too, even if empty.
    "haswell": Machine(
        {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ",".join(f"+{name}" for name in _HASWELL)},
        needs=_HASWELL,
        code={"fma": True, "ymm": True, "zmm": False},
    ),
    # Without the instruction, fma is a function of the C library; which would use the instruction, if it might.
    "x86-64 without fma": Machine(
        {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""} | LIBRARIES_FOR_THE_OLDEST_CPU,
        needs=[],
        code={"fma": False, "ymm": False, "zmm": False, "xmm": True},
    ),
}


def why_not(machine: Machine) -> str | None:
    """Why this CPU cannot run the code for that machine, if so."""
    if machine.needs is None:
        return None
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return f"code for x86-64 does not run on {platform.machine()}"
    here = llvm.get_host_cpu_features()
    missing = [name for name in machine.needs if not here.get(name)]
    return f"this CPU has no {', '.join(missing)}" if missing else None


def compute(machine: Machine, own_cache: Path, shared_cache: threading.Lock) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_CPU")}
    environment |= {"PYTHONPATH": str(ROOT)} | machine.environment
    if machine.needs is not None:
        environment["NUMBA_CACHE_DIR"] = str(own_cache)  # from a cache, compiled code comes without its assembly
    with shared_cache if machine.needs is None else threading.Lock():
        done = subprocess.run(
            [sys.executable, "-m", "tests.planar_core.bits", "--code"],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    computed: dict[str, Any] = json.loads(done.stdout)
    return computed


@pytest.fixture(scope="module")
def computed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[dict[str, Any]]]]:
    """What each machine computes. Two at a time: most of it is the compiling of kernels."""
    lock = threading.Lock()
    wanted = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {
            name: pool.submit(compute, machine, tmp_path_factory.mktemp("cache"), lock)
            for name, machine in sorted(MACHINES.items(), key=lambda item: item[1].needs is None)  # the slow ones first
            if name in wanted and why_not(machine) is None
        }


# Between this machine and the oldest; compiling for it takes a minute.
SLOW = ["haswell"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in MACHINES]
)
def test_bits_are_those_that_are_kept(name: str, computed: dict[str, Future[dict[str, Any]]]) -> None:
    machine = MACHINES[name]
    reason = why_not(machine)
    if reason:
        pytest.skip(reason)
    result = computed[name].result()
    # first that it was computed as meant: else it shows nothing
    if "NPY_DISABLE_CPU_FEATURES" in machine.environment:
        assert result["code"]["dispatched"] == []
    assert {kind: result["code"][kind] for kind in machine.code} == machine.code
    assert result["bits"] == KEPT


def test_kept_bits_differ_from_one_another() -> None:
    assert len(set(KEPT.values())) == len(KEPT) > 10
