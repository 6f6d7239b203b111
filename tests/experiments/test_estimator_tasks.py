"""experiments.estimator: several classes, values, weights of examples and classes, names of MLPClassifier."""

from __future__ import annotations

import inspect
import pickle
import re
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.ensemble import AdaBoostClassifier, BaggingRegressor, VotingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import experiments
from experiments import PlanarClassifier, PlanarRegressor, estimator
from experiments.estimator.regressor import standardized
from planar_core import train
from tests.oracles import weighted

Kind = type[PlanarClassifier] | type[PlanarRegressor]
BOTH = pytest.mark.parametrize("kind", [PlanarClassifier, PlanarRegressor])

# --- scikit-learn's own checks ------------------------------------------------------------------------------


@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [
        PlanarRegressor(),
        PlanarRegressor((), solver="adam", learning_rate_init=0.01),
        PlanarRegressor((6, 3), "sigmoid", solver="momentum", batch_size=64, l2=1e-4, max_iter=1000),
    ]
)
def test_checks_of_scikit_learn(estimator: PlanarRegressor, check: Any) -> None:
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [
        PlanarClassifier((), dtype="float32"),
        PlanarRegressor((), learning_rate_init=0.01, dtype="float32"),
        PlanarClassifier(batch_size=8, learning_rate_init=0.1),
        PlanarRegressor(batch_size=8),
    ],
    ids=repr,
)
def test_what_float32_and_mini_batches_cannot_pass(network: PlanarClassifier | PlanarRegressor) -> None:
    """One check: it wants seven digits of examples in another order, which the one rounds and the others deal out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(network, on_skip=None, on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert failed == {"check_sample_weight_equivalence_on_dense_data"}


# --- the same training --------------------------------------------------------------------------------------

random = np.random.RandomState(0)
X = random.randn(120, 2)
RADIUS = (X**2).sum(axis=1)
y3 = np.digitize(RADIUS, (0.8, 2.4))  # three rings
y2 = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
values = 1000 + 50 * (X[:, 0] * X[:, 1] + 0.1 * random.randn(120))
W = random.randint(1, 5, 120).astype(np.float64)
TARGETS: dict[str, NDArray[Any]] = {"binary": y2, "multiclass": y3, "regression": values}
TASKS = pytest.mark.parametrize("task", TARGETS)

SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"hidden_layer_sizes": (5, 3), "activation": "relu", "init": "he"}, {"hidden": "5x3", "activation": "relu"}),
    ({"hidden_layer_sizes": ()}, {"hidden": 0}),
    ({"batch_size": 16, "solver": "adam"}, {"batch_size": 16, "optimizer": "adam"}),
    ({"dtype": "float32", "l2": 0.01}, {"dtype": "float32", "l2": 0.01}),
]


def network_for(task: str, **parameters: Any) -> Any:
    kind = PlanarRegressor if task == "regression" else PlanarClassifier
    return kind(**{"max_iter": 84, "random_state": 2, "learning_rate_init": 0.1, "init": "glorot", **parameters})


def bits(*arrays: Any) -> list[tuple[Any, ...]]:
    return [(np.shape(array), np.asarray(array).dtype.str, np.asarray(array).tobytes()) for array in arrays]


def outcome(network: Any) -> list[tuple[Any, ...]]:
    """All that was learned but the names of the classes."""
    return bits(
        *network.coefs_,
        *network.intercepts_,
        network.loss_curve_,
        network.loss_iterations_,
        *([network.target_mean_, network.target_scale_] if isinstance(network, PlanarRegressor) else []),
    )


@TASKS
@pytest.mark.parametrize("sample_weight", [None, W], ids=["alike", "weighted"])
@pytest.mark.parametrize(("here", "there"), SETTINGS, ids=lambda settings: next(iter(settings), "default"))
def test_fit_is_train_bit_for_bit(
    task: str, here: dict[str, Any], there: dict[str, Any], sample_weight: NDArray[np.float64] | None
) -> None:
    computed = network_for(task, **here).fit(X, TARGETS[task], sample_weight=sample_weight)
    if task == "regression":
        mean, scale = computed.target_mean_, computed.target_scale_
        Y = (values - mean) / scale
    else:
        Y = TARGETS[task]
    defaults = {"iterations": 84, "seed": 2, "learning_rate": 0.1, "init": here.get("init", "glorot")}
    expected = train(X.T, Y, task=task, sample_weight=sample_weight, **defaults | there)
    learned = [
        *(W.T for W, _ in expected.parameters),
        *(b[:, 0] for _, b in expected.parameters),
        expected.costs,
        expected.iterations,
    ]
    assert outcome(computed) == bits(*learned, *([mean, scale] if task == "regression" else []))
    predicted = expected.predict(X.T)[0]
    if task == "regression":
        assert bits(computed.predict(X)) == bits(mean + scale * predicted)
    else:
        np.testing.assert_array_equal(computed.predict(X), predicted)
        probabilities = computed.predict_proba(X)
        if task == "multiclass":
            assert bits(probabilities) == bits(expected.predict_proba(X.T).T)
        else:
            assert bits(probabilities[:, 1]) == bits(expected.predict_proba(X.T)[0])
            assert computed.coefs_[-1].shape[1] == 1  # one output unit


@TASKS
def test_training_with_weights_by_hand(task: str) -> None:
    target = TARGETS[task]
    if task == "regression":
        mean = (W * values).sum() / W.sum()
        scale = np.sqrt((W * (values - mean) ** 2).sum() / W.sum())
        Y = ((values - mean) / scale)[:, np.newaxis]
    else:
        Y = y2[:, np.newaxis].astype(float) if task == "binary" else np.eye(3)[y3]
    coefs, intercepts, costs = weighted.train(task, X, Y, W, 5, 3, 200, 0.3, 0.5, l2=0.01)
    computed = network_for(
        task,
        hidden_layer_sizes=5,
        random_state=3,
        max_iter=200,
        learning_rate_init=0.3,
        init="normal",
        init_scale=0.5,
        l2=0.01,
        record_every=1,
    ).fit(X, target, sample_weight=W)
    np.testing.assert_allclose(computed.loss_curve_, costs, rtol=1e-10)
    for here, there in zip((*computed.coefs_, *computed.intercepts_), (*coefs, *intercepts), strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-8, atol=1e-10)
    Z = np.tanh(X @ coefs[0] + intercepts[0]) @ coefs[1] + intercepts[1]
    if task == "regression":
        np.testing.assert_allclose(computed.predict(X), mean + scale * Z[:, 0], rtol=1e-10)
        np.testing.assert_allclose(computed.score(X, values, W), 1 - 2 * computed.loss_, rtol=1e-10)
        return
    A = weighted.output(task, Z)
    expected = np.column_stack((1 - A, A)) if task == "binary" else A
    np.testing.assert_allclose(computed.predict_proba(X), expected, rtol=1e-8)
    np.testing.assert_array_equal(computed.predict(X), expected.argmax(axis=1))
    assert computed.score(X, target, W) == pytest.approx(W[expected.argmax(axis=1) == target].sum() / W.sum())


# --- weights of examples ------------------------------------------------------------------------------------


@TASKS
@pytest.mark.parametrize("batch_size", [None, 16])
def test_weight_0_is_an_example_less(task: str, batch_size: int | None) -> None:
    target, network = TARGETS[task], network_for(task, batch_size=batch_size)
    weights = W * (np.arange(120) % 3 > 0)
    kept = weights > 0
    expected = outcome(clone(network).fit(X[kept], target[kept], sample_weight=weights[kept]))
    there = np.where(kept, target, 10 * target.max())  # neither a class nor the mean and deviation see it
    assert outcome(clone(network).fit(X, there, sample_weight=weights)) == expected
    assert outcome(clone(network).fit(X, target, sample_weight=W)) != expected


def test_a_class_of_weight_0_is_none() -> None:
    expected = network_for("binary").fit(X[y3 < 2], y3[y3 < 2])
    computed = network_for("binary").fit(X, y3, sample_weight=1.0 * (y3 < 2))
    assert computed.classes_.tolist() == [0, 1]
    assert outcome(computed) == outcome(expected)


@TASKS
def test_weights_are_repetitions(task: str) -> None:
    target, repeats = TARGETS[task], W.astype(int)
    computed = network_for(task).fit(X, target, sample_weight=repeats)
    expected = network_for(task).fit(X.repeat(repeats, axis=0), target.repeat(repeats))
    np.testing.assert_allclose(computed.loss_curve_, expected.loss_curve_, rtol=1e-12)
    for here, there in zip(computed.coefs_, expected.coefs_, strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-10)


@TASKS
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_only_the_ratios_of_weights_count(task: str, dtype: str, batch_size: int | None) -> None:
    target, network = TARGETS[task], network_for(task, dtype=dtype, batch_size=batch_size)
    expected = outcome(clone(network).fit(X, target, sample_weight=W))
    for factor in (2.0**-1000, 0.25, 2.0**1000):
        assert outcome(clone(network).fit(X, target, sample_weight=factor * W)) == expected
    alike = outcome(clone(network).fit(X, target))
    for ones in (np.full(120, 7), 7, 0.1):
        assert outcome(clone(network).fit(X, target, sample_weight=ones)) == alike


@TASKS
def test_weights_of_any_type(task: str) -> None:
    target, given = TARGETS[task], W.copy()
    expected = outcome(network_for(task).fit(X, target, sample_weight=given))
    assert bits(given) == bits(W)
    for same in (W.tolist(), pd.Series(W, index=range(5, 125)), W.astype(np.int8), W.astype(np.float32)):
        assert outcome(network_for(task).fit(X, target, sample_weight=same)) == expected


@BOTH
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(7), "sample_weight: expected shape (120,), a weight for each example, got (7,)"),
        (np.ones((120, 1)), "sample_weight: expected shape (120,), a weight for each example, got (120, 1)"),
        (-np.arange(120), "sample_weight: expected numbers of at least 0, got -119.0"),
        (np.zeros(120), "sample_weight: expected at least one nonzero weight"),
        (np.full(120, np.nan), "Input sample_weight contains NaN."),
        (np.full(120, np.inf), "Input sample_weight contains infinity or a value too large for dtype('float64')."),
    ],
)
def test_what_are_no_weights(kind: Kind, weights: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        kind().fit(X, y2, sample_weight=weights)


# --- weights of classes -------------------------------------------------------------------------------------

WORDS = np.array(["inner", "middle", "outer"])[y3]


@pytest.mark.parametrize("sample_weight", [None, W], ids=["alike", "weighted"])
@pytest.mark.parametrize("labels", [y2, y3, WORDS], ids=["two", "three", "words"])
def test_balanced_classes_weigh_the_same(labels: NDArray[Any], sample_weight: NDArray[np.float64] | None) -> None:
    own = np.ones(120) if sample_weight is None else sample_weight
    totals = {label: own[labels == label].sum() for label in np.unique(labels)}
    weights = own / np.array([totals[label] for label in labels])
    if sample_weight is None:  # as scikit-learn says
        np.testing.assert_allclose(compute_sample_weight("balanced", labels) * len(totals) / 120, weights)
    expected = network_for("multiclass").fit(X, labels, sample_weight=weights)
    computed = network_for("multiclass", class_weight="balanced").fit(X, labels, sample_weight=sample_weight)
    np.testing.assert_allclose(computed.loss_curve_, expected.loss_curve_, rtol=1e-12)
    for here, there in zip(computed.coefs_, expected.coefs_, strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-10)


@pytest.mark.parametrize("sample_weight", [None, W], ids=["alike", "weighted"])
@pytest.mark.parametrize(
    ("labels", "class_weight", "of_classes"),
    [
        (y3, {0: 4, 1: 1.0, 2: 2}, [4, 1, 2]),
        (y3, {np.int64(0): 4}, [4, 1, 1]),
        (y3, {0: 4, 1: 1, 2: 2, 3: 9}, [4, 1, 2]),  # of a class that is not in this part of the data
        (y3, {2: 0}, [1, 1, 0]),
        (y3, {}, [1, 1, 1]),
        (WORDS, {"inner": 2, "outer": np.float32(0.5)}, [2, 1, 0.5]),
        (y3 > 0, {True: 0.25}, [1, 0.25]),
        (2.0 * y3 + 1, {1.0: 8}, [8, 1, 1]),
    ],
)
def test_weights_of_classes_multiply_those_of_examples(
    labels: NDArray[Any],
    class_weight: dict[Any, Any],
    of_classes: list[float],
    sample_weight: NDArray[np.float64] | None,
) -> None:
    numbers = np.unique(labels, return_inverse=True)[1]
    weights = (1 if sample_weight is None else sample_weight) * np.array(of_classes)[numbers]
    expected = train(
        X.T,
        numbers,
        task="multiclass" if len(of_classes) > 2 else "binary",
        sample_weight=weights,
        iterations=84,
        seed=2,
        learning_rate=0.1,
        init="glorot",
    )
    computed = network_for("multiclass", class_weight=class_weight).fit(X, labels, sample_weight=sample_weight)
    assert bits(*computed.coefs_, computed.loss_curve_) == bits(*(W.T for W, _ in expected.parameters), expected.costs)
    assert len(computed.classes_) == len(of_classes)  # a class of weight 0 is one that is never to be predicted


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("even", "class_weight='even': expected None, 'balanced' or a dict of classes and their weights"),
        ([1, 2, 3], "class_weight=[1, 2, 3]: expected None, 'balanced' or a dict of classes and their weights"),
        ({0: -1}, "class_weight: expected finite numbers, 0 or more, got -1 for 0"),
        ({2: np.inf}, "class_weight: expected finite numbers, 0 or more, got inf for 2"),
        ({1: "2"}, "class_weight: expected finite numbers, 0 or more, got '2' for 1"),
        ({"1": 2}, "class_weight: '1' is not a class of y; classes without a weight: [0, 1, 2]"),
        ({0: 1, 3: 2}, "class_weight: 3 is not a class of y; classes without a weight: [1, 2]"),
        ({0: 0, 1: 0, 2: 0}, "class_weight: expected at least one class of y with a nonzero weight"),
    ],
)
def test_what_are_no_weights_of_classes(class_weight: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        PlanarClassifier(class_weight=class_weight).fit(X, y3)


# --- several classes ----------------------------------------------------------------------------------------


def rings(**parameters: Any) -> PlanarClassifier:
    return PlanarClassifier(**{"hidden_layer_sizes": 8, "max_iter": 2000, "random_state": 0, **parameters})


def test_several_classes_have_a_unit_each() -> None:
    network = rings().fit(X, y3)
    assert network.score(X, y3) > 0.9
    assert [W.shape for W in network.coefs_] == [(2, 8), (8, 3)]
    assert [b.shape for b in network.intercepts_] == [(8,), (3,)]
    logits, probabilities = network.decision_function(3 * X), network.predict_proba(3 * X)
    assert logits.shape == probabilities.shape == (120, 3)
    assert logits.flags.c_contiguous
    assert probabilities.flags.c_contiguous
    Z = np.tanh(3 * X @ network.coefs_[0] + network.intercepts_[0]) @ network.coefs_[1] + network.intercepts_[1]
    np.testing.assert_allclose(logits, Z, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(probabilities, weighted.output("multiclass", Z), rtol=1e-10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(network.predict(3 * X), network.classes_[Z.argmax(axis=1)])
    assert set(network.predict(3 * X)) == {0, 1, 2}
    assert is_classifier(network)


def test_the_first_of_equal_classes_is_predicted() -> None:
    network = rings().fit(X, y3)
    network.coefs_, network.intercepts_ = [np.zeros((2, 8)), np.zeros((8, 3))], [np.zeros(8), np.array([1.0, 2, 2])]
    assert network.predict(X[:1]).tolist() == [1]
    network.intercepts_[1] = np.array([0, -400, -1000.0])
    np.testing.assert_allclose(network.predict_proba(X[:1]), [[1, np.exp(-400), 0]], rtol=1e-13)


@pytest.mark.parametrize("names", [["a", "bb", "c"], [-1, 4, 7], [1.0, 3.0, 8.0], [2**40, 2**41, 2**42]])
def test_classes_of_any_type(names: list[Any]) -> None:
    expected = rings().fit(X, y3)
    labels = np.array(names)[y3]
    for given in (labels, labels.tolist(), pd.Series(labels, name="ring")):
        network = rings().fit(X, given)
        assert network.classes_.tolist() == names
        assert outcome(network) == outcome(expected)
        assert network.predict(X).tolist() == [names[label] for label in expected.predict(X)]
        assert network.score(X, given) == expected.score(X, y3)


def test_classes_without_end_are_taken_for_values() -> None:
    message = "y: expected at most 10,000 classes, got 10,001; for numbers use PlanarRegressor"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn wonders too
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            PlanarClassifier().fit(np.zeros((10_001, 1)), np.arange(10_001))


@TASKS
def test_many_examples_are_predicted_in_parts(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_for(task).fit(X, TARGETS[task])
    methods = ["predict"] if task == "regression" else ["predict", "predict_proba", "decision_function"]
    expected = [bits(getattr(network, method)(X)) for method in methods]
    monkeypatch.setattr(estimator.network, "_ACTIVATIONS_AT_ONCE", 64)  # some 10 examples at once
    assert [bits(getattr(network, method)(X)) for method in methods] == expected


# --- values -------------------------------------------------------------------------------------------------


def surface(**parameters: Any) -> PlanarRegressor:
    return PlanarRegressor(**{"max_iter": 2000, "random_state": 0, **parameters})


def test_values_come_in_their_own_unit() -> None:
    network = surface().fit(X, values)
    assert network.score(X, values) > 0.9
    np.testing.assert_allclose(network.score(X, values), 1 - 2 * network.loss_, rtol=1e-12)
    np.testing.assert_allclose([network.target_mean_, network.target_scale_], [values.mean(), values.std()], rtol=1e-14)
    assert [W.shape for W in network.coefs_] == [(2, 4), (4, 1)]
    assert {type(network.target_mean_), type(network.target_scale_), type(network.loss_)} == {float}
    assert is_regressor(network)
    predicted = network.predict(X)
    assert predicted.shape == (120,)
    metres = surface().fit(X, values / 1024)
    assert bits(metres.predict(X)) == bits(predicted / 1024)
    assert bits(metres.loss_curve_) == bits(network.loss_curve_)
    for same in (values.tolist(), pd.Series(values), values.astype(object)):
        assert outcome(surface().fit(X, same)) == outcome(network)


def test_the_default_learns_a_curve_that_a_line_fits_badly() -> None:
    x = np.linspace(-3, 3, 100)[:, np.newaxis]
    y = np.sin(2 * x[:, 0])
    assert PlanarRegressor(random_state=0).fit(x, y).score(x, y) > 0.8
    assert PlanarRegressor((), random_state=0).fit(x, y).score(x, y) < 0.2


@pytest.mark.parametrize("weights", [None, W], ids=["alike", "weighted"])
@pytest.mark.parametrize(
    "y",
    [
        values,
        1e300 * values,
        1e-300 * values,
        1e9 + np.arange(120) % 7,
        np.where(np.arange(120) % 2, 1.7e308, -1.7e308),
        np.where(np.arange(120), 0.0, 5e-324),
    ],
    ids=["usual", "huge", "small", "far away", "widest", "subnormal"],
)
def test_standardization_by_fractions(y: NDArray[np.float64], weights: NDArray[np.float64] | None) -> None:
    exact = [Fraction(value) for value in y.tolist()]
    of_examples = [Fraction(weight) for weight in (np.ones(120) if weights is None else weights).tolist()]
    mean = sum(w * v for w, v in zip(of_examples, exact, strict=True)) / sum(of_examples)
    variance = sum(w * (v - mean) ** 2 for w, v in zip(of_examples, exact, strict=True)) / sum(of_examples)
    targets, computed_mean, computed_scale = standardized(y, weights)
    np.testing.assert_allclose(computed_mean, float(mean), rtol=1e-15, atol=5e-324)
    if float(mean):  # the square root of a fraction: of it in a unit in which it is about 1
        unit = max(abs(v) for v in exact)
        scale = float(variance / unit**2) ** 0.5
        np.testing.assert_allclose(float(Fraction(computed_scale) / unit), scale, rtol=1e-12)
        expected = [float((v - mean) / unit) / scale for v in exact]
        np.testing.assert_allclose(targets, expected, atol=1e-7)
    np.testing.assert_allclose(np.average(targets, weights=weights), 0, atol=1e-7)  # the mean is rounded
    np.testing.assert_allclose(np.average(targets**2, weights=weights), 1, rtol=1e-12)
    order = np.random.RandomState(0).permutation(120)
    again = standardized(y[order], None if weights is None else weights[order])
    assert bits(*again) == bits(targets[order], computed_mean, computed_scale)


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e300])
def test_a_constant_target_is_learned(constant: float) -> None:
    network = surface(max_iter=20_000).fit(X, np.full(120, constant), sample_weight=W)
    assert (network.target_mean_, network.target_scale_) == (constant, 1)
    np.testing.assert_allclose(network.predict(X), constant, atol=1e-3)
    assert network.loss_ < 1e-6


def test_one_example_and_the_widest_weights() -> None:
    assert surface().fit([[1.0]], [7.0]).predict([[1.0]]) == pytest.approx(7, abs=1e-3)
    network = surface().fit([[0.0], [1.0]], [0.0, 0.1], sample_weight=[1, 5e-324])
    assert np.isfinite(network.predict([[0.5]])).all()


def test_a_column_of_values_is_taken_with_a_warning() -> None:
    expected = surface().fit(X, values)
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        network = surface().fit(X, values[:, np.newaxis])
    assert outcome(network) == outcome(expected)
    assert network.predict(X).shape == (120,)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.stack((values, values), axis=1), r"y should be a 1d array, got an array of shape (120, 2) instead."),
        (np.where(np.arange(120), values, np.nan), "Input y contains NaN."),
        (WORDS, "y: expected numbers, got str_"),
        (WORDS.astype(object), "could not convert string to float: "),
    ],
)
def test_what_are_no_values(y: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        PlanarRegressor().fit(X, y)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_training_that_diverges_warns(task: str) -> None:
    with pytest.warns(
        ConvergenceWarning, match="^training diverged: the network is that of iteration 0 of 84"
    ) as caught:
        network = network_for(task, learning_rate_init=1e308).fit(X, TARGETS[task])
    assert [record.filename for record in caught] == [__file__]  # it points to the call of fit
    assert (network.status_, network.n_iter_) == ("diverged", 0)
    assert np.isfinite(network.predict(X)).all()


@BOTH
def test_a_fit_that_fails_leaves_no_network(kind: Kind) -> None:
    network = kind(init="xavier")
    with pytest.raises(ValueError, match=r"^init='xavier'"):
        network.fit(X, y2)
    with pytest.raises(NotFittedError):
        network.predict(X)


# --- within scikit-learn ------------------------------------------------------------------------------------


@TASKS
def test_clones_and_pickles(task: str) -> None:
    network = network_for(task, **({} if task == "regression" else {"class_weight": "balanced"}))
    network.fit(X, TARGETS[task], W)
    copy = clone(network)
    assert copy.get_params() == network.get_params()
    assert not hasattr(copy, "coefs_")
    assert outcome(copy.fit(X, TARGETS[task], W)) == outcome(network)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        restored = pickle.loads(pickle.dumps(network, protocol))  # noqa: S301 - what this test has just made
        assert outcome(restored) == outcome(network)
        assert bits(restored.predict(X)) == bits(network.predict(X))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_grid_search_over_three_classes(jobs: int) -> None:
    grid = {
        "planarclassifier__hidden_layer_sizes": [(), 8],
        "planarclassifier__class_weight": [None, "balanced", {"inner": 2}],
    }
    search = GridSearchCV(make_pipeline(StandardScaler(), rings()), grid, n_jobs=jobs, cv=3, scoring="roc_auc_ovr")
    search.fit(X, WORDS)
    assert search.best_params_["planarclassifier__hidden_layer_sizes"] == 8
    assert search.best_score_ > 0.9
    assert search.classes_.tolist() == ["inner", "middle", "outer"]
    if jobs == 2:
        alone = clone(search).set_params(n_jobs=1).fit(X, WORDS)
        np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


@TASKS
def test_frames_through_a_pipeline(task: str) -> None:
    frame = pd.DataFrame(X, columns=["width", "height"], index=[f"row {i}" for i in range(120)])
    target = pd.Series(TARGETS[task], index=frame.index)
    pipeline = make_pipeline(StandardScaler(), network_for(task)).set_output(transform="pandas").fit(frame, target)
    network = pipeline[-1]
    assert network.feature_names_in_.tolist() == ["width", "height"]
    assert network.n_features_in_ == 2
    scaled = pipeline[0].transform(frame)
    assert isinstance(scaled, pd.DataFrame)
    plain = network_for(task).fit(scaled.to_numpy(), TARGETS[task])
    assert bits(pipeline.predict(frame)) == bits(plain.predict(scaled.to_numpy()))
    with pytest.raises(ValueError, match="feature names should match"):
        network.predict(frame[["height", "width"]])
    kind = type(network).__name__
    with pytest.raises(ValueError, match=f"X has 3 features, but {kind} is expecting 2"):
        plain.predict(np.zeros((1, 3)))


@BOTH
def test_sparse_matrices_are_refused_as_scikit_learn_does(kind: Kind) -> None:
    with pytest.raises(TypeError, match=r"^Sparse data was passed for X, but dense data is required"):
        kind().fit(scipy.sparse.csr_array(X), y2)


@TASKS
def test_weights_are_routed_through_cross_validation(task: str) -> None:
    target = TARGETS[task]
    with sklearn.config_context(enable_metadata_routing=True):
        network = network_for(task).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        computed = cross_validate(network, X, target, params={"sample_weight": W}, cv=[(range(80), range(80, 120))])
    expected = network_for(task).fit(X[:80], target[:80], W[:80]).score(X[80:], target[80:], W[80:])
    assert computed["test_score"].tolist() == [expected]


def test_ensembles_of_networks() -> None:
    boosted = AdaBoostClassifier(rings(hidden_layer_sizes=3), n_estimators=3, random_state=0).fit(X, WORDS)
    assert boosted.score(X, WORDS) > 0.6
    voting = VotingClassifier([(f"seed {seed}", rings(random_state=seed)) for seed in (1, 2)], voting="soft")
    assert voting.fit(X, WORDS).score(X, WORDS) > 0.9
    assert BaggingRegressor(surface(), n_estimators=3, random_state=0).fit(X, values).score(X, values) > 0.7


# --- what other libraries call it ---------------------------------------------------------------------------

ALL_UPDATES = "training always makes max_iter updates; use a smaller max_iter to stop earlier"
CONSTANT = "the learning rate is constant, and its value is learning_rate_init"
OTHER_NAMES = {
    "alpha": "use l2 = alpha / n, where n is the number of examples in each update",
    "beta1": "it is called beta_1 here",
    "beta2": "it is called beta_2 here",
    "early_stopping": ALL_UPDATES,
    "epsilon": "for Adam it is always 1e-8",
    "hidden": "it is called hidden_layer_sizes here",
    "iterations": "it is called max_iter here",
    "learning_rate": CONSTANT,
    "loss": "it is always cross-entropy for classification and half the squared error for regression",
    "max_fun": "it belongs to lbfgs, which is not available",
    "n_iter_no_change": ALL_UPDATES,
    "nesterovs_momentum": "only classical momentum is available",
    "optimizer": "it is called solver here",
    "power_t": CONSTANT,
    "sample_weight": "it is an argument of fit",
    "seed": "it is called random_state here",
    "shuffle": "mini-batches are always reshuffled in each epoch",
    "tol": ALL_UPDATES,
    "validation_fraction": ALL_UPDATES,
    "verbose": "nothing is printed; loss_curve_ records the training",
    "warm_start": "every fit starts with new initial weights",
}


@BOTH
@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_from_elsewhere_are_answered_with_ours(kind: Kind, name: str) -> None:
    message = f"^{re.escape(f'{kind.__name__} has no parameter {name!r}: {OTHER_NAMES[name]}')}$"
    with pytest.raises(TypeError, match=message):
        cast(Any, kind)(**{name: 0.1})
    with pytest.raises(ValueError, match=message):
        kind().set_params(**{name: 0.1})
    pipeline = make_pipeline(StandardScaler(), kind())
    with pytest.raises(ValueError, match=message):
        pipeline.set_params(**{f"{kind.__name__.lower()}__{name}": 0.1})


def test_weights_of_classes_are_for_classes() -> None:
    message = "^PlanarRegressor has no parameter 'class_weight': pass sample_weight to fit instead$"
    with pytest.raises(TypeError, match=message):
        PlanarRegressor(class_weight="balanced")  # type: ignore[call-arg]


@BOTH
def test_names_from_nowhere_are_answered_as_ever(kind: Kind) -> None:
    with pytest.raises(TypeError, match=r"__init__\(\) got an unexpected keyword argument 'wings'"):
        kind(wings=2)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"^Invalid parameter 'wings' for estimator"):
        kind().set_params(wings=2)


@pytest.mark.parametrize(("kind", "theirs"), [(PlanarClassifier, MLPClassifier), (PlanarRegressor, MLPRegressor)])
def test_every_parameter_of_scikit_learns_networks_is_known(kind: Kind, theirs: Callable[..., Any]) -> None:
    assert set(inspect.signature(theirs).parameters) <= set(inspect.signature(kind).parameters) | OTHER_NAMES.keys()


@BOTH
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("activation", "logistic", "it is called sigmoid here"),
        (
            "batch_size",
            "auto",
            "expected a number, or None for all examples; MLPClassifier uses min(200, examples)",
        ),
        ("solver", "lbfgs", "not available; expected one of gd, momentum, adam"),
        ("solver", "sgd", "use momentum, or gd for plain gradient descent"),
    ],
)
def test_values_from_elsewhere_are_answered_with_ours(kind: Kind, name: str, value: str, message: str) -> None:
    network = kind().set_params(**{name: value})  # until fit anything goes, as scikit-learn wants it
    with pytest.raises(ValueError, match=f"^{re.escape(f'{name}={value!r}: {message}')}$"):
        network.fit(X, y2)


@pytest.mark.parametrize("batch_size", [None, 40])
def test_l2_is_alpha_over_the_examples_of_an_update(batch_size: int | None) -> None:
    """What one update of either network takes from its weights, beyond what it takes without a penalty."""
    alpha, rate, n = 3.0, 0.5, batch_size or 120
    settings: dict[str, Any] = {"activation": "tanh", "learning_rate_init": rate, "random_state": 1, "max_iter": 1}
    theirs = MLPClassifier(4, solver="sgd", momentum=0, batch_size=n, alpha=alpha, **settings)
    ours = PlanarClassifier(4, l2=alpha / n, init="glorot", **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pairs = [
            (clone(theirs).fit(X[:n], y3[:n]), clone(theirs).set_params(alpha=0).fit(X[:n], y3[:n])),
            (clone(ours).fit(X[:n], y3[:n]), clone(ours).set_params(l2=0.0).fit(X[:n], y3[:n])),
        ]
    starts = [None, clone(ours).set_params(max_iter=0).fit(X[:n], y3[:n]).coefs_]
    random = np.random.RandomState(1)  # of MLPClassifier: uniform weights, (inputs, units), and biases, layer by layer
    starts[0] = []
    for inputs, units in ((2, 4), (4, 3)):
        bound = (6 / (inputs + units)) ** 0.5
        starts[0].append(random.uniform(-bound, bound, (inputs, units)))
        random.uniform(-bound, bound, units)
    for (penalized, free), start in zip(pairs, starts, strict=True):
        for W, V, initial in zip(penalized.coefs_, free.coefs_, start, strict=True):
            np.testing.assert_allclose(V - W, rate * alpha / n * initial, rtol=1e-9, atol=1e-14)


# --- the package --------------------------------------------------------------------------------------------


@BOTH
def test_the_signature_shows_every_parameter(kind: Kind) -> None:
    shown = inspect.signature(kind).parameters
    assert list(shown) == list(inspect.signature(kind.__init__).parameters)[1:]
    assert set(shown) == set(kind().get_params())
    assert {name: parameter.default for name, parameter in shown.items()} == kind().get_params()


def test_the_regressor_has_the_parameters_of_the_classifier() -> None:
    classifier, regressor = PlanarClassifier().get_params(), PlanarRegressor().get_params()
    assert classifier.keys() - regressor.keys() == {"class_weight"}
    different = {name for name in regressor if regressor[name] != classifier[name]}
    assert different == {"learning_rate_init", "init"}  # as the docstring says
    assert experiments.PlanarRegressor is estimator.PlanarRegressor
