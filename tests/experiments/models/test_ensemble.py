"""experiments.models.ensemble: which networks answer, and how good they are on rows that are new to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.datasets.divided import Divided
from experiments.files import ResultsError
from experiments.models.ensemble import estimate, model_of
from experiments.sweep import Sweep
from tests.helpers import models


def test_the_networks_are_those_of_the_best_configuration() -> None:
    results = models.swept("binary", learning_rate=(1e-6, 0.3))
    model = results.model()
    assert [(member.seed, member.fold) for member in model.members] == [(0, None), (1, None), (2, None)]
    assert model.configuration["learning_rate"] == results.best().iloc[0]["learning_rate"]
    row = results.summary.iloc[-1]
    assert model_of(results, row).configuration["learning_rate"] == row["learning_rate"]


def test_one_seed_has_all_its_folds() -> None:
    model = models.swept("regression", activation="identity", split="cv:2").model(seed=1)
    assert [(member.seed, member.fold) for member in model.members] == [(1, 0), (1, 1)]


def test_a_seed_that_there_is_not_is_one_line() -> None:
    with pytest.raises(ResultsError) as raised:
        models.swept("binary").model(seed=9)
    assert str(raised.value) == "expected a finished network of seed 9, found none; seeds are 0, 1, 2"


def test_points_that_are_generated_are_no_table(tmp_path: Path) -> None:
    results = Sweep(dataset="moons", hidden=2, seed=0, iterations=2).run(out=tmp_path, jobs=1)
    with pytest.raises(ResultsError, match=r"^expected a sweep over a table, got moons, a generated data set$"):
        results.model()


@pytest.mark.parametrize(
    ("task", "knobs"),
    [
        ("binary", {}),
        ("multiclass", {"activation": "relu"}),
        ("regression", {"activation": "identity", "split": "cv:2"}),
    ],
)
def test_each_row_is_judged_by_networks_that_were_not_trained_on_it(task: str, knobs: dict[str, Any]) -> None:
    results, frame = models.swept(task, **knobs), models.frame(task)
    row = results.best().iloc[0]
    model, source = results.model(), results.source(row)
    assert isinstance(source, Divided)
    said: list[list[Any]] = [[] for _ in range(len(frame))]
    for member in model.members:
        one = model.__class__(**{**vars(model), "members": (member,)})
        _, test = source.rows_of(member.seed, member.fold)
        for k, values in zip(test, models.numbers(one.predict(frame.iloc[test]).table), strict=True):
            said[k].append(values)
    there = [k for k in range(len(frame)) if said[k]]
    means = np.array([np.mean(said[k], axis=0) for k in there])
    target = frame[models.TARGET[task]].iloc[there].to_numpy()
    if task == "regression":
        expected = 1 - ((target - means[:, 0]) ** 2).sum() / ((target - target.mean()) ** 2).sum()
    else:
        expected = np.mean([models.CLASSES[task][k] == y for k, y in zip(means.argmax(axis=1), target, strict=True)])
    found = estimate(results, model, row)
    assert found is not None
    assert (found.metric, found.rows, found.every) == (results.metric, len(there), 60)
    assert found.networks == pytest.approx(np.mean([len(said[k]) for k in there]))
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert found.value < 1


def test_without_rows_that_are_new_there_is_no_estimate() -> None:
    one = models.swept("binary")
    assert estimate(one, one.model(seed=0), one.best().iloc[0]) is None
    fixed = models.swept("multiclass", hidden=0, split="fixed")
    assert estimate(fixed, fixed.model(), fixed.best().iloc[0]) is None


def test_networks_that_diverged_to_nan_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    results = models.swept("binary")
    row = results.best().iloc[0]
    found = list(results.networks_of(row))
    run, broken = found[1]
    parameters = [(W * np.nan, b) for W, b in broken.parameters]
    found[1] = run, type(broken)(parameters, broken.activation, broken.task)
    monkeypatch.setattr(type(results), "networks_of", lambda self, configuration: iter(found))
    model = model_of(results, row)
    assert [member.seed for member in model.members] == [0, 2]
    table: pd.DataFrame = model.predict(models.rows("binary")).table
    assert not table.isna().to_numpy().any()
