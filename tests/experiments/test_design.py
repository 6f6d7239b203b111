"""experiments.sweep: the grid and its order, the columns that follow from a request, and the Python interface."""

from __future__ import annotations

import itertools
import json
import pickle
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import experiments
from experiments.datasets.data import Data, DataError
from experiments.datasets.loading import load_source
from experiments.datasets.source import Fixed, Source
from experiments.design import MOST_PROBLEMS, Run
from experiments.files import ResultsError
from experiments.knobs.declared import AXES, REQUESTED
from experiments.knobs.knob import SweepError
from experiments.sweep import Sweep
from planar_core.choices import NUMERICS
from tests.helpers.knobs import DEFAULTS, FURTHER, OTHERS

F0, F1 = {"data": "f0"}, {"data": "f1"}
PROBLEM = ["dataset", "noise", "samples", "data_seed", "test_fraction", "features"]
ALWAYS = ["dataset", "hidden", "learning_rate", "seed"]


def run_of(**knobs: Any) -> Run:
    """The run with these values, all others at the first of their defaults."""
    first = {name: 0 if name == "seed" else values[0] for name, values in DEFAULTS.items()}
    first |= {"iterations": 5000, "fold": None}
    return Run(**{**first, **knobs})


def small(**knobs: Any) -> Sweep:
    return Sweep(**{"hidden": [1, "2x2"], "learning_rate": 1.2, "seed": range(2), "iterations": 4, **knobs})


def csv_file(folder: Path, name: str = "data.csv") -> Path:
    path = folder / name
    rows = [f"{i % 7},{i * i % 11},{i % 2},{int(i % 4 == 0)}" for i in range(40)]
    path.write_text("\n".join(["a,b,first,second", *rows]))
    return path


def test_the_defaults_are_those_of_the_command_line() -> None:
    sweep = Sweep()
    assert sweep.request == {**DEFAULTS, **OTHERS, "zip": []}
    assert list(sweep.request) == [*DEFAULTS, *OTHERS, "zip"]
    assert len(sweep) == 7 * 5 * 10
    assert Sweep(seed=range(10)).request == sweep.request


