"""experiments.models.pipeline: a scikit-learn pipeline that says what Model.predict says, bit for bit."""

from __future__ import annotations

import io
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from experiments.datasets.data import DataError
from experiments.models import pipeline
from tests.helpers import models


def loaded(task: str, **knobs: Any) -> Pipeline:
    return joblib.load(io.BytesIO(pipeline.content(models.model(task, **knobs))))


@pytest.mark.parametrize(
    ("task", "knobs"),
    [
        ("binary", {}),
        ("multiclass", {"hidden": 0, "split": "fixed"}),
        ("regression", {}),
        ("regression", {"features": "x2^2+x1x6+sin(x7)+x3"}),
    ],
)
def test_every_bit_is_that_of_the_model(task: str, knobs: dict[str, Any]) -> None:
    new, made = models.rows(task), loaded(task, **knobs)
    expected = models.model(task, **knobs).predict(new).table
    check_is_fitted(made)
    if task == "regression":
        assert is_regressor(made)
        np.testing.assert_array_equal(made.predict(new), expected["predicted_price"])
    else:
        assert is_classifier(made)
        assert list(made.classes_) == models.CLASSES[task]
        np.testing.assert_array_equal(made.predict_proba(new), models.numbers(expected))
        assert made.predict(new).tolist() == expected.iloc[:, 0].tolist()


def test_columns_go_by_name_and_without_names_in_order() -> None:
    new, made = models.rows("binary"), loaded("binary")
    expected = made.predict_proba(new)
    np.testing.assert_array_equal(made.predict_proba(new[new.columns[::-1]].assign(other=1)), expected)
    np.testing.assert_array_equal(made.predict_proba(new.to_numpy()), expected)
    assert list(made.feature_names_in_) == list(new.columns)
    assert made.n_features_in_ == new.shape[1]
    with pytest.raises(DataError, match="found none named 'size'"):
        made.predict(new.drop(columns="size"))
    with pytest.raises(ValueError, match=r"^X: expected shape \(rows, 6\) without column names, got \(12, 5\)$"):
        made.predict(new.to_numpy()[:, 1:])


def test_it_scores_and_clones_and_is_never_trained_again() -> None:
    frame = models.frame("regression")
    made = loaded("regression")
    expected = made.predict(frame)
    assert made.score(frame, frame["price"]) == r2_score(frame["price"], expected)
    again = clone(made).fit(frame.iloc[:5], frame["price"].iloc[:5] * 0 + 7)
    np.testing.assert_array_equal(again.predict(frame), expected)
    classes, ripe = models.frame("binary"), loaded("binary")
    assert ripe.score(classes, classes["ripe"]) == accuracy_score(classes["ripe"], ripe.predict(classes))


def test_what_networks_are_given_has_names() -> None:
    made, new = loaded("binary"), models.rows("binary")
    names = made[:-1].get_feature_names_out()
    inputs = made[:-1].transform(new)
    assert inputs.shape == (len(new), len(names))
    assert len(set(names)) == len(names) == 3 * 10
    assert names[:5].tolist() == ["size", "colour=blue", "colour=green", "colour=red", "colour is missing"]
    assert names[10] == "size (2)"
