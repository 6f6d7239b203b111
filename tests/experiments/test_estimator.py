"""experiments.estimator with two classes: scikit-learn's own checks, training, parameters, use within scikit-learn."""

from __future__ import annotations

import inspect
import os
import pickle
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.estimator_checks import parametrize_with_checks

import experiments
from experiments import PlanarClassifier, estimator
from planar_core import TrainedNetwork, train
from tests.helpers.machines import ROOT

# --- scikit-learn's own checks ------------------------------------------------------------------------------


@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [
        PlanarClassifier(),
        PlanarClassifier(()),
        PlanarClassifier(
            (6, 3), "relu", solver="adam", learning_rate_init=0.01, init="he", batch_size=64, l2=1e-4, max_iter=1000
        ),
    ]
)
def test_checks_of_scikit_learn(estimator: PlanarClassifier, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("kind", ["PlanarClassifier", "PlanarRegressor"])
def test_no_check_is_left_out(kind: str) -> None:
    """Not even the one that skips itself above, as it wants a variable of the environment before SciPy is imported."""
    program = f"""
from sklearn.utils.estimator_checks import check_estimator
from experiments import {kind}
results = check_estimator({kind}(), on_skip=None)
assert len(results) > 50
assert {{result["status"] for result in results}} == {{"passed"}}, results
"""
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


# --- the same training --------------------------------------------------------------------------------------


def points(n: int = 120) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Two classes in the plane that no line tells apart: X (n, 2), y (n,)."""
    random = np.random.RandomState(0)
    X = random.randn(n, 2)
    return X, (X[:, 0] * X[:, 1] + 0.2 * random.randn(n) > 0).astype(np.int64)


X, y = points()

SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"hidden_layer_sizes": (3, 2)}, {"hidden": "3x2"}),
    ({"activation": "relu"}, {"activation": "relu"}),
    ({"solver": "momentum"}, {"optimizer": "momentum"}),
    ({"learning_rate_init": 0.7}, {"learning_rate": 0.7}),
    ({"output_learning_rate": 0.7}, {"output_learning_rate": 0.7}),
    ({"max_iter": 83}, {"iterations": 83}),
    ({"momentum": 0.5, "solver": "momentum"}, {"momentum": 0.5, "optimizer": "momentum"}),
    ({"beta_1": 0.5, "solver": "adam"}, {"beta1": 0.5, "optimizer": "adam"}),
    ({"beta_2": 0.5, "solver": "adam"}, {"beta2": 0.5, "optimizer": "adam"}),
    ({"l1": 0.01}, {"l1": 0.01}),
    ({"l2": 0.01}, {"l2": 0.01}),
    ({"batch_size": 16}, {"batch_size": 16}),
    ({"class_weight": {0: 3, 1: 2}}, {"sample_weight": np.where(y == 0, 3, 2)}),
    ({"init": "glorot"}, {"init": "glorot"}),
    ({"init_scale": 0.5}, {"init_scale": 0.5}),
    ({"output_init_scale": 0.5}, {"output_init_scale": 0.5}),
    ({"init_offset": 0.5}, {"init_offset": 0.5}),
    ({"bias": False}, {"bias": False}),
    ({"record_every": 7}, {"record_every": 7}),
    ({"dtype": "float32"}, {"dtype": "float32"}),
    ({"random_state": 3}, {"seed": 3}),
]
"""Each parameter, first in the list, away from its default; and the same to planar_core.train."""


def fitted(**parameters: Any) -> PlanarClassifier:
    return PlanarClassifier(**{"max_iter": 84, "random_state": 2, **parameters}).fit(X, y)


def trained(**parameters: Any) -> TrainedNetwork:
    return train(X.T, y, **{"iterations": 84, "seed": 2, **parameters})


def bits(*arrays: Any) -> list[tuple[Any, ...]]:
    return [(np.shape(array), np.asarray(array).dtype.str, np.asarray(array).tobytes()) for array in arrays]


def outcome(network: PlanarClassifier) -> list[tuple[Any, ...]]:
    return bits(*network.coefs_, *network.intercepts_, network.loss_curve_, network.loss_iterations_)


@pytest.mark.parametrize(("here", "there"), SETTINGS, ids=lambda settings: next(iter(settings)))
def test_fit_is_train_bit_for_bit(here: dict[str, Any], there: dict[str, Any]) -> None:
    expected, computed = trained(**there), fitted(**here)
    assert computed.status_ == expected.status == "ok"
    assert outcome(computed) == bits(
        *(W.T for W, _ in expected.parameters),
        *(b[:, 0] for _, b in expected.parameters),
        expected.costs,
        expected.iterations,
    )
    np.testing.assert_array_equal(computed.predict(X), expected.predict(X.T)[0])
    np.testing.assert_array_equal(computed.predict_proba(X)[:, 1], expected.predict_proba(X.T)[0])

    others = dict(list(here.items())[1:])
    without = fitted(**others)
    assert outcome(computed) != outcome(without)  # so that a parameter that gets lost is seen


def test_every_parameter_is_tried_and_has_the_default_of_train() -> None:
    here = inspect.signature(PlanarClassifier).parameters
    assert {next(iter(settings)) for settings, _ in SETTINGS} == here.keys()
    assert {name: parameter.default for name, parameter in here.items()} == {
        "hidden_layer_sizes": (4,),
        "activation": "tanh",
        "solver": "gd",
        "learning_rate_init": 1.2,
        "output_learning_rate": None,
        "max_iter": 5000,
        "momentum": 0.9,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "l1": 0.0,
        "l2": 0.0,
        "batch_size": None,
        "class_weight": None,
        "init": "normal",
        "init_scale": None,
        "output_init_scale": None,
        "init_offset": 0.0,
        "bias": True,
        "record_every": None,
        "dtype": "float64",
        "random_state": None,
    }
    assert outcome(PlanarClassifier(random_state=0).fit(X, y)) == outcome(PlanarClassifier(4, random_state=0).fit(X, y))
    expected = train(X.T, y)
    assert PlanarClassifier(random_state=0).fit(X, y).loss_curve_ == expected.costs.tolist()


def test_what_fit_learns() -> None:
    network = fitted(hidden_layer_sizes=(3, 5), max_iter=100)
    assert [W.shape for W in network.coefs_] == [(2, 3), (3, 5), (5, 1)]
    assert [b.shape for b in network.intercepts_] == [(3,), (5,), (1,)]
    assert network.loss_iterations_ == list(range(0, 101, 2))
    assert len(network.loss_curve_) == 51
    assert network.loss_ == network.loss_curve_[-1]
    assert type(network.loss_) is float
    assert (network.n_iter_, network.seed_, network.n_features_in_) == (100, 2, 2)
    np.testing.assert_array_equal(network.classes_, [0, 1])
    assert not hasattr(network, "feature_names_in_")


def test_hidden_layers_may_be_a_number_a_list_or_an_array() -> None:
    expected = outcome(fitted(hidden_layer_sizes=(3,)))
    for same in (3, [3], np.array([3]), np.int64(3)):
        assert outcome(fitted(hidden_layer_sizes=same)) == expected
    assert outcome(fitted(hidden_layer_sizes=())) == outcome(fitted(hidden_layer_sizes=0))


def test_random_state_is_that_of_scikit_learn() -> None:
    assert repr(fitted(random_state=np.int32(5)).seed_) == "5"
    assert fitted(random_state=2**32 - 1).seed_ == 2**32 - 1

    random = np.random.RandomState(1)
    drawn = [fitted(random_state=random).seed_ for _ in range(2)]
    assert max(drawn) >= 2**31  # no bit is missing
    random.seed(1)
    assert drawn == [random.randint(2**32, dtype=np.uint32) for _ in range(2)]
    again = fitted(random_state=drawn[0])
    assert outcome(again) == outcome(fitted(random_state=np.random.RandomState(1)))

    global_one = check_random_state(None)
    state = global_one.get_state()
    try:
        global_one.seed(1)
        assert [fitted(random_state=None).seed_, fitted(random_state=np.random).seed_] == drawn
    finally:
        global_one.set_state(state)


def test_training_that_diverges_warns() -> None:
    warning = (
        "training diverged: the network is that of iteration 0 of 50, the last recorded finite state; use a"
        " learning_rate_init smaller than 1e+308"
    )
    with pytest.warns(ConvergenceWarning, match=f"^{re.escape(warning)}$") as caught:
        network = fitted(learning_rate_init=1e308, max_iter=50, record_every=20)
    assert [record.filename for record in caught] == [__file__]  # it points to the call of fit
    assert (network.status_, network.n_iter_, len(network.loss_curve_)) == ("diverged", 0, 1)
    assert np.isfinite(network.decision_function(X)).all()


def test_a_network_that_is_not_finite_at_first_warns() -> None:
    with pytest.warns(ConvergenceWarning, match="^training diverged: the untrained network was not finite") as caught:
        network = PlanarClassifier(dtype="float32").fit(1e300 * X, y)
    assert [record.filename for record in caught] == [__file__]
    assert (network.status_, network.n_iter_, network.loss_curve_) == ("diverged", 0, [])
    assert np.isnan(network.loss_)


# --- prediction ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "function", "dtype"),
    [
        ("tanh", np.tanh, "float64"),
        ("tanh", np.tanh, "float32"),
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z)), "float64"),
        ("relu", lambda z: np.maximum(z, 0), "float64"),
        ("identity", lambda z: z, "float64"),
    ],
)
def test_prediction_by_hand(activation: str, function: Any, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = fitted(hidden_layer_sizes=(5, 3), activation=activation, dtype=dtype, init="glorot", max_iter=300)
    assert {array.dtype for array in (*network.coefs_, *network.intercepts_)} == {np.dtype(dtype)}
    A = 3 * X
    for W, b in zip(network.coefs_, network.intercepts_, strict=True):
        Z = A @ W.astype(float) + b  # float32 parameters are exact in float64
        A = function(Z)
    expected = 1 / (1 + np.exp(-Z[:, 0]))

    logits = network.decision_function(3 * X)
    np.testing.assert_allclose(logits, Z[:, 0], rtol=1e-12, atol=1e-12)
    probabilities = network.predict_proba(3 * X)
    np.testing.assert_allclose(probabilities, np.stack((1 - expected, expected), axis=1), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=3e-16)
    assert 0 < np.sum(logits > 0) < len(logits)
    np.testing.assert_array_equal(network.predict(3 * X), logits > 0)

    monkeypatch.setattr(estimator.network, "_ACTIVATIONS_AT_ONCE", 64)  # 7 examples at once
    assert bits(network.decision_function(3 * X)) == bits(logits)


def test_small_probabilities_of_both_classes_are_accurate() -> None:
    network = fitted(hidden_layer_sizes=())
    network.coefs_, network.intercepts_ = [np.array([[1.0], [0.0]])], [np.zeros(1)]
    logits = np.array([-200.0, -40.0, 0.0, 40.0, 200.0])
    probabilities = network.predict_proba(np.stack((logits, 0 * logits), axis=1))
    np.testing.assert_allclose(probabilities[:, 1], 1 / (1 + np.exp(-logits)), rtol=1e-14)
    np.testing.assert_array_equal(probabilities[:, 0], probabilities[::-1, 1])
    assert network.predict([[0.0, 0.0]]) == [0]  # 1/2 is not more than 1/2


@pytest.mark.parametrize("names", [["no", "yes"], [-1, 1], [False, True], [2.0, 7.0]])
def test_classes_of_any_type(names: list[Any]) -> None:
    for labels in (np.array(names)[y], np.array(names)[y].tolist(), pd.Series(np.array(names)[y])):
        network = PlanarClassifier(max_iter=84, random_state=2).fit(X, labels)
        assert network.classes_.tolist() == names
        assert outcome(network) == outcome(fitted())
        assert network.predict(X).tolist() == [names[label] for label in fitted().predict(X)]
        assert network.score(X, labels) == fitted().score(X, y)


def test_new_parameters_wait_for_the_next_fit() -> None:
    network = fitted()
    expected = network.predict_proba(X)
    network.set_params(activation="relu", hidden_layer_sizes=9)
    np.testing.assert_array_equal(network.predict_proba(X), expected)


def test_names_of_features_are_kept_and_compared() -> None:
    frame = pd.DataFrame(X, columns=["width", "height"])
    network = fitted().fit(frame, pd.Series(y))
    assert network.feature_names_in_.tolist() == ["width", "height"]
    np.testing.assert_array_equal(network.predict(frame), fitted().predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        network.predict(frame[["height", "width"]])
    with pytest.raises(ValueError, match="X has 3 features, but PlanarClassifier is expecting 2"):
        fitted().predict(np.zeros((1, 3)))


def test_what_is_not_fitted_does_not_predict() -> None:
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(PlanarClassifier(), method)(X)


# --- within scikit-learn ------------------------------------------------------------------------------------


def piped(**parameters: Any) -> Pipeline:
    return make_pipeline(StandardScaler(), PlanarClassifier(**{"max_iter": 200, "random_state": 0, **parameters}))


def test_a_pipeline_standardizes() -> None:
    far = 1000 + 50 * X
    pipeline = piped(max_iter=1000).fit(far, y)
    assert pipeline.score(far, y) > 0.85
    assert PlanarClassifier(max_iter=1000, random_state=0).fit(far, y).score(far, y) < 0.7


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_grid_search_gives_the_same_with_any_number_of_jobs(jobs: int) -> None:
    grid = {"planarclassifier__hidden_layer_sizes": [1, (6,)], "planarclassifier__learning_rate_init": [0.001, 1.2]}
    search = GridSearchCV(piped(), grid, n_jobs=jobs, cv=3).fit(X, y)
    assert search.best_params_ == {
        "planarclassifier__hidden_layer_sizes": (6,),
        "planarclassifier__learning_rate_init": 1.2,
    }
    expected = [
        cross_val_score(piped(hidden_layer_sizes=hidden, learning_rate_init=rate), X, y, cv=3).mean()
        for hidden in (1, 6)
        for rate in (0.001, 1.2)
    ]
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], expected)


def test_clones_and_pickles() -> None:
    network = fitted(hidden_layer_sizes=(3, 2))
    copy = clone(network)
    assert copy.get_params() == network.get_params()
    assert not hasattr(copy, "coefs_")
    assert outcome(copy.fit(X, y)) == outcome(network)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        restored = pickle.loads(pickle.dumps(network, protocol))  # noqa: S301 - what this test has just made
        assert outcome(restored) == outcome(network)
        assert bits(restored.predict_proba(X)) == bits(network.predict_proba(X))


# --- invalid arguments --------------------------------------------------------------------------------------

HIDDEN = "expected a number of hidden units such as 4, several layers such as 8x8, or 0 for no hidden layer"
RATE = "expected a finite number, 0 or more"
DECAY = "expected a number of at least 0 and below 1"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("hidden_layer_sizes", (4, 0), HIDDEN),
        ("hidden_layer_sizes", 2.5, HIDDEN),
        ("hidden_layer_sizes", None, HIDDEN),
        ("activation", "swish", "expected one of tanh, relu, sigmoid, identity"),
        ("solver", "rmsprop", "expected one of gd, momentum, adam"),
        ("learning_rate_init", -1, RATE),
        ("learning_rate_init", np.inf, RATE),
        ("learning_rate_init", "fast", "expected a number"),
        ("learning_rate_init", None, "expected a number"),
        ("output_learning_rate", -1.0, RATE),
        ("output_learning_rate", "same", "expected a number"),
        ("max_iter", -1, "expected an integer, 0 or more"),
        ("max_iter", 10.0, "expected an integer, 0 or more"),
        ("momentum", 1.0, DECAY),
        ("momentum", None, "expected a number"),
        ("beta_1", 1.0, DECAY),
        ("beta_1", "0.9", "expected a number"),
        ("beta_2", -0.1, DECAY),
        ("beta_2", [0.9], "expected a number"),
        ("l1", -1.0, RATE),
        ("l1", None, "expected a number"),
        ("l2", np.nan, RATE),
        ("l2", "0", "expected a number"),
        ("batch_size", 0, "expected an integer, 1 or more"),
        ("batch_size", "all", "expected an integer, 1 or more"),
        ("init", "xavier", "expected one of normal, glorot, he"),
        ("init_scale", -1.0, RATE),
        ("init_scale", "auto", "expected a number"),
        ("output_init_scale", -1.0, RATE),
        ("output_init_scale", "same", "expected a number"),
        ("init_offset", np.inf, "expected a finite number"),
        ("init_offset", None, "expected a number"),
        ("bias", "no", "expected True or False"),
        ("record_every", 0, "expected an integer, 1 or more"),
        ("dtype", "float16", "expected one of float64, float32"),
        ("random_state", -1, "expected an integer from 0 to 4294967295"),
        ("random_state", 2**32, "expected an integer from 0 to 4294967295"),
        ("random_state", "zero", "expected an integer from 0 to 4294967295"),
    ],
)
def test_bad_parameters_are_refused_by_their_names(name: str, value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'{name}={value!r}: {expected}')}$"):
        PlanarClassifier(**{name: value}).fit(X, y)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(120, int), "y: expected at least two classes, got one class: 0"),
        (X[:, 0], "Unknown label type: continuous."),
    ],
)
def test_other_targets_than_classes_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        PlanarClassifier().fit(X, labels)


# --- the package and the manual -----------------------------------------------------------------------------


def test_scikit_learn_is_imported_only_on_use() -> None:
    assert experiments.PlanarClassifier is estimator.PlanarClassifier
    program = "import sys, experiments; sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_the_example_in_the_manual() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "reference.md").read_text(encoding="utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if "PlanarClassifier" in block]
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - the page's own words
    shown = re.findall(r"^search\.(\w+).*?# (.*)$", example, re.MULTILINE)
    assert len(shown) == 2
    for attribute, value in shown:
        actual = getattr(names["search"], attribute)
        assert (f"{actual:.3f}" if isinstance(actual, float) else repr(actual)) == value
