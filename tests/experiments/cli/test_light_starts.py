"""What trains, draws or reads tables is imported only where it is needed: all else answers at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli import export, options
from tests.helpers.commands import TINY
from tests.helpers.machines import ROOT

OF_TABLES_AND_PICTURES = {
    *("altair", "dask", "distributed", "matplotlib", "onnx", "pandas", "pyarrow", "scipy", "sklearn", "tqdm"),
    "vl_convert",
}
HEAVY = OF_TABLES_AND_PICTURES | {"joblib", "llvmlite", "numba", "numpy", "sqlite3"}

RUN = """
import atexit, json, runpy, sys
atexit.register(lambda: print("\\n" + json.dumps([name for name in sys.modules if "." not in name])))
module, *sys.argv[1:] = sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def imported(*arguments: str) -> tuple[int, set[str]]:
    """How a command ends, and the packages that it has imported by then."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "name",
    ["columns", "export", "grid", "map", "merge", "plots", "predict", "report", "store", "verify", "walkthrough"],
)
def test_help_imports_nothing_heavy(name: str) -> None:
    status, found = imported(f"experiments.{name}", "--help")
    assert (status, found & HEAVY) == (0, set())


@pytest.mark.parametrize("arguments", ["--help", "--version", "grid --help", "grdi"])
def test_planar_sweep_imports_nothing_heavy(arguments: str) -> None:
    status, found = imported("planar_sweep", *arguments.split())
    assert (status, found & HEAVY) == (2 if arguments == "grdi" else 0, set())


@pytest.mark.parametrize(
    "arguments",
    [
        "grid --epochs 3", "grid --hidden 0,1", "grid --dataset flour --lr x", "grid --config nowhere.toml",
        "export . --format tar", "merge out", "grid --shard 0/3", "plots", "predict .", "report", "store move a b",
        "verify . --sample 0", "columns n_stck", "map --until-decided", "map --measure x",
    ],
)  # fmt: skip
def test_a_refused_argument_imports_nothing_heavy(arguments: str) -> None:
    status, found = imported(*f"experiments.{arguments}".split())
    assert (status, found & HEAVY) == (2, set())


def test_a_plan_needs_no_tables_and_no_pictures(tmp_path: Path) -> None:
    status, found = imported("experiments.grid", *TINY, "--dry-run", "--out", str(tmp_path))
    found.discard("scipy")  # Numba looks whether it is there
    assert (status, found & OF_TABLES_AND_PICTURES) == (0, set())


def test_a_sweep_is_made_without_anything_heavy() -> None:
    code = "import sys; from experiments import Sweep; Sweep(hidden=[1, '8x8'], seed=range(3)); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY == set()


def test_every_command_has_its_options() -> None:
    commands = {path.stem for path in (ROOT / "experiments" / "cli").glob("*.py") if "def main" in path.read_text()}
    assert set(options.PARSERS) == commands
    assert tuple(export.FORMATS) == options.FORMATS
