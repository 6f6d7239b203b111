"""The notebooks of docs/notebooks run from the first cell to the last, and are kept without outputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from tests.helpers.machines import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def test_there_are_two() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first_sweep", "your_table_and_a_race"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_kept(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of the Jupyter client
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    where = tmp_path / "docs" / "notebooks"
    where.mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "penguins.csv", where.parent)
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(where)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []
    shown: list[dict[str, Any]] = [output.get("data", {}) for output in outputs]
    assert sum("image/png" in data for data in shown) == (3 if path.stem == "first_sweep" else 1)
    said = "".join(output.get("text", "") for output in outputs)
    assert said.count("written to results/") == (1 if path.stem == "first_sweep" else 3)
    if path.stem == "your_table_and_a_race":
        grown = [data["text/html"] for data in shown if "ruled out</th>" in data.get("text/html", "")]
        assert grown[0].count("<tr>") > 3  # one table that grew, and the same one of the second race
        assert len(grown) == 2
    else:
        assert any("<iframe" in data.get("text/html", "") for data in shown)
