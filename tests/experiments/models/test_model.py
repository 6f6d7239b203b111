"""experiments.models.model: rows as they stand in a table, against the arithmetic written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.datasets.data import DataError
from experiments.datasets.divided import Divided
from tests.helpers import models
from tests.oracles import reference


def test_a_regression_answers_in_units_of_its_target() -> None:
    """By pandas and NumPy: medians, means and deviations of the rows that each network was trained on."""
    results, frame = models.swept("regression", drop=("colour", "shape", "is_wild")), models.frame("regression")
    frame = frame[["size", "value", "label", "price"]]
    model, source = results.model(), results.source(results.best().iloc[0])
    assert isinstance(source, Divided)
    answers = []
    for member in model.members:
        train: pd.DataFrame = frame.take(source.rows_of(member.seed, member.fold)[0])
        filled = train.fillna(train.median())
        mean, deviation = filled.mean(), filled.std(ddof=0)
        X = ((frame.fillna(train.median()) - mean) / deviation).drop(columns="price").to_numpy().T
        Z, _ = reference.forward(member.parameters, X, "tanh", "regression")
        answers.append(mean["price"] + deviation["price"] * Z[-1][0])
    assert len(answers) == 3
    computed = model.predict(frame).table["predicted_price"]
    np.testing.assert_allclose(computed, np.mean(answers, axis=0), rtol=1e-9)


@pytest.mark.parametrize("task", models.TASKS)
def test_the_ensemble_is_the_mean_of_its_seeds(task: str) -> None:
    results, new = models.swept(task), models.rows(task)
    single = [models.numbers(results.model(seed=seed).predict(new).table) for seed in range(3)]
    together = models.numbers(results.model().predict(new).table)
    np.testing.assert_allclose(together, np.mean(single, axis=0), rtol=1e-14)
    assert np.abs(single[0] - single[1]).max() > 1e-3


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_label_is_that_of_the_largest_probability(task: str) -> None:
    table = models.model(task).predict(models.frame(task)).table
    names = models.CLASSES[task]
    assert list(table.columns) == [f"predicted_{models.TARGET[task]}", *(f"probability_{name}" for name in names)]
    P = models.numbers(table)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-14)
    assert table.iloc[:, 0].tolist() == [names[k] for k in P.argmax(axis=1)]
    assert table.iloc[:, 0].nunique() == len(names)


def test_columns_go_by_name_and_others_are_not_looked_at() -> None:
    model, new = models.model("binary"), models.rows("binary")
    expected = model.predict(new)
    mixed = model.predict(new[new.columns[::-1]].assign(other="x", ripe="?"))
    pd.testing.assert_frame_equal(mixed.table, expected.table, check_exact=True)
    assert mixed.notes == ("unused columns: 'other'", *_in_order(expected.notes, mixed.notes))
    with pytest.raises(DataError) as raised:
        model.predict(new.rename(columns={"colour": "color"}))
    assert str(raised.value) == (
        "the table: expected the columns that the networks were trained on, found none named 'colour': add or rename "
        "them "
        "(did you mean 'color'?)"
    )


def _in_order(notes: tuple[str, ...], by: tuple[str, ...]) -> list[str]:
    return sorted(notes, key=by.index)


def test_categories_that_were_never_seen_are_said_and_are_none_of_those_that_were() -> None:
    model, new = models.model("binary"), models.rows("binary")
    notes = model.predict(new).notes
    assert "column 'colour': values not seen in training, encoded as no category: 'purple'" in notes
    assert "column 'shape': values not seen in training, encoded as no category: 'Round'" in notes
    one, other = (model.predict(new.assign(colour=name)).table for name in ("purple", "violet"))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert not one.equals(model.predict(new.assign(colour="red")).table)


def test_a_gap_is_the_median_of_the_training_part() -> None:
    model, new = models.model("binary", seed=(0,)), models.rows("binary")
    fill = model.members[0].encoder.columns[0].fill
    gap, filled = (model.predict(new.assign(size=size)).table for size in (np.nan, fill))
    pd.testing.assert_frame_equal(gap, filled, check_exact=True)
    assert not gap.equals(model.predict(new.assign(size=fill + 3)).table)


def test_cells_that_cannot_be_read_are_named() -> None:
    new = models.rows("binary").astype({"size": object, "is_wild": object})
    new.loc[7, "size"] = "about 3"
    new.loc[9, "is_wild"] = "maybe"
    with pytest.raises(DataError) as raised:
        models.model("binary").predict(new)
    assert str(raised.value) == (
        "the table: expected cells in the format of the training file, found 2 other cells: "
        "'about 3' in column 'size' (row 8), expected a number with a decimal point and no grouped thousands, "
        "'maybe' in column 'is_wild' (row 10), expected 'false' or 'true': correct them, or leave them blank"
    )
