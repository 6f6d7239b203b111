"""What others published for the same networks, and a real data set from a file, through the whole sweep."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from experiments.results import Results, read
from tests.helpers.machines import ROOT

PUBLISHED = json.loads((Path(__file__).parents[1] / "oracles" / "published.json").read_text())
ACCURACIES = PUBLISHED["train_accuracy_percent_after_5000_iterations"]  # by hidden size


def sweep(out: Path, *arguments: str) -> Results:
    """Run the command line as a user does, and read what it wrote."""
    command = [sys.executable, "-m", "experiments.grid", "--out", str(out), "--no-plots", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return read(out)


def test_published_accuracies(tmp_path: Path) -> None:
    runs = sweep(tmp_path, "--hidden", *ACCURACIES, "--learning-rate", "1.2", "--seeds", "2").runs
    computed = dict(zip(runs["hidden"], 100 * runs["train_accuracy"], strict=True))
    assert list(computed) == list(ACCURACIES)
    for hidden, accuracy in computed.items():
        assert any(accuracy == pytest.approx(one, abs=1e-9) for one in ACCURACIES[hidden]), (hidden, accuracy)


def test_breast_cancer_from_a_csv_file(tmp_path: Path) -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    path = tmp_path / "breast cancer.csv"
    pd.concat([y.map({0: "malignant", 1: "benign"}), X], axis=1).to_csv(path, index=False)
    results = sweep(
        tmp_path / "out",
        *("--dataset", str(path), "--target", "target", "--hidden", "0", "4", "8x8"),
        *("--learning-rate", "0.3", "--seeds", "0:4", "--iterations", "1000"),
    )
    assert results.runs["test_accuracy"].mean() >= 0.95
    assert results.manifest["data"][0]["class_names"] == ["benign", "malignant"]
    assert set(results.runs["target"]) == {"target"}
