"""Imports go down, as pyproject.toml says: a slip makes import-linter fail, wherever it stands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.machines import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache', '--no-logo'])"

LAYERS, CORE, CIRCLES = "the layers of the house", "the core knows nothing of what stands on it", "no circles"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the source and of what holds its layers."""
    for package in ("planar_core", "experiments"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "web"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken(house: Path) -> tuple[list[str], str]:
    """The names of the contracts that are not kept, and what is said of them."""
    done = subprocess.run(
        [sys.executable, "-c", LINT], cwd=house, env={"PYTHONPATH": str(house), "COLUMNS": "200"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = re.findall(r"^(.+) (KEPT|BROKEN)", done.stdout, re.MULTILINE)
    assert [name for name, _ in names] == [LAYERS, CORE, CIRCLES], done.stdout + done.stderr
    found = [name for name, verdict in names if verdict == "BROKEN"]
    assert done.returncode == (1 if found else 0)
    return found, done.stdout


def add(line: str, to: Path) -> None:
    with to.open("a", encoding="utf-8") as source:
        source.write(f"\nfrom typing import TYPE_CHECKING\n{line}\n")


def test_the_house_stands(house: Path) -> None:
    assert broken(house)[0] == []


@pytest.mark.parametrize(
    "line",
    ["from experiments.sweep import Sweep", "if TYPE_CHECKING:\n    from experiments.sweep import Sweep",
     "def late():\n    from experiments.sweep import Sweep"],
    ids=["at the top", "for types", "late"],
)  # fmt: skip
def test_an_import_upwards_is_found(line: str, house: Path) -> None:
    add(line, house / "experiments" / "store" / "store.py")
    found, said = broken(house)
    assert found == [LAYERS, CIRCLES]
    assert "experiments.store is not allowed to import experiments.sweep" in said


def test_imports_beside_and_modules_in_no_layer_are_found(house: Path) -> None:
    add("import experiments.findings.headline", house / "experiments" / "plots" / "style.py")
    add("", house / "experiments" / "upstairs.py")
    found, said = broken(house)
    assert found == [LAYERS]
    assert "experiments.upstairs" in said
    (house / "experiments" / "upstairs.py").unlink()
    found, said = broken(house)
    assert found == [LAYERS]
    assert "experiments.plots is not allowed to import experiments.findings" in said


def test_the_core_stands_alone(house: Path) -> None:
    add("import experiments.text", house / "planar_core" / "steps.py")
    found, said = broken(house)
    assert found == [LAYERS, CORE]  # the estimator, on the core alone, would see it too
    assert "planar_core.steps -> experiments.text" in said


def test_circles_are_found(house: Path) -> None:
    add("import experiments.datasets.loading", house / "experiments" / "datasets" / "data.py")
    add("if TYPE_CHECKING:\n    import planar_core.training", house / "planar_core" / "simd.py")
    found, said = broken(house)
    assert found == [CIRCLES]
    for folder in ("experiments.datasets", "planar_core"):
        assert f"No cycles are allowed in {folder}." in said
