"""How extras are installed, said by a source tree and by an installed package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.version import installing
from tests.helpers.machines import ROOT


def test_a_source_tree_is_installed_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert installing("onnx") == "pip install '.[onnx]'"
    monkeypatch.chdir(tmp_path)  # where "." is another folder
    assert installing("onnx") == f"pip install '{ROOT}[onnx]'"


def test_an_installed_package_is_named(tmp_path: Path) -> None:
    """A copy without pyproject.toml, beside the metadata of an installation."""
    package = tmp_path / "site" / "experiments"
    package.mkdir(parents=True)
    shutil.copy(ROOT / "experiments" / "version.py", package)
    (package / "__init__.py").touch()
    info = tmp_path / "site" / "planar_sweep-78.8.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planar-sweep\nVersion: 78.8\n", encoding="utf-8")
    # Somebody else's project around it changes nothing.
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\nversion = "1"\n', encoding="utf-8")
    command = "from experiments.version import __version__, installing; print(__version__, installing('xlsx'))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    said = subprocess.check_output([sys.executable, "-c", command], cwd=tmp_path, env=environment, text=True)
    assert said == "78.8 pip install 'planar-sweep[xlsx]'\n"


def test_no_message_knows_another_way() -> None:
    """Every command that installs an extra is made in version.py."""
    sources = [path for folder in ("experiments", "planar_core") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in sources if "pip install" in path.read_text(encoding="utf-8")] == ["version.py"]
