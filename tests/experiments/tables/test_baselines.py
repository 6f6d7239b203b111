"""The answer that ignores the features, and the linear model, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.preprocessing import StandardScaler

from experiments.tables.baselines import constant_outputs, judged

INF = float("inf")


@pytest.mark.parametrize(("task", "load", "classes"), [("binary", load_breast_cancer, 2), ("multiclass", load_iris, 3)])
def test_of_classes(task: str, load: object, classes: int) -> None:
    X, y = load(return_X_y=True)  # type: ignore[operator]
    X = StandardScaler().fit_transform(X)
    train, test = slice(0, None, 2), slice(1, None, 2)
    names = ("accuracy", "log_loss")
    computed = judged(names, (X[train].T, y[train]), (X[test].T, y[test]), task, classes)
    for model, values in (
        (DummyClassifier(strategy="prior"), computed.constant),
        (LogisticRegression(C=1, solver="newton-cholesky", tol=1e-10), computed.linear),
    ):
        p = model.fit(X[train], y[train]).predict_proba(X[test])
        if model.__class__ is DummyClassifier and classes == 3:  # its shares are equal: any class may be the first
            assert values[1] == pytest.approx(log_loss(y[test], p), rel=1e-12)
            continue
        expected = [accuracy_score(y[test], p.argmax(axis=1)), log_loss(y[test], p)]
        np.testing.assert_allclose(values, expected, rtol=1e-8)
    assert computed.linear[0] > 0.9 > computed.constant[0]


def test_of_values() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    train, test = slice(0, None, 2), slice(1, None, 2)
    computed = judged(("r2", "rmse"), (X[train].T, y[train]), (X[test].T, y[test]), "regression")
    for model, values in ((DummyRegressor(), computed.constant), (Ridge(alpha=1), computed.linear)):
        z = model.fit(X[train], y[train]).predict(X[test])
        np.testing.assert_allclose(values, [r2_score(y[test], z), root_mean_squared_error(y[test], z)], rtol=1e-9)


def test_the_constant_outputs() -> None:
    np.testing.assert_allclose(constant_outputs([0, 1, 1, 1], "binary"), [[np.log(3)]], rtol=1e-15)
    np.testing.assert_allclose(
        constant_outputs([0, 1, 1, 3], "multiclass", 4),
        [[np.log(0.25)], [np.log(0.5)], [-INF], [np.log(0.25)]],
        rtol=1e-15,
    )
    assert constant_outputs([1, 1], "binary").tolist() == [[INF]]
    assert constant_outputs([0, 0], "binary").tolist() == [[-INF]]
    assert constant_outputs([0.1] * 7, "regression").tolist() == [[0.1]]