def test_runs_are_the_product_of_the_axes_in_order() -> None:
    sweep = Sweep(dataset=["moons", "flower"], hidden=[3, "8x8"], learning_rate=["lin:0:1:3"], seed=range(5, 0, -2))

    expected = [
        run_of(**dict(zip(ALWAYS, values, strict=True)))
        for values in itertools.product(["moons", "flower"], ["3", "8x8"], [0.0, 0.5, 1.0], [5, 3, 1])
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
    assert first == run_of(hidden="1", learning_rate=0.0, seed=0)
    assert last == run_of(hidden="100", learning_rate=1.0, seed=2**32 - 1)
    assert peak < 1_000_000


def test_a_grid_too_long_for_len_has_a_size() -> None:
    sweep = Sweep(seed="0:4294967296", learning_rate="lin:0:1:50000", hidden="1:50001")
    assert sweep.size == 2**32 * 50_000 * 50_000 > 2**63
    assert sweep[-1] == run_of(hidden="50000", learning_rate=1.0, seed=2**32 - 1)
    with pytest.raises(OverflowError):
        len(sweep)


def test_a_grid_of_every_axis_takes_no_memory_either() -> None:
    many = dict.fromkeys(("noise", "momentum", "beta1", "beta2", "l1", "l2", "init_scale"), "lin:0.1:0.9:20000")
    many |= {"learning_rate": "lin:0:1:20000", "batch_size": "1:20001"}
    tracemalloc.start()
    sweep = Sweep(
        **many, optimizer=["gd", "momentum", "adam"], seed="0:4294967296",
        zip=[["momentum", "learning_rate"], ["l1", "beta2", "batch_size"]],
    )  # fmt: skip
    last, first = sweep[-1], next(iter(sweep))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 20,000 values of beta1 for adam, none for the others.
    assert sweep.size == 20_000**5 * (20_000 + 2) * 7 * 2**32
    assert (first.momentum, first.learning_rate, first.l1, first.beta2, first.batch_size) == (0.1, 0, 0.1, 0.1, 1)
    assert (first.optimizer, first.beta1, last.optimizer, last.beta1) == ("gd", None, "adam", 0.9)
    assert (last.momentum, last.learning_rate, last.l1, last.beta2, last.batch_size) == (0.9, 1, 0.9, 0.9, 20_000)
    assert peak < 40_000_000  # the values of the axes: nine lists of 20,000, and what remains of beta1


def test_runs_have_a_value_for_every_axis_by_name() -> None:
    assert list(Run._fields) == [axis.name for axis in AXES] == [*list(DEFAULTS)[:-1], "iterations", "fold", "seed"]
    assert set(FURTHER) == {axis.name for axis in AXES} - {*ALWAYS, "iterations", "fold"}
    run = run_of(seed=3, hidden="8x8", l2=0.1, batch_size="all")
    assert repr(run) == "Run(dataset='flower', hidden='8x8', learning_rate=0.03, seed=3, l2=0.1)"
    assert run.problem == ("flower", "auto", 400, "auto", 0.25, "all")
    assert pickle.loads(pickle.dumps(run)) == run  # noqa: S301 - as batches travel to other processes
    for name, (value, needed) in FURTHER.items():
        (only,) = Sweep(**{"hidden": 1, "learning_rate": 1, "seed": 4, **needed, name: value})
        assert only == run_of(**{"hidden": "1", "learning_rate": 1.0, "seed": 4, **needed, name: value})


def test_axes_nest_in_their_order() -> None:
    two = {name: [*DEFAULTS[name], value] for name, (value, _) in FURTHER.items()}
    two |= {
        "optimizer": ["adam", "momentum"],
        "dataset": ["flower", "moons"],
        "hidden": ["1", "2"],
        "learning_rate": [0.5, 1.0],
        "seed": [3, 1],
    }
    sweep = Sweep(**two)
    outer, inner = list(DEFAULTS)[:8], list(DEFAULTS)[12:]
    assert list(DEFAULTS)[8:12] == ["optimizer", "momentum", "beta1", "beta2"]
    steps = [
        *(("adam", None, beta1, beta2) for beta1 in two["beta1"] for beta2 in two["beta2"]),
        *(("momentum", momentum, None, None) for momentum in two["momentum"]),
    ]
    assert sweep.size == 2 ** (len(DEFAULTS) - 4) * len(steps)
    product = itertools.product(*(two[name] for name in outer), steps, *(two[name] for name in inner))
    flat = ((*run[:8], *run[8], *run[9:-1], 5000, None, run[-1]) for run in product)
    expected = list(itertools.islice(flat, 0, sweep.size, 9973))
    assert [tuple(sweep[position]) for position in range(0, sweep.size, 9973)] == expected


# Settings that mean nothing for some values of another


def settings_of(sweep: Sweep) -> list[tuple[Any, ...]]:
    return [(run.optimizer, run.momentum, run.beta1) for run in sweep]


def test_a_setting_without_a_meaning_has_no_value_and_equal_configurations_are_one() -> None:
    knobs: dict[str, Any] = {"hidden": 1, "learning_rate": 1, "seed": [0, 1]}
    sweep = Sweep(**knobs, optimizer=["gd", "momentum"], momentum=[0.5, 0.9])
    assert settings_of(sweep)[::2] == [("gd", None, 0.9), ("momentum", 0.5, 0.9), ("momentum", 0.9, 0.9)]
    assert sweep.notes == [
        "momentum has no effect for some values of optimizer: equal configurations are merged (3 of 4 remain)"
    ]
    assert repr(sweep) == ("<Sweep of 6 runs: 1 dataset, 1 hidden, 3 optimizer with momentum, 1 learning_rate, 2 seed>")
    assert sweep.asked["momentum"] == (0.5, 0.9)
    assert sweep.values["momentum"] == (None, 0.5, 0.9)
    assert (sweep.request["momentum"], sweep.request["optimizer"]) == ([0.5, 0.9], ["gd", "momentum"])

    both = Sweep(**knobs, optimizer=["gd", "momentum", "adam"], momentum=[0.5, 0.9], beta1=[0.1, 0.2])
    assert settings_of(both)[::2] == [
        ("gd", None, None), ("momentum", 0.5, None), ("momentum", 0.9, None), ("adam", None, 0.1), ("adam", None, 0.2),
    ]  # fmt: skip
    assert both.notes == [
        (
            "momentum and beta1 have no effect for some values of optimizer: equal configurations are merged (5 of 12 "
            "remain)"
        )
    ]
    # A single value is none too where it means nothing; then there is nothing to say.
    single = Sweep(**knobs, optimizer=["gd", "momentum"], momentum=0.5)
    assert settings_of(single)[::2] == [("gd", None, 0.9), ("momentum", 0.5, 0.9)]
    assert single.notes == []
    # As it was before it was set: the default.
    assert settings_of(Sweep(**knobs, optimizer=["gd", "momentum"]))[::2] == [("gd", 0.9, 0.9), ("momentum", 0.9, 0.9)]


def test_what_was_put_in_step_by_request_stays_in_step() -> None:
    sweep = Sweep(
        optimizer=["gd", "momentum"], momentum=[0.5, 0.8], hidden=1, learning_rate=1, seed=0,
        zip=[["optimizer", "momentum"]],
    )  # fmt: skip
    assert settings_of(sweep) == [("gd", 0.5, 0.9), ("momentum", 0.8, 0.9)]
    assert sweep.notes == []


def test_a_setting_without_a_meaning_changes_no_identity() -> None:
    of_gd = Sweep(hidden=1, learning_rate=1, seed=0, optimizer=["gd", "momentum"], momentum=0.5)[0]
    plain = Sweep(hidden=1, learning_rate=1, seed=0)
    assert of_gd.momentum is None
    assert plain.identity(of_gd, F0) == plain.identity(plain[0], F0)


# Axes in step


def test_axes_in_step_stand_where_the_outermost_of_them_does() -> None:
    sweep = Sweep(
        hidden=[1, 2], activation=["tanh", "relu"], learning_rate=[0.1, 0.2, 0.3], l2=[0, 1, 0], init=["he", "normal"],
        seed=[0, 1], zip=[["l2", "learning-rate"], ["--init", "hidden"]],
    )  # fmt: skip
    expected = [
        run_of(hidden=hidden, init=init, activation=activation, learning_rate=rate, l2=l2, seed=seed)
        for hidden, init in (("1", "he"), ("2", "normal"))
        for activation in ("tanh", "relu")
        for rate, l2 in ((0.1, 0.0), (0.2, 1.0), (0.3, 0.0))
        for seed in (0, 1)
    ]
    assert list(sweep) == expected
    assert [sweep[-k] for k in range(1, len(sweep) + 1)] == expected[::-1]
    assert list(sweep.configurations()) == expected[::2]
    assert [sweep.configuration(k) for k in range(sweep.n_configurations)] == expected[::2]
    assert list(sweep.of_first_seeds(1)) == expected[::2]
    assert repr(sweep) == (
        "<Sweep of 24 runs: 1 dataset, 2 hidden with init, 2 activation, 3 learning_rate with l2, 2 seed>"
    )


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"learning_rate": [0.1, 1, 0.1], "l2": [0, 0, 1], "zip": [["learning_rate", "l2"]]},
        {"dataset": ["moons", "flower"], "hidden": ["1:3", "lin:4:8:3"], "batch_size": ["all", 5], "seed": [3, 1]},
        {"features": ["x1", "x2"]},
        {"features": [["x1"], ["x2"]]},
        {"features": [["x1"], ["x2"]], "noise": ["auto", 0.5], "zip": [["features", "noise"]]},
        {"features": ["all", "x1", "x1+sin(x2)"]},
        {"dataset": "a.csv", "target": "=b", "positive": "yes", "dtype": "float32"},
        {name: value for name, (value, _) in FURTHER.items()} | {"momentum": 0.9, "optimizer": ["adam", "gd"]},
        {"seed": "0:4294967296", "iterations": 7, "record_every": 2},
    ],
)
def test_a_request_is_the_sweep_again(knobs: dict[str, Any]) -> None:
    sweep = Sweep(**knobs)
    again = Sweep(**json.loads(json.dumps(sweep.request)))
    assert again.request == sweep.request
    assert (again.columns, again.settings, again.dimensions) == (sweep.columns, sweep.settings, sweep.dimensions)
    assert [again[k] for k in (0, -1)] == [sweep[k] for k in (0, -1)]
    assert [type(value) for value in again[0]] == [type(value) for value in sweep[0]]


