"""The files of a sweep over every named data set, byte for byte, whatever NumPy and the C library make of the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.knobs.declared import DATASETS
from tests.helpers.machines import LIBRARIES_FOR_THE_OLDEST_CPU, ROOT


def files(out: Path, environment: dict[str, str], *arguments: str) -> dict[str, bytes]:
    """The tables that a sweep writes when its process is started with these variables."""
    command = [sys.executable, "-m", "experiments.grid", "--no-plots", "--quiet", "--out", str(out), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return {name: (out / name).read_bytes() for name in ("runs.csv", "curves.csv", "summary.csv")}


# Values are another sweep than classes.
VALUES = ["plane", "multi_gaussian", "gaussian_random", "diabetes"]
CLASSES = [name for name in DATASETS if name not in VALUES]


@pytest.mark.parametrize(
    ("dtype", "names"), [("float64", CLASSES), ("float32", CLASSES), ("float64", VALUES)],
    ids=["classes in float64", "classes in float32", "values"],
)  # fmt: skip
def test_bytes_depend_on_neither_jobs_nor_libraries(dtype: str, names: list[str], tmp_path: Path) -> None:
    request = ["--dataset", *names, "--hidden", "0", "3", "4x2", "--lr", "log:0.1:3:3", "--seeds", "0:3"]
    request += ["--iterations", "30", "--dtype", dtype]
    here = files(tmp_path / "here", {}, *request, "--jobs", "1")
    there = files(tmp_path / "there", LIBRARIES_FOR_THE_OLDEST_CPU, *request, "--jobs", "2")
    assert here["runs.csv"].count(b"\n") == 1 + len(names) * 3 * 3 * 3
    assert there == here
    if dtype == "float64":
        assert files(tmp_path / "processes", {}, *request, "--jobs", "2", "--backend", "loky") == here
