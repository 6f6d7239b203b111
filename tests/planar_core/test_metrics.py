"""Metrics against an oracle, against scikit-learn, and with nasty outputs."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from planar_core.choices import METRICS, checked_metrics, metrics_of
from planar_core.metrics import Evaluator, evaluate
from tests.oracles import metrics as oracle

NAN, INF = float("nan"), float("inf")
CLASSES = metrics_of("binary")
VALUES = metrics_of("regression")


def logits(random: np.random.Generator, rows: int, m: int, coarse: bool) -> Any:
    """Coarse ones are small integers, so that most are tied."""
    if coarse:
        return random.integers(-2, 3, (rows, m)).astype(float)
    return random.normal(0, 3, (rows, m))


def task_of(rows: int) -> str:
    return "binary" if rows == 1 else "multiclass"


def every_class(random: np.random.Generator, classes: int, m: int) -> Any:
    return random.permutation(np.concatenate([np.arange(classes), random.integers(0, classes, m - classes)]))


# --- oracles


@pytest.mark.parametrize("coarse", [True, False])
@pytest.mark.parametrize(("rows", "m"), [(1, 2), (1, 9), (1, 40), (2, 17), (3, 3), (3, 60), (7, 25), (12, 30)])
def test_classification_agrees_with_the_oracle(rows: int, m: int, coarse: bool) -> None:
    random = np.random.default_rng([rows, m, coarse])
    for _ in range(5):
        y = every_class(random, max(rows, 2), m)
        Z = logits(random, rows, m, coarse)

        # Of more than 3 classes probabilities may be equal in theory, and their log odds differ in the last bit.
        expected = oracle.classification(Z.tolist(), y.tolist())
        computed = evaluate(CLASSES, Z, y, task_of(rows))

        exact = ["accuracy", "balanced_accuracy", "f1", "log_loss"] if coarse and rows > 3 else list(CLASSES)
        assert {n: computed[n] for n in exact} == pytest.approx({n: expected[n] for n in exact}, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("coarse", [True, False])
@pytest.mark.parametrize(("rows", "m"), [(1, 2), (1, 150), (1, 5000), (3, 150), (10, 400), (26, 300)])
def test_classification_agrees_with_scikit_learn(rows: int, m: int, coarse: bool) -> None:
    random = np.random.default_rng([rows, m, coarse, 1])
    y, Z = every_class(random, max(rows, 2), m), logits(random, rows, m, coarse)
    if coarse and rows > 1:
        Z = Z[:, random.integers(0, 4, m)]  # whole examples are tied
    if rows == 1:
        p, predicted = np.stack([1 - 1 / (1 + np.exp(-Z[0])), 1 / (1 + np.exp(-Z[0]))]).T, Z[0] > 0
        ranked, onehot = p[:, 1], y
    else:
        e = np.exp(Z - Z.max(axis=0))
        p, predicted = (e / e.sum(axis=0)).T, Z.argmax(axis=0)
        ranked, onehot = p, np.eye(rows)[y]
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(y, predicted),
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(y, predicted),
        "f1": sklearn.metrics.f1_score(y, predicted, average="macro"),
        "auc": sklearn.metrics.roc_auc_score(y, ranked, multi_class="ovr"),
        "average_precision": sklearn.metrics.average_precision_score(onehot, ranked),
        "log_loss": sklearn.metrics.log_loss(y, p),
    }
    assert evaluate(CLASSES, Z, y, task_of(rows)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("m", [2, 3, 150, 4000])
@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1.0, 1e12])
def test_regression_agrees_with_both_oracles(m: int, scale: float) -> None:
    random = np.random.default_rng(m)
    y = (random.normal(5, 1, m)) * scale
    Z = y + random.normal(0, 0.3, m) * scale
    computed = evaluate(VALUES, Z[np.newaxis], y, "regression")
    assert computed == pytest.approx(oracle.regression(Z.tolist(), y.tolist()), rel=1e-13, abs=0)
    by_sklearn = {
        "r2": sklearn.metrics.r2_score(y, Z),
        "rmse": sklearn.metrics.root_mean_squared_error(y, Z),
        "mae": sklearn.metrics.mean_absolute_error(y, Z),
    }
    assert computed == pytest.approx(by_sklearn, rel=1e-12, abs=0)


def test_r2_of_a_target_far_from_zero() -> None:
    y = 1e9 + np.array([0.0, 1.0, 2.0, 3.0])
    assert evaluate(["r2"], [y + np.array([0.5, -0.5, 0.5, -0.5])], y, "regression") == {"r2": 1 - 1 / 5}


@pytest.mark.parametrize("y", [[0.1] * 7, [1 / 3] * 3, [5e300] * 5])
def test_r2_of_a_constant_target_is_one_or_nothing(y: list[float]) -> None:
    assert evaluate(["r2"], [y], y, "regression") == {"r2": 1.0}
    assert evaluate(["r2"], [[*y[:-1], 0.0]], y, "regression") == {"r2": 0.0}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_logits(data: st.DataObject) -> None:
    rows, m = data.draw(st.sampled_from([1, 1, 3])), data.draw(st.integers(1, 40))
    number = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 30.0, -30.0]) | st.floats(-300, 300)
    Z = data.draw(hnp.arrays(float, (rows, m), elements=number))
    y = data.draw(hnp.arrays(np.int64, m, elements=st.integers(0, max(rows, 2) - 1)))

    expected = oracle.classification(Z.tolist(), y.tolist())
    computed = evaluate(CLASSES, Z, y, task_of(rows))

    names = CLASSES if rows == 1 else ("accuracy", "balanced_accuracy", "f1")
    assert {n: computed[n] for n in names} == pytest.approx(
        {n: expected[n] for n in names}, rel=1e-12, abs=1e-130, nan_ok=True
    )
    assert computed["log_loss"] == pytest.approx(expected["log_loss"], rel=1e-12, abs=1e-13)
    for name in CLASSES:
        low, high = METRICS[name].limits
        assert np.isnan(computed[name]) or low <= computed[name] <= high
    # In another order of the examples nothing changes but the last bit of a sum.
    order = data.draw(st.permutations(range(m)))
    again = evaluate(CLASSES, Z[:, order], y[order], task_of(rows))
    assert again == pytest.approx(computed, rel=1e-15, abs=1e-300, nan_ok=True)


# --- two classes by one unit or by two, and what ranks


def test_two_units_are_judged_as_one_unit_of_their_difference() -> None:
    random = np.random.default_rng(3)
    y, Z = random.integers(0, 2, 50), random.normal(0, 5, (2, 50)).round(2)
    one = evaluate(CLASSES, Z[1:] - Z[:1], y, "binary")
    two = evaluate(CLASSES, Z, y, "multiclass")
    same = [n for n in CLASSES if n != "average_precision"]  # of both classes, and of class 1 alone
    assert [two[n] for n in same] == pytest.approx([one[n] for n in same], rel=1e-14)
    other = evaluate(["average_precision"], Z[:1] - Z[1:], 1 - y, "binary")["average_precision"]
    assert two["average_precision"] == pytest.approx((one["average_precision"] + other) / 2, rel=1e-14)


def test_what_rounds_to_the_same_probability_is_still_told_apart() -> None:
    Z, y = [[50.0, 60.0, -800.0, -900.0]], [0, 1, 1, 0]
    assert evaluate(["auc"], Z, y, "binary") == {"auc": 0.75}
    # The same with a third class that is out of the question.
    Z3 = np.array([np.zeros(4), Z[0], np.full(4, -5000.0)])
    y3 = [0, 1, 1, 0, 2]
    Z3 = np.concatenate([Z3, [[-5000.0], [-5000.0], [0.0]]], axis=1)
    by_class = evaluate(["auc"], Z3, y3, "multiclass")["auc"]
    assert by_class == pytest.approx((5 / 6 + 5 / 6 + 1) / 3, rel=1e-15)


def test_auc_and_average_precision_by_hand() -> None:
    # Scores 3, 2, 2, 1; the class has 3 and one of the 2s: pairs above 3 of 4, and half of one.
    assert evaluate(["auc", "average_precision"], [[3.0, 2.0, 2.0, 1.0]], [1, 1, 0, 0], "binary") == {
        "auc": 3.5 / 4,
        "average_precision": 0.5 * 1 + 0.5 * (2 / 3),
    }


# --- nasty outputs


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_where_a_class_is_missing_there_is_nothing_to_rank(y: list[int]) -> None:
    computed = evaluate(CLASSES, [[1.0, -1.0, 2.0]], y, "binary")
    assert np.isnan([computed["auc"], computed["average_precision"]]).all()
    share = computed["accuracy"]
    assert share == (2 / 3 if y[0] else 1 / 3)
    assert computed["balanced_accuracy"] == share  # over the classes that occur
    assert computed["f1"] == sklearn.metrics.f1_score(y, [1, 0, 1], average="macro")


def test_a_missing_class_of_several() -> None:
    random = np.random.default_rng(1)
    Z, y = random.normal(size=(4, 30)), random.integers(0, 3, 30)
    computed = evaluate(CLASSES, Z, y, "multiclass")
    assert np.isnan([computed["auc"], computed["average_precision"]]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn says that a class is missing
        expected = sklearn.metrics.balanced_accuracy_score(y, Z.argmax(axis=0))
    assert computed["balanced_accuracy"] == pytest.approx(expected, rel=1e-14)
    assert computed["f1"] == pytest.approx(sklearn.metrics.f1_score(y, Z.argmax(axis=0), average="macro"), rel=1e-14)


def test_one_example() -> None:
    one = evaluate(CLASSES, [[2.0]], [1], "binary")
    assert [one[n] for n in ("accuracy", "balanced_accuracy", "f1")] == [1, 1, 1]
    assert one["log_loss"] == pytest.approx(np.log1p(np.exp(-2.0)), rel=1e-15)
    assert np.isnan(one["auc"])
    assert evaluate(CLASSES, [[2.0], [3.0], [1.0]], [1], "multiclass")["accuracy"] == 1
    values = evaluate(VALUES, [[2.0]], [5.0], "regression")
    assert np.isnan(values["r2"])
    assert (values["rmse"], values["mae"]) == (3.0, 3.0)


@pytest.mark.parametrize(("task", "rows"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_no_example(task: str, rows: int) -> None:
    assert np.isnan(list(evaluate(metrics_of(task), np.empty((rows, 0)), [], task).values())).all()


@pytest.mark.parametrize(("task", "rows"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_a_nan_among_the_outputs(task: str, rows: int) -> None:
    Z, y = np.random.default_rng(2).normal(size=(rows, 20)), np.arange(20) % max(rows, 2)
    Z[rows // 2, 7] = NAN
    computed = evaluate(metrics_of(task), Z, y, task)
    labels = [n for n in computed if METRICS[n].needs == "labels"]
    assert np.isnan([computed[n] for n in computed if n not in labels]).all()
    if labels:
        predicted = oracle.predictions(Z.tolist())
        assert computed["accuracy"] == float(oracle.accuracy(predicted, y.tolist()))
        assert computed["f1"] == pytest.approx(float(oracle.f1(predicted, y.tolist())), rel=1e-15)


def test_infinite_logits() -> None:
    right = evaluate(CLASSES, [[INF, -INF, INF]], [1, 0, 1], "binary")
    assert right == dict(zip(CLASSES, [1, 1, 1, 1, 1, 0], strict=True))
    wrong = evaluate(CLASSES, [[INF, -INF, INF]], [0, 1, 1], "binary")
    assert (wrong["log_loss"], wrong["auc"]) == (INF, 0.25)
    Z = np.array([[INF, -INF, 0.0, INF, -INF], [0.0, 1.0, -INF, INF, -INF], [1.0, INF, -INF, 0.0, -INF]])
    several = evaluate(CLASSES, Z, [0, 2, 0, 1, 1], "multiclass")
    # A class of infinite logit has all there is to have; several of them share it, and so do those of -inf alone.
    assert several["log_loss"] == pytest.approx((0 + 0 + 0 + np.log(2) + np.log(3)) / 5, rel=1e-15)
    assert several["accuracy"] == 0.6
    assert not np.isnan(several["auc"])
    assert evaluate(VALUES, [[INF, 1.0]], [0.0, 1.0], "regression") == {"r2": -INF, "rmse": INF, "mae": INF}


def test_huge_logits_lose_no_digit() -> None:
    computed = evaluate(["log_loss"], [[1e300, 700.0, -745.0, -30.0]], [1, 0, 0, 0], "binary")["log_loss"]
    assert computed == pytest.approx((0 + 700 + 0 + np.log1p(np.exp(-30.0))) / 4, rel=1e-15)
    small = evaluate(["log_loss"], [[40.0], [0.0], [0.0]], [0], "multiclass")["log_loss"]
    assert small == pytest.approx(2 * np.exp(-40.0), rel=1e-12)


# --- many networks


@pytest.mark.parametrize(("task", "rows"), [("binary", 1), ("multiclass", 5), ("regression", 1)])
def test_many_networks_at_once_are_judged_as_each_by_itself(task: str, rows: int) -> None:
    random = np.random.default_rng(4)
    y = random.normal(size=33) if task == "regression" else random.integers(0, max(rows, 2), 33)
    Z = random.normal(size=(20, rows, 33))
    names = metrics_of(task)
    evaluator = Evaluator(names, y, task)
    together = evaluator(Z)
    assert together.shape == (20, len(names))
    np.testing.assert_array_equal(together, [list(evaluate(names, each, y, task).values()) for each in Z])
    np.testing.assert_array_equal(together[::-1], [evaluator(each) for each in Z[::-1]])  # nothing is left over
    np.testing.assert_array_equal(Evaluator(names, y[np.newaxis], task)(Z), together)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_alone_is_the_same_as_among_others(name: str) -> None:
    task = METRICS[name].tasks[-1]
    random = np.random.default_rng(5)
    Z = random.normal(size=(1 if task == "regression" else 3, 21))
    y = np.arange(21) % 3
    assert evaluate([name], Z, y, task)[name] == evaluate(metrics_of(task), Z, y, task)[name]


def test_outputs_in_single_precision() -> None:
    Z = np.random.default_rng(6).normal(size=(3, 21)).astype(np.float32)
    y = np.arange(21) % 3
    assert evaluate(CLASSES, Z, y, "multiclass") == evaluate(CLASSES, Z.astype(float), y, "multiclass")


@pytest.mark.parametrize("m", [1, 11, 12, 13, 24, 25, 37, 1000])
def test_ranks_of_any_number_of_examples(m: int) -> None:
    random = np.random.default_rng(m)
    for values in (2, 5, 10**6):
        Z = random.integers(0, values, 2 * m).astype(float)
        y = np.repeat([0, 1], m)
        expected = np.mean(np.sign(Z[m:, None] - Z[None, :m])) / 2 + 0.5
        assert evaluate(["auc"], Z[np.newaxis], y, "binary")["auc"] == pytest.approx(expected, rel=1e-12)


# --- names, choices, errors


def test_the_default_is_the_first() -> None:
    assert [metrics_of(task)[0] for task in ("binary", "multiclass", "regression")] == ["accuracy", "accuracy", "r2"]
    assert checked_metrics([], "binary") == ("accuracy",)
    assert checked_metrics(["auc", "f1", "auc"], "multiclass") == ("auc", "f1")
    assert list(METRICS) == [
        *("accuracy", "balanced_accuracy", "f1", "auc", "average_precision", "log_loss"),
        *("r2", "rmse", "mae"),
    ]
    assert [name for name in METRICS if not METRICS[name].larger_is_better] == ["log_loss", "rmse", "mae"]


@pytest.mark.parametrize(
    ("names", "task", "message"),
    [
        (["acc"], "binary", "metric 'acc': expected one of " + ", ".join(CLASSES) + ", for task='binary'"),
        (
            ["r2"],
            "binary",
            "metric 'r2': a metric of regression; expected one of " + ", ".join(CLASSES) + ", for task='binary'",
        ),
        (
            ["auc"],
            "regression",
            "metric 'auc': a metric of binary and multiclass; expected one of r2, rmse, mae, for task='regression'",
        ),
        ([], "ranking", "task='ranking': expected one of binary, multiclass, regression"),
    ],
)
def test_names_that_are_refused(names: list[str], task: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        checked_metrics(names, task)


@pytest.mark.parametrize(
    ("Y", "task", "message"),
    [
        ([0, 2], "binary", "Y: expected classes, integers from 0 to 1, got [0.0, 2.0]"),
        ([0, 0.5], "multiclass", "Y: expected classes, integers from 0, got [0.5]"),
        ([0, NAN], "regression", "Y: expected finite numbers in the shape (examples,), got [nan]"),
        ([[0, 1], [1, 0]], "binary", "Y: expected finite numbers in the shape (examples,), got the shape (2, 2)"),
    ],
)
def test_y_that_is_refused(Y: Any, task: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Evaluator([], Y, task)


@pytest.mark.parametrize(
    ("outputs", "task", "message"),
    [
        (np.zeros((2, 3)), "binary", "outputs: expected the shape (1, 3), or networks in front of it, got (2, 3)"),
        (np.zeros((1, 2)), "regression", "outputs: expected the shape (1, 3), or networks in front of it, got (1, 2)"),
        (
            np.zeros((1, 3)),
            "multiclass",
            "outputs: expected the shape (classes, 3), or networks in front of it, got (1, 3)",
        ),
        (np.zeros((2, 3)), "multiclass", "outputs: expected a row for each class up to 2, got 2 rows"),
        (np.zeros(3), "binary", "outputs: expected the shape (1, 3), or networks in front of it, got (3,)"),
    ],
)
def test_outputs_that_are_refused(outputs: Any, task: str, message: str) -> None:
    y = [0, 1, 2] if task == "multiclass" else [0, 1, 1]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Evaluator([], y, task)(outputs)
