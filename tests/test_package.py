"""What is built and installed: the wheel, the source distribution, and the command in a folder of its own."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

import experiments
from experiments.cli.config import SHIPPED
from tests.helpers.commands import TINY
from tests.helpers.machines import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "*.csv", "*.sqlite", "*.png")


def test_the_version_stands_in_one_place(tmp_path: Path) -> None:
    assert experiments.__version__ == PROJECT["version"]
    # A copy that is no source tree of this project, beside one that is.
    package = tmp_path / "experiments"
    package.mkdir()
    shutil.copy(ROOT / "experiments" / "version.py", package)
    (package / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "planar-sweep"\nversion = "77.7"\n')
    command = [sys.executable, "-c", "import experiments.version as v; print(v.__version__)"]

    def said() -> str:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    assert said() == "77.7"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\nversion = "77.7"\n')
    assert said() != "77.7"
    info = tmp_path / "planar_sweep-78.8.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planar-sweep\nVersion: 78.8\n")
    assert said() == "78.8"


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^([a-z-]+): (.+)$", text, re.MULTILINE))
    assert fields["cff-version"] == "1.2.0"
    assert (fields["title"], fields["version"]) == (PROJECT["name"], PROJECT["version"])
    assert (fields["license"], fields["abstract"]) == (PROJECT["license"], PROJECT["description"])
    assert fields["message"]
    assert re.findall(r"^  - name: (.+)$", text, re.MULTILINE) == [author["name"] for author in PROJECT["authors"]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution. Nothing is downloaded."""
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=LEFT_OUT)
    build = f"import setuptools.build_meta as b; b.build_sdist({str(folder)!r}); b.build_wheel({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def sources(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith(("experiments/", "planar_core/", "planar_sweep"))}


@pytest.mark.slow
def test_everything_that_is_needed_is_in_the_wheel(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name == f"planar_sweep-{PROJECT['version']}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = sources(archive.namelist())
        columns = archive.read("experiments/columns.md")
    assert columns == (ROOT / "results" / "README.md").read_bytes()
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in ("experiments", "planar_core")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = {name for name in names if ".dist-info/" in name}
    assert names - about == expected | {"experiments/columns.md", "planar_sweep.py"}
    assert {"experiments/py.typed", "planar_core/py.typed"} <= names
    assert {f"experiments/configs/{name}.toml" for name in SHIPPED} <= names


@pytest.mark.slow
def test_the_source_distribution_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (packed,), (wheel,) = built.glob("*.tar.gz"), built.glob("*.whl")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert {"CITATION.cff", "CHANGELOG.md", "LICENSE", "Makefile", "docs", "results", "tests"} <= {
        path.name for path in source.iterdir()
    }
    build = f"import setuptools.build_meta as b; b.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, check=True)
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(tmp_path / wheel.name) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        for name in sources(one.namelist()):
            assert one.read(name) == other.read(name)


@pytest.mark.slow
def test_the_command_works_where_somebody_else_has_modules_of_these_names(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    scripts = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([python, "-c", ask], text=True).strip())
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    subprocess.run([*install, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    dependencies = {str(Path(path).resolve()) for path in sys.path if "site-packages" in path}
    (packages / "dependencies.pth").write_text("\n".join(sorted(dependencies)), encoding="utf-8")

    folder = tmp_path / "work"
    for name in ("experiments/__init__", "planar_core/__init__", "random", "numpy", "joblib", "signal", "tempfile"):
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import os; os.write(2, b'wrong module'); os._exit(77)")

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": "."}
        command = [str(scripts / "planar-sweep"), *arguments]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert run("--version") == f"planar-sweep {PROJECT['version']}\n"
    run("grid", *TINY, "--backend", "loky", "--jobs", "2", "--out", "out")
    where = "import experiments; print(experiments.__file__)"
    found = subprocess.check_output([python, "-P", "-c", where], text=True, cwd=folder).strip()
    assert Path(found).is_relative_to(packages)
    assert "1 of 4 stored runs retrained: all are bit-identical" in run("verify", "out", "--sample", "1")
    assert 'hidden = ["4x2", "8x8"]' in run("grid", "--config", "playground", "--print-config")
    assert "n_stuck\n" in run("columns", "n_stuck")
    assert "pip install 'planar-sweep[onnx]'" in " ".join(run("export", "--help").split())
    assert "drawn in" in run("walkthrough", "--out", "walk")


def test_every_entry_point_is_a_function() -> None:
    for place in PROJECT["scripts"].values():
        module, _, function = place.partition(":")
        tree = ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