def test_steps_that_repeat_are_dropped_and_values_that_do_are_not() -> None:
    sweep = Sweep(l1=[0, 0, 1, 0], l2=[0, 1, 0, 1], zip=[["l1", "l2"]], hidden=1, learning_rate=1, seed=0)
    assert [(run.l1, run.l2) for run in sweep] == [(0, 0), (0, 1), (1, 0)]
    assert sweep.notes == ["--zip l1 l2: repeated value dropped: 0.0 with 1.0"]


# Problems


def test_a_problem_is_there_once_whatever_it_is_crossed_or_in_step_with() -> None:
    crossed = Sweep(dataset=["moons", "flower"], noise=[0.1, 0.2], hidden=[1, 2], seed=[1, 2])
    rest = (400, "auto", 0.25, "all")
    assert list(crossed.problems()) == [(name, noise, *rest) for name in ("moons", "flower") for noise in (0.1, 0.2)]
    assert list(crossed.problems()) == list(dict.fromkeys(run.problem for run in crossed))
    in_step = Sweep(
        noise=[0.2, 0.1, 0.2], learning_rate=[1, 2, 3], features=["all", "x1+x2"], samples=[100, 10],
        zip=[["noise", "learning_rate"], ["samples", "features"]],
    )  # fmt: skip
    assert list(in_step.problems()) == list(dict.fromkeys(run.problem for run in in_step))
    assert len(list(in_step.problems())) == 4


