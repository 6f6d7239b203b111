"""planar-sweep: the commands of this package, in a folder that may hold anything."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import experiments
from experiments.cli import columns
from experiments.cli.command import COMMANDS, EXAMPLES
from experiments.cli.config import SHIPPED
from experiments.cli.options import PARSERS
from tests.helpers.commands import TINY
from tests.helpers.machines import ROOT

SOMEBODY_ELSES = ("random", "numpy", "pickle", "signal", "socket", "tempfile", "experiments/__init__", "planar_core")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with modules that end every process that imports one of them."""
    for name in SOMEBODY_ELSES:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("import os; os.write(2, b'wrong module'); os._exit(77)")
    return tmp_path


def planar_sweep(*arguments: str, folder: Path = ROOT, **environment: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of the script that pip makes for the command."""
    script = f"import sys; sys.path.append({str(ROOT)!r}); from planar_sweep import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8",
        check=False, env={**os.environ, "PYTHONPATH": "", **environment},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_help_lists_every_command_on_a_line() -> None:
    status, out, err = planar_sweep("--help")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    for name, meaning in COMMANDS.items():
        assert f"  {name:12} {meaning}" in lines
    assert [line for line in lines if line.startswith("  planar-sweep ")] == [f"  planar-sweep {e}" for e in EXAMPLES]
    assert len(EXAMPLES) == 3
    assert max(map(len, lines)) <= 80
    assert planar_sweep() == (2, out, "")


def test_every_command_is_known() -> None:
    assert set(COMMANDS) == {*PARSERS, "walkthrough"}


def test_version_is_that_of_the_project() -> None:
    assert planar_sweep("--version") == (0, f"planar-sweep {experiments.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("grdi", "expected a command, got 'grdi' (did you mean 'grid'?); planar-sweep --help lists them"),
        ("x y", "expected a command, got 'x'; planar-sweep --help lists them"),
        ("--hidden 3", "expected a command before '--hidden', such as grid; planar-sweep --help lists them"),
    ],
)
def test_an_unknown_command_is_refused(arguments: str, said: str) -> None:
    assert planar_sweep(*arguments.split()) == (2, "", f"planar-sweep: {said}\n")


def test_messages_name_the_command_that_was_typed() -> None:
    said = "unknown argument '--hiden' (did you mean '--hidden'?); --help lists the options"
    assert planar_sweep("grid", "--hiden", "3") == (2, "", f"planar-sweep grid: {said}\n")
    status, out, err = planar_sweep("grid", "--help")
    assert (status, err) == (0, "")
    assert out.startswith("usage: planar-sweep grid [options]\n")
    assert out.count("\n  planar-sweep grid ") == 3
    assert "python -m" not in out
    for name, meaning in COMMANDS.items():
        assert (f"\n  {name:12} {meaning}\n" in out) == (name != "grid")
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("entry", ["", ".", "{odd}", "{odd}/nothing:"])
def test_other_modules_of_these_names_are_not_imported(entry: str, odd: Path) -> None:
    path = entry.format(odd=odd)
    assert planar_sweep("--version", folder=odd, PYTHONPATH=path)[::2] == (0, "")
    done = subprocess.run(
        [sys.executable, "-m", "planar_sweep", "grid", "--print-config"], cwd=odd, capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), path)))},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("backend", ["loky", pytest.param("dask", marks=pytest.mark.slow)])
def test_workers_do_not_import_them_either(backend: str, odd: Path) -> None:
    how = [*TINY, "--backend", backend, "--jobs", "2", "--quiet", "--out", "out"]
    assert planar_sweep("grid", *how, folder=odd, PYTHONPATH=str(odd)) == (0, "", "")
    assert (odd / "out" / "runs.csv").exists()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_configuration_that_comes_with_the_package_has_a_name(name: str, tmp_path: Path) -> None:
    status, out, err = planar_sweep("grid", "--config", name, "--print-config", folder=tmp_path)
    assert (status, err) == (0, "")
    (tmp_path / name).write_text("hidden = 77")  # comes first
    assert '\nhidden = ["77"]\n' not in out
    assert '\nhidden = ["77"]\n' in planar_sweep("grid", "--config", name, "--print-config", folder=tmp_path)[1]


def test_another_name_is_refused_with_those_that_there_are() -> None:
    configs = ", ".join(sorted(path.stem for path in (ROOT / "experiments/configs").glob("*.toml")))
    found = f"expected a readable file or one of {configs}, found: No such file or directory"
    assert planar_sweep("grid", "--config", "play") == (2, "", f"planar-sweep grid: --config: play: {found}\n")


def test_every_column_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.cli import grid

    options: dict[str, Any] = {"--metric": ["accuracy", "auc"], "--split": ["cv:2"], "--l2": ["0", "0.1"]}
    more = [text for option, values in options.items() for text in (option, *values)]
    assert grid.main([*TINY, "--dataset", "iris2", *more, "--quiet", "--out", str(tmp_path)]) == 0
    explained = list(columns.described())
    for file in ("runs.csv", "curves.csv", "summary.csv"):
        with (tmp_path / file).open(encoding="utf-8", newline="") as rows:
            names = next(csv.reader(rows))
        assert [name for name in names if not any(column.has(name) for column in explained)] == []
    capsys.readouterr()
    assert columns.main([]) == 0
    said = capsys.readouterr().out
    assert all(f"{part}\n  " in said for part in ("runs.csv", "curves.csv", "summary.csv"))
    assert max(map(len, said.splitlines())) <= 80


def test_a_column_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert columns.main(["ci_low_test_auc", "stopped_at"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("      ")] == [
        "runs.csv", "  stopped_at", "", "summary.csv", "  ci_low_M, ci_high_M",
    ]  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        columns.main(["n_stck"])
    assert ended.value.code == 2
    said = "expected the name of a column, got 'n_stck' (did you mean 'n_stuck'?)"
    assert capsys.readouterr().err == f"experiments.columns: {said}\n"
