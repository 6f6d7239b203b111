"""experiments.sweep: the grid and its order, the columns that follow from a request, and the Python interface."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import experiments
from experiments import runner
from experiments.knobs import KNOBS, SweepError
from experiments.store import ResultsError
from experiments.sweep import Run, Sweep


def small(**knobs: Any) -> Sweep:
    return Sweep(**{"hidden": [1, "2x2"], "learning_rate": 1.2, "seed": range(2), "iterations": 4, **knobs})


def csv_file(folder: Path, name: str = "data.csv") -> Path:
    path = folder / name
    rows = [f"{i % 7},{i * i % 11},{i % 2},{(i // 2) % 2}" for i in range(40)]
    path.write_text("\n".join(["a,b,first,second", *rows]))
    return path


def test_the_defaults_are_those_of_the_command_line() -> None:
    sweep = Sweep()
    assert sweep.request == {
        "dataset": ["flower"],
        "hidden": ["1", "2", "3", "4", "5", "20", "50"],
        "learning_rate": [0.03, 0.1, 0.3, 1.2, 5.0],
        "seed": "0:10",
        "target": None,
        "iterations": 5000,
        "record_every": 100,
        "dtype": "float64",
    }
    assert len(sweep) == 7 * 5 * 10
    assert Sweep(seed=range(10)).request == sweep.request


def test_runs_are_the_product_of_the_axes_in_order() -> None:
    sweep = Sweep(dataset=["moons", "flower"], hidden=[3, "8x8"], learning_rate=["lin:0:1:3"], seed=range(5, 0, -2))

    expected = [
        Run(*values) for values in itertools.product(["moons", "flower"], ["3", "8x8"], [0.0, 0.5, 1.0], [5, 3, 1])
    ]
    assert list(sweep) == expected
    assert [sweep[i] for i in range(len(sweep))] == expected
    assert [sweep[-i] for i in range(1, len(sweep) + 1)] == expected[::-1]
    assert sweep[np.int64(7)] == expected[7]
    assert repr(sweep) == "<Sweep of 36 runs: 2 dataset, 2 hidden, 3 learning_rate, 3 seed>"


def test_an_index_out_of_range_is_refused() -> None:
    sweep = Sweep(hidden=1, learning_rate=1, seed=[4, 5])
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"^run {index} of 2$"):
            sweep[index]


def test_a_grid_of_billions_takes_no_memory() -> None:
    tracemalloc.start()
    sweep = Sweep(seed="0:4294967296", learning_rate="lin:0:1:100", hidden="1:101")
    last = sweep[-1]
    first = next(iter(sweep))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sweep.size == 2**32 * 100 * 100
    assert (first, last) == (Run("flower", "1", 0.0, 0), Run("flower", "100", 1.0, 2**32 - 1))
    assert peak < 1_000_000


def test_a_grid_too_long_for_len_has_a_size() -> None:
    sweep = Sweep(seed="0:4294967296", learning_rate="lin:0:1:50000", hidden="1:50001")
    assert sweep.size == 2**32 * 50_000 * 50_000 > 2**63
    assert sweep[-1] == Run("flower", "50000", 1.0, 2**32 - 1)
    with pytest.raises(OverflowError):
        len(sweep)


NAMES = "dataset, hidden, learning_rate, seed, target, iterations, record_every, dtype"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"hiden": 3}, f"hiden: expected one of {NAMES} (did you mean 'hidden'?)"),
        ({"jobs": 3}, f"jobs: expected one of {NAMES}"),
        ({"target": "label"}, "--target: expected a CSV file as data set, got flower"),
        ({"seed": -1}, "--seeds: expected an integer from 0 to 4,294,967,295, got -1"),
        ({"iterations": [1, 2]}, "--iterations: expected one value, got [1, 2]"),
    ],
)
def test_what_cannot_be_meant_is_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(SweepError) as error:
        Sweep(**knobs)
    assert str(error.value) == message


def test_repeated_values_are_noted() -> None:
    sweep = Sweep(hidden=[2, "2", 3], dataset=["moons", "moons"])
    assert sweep.notes == ["--dataset: repeated value dropped: moons", "--hidden: repeated value dropped: 2"]
    assert len(sweep) == 2 * 5 * 10


def test_columns_name_what_identifies_a_run(tmp_path: Path) -> None:
    axes = ["dataset", "hidden", "learning_rate", "seed"]
    plain = Sweep(iterations=7, record_every=2, dtype="float64")
    assert (plain.columns, plain.problem_columns) == (axes, ["dataset"])

    special = Sweep(dataset=csv_file(tmp_path), target="first", dtype="float32")
    assert special.columns == [*axes, "target", "dtype"]
    assert special.problem_columns == ["dataset", "target"]
    assert special.settings == {"target": "first", "dtype": "float32"}


def test_every_setting_is_in_the_request_and_changes_it() -> None:
    reference = Sweep(dataset="a.csv")
    changed = {
        "dataset": "b.csv",
        "hidden": 9,
        "learning_rate": 9,
        "seed": 9,
        "target": "label",
        "iterations": 9,
        "record_every": 9,
        "dtype": "float32",
    }
    assert set(changed) == {knob.name for knob in KNOBS}
    for name, value in changed.items():
        request = Sweep(**{"dataset": "a.csv", name: value}).request
        differing = {key for key in request if request[key] != reference.request[key]}
        assert differing == {name} | ({"record_every"} if name == "iterations" else set())


def test_what_was_asked_for_is_what_was_run(tmp_path: Path) -> None:
    """Each setting in turn changes the numbers."""
    path = str(csv_file(tmp_path))
    reference = {
        "dataset": path,
        "hidden": 2,
        "learning_rate": 1.2,
        "seed": 0,
        "target": "second",
        "iterations": 20,
        "record_every": 20,
        "dtype": "float64",
    }

    def costs(**changes: Any) -> list[float]:
        curves = Sweep(**{**reference, **changes}).run(jobs=1, out=None).curves
        return [float(cost) for cost in curves["cost"]]

    expected = costs()
    assert costs() == expected
    assert costs(target="first") != expected
    assert costs(dataset=str(csv_file(tmp_path, "copy.CSV"))) == expected  # the file counts, not its name
    assert costs(dataset="moons", target=None) != expected
    for name, value in (
        ("hidden", "2x2"),
        ("learning_rate", 1.3),
        ("seed", 1),
        ("iterations", 21),
        ("dtype", "float32"),
    ):
        assert costs(**{name: value})[-1] != expected[-1]
    assert costs(record_every=5)[::4] == expected
    assert len(costs(record_every=5)) == 5


def test_results_without_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    results = small().run(out=None, jobs=2)
    assert list(tmp_path.iterdir()) == []
    assert [tuple(run) for run in results.runs[results.columns].itertuples(index=False)] == [
        ("flower", "1", 1.2, 0),
        ("flower", "1", 1.2, 1),
        ("flower", "2x2", 1.2, 0),
        ("flower", "2x2", 1.2, 1),
    ]
    assert list(results.curves["iteration"]) == [0, 1, 2, 3, 4] * 4
    assert list(results.summary["n_seeds"]) == [2, 2]


def test_the_network_of_a_run_has_the_accuracy_in_the_table() -> None:
    results = small(iterations=60, record_every=60).run(out=None)
    data = results.data("flower")
    for _, run in results.runs.iterrows():
        network = results.network(run)
        assert np.mean(network.predict(data.X) == data.Y) == run["train_accuracy"]
        assert np.mean(network.predict(data.X_test) == data.Y_test) == run["test_accuracy"]
        assert network.predict_proba(data.X_test).shape == (1, 2000)
        assert network.parameters[0][0].shape == ((1, 2) if run["hidden"] == "1" else (2, 2))
    with pytest.raises(
        LookupError, match="expected a run of this sweep that did not fail, got dataset flower, hidden 3,"
    ):
        results.network({"dataset": "flower", "hidden": "3", "learning_rate": 1.2, "seed": 0})
    with pytest.raises(LookupError):
        results.network({"dataset": "flower"})
    with pytest.raises(KeyError):
        results.data("moons")


def test_bad_arguments_of_run_are_refused_before_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("it trained")

    monkeypatch.setattr(runner, "run", never)
    (tmp_path / "file").touch()
    for arguments, error, message in (
        ({"jobs": 0}, SweepError, "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got 0"),
        (
            {"backend": "dusk"},
            SweepError,
            "--backend: expected one of threading, loky, dask (did you mean 'dask'?), got 'dusk'",
        ),
        ({"scheduler": "tcp://host:1"}, SweepError, "--scheduler: expected with --backend dask, got threading"),
        ({"out": tmp_path / "file"}, ResultsError, "expected a folder that can be written to, got"),
    ):
        with pytest.raises(error) as caught:
            small().run(**{"out": str(tmp_path / "out"), **arguments})  # type: ignore[arg-type]
        assert str(caught.value).startswith(message)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="unknown data set 'flowr'"):
        small(dataset="flowr").run(out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_package_offers_sweep_and_nothing_else() -> None:
    assert experiments.Sweep is Sweep
    misspelled = "sweeep"
    with pytest.raises(AttributeError, match="module 'experiments' has no attribute 'sweeep'"):
        getattr(experiments, misspelled)
