"""experiments.cli.environment: what would spoil a sweep is refused before it; pictures cost it nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from planar_core import kernels
from tests.helpers.commands import TINY, needs_linux
from tests.helpers.machines import ROOT

DRAWN = TINY[:-1]  # without --no-plots
NOBODY = 54321  # a user without an entry in passwd
CAPABILITIES = "+dac_override,+dac_read_search"  # the interpreter may be in root's home folder
AS_NOBODY = [
    *("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
    *("--inh-caps", CAPABILITIES, "--ambient-caps", CAPABILITIES),
]
needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None or shutil.which("prlimit") is None,
    reason="only root can become somebody else",
)


def run(
    folder: Path,
    command: str,
    *arguments: str,
    prefix: Sequence[str] = (),
    flags: Sequence[str] = (),
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """A command in a folder, with changes to the environment; an empty value removes a variable."""
    changed = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [*prefix, sys.executable, *flags, "-m", f"experiments.{command}", *arguments],
        cwd=folder, env={name: value for name, value in changed.items() if value}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


REFUSED = {
    "NUMBA_DISABLE_JIT=1": "NUMBA_DISABLE_JIT is set, without Numba nothing can be trained: unset it",
    "NUMBA_NUM_THREADS=0": "NUMBA_NUM_THREADS: expected an integer of at least 1, got '0': unset it",
    "NUMBA_NUM_THREADS=many": "NUMBA_NUM_THREADS: expected an integer of at least 1, got 'many': unset it",
    "NUMBA_NUM_THREADS=-3": "NUMBA_NUM_THREADS: expected an integer of at least 1, got '-3': unset it",
    "PYTHONOPTIMIZE=2": "PYTHONOPTIMIZE=2 (python -OO) removes docstrings that Altair needs for the report: unset it,"
    " or use --no-plots",
}


@pytest.mark.parametrize("setting", REFUSED)
def test_settings_are_refused_before_anything_is_written(setting: str, tmp_path: Path) -> None:
    name, value = setting.split("=")
    done = run(tmp_path, "grid", *DRAWN, **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"experiments.grid: {REFUSED[setting]}\n"
    assert list(tmp_path.iterdir()) == []


def test_the_core_alone_refuses_them_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from planar_core import train"],
        cwd=ROOT, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "ImportError: planar_core is compiled by Numba: unset NUMBA_DISABLE_JIT"


def test_without_docstrings_a_sweep_without_report_works(tmp_path: Path) -> None:
    done = run(tmp_path, "grid", *TINY, "--quiet", PYTHONOPTIMIZE="2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run(tmp_path, "report", "results", PYTHONOPTIMIZE="2")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("experiments.report: PYTHONOPTIMIZE=2 (python -OO) removes docstrings")


def test_settings_of_matplotlib_change_no_picture(tmp_path: Path) -> None:
    plain, odd = tmp_path / "plain", tmp_path / "odd"
    for folder in (plain, odd):
        folder.mkdir()
    (odd / "matplotlibrc").write_text("text.usetex: True\nbackend: bogus\nfont.size: 40\nno such key: 7\n")
    for folder, backend in ((plain, ""), (odd, "bogus")):
        done = run(folder, "grid", *DRAWN, "--quiet", MPLBACKEND=backend)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pictures = {path.name: path.read_bytes() for path in (plain / "results" / "plots").iterdir()}
    assert len(pictures) >= 4
    assert {path.name: path.read_bytes() for path in (odd / "results" / "plots").iterdir()} == pictures


def test_what_cannot_be_drawn_is_said_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"font.size: \xff\n")  # which ends matplotlib's import
    done = run(tmp_path, "grid", *DRAWN, "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    said = done.stderr.splitlines()
    assert len(said) == 2
    for what, line in zip(("plots", "report"), said, strict=True):
        assert line.startswith(f"experiments.grid: the tables are complete, but not the {what} (UnicodeDecodeError: ")
        assert line.endswith(f"): python -m experiments.{what} results makes it again")
        done = run(tmp_path, what, "results")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "UnicodeDecodeError" in done.stderr
    assert {path.name for path in (tmp_path / "results").iterdir()} >= {"runs.csv", "summary.csv", "sweep.json"}


@pytest.mark.slow
@needs_root
def test_a_user_without_a_home_folder(tmp_path: Path) -> None:
    (tmp_path / "~" / ".cache").mkdir(parents=True)  # where somebody could have placed code
    os.chown(tmp_path, NOBODY, NOBODY)
    environment = {
        "HOME": "",
        "XDG_CACHE_HOME": "",
        "NUMBA_CACHE_DIR": "",
        "MPLCONFIGDIR": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = run(tmp_path, "grid", *DRAWN, "--quiet", prefix=AS_NOBODY, **environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("experiments.grid: compiled kernels are not kept: ~/.cache/numba/planar_core-")
    assert " is no absolute path: set HOME or NUMBA_CACHE_DIR to one; every start" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"~", "results"}
    assert [path.name for path in (tmp_path / "~").rglob("*")] == [".cache"]
    assert (tmp_path / "results" / "report.html").exists()


@needs_root
@pytest.mark.parametrize("threads", [1, 3])
def test_no_threads_left(threads: int, tmp_path: Path) -> None:
    compiled, cache = Path(kernels.train_batch._cache.cache_path), tmp_path / "cache"
    run(tmp_path, "grid", *TINY, "--quiet")  # compiles what is not compiled yet
    shutil.rmtree(tmp_path / "results")
    shutil.copytree(compiled, cache / compiled.name)
    for path in (tmp_path, cache, cache / compiled.name, *(cache / compiled.name).iterdir()):
        os.chown(path, NOBODY, NOBODY)
    limited = [*AS_NOBODY, "prlimit", f"--nproc={threads}"]
    environment = {"HOME": str(tmp_path), "NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    done = run(tmp_path, "grid", *TINY, "--quiet", "--jobs", "8", prefix=limited, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"experiments.grid: --jobs: expected the 12 threads of 8 jobs, but the system starts only {threads - 1} more:"
        " use --jobs 1, or raise the limit (ulimit -u)\n"
    )
    assert not (tmp_path / "results").exists()
    done = run(tmp_path, "grid", *TINY, "--quiet", "--jobs", "1", prefix=limited, **environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_linux
def test_an_unexpected_error_is_one_line(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['grid']\n"
        "from experiments.cli import grid, process\n"
        "def main(): raise RuntimeError('no\\nway')\n"
        "grid.main = main\n"
        "process.run_as_program('experiments.grid', 'nothing was written')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    expected = "experiments.grid: unexpected RuntimeError: no way; nothing was written\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)
    assert list(tmp_path.iterdir()) == []