def test_too_many_problems_are_refused_before_any_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("it loaded")

    monkeypatch.setattr("experiments.datasets.loading.load_source", never)
    sweep = Sweep(data_seed=range(MOST_PROBLEMS + 1), noise=[0, 0.1])
    with pytest.raises(SweepError) as error:
        sweep.load()
    assert str(error.value) == "noise, data seed: expected at most 10,000 problems in total, got 20,002"
    with pytest.raises(SweepError) as error:
        Sweep(data_seed=range(150), samples=[400, 1_000_000]).load()
    assert str(error.value) == "--samples: expected at most 100,000,000 in total for all problems, got 150,060,000"


def test_knobs_of_the_data_reach_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is at its default is not mentioned: to real data, noise means nothing."""
    asked: list[dict[str, Any]] = []

    def load(**knobs: Any) -> Source:
        asked.append({knob: value for knob, value in knobs.items() if value is not None})
        return Fixed(small_data())

    monkeypatch.setattr("experiments.datasets.loading.load_source", load)
    sources = Sweep(dataset=["moons", "iris"], noise=["auto", 0], samples=[400, 10], data_seed=0).load()
    assert asked == [
        {"name": name, "split": "auto", "data_seed": 0, **noise, **samples}
        for name in ("moons", "iris")
        for noise in ({}, {"noise": 0.0})
        for samples in ({}, {"samples": 10})
    ]
    assert len(sources) == len(asked)
    assert list(sources)[-1] == ("iris", 0.0, 10, 0, 0.25, "all")
    asked.clear()
    reading: dict[str, Any] = {
        "target": "b", "positive": ["c"], "task": "classification", "drop": ["d", "e"], "keep": ["f"],
        "missing": "drop", "missing_values": ["-1"], "header": "yes", "separator": "\t", "decimal": ",",
        "encoding": "cp1252", "group": "g", "test_file": "h.csv",
    }  # fmt: skip
    sweep = Sweep(dataset=["a.csv", "moons"], test_fraction=0.5, features="x1+x2", split="fixed", **reading)
    sweep.load()
    of_both = {"split": "fixed", "test_fraction": 0.5, "features": "x1+x2"}
    assert asked == [{"name": "a.csv", **of_both, **reading}, {"name": "moons", **of_both}]


def small_data() -> Data:
    one = np.ones((1, 2))
    return Data("d", one, one, one, one, ("x",), ("0", "1"))


# Identity: what is stored under it


def test_a_further_knob_at_its_default_leaves_what_is_stored_valid() -> None:
    """Byte for byte the identity of the first version, which knew none of them."""
    sweep = Sweep(hidden="2x2", learning_rate=0.1, seed=3, iterations=7, record_every=2, dtype="float32")
    assert sweep.identity(sweep[0], F0) == {
        "data": "f0", "hidden": "2x2", "learning_rate": 0.1, "iterations": 7, "record_every": 2, "dtype": "float32",
        "numerics": NUMERICS,
    }  # fmt: skip
    assert list(sweep.identity(sweep[0], F0)) == [
        "data", "hidden", "learning_rate", "iterations", "record_every", "dtype", "numerics",
    ]  # fmt: skip
    explicit = Sweep(**{**DEFAULTS, **sweep.request})
    assert explicit.identity(explicit[0], F0) == sweep.identity(sweep[0], F0)
    assert explicit.columns == sweep.columns == [*ALWAYS, "dtype"]


@pytest.mark.parametrize("name", sorted(set(FURTHER) - set(PROBLEM)))
def test_a_change_of_a_knob_is_a_change_of_the_identity(name: str) -> None:
    value, needed = FURTHER[name]
    before, after = (Sweep(**{"hidden": 1, **needed, **change}) for change in ({}, {name: value}))
    old, new = before.identity(before[0], F0), after.identity(after[0], F0)
    assert name not in old
    assert new == {**old, name: value}


@pytest.mark.parametrize("name", sorted(set(PROBLEM) - {"dataset"}))
def test_a_change_of_the_problem_is_in_the_data_alone(name: str) -> None:
    sweep = Sweep(**{name: FURTHER[name][0]})
    assert sweep[0].problem != Sweep()[0].problem
    assert sweep.identity(sweep[0], F0) == Sweep().identity(Sweep()[0], F0)
    assert sweep.identity(sweep[0], F1) != Sweep().identity(Sweep()[0], F0)


OTHERS_NEED: dict[str, dict[str, Any]] = {
    "decision": {"until_decided": 0.1},
    "validation_fraction": {"patience": 9},
    "sample_seed": {"sample": 9},
}
NAMES = ", ".join([*DEFAULTS, *OTHERS, "zip"])
AXES_TO_ZIP = ", ".join(name for name in [*DEFAULTS, "iterations"] if name != "seed")


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"hiden": 3}, f"hiden: expected one of {NAMES} (did you mean 'hidden'?)"),
        ({"jobs": 3}, f"jobs: expected one of {NAMES}"),
        ({"target": "label"}, "--target requires a table file as --dataset, got flower"),
        ({"seed": -1}, "--seeds: expected an integer from 0 to 4,294,967,295, got -1"),
        ({"iterations": [1, 2], "patience": 3},
         "--patience: expected one value of --iterations, got 1 2; use only the largest one"),
        ({"iterations": "lin:1:9", "patience": 3, "sample": 1},
         "--patience: expected one value of --iterations, got lin:1:9; use only the largest one"),
        ({"dataset": ["moons", "iris"], "positive": "a"},
         "--positive requires a table file as --dataset, got moons, iris"),
        ({"separator": ";"}, "--separator requires a table file as --dataset, got flower"),
        ({"task": "regression", "dataset": "iris"}, "--task requires a table file as --dataset, got iris"),
        ({"epochs": 3}, f"epochs: expected one of {NAMES} (use --iterations)"),
        ({"max_iter": 3}, f"max_iter: expected one of {NAMES} (use --iterations)"),
        ({"n_jobs": 3}, f"n_jobs: expected one of {NAMES} (use --jobs)"),
        ({"dropout": 0.5},
         f"dropout: expected one of {NAMES} (not available; --l1 and --l2 are penalties on the weights)"),
        ({"fold": 3}, f"fold: expected one of {NAMES}"),
        ({"lr": 1, "learning_rate": 2}, "learning_rate: expected each setting once, got lr as well"),
        ({"seed": 1, "seeds": 2}, "seed: expected each setting once, got seeds as well"),
        ({"learning_rate": "0.1,0.2"},
         ("--learning-rate: expected a finite number, 0 or more, got '0.1,0.2'; separate values by spaces: "
         "--learning-rate 0.1 0.2")),
        ({"split": "cv:1"}, "--split: expected seed, fixed or cv:K with K from 2 to 1,000, or auto, got 'cv:1'"),
        ({"metric": "acc"},
         ("--metric: expected one of accuracy, balanced_accuracy, f1, auc, average_precision, log_loss, r2, rmse, "
          "mae (did you mean 'auc'?), got 'acc'")),
        ({"zip": [["l1", "fold"]]}, f"--zip: expected axes among {AXES_TO_ZIP}, got 'fold'"),
        ({"momentum": 0.5}, "--momentum requires --optimizer momentum, got gd"),
        ({"momentum": [0.9, 0.5], "optimizer": "adam"}, "--momentum requires --optimizer momentum, got adam"),
        ({"beta1": 0.5, "optimizer": ["gd", "momentum"]}, "--beta1 requires --optimizer adam, got gd, momentum"),
        ({"beta2": 0.5}, "--beta2 requires --optimizer adam, got gd"),
        ({"zip": [["l1", "foo"]]}, f"--zip: expected axes among {AXES_TO_ZIP}, got 'foo'"),
        ({"zip": [["l1", "ativation"]]},
         f"--zip: expected axes among {AXES_TO_ZIP}, got 'ativation' (did you mean 'activation'?)"),
        ({"zip": [["l1", "seed"]]}, "--zip: expected axes other than seed, got seed"),
        ({"zip": [["l1", "dtype"]]}, f"--zip: expected axes among {AXES_TO_ZIP}, got 'dtype'"),
        ({"zip": [["l1", "l2"], ["l2", "init"]]}, "--zip: expected each axis once, got l2 again"),
        ({"zip": [["l1", "l1"]]}, "--zip: expected each axis once, got l1 again"),
        ({"zip": [["lr"]]}, "--zip: expected at least two axes, got learning_rate"),
        ({"zip": ["l1"]}, "--zip: expected at least two axes, got l1"),
        ({"zip": "l1"}, "--zip: expected lists of axes to vary together, got 'l1'"),
        ({"zip": ["l1", ["l2"]]}, "--zip: expected lists of axes to vary together, got ['l1', ['l2']]"),
        ({"zip": [[]]}, "--zip: expected at least two axes, got none"),
        ({"zip": [["hidden", "lr", "l1"]]},
         "--zip: expected axes of the same length, got hidden (7), learning_rate (5), l1 (1)"),
        ({"zip": [["l2", "l1"]], "l1": ["lin:0:1:20000"], "l2": [1, 2]},
         "--zip: expected axes of the same length, got l1 (20,000), l2 (2)"),
        ({"zip": [["l2", "l1"]], "l1": [1, -1], "l2": [1, 2]}, "--l1: expected a finite number, 0 or more, got -1"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(SweepError) as error:
        Sweep(**knobs)
    assert str(error.value) == message


def test_the_notes_say_what_may_have_been_meant_otherwise() -> None:
    assert Sweep(seeds=10).notes == ["--seeds 10 is a single seed; for seeds 0 to 9 use 0:10"]
    assert Sweep(seeds="0:10").notes == Sweep(seed=[10, 11]).notes == Sweep(seed=1).notes == []


def test_settings_go_by_their_other_names_too() -> None:
    assert Sweep(lr=[0.1, 1], seeds="0:3").request == Sweep(learning_rate=[0.1, 1], seed=range(3)).request


# Replicates


def test_folds_are_an_axis_that_follows_from_the_split() -> None:
    sweep = Sweep(dataset="iris", split="cv:3", hidden=[1, 2], lr=1, seed=[4, 5])
    assert [(run.hidden, run.fold, run.seed) for run in sweep] == [
        (hidden, fold, seed) for hidden in ("1", "2") for fold in (0, 1, 2) for seed in (4, 5)
    ]
    assert sweep.columns == [*ALWAYS, "fold"]
    assert sweep.replicate_columns == ["fold", "seed"]
    assert sweep.configuration_columns == ["dataset", "hidden", "learning_rate"]
    assert (sweep.n_replicates, sweep.n_configurations, sweep.n_series) == (6, 2, 6)
    assert list(sweep.configurations()) == list(sweep)[::6]
    assert [sweep.configuration(k) for k in range(2)] == list(sweep)[::6]
    assert list(sweep.all_series()) == [sweep.series(k) for k in range(6)] == list(sweep)[::2]
    assert repr(sweep) == "<Sweep of 12 runs: 1 dataset, 2 hidden, 1 learning_rate, 3 fold, 2 seed>"
    again = Sweep(**json.loads(json.dumps(sweep.request)))
    assert list(again) == list(sweep)
    assert list(sweep.of_first_seeds(1)) == list(sweep)[::2]


def test_without_folds_a_replicate_is_a_seed() -> None:
    sweep = Sweep(hidden=[1, 2], lr=1, l2=[0, 1], seed=[4, 5, 6])
    assert {run.fold for run in sweep} == {None}
    assert (sweep.replicate_columns, sweep.configuration_columns) == (
        ["seed"], ["dataset", "hidden", "learning_rate", "l2"],
    )  # fmt: skip
    assert (sweep.n_replicates, sweep.n_configurations, sweep.n_series) == (3, 4, 4)
    assert list(sweep.all_series()) == list(sweep.configurations()) == list(sweep)[::3]


def test_how_runs_are_split_and_judged() -> None:
    plain = Sweep()
    assert (plain.split, plain.metrics) == ("auto", [])
    sweep = Sweep(split="fixed", metric=["f1", "auc"])
    assert (sweep.split, sweep.metrics) == ("fixed", ["f1", "auc"])
    assert sweep.columns == ALWAYS  # neither is a column: the data tell of the split, and metrics change no run
    assert sweep.identity(sweep[0], F0) == plain.identity(plain[0], F0)


# Data


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"dataset": ["iris", "diabetes"]},
         "--dataset: expected only classification or only regression data sets, got both"),
        ({"dataset": ["plane", "moons"]},
         "--dataset: expected only classification or only regression data sets, got both"),
        ({"dataset": "diabetes", "class_weight": ["none", "balanced"]},
         "--class-weight: expected classification data, got regression"),
        ({"dataset": "iris", "metric": ["accuracy", "rmse"]},
         ("--metric: metric 'rmse': a metric of regression; expected one of accuracy, balanced_accuracy, f1, auc, "
         "average_precision, log_loss, for task='multiclass'")),
        ({"dataset": "diabetes", "metric": "accuracy"},
         ("--metric: metric 'accuracy': a metric of binary and multiclass; expected one of r2, rmse, mae, "
         "for task='regression'")),
    ],
)  # fmt: skip
def test_data_that_do_not_go_together_or_with_the_rest_are_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(SweepError) as error:
        Sweep(**knobs).load()
    assert str(error.value) == message


def test_classes_of_any_number_go_together_and_so_do_values() -> None:
    sources = Sweep(dataset=["moons", "iris", "iris2"], class_weight="balanced", metric=["auc", "log_loss"]).load()
    assert [source.first.task for source in sources.values()] == ["binary", "multiclass", "binary"]
    values = Sweep(dataset=["plane", "diabetes"], metric=["mae", "r2"]).load()
    assert {source.first.task for source in values.values()} == {"regression"}


def test_generated_data_have_no_folds() -> None:
    with pytest.raises(DataError) as error:
        Sweep(dataset=["iris", "moons"], split="cv:5").load()
    assert str(error.value) == (
        "split: cv:5 requires real data or a file with a table, got 'moons'; for generated data see --data-seed seed"
    )


def test_tables_are_given_as_such(tmp_path: Path) -> None:
    path = csv_file(tmp_path)
    (of_file,) = Sweep(dataset=path).load().values()
    frame = pd.read_csv(path)
    X, y = frame[["a", "b", "first"]].to_numpy(), frame["second"].to_numpy()
    for given in (frame, (frame[["a", "b", "first"]], frame["second"]), (X, y)):
        sweep = Sweep(dataset=given, hidden=1, lr=1, seed=0)
        (source,) = sweep.load().values()
        assert sweep[0].dataset == source.name == "table"
        for seed in (0, 3):
            assert source.part(seed).fingerprint == of_file.part(seed).fingerprint
    (of_other,) = Sweep(dataset=frame, target="first").load().values()
    assert of_other.fingerprint == load_source(path, target="first").fingerprint
    assert of_other.first.class_names == ("0", "1")
    assert Sweep(dataset=frame, target="first").columns == [*ALWAYS, "target"]


def test_a_table_that_is_given_as_such_is_trained_on(tmp_path: Path) -> None:
    path = csv_file(tmp_path)
    knobs: dict[str, Any] = {"hidden": 1, "lr": 1, "seed": [0, 1], "iterations": 5}
    of_file = Sweep(dataset=path, **knobs).run(jobs=1, out=None).runs
    of_frame = Sweep(dataset=pd.read_csv(path), **knobs).run(jobs=1, out=None).runs
    assert list(of_frame["dataset"]) == ["table", "table"]
    pd.testing.assert_frame_equal(
        of_frame.drop(columns=["dataset", "seconds"], errors="ignore"),
        of_file.drop(columns=["dataset", "seconds"], errors="ignore"),
    )


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

    for name, (value, needed) in FURTHER.items():
        for values in (value, [DEFAULTS[name][0], value]):  # set, or varying
            sweep = Sweep(**{**needed, name: values})
            assert sweep.columns == [*axes, *sorted({name, *needed}, key=list(DEFAULTS).index)]
            assert sweep.problem_columns == (["dataset", name] if name in PROBLEM else ["dataset"])
    some = Sweep(init="he", noise=0, l1=1, dtype="float32")
    assert some.columns == [*axes, "noise", "l1", "init", "dtype"]


def test_every_setting_is_in_the_request_and_changes_it() -> None:
    reference = Sweep(dataset="a.csv")
    changed = {
        "dataset": "b.csv",
        "hidden": 9,
        "learning_rate": 9,
        "seed": 9,
        "target": "label",
        "positive": "yes",
        "task": "regression",
        "drop": "a",
        "keep": ["b", "c"],
        "missing": "drop",
        "missing_values": "-1",
        "header": "no",
        "separator": ";",
        "decimal": ",",
        "encoding": "cp1252",
        "group": "patient",
        "test_file": "c.csv",
        "split": "cv:5",
        "metric": "f1",
        "until_decided": 0.1,
        "decision": "exact",
        "budget": "5runs",
        "iterations": 9,
        "record_every": 9,
        "patience": 9,
        "validation_fraction": 0.2,
        "dtype": "float32",
        "sample": 9,
        "sample_seed": 9,
        **{name: value for name, (value, _) in FURTHER.items()},
    }
    assert set(changed) == {knob.name for knob in REQUESTED}
    for name, value in changed.items():
        needed = FURTHER[name][1] if name in FURTHER else OTHERS_NEED.get(name, {})
        seeds = {} if name == "seed" else {"seed": range(10)}
        request = Sweep(**{"dataset": "a.csv", **seeds, **needed, name: value}).request
        differing = {key for key in request if request[key] != reference.request[key]}
        follows = {"iterations": {"record_every"}, "patience": {"validation_fraction"}, "sample": {"sample_seed"}}.get(
            name, set()
        )
        assert differing == {name, *needed} | follows
    assert [Sweep(dataset="a.csv", **{name: changed[name]}).request[name] for name in ("drop", "keep", "positive")] == [
        ["a"], ["b", "c"], ["yes"],
    ]  # fmt: skip


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
    for name, (value, needed) in FURTHER.items():
        generated = {"dataset": "moons", "target": None} if name in ("noise", "samples", "data_seed") else {}
        before = costs(**needed, **generated)[-1]
        assert costs(**needed, **generated, **{name: value})[-1] not in (expected[-1], before), name
    assert costs(positive="1") == costs() != costs(positive="0")
    assert costs(split="seed") == costs() != costs(split="fixed")
    folds = costs(split="cv:2")[1::2]
    assert len({*folds, expected[-1]}) == 3
    assert costs(drop="first") != expected
    assert costs(target="a", task="regression") != expected
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
    results = small(iterations=60, record_every=60, activation=["tanh", "relu", "sigmoid"], init="he").run(out=None)
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
        results.network({**results.runs.iloc[0], "hidden": "3"})
    with pytest.raises(LookupError):
        results.network({"dataset": "flower"})
    with pytest.raises(KeyError):
        results.data("moons")


def test_bad_arguments_of_run_are_refused_before_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("it trained")

    monkeypatch.setattr("experiments.orchestration.run", never)
    (tmp_path / "file").touch()
    for arguments, error, message in (
        ({"jobs": 0}, SweepError, "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got 0"),
        (
            {"backend": "dusk"},
            SweepError,
            "--backend: expected one of threading, loky, dask (did you mean 'dask'?), got 'dusk'",
        ),
        ({"scheduler": "tcp://host:1"}, SweepError, "--scheduler requires --backend dask, got threading"),
        ({"out": tmp_path / "file"}, ResultsError, "expected a writable folder, got"),
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


def test_one_group_in_step_needs_no_brackets_of_its_own() -> None:
    knobs: dict[str, Any] = {"l1": [0, 1], "l2": [1, 2]}
    assert Sweep(**knobs, zip=["l1", "l2"]).request == Sweep(**knobs, zip=[["l1", "l2"]]).request


def test_a_plan_says_what_a_sweep_takes(tmp_path: Path) -> None:
    sweep = Sweep(hidden=[1, 2], learning_rate=0.1, seed=[0, 1], iterations=20)
    plan = sweep.plan(jobs=1, out=tmp_path)
    assert (plan.runs, plan.reused) == (4, 0)
    assert plan.seconds > 0
    assert re.match(r"4 runs, about [\d.]+ s, ", str(plan))
    assert not list(tmp_path.iterdir())
    sweep.run(jobs=1, out=tmp_path)
    larger = Sweep(hidden=[1, 2, 3], learning_rate=0.1, seed=[0, 1], iterations=20).plan(jobs=1, out=tmp_path)
    assert str(larger).startswith("6 runs (4 stored), ")
    assert sweep.plan(jobs=1, out=None).reused == 0


def test_in_a_notebook_a_sweep_is_a_table_of_its_axes() -> None:
    html = Sweep(hidden=[1, 2], dataset="a<b.csv", target="&")._repr_html_()
    assert "<th>hidden</th><td>1 2</td>" in html
    assert "<th>dataset</th><td>a&lt;b.csv</td>" in html
    assert "<th>target</th><td>&amp;</td>" in html
    assert "l1" not in html
