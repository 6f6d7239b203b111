"""The training loop: against published figures, against plain NumPy, and against itself under other circumstances."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.datasets.synthetic import flower
from planar_core import TrainedNetwork, network, train
from planar_core.choices import Hyperparameters, default_record_every
from planar_core.kernels import Batch
from planar_core.training import n_records, new_batch, recorded_iterations, train_batch
from tests.oracles import reference

Array = npt.NDArray[Any]

PUBLISHED = json.loads((Path(__file__).parents[1] / "oracles" / "published.json").read_text(encoding="utf-8"))
ANY_DTYPE = pytest.mark.parametrize("dtype", ["float64", "float32"])
# After a few iterations; training amplifies what the order of the sums did to the last bits.
CLOSE = {"float64": 1e-11, "float32": 3e-5}


def points(features: int = 2, examples: int = 45) -> tuple[Array, Array]:
    random = np.random.RandomState(100 * features + examples)
    X = random.randn(features, examples)
    return X, (X[:1] ** 2 + 0.3 * random.randn(1, examples) > 0.5).astype(int)


def bits(trained: TrainedNetwork) -> list[bytes]:
    arrays = [trained.iterations, trained.costs, trained.accuracies, trained.test_accuracies]
    return [array.tobytes() for array in [*arrays, *(a for pair in trained.parameters for a in pair)]]


# --- published figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", PUBLISHED["train_accuracy_percent_after_5000_iterations"])
def test_published_accuracy_after_5000_iterations(hidden: str) -> None:
    (X, Y), _ = flower()
    trained = train(X, Y, hidden=hidden, learning_rate=1.2, iterations=5000, seed=2)
    assert 100 * trained.accuracies[-1] in PUBLISHED["train_accuracy_percent_after_5000_iterations"][hidden]
    assert 100 * np.mean(trained.predict(X) == Y) == pytest.approx(100 * trained.accuracies[-1], rel=1e-15)


def test_published_costs_of_4_units() -> None:
    (X, Y), _ = flower()
    trained = train(X, Y, hidden=4, learning_rate=1.2, iterations=10_000, seed=2, record_every=1000)
    published = PUBLISHED["cost_every_1000_iterations_4_units_10000_iterations"]
    np.testing.assert_array_equal(trained.iterations, np.arange(0, 10_001, 1000))
    assert (np.abs(trained.costs[:10] - published) <= PUBLISHED["cost_tolerance"]).all()
    assert 100 * trained.accuracies[-1] in PUBLISHED["train_accuracy_percent_4_units_10000_iterations"]


# --- against plain NumPy --------------------------------------------------------------------------------


@ANY_DTYPE
@pytest.mark.parametrize(
    ("features", "hidden", "examples", "learning_rate"),
    [
        (1, (), 1, 1.2),
        (1, (1,), 7, 5.0),
        (2, (4,), 400, 1.2),
        (30, (5,), 64, 0.1),
        (3, (), 33, 0.5),
        (2, (8, 8), 45, 3.0),
        (5, (4, 4, 2), 130, 1.2),
        (2, (50,), 40, 1.2),
    ],
    ids=str,
)
def test_training_equals_the_oracle_step_by_step(
    features: int, hidden: tuple[int, ...], examples: int, learning_rate: float, dtype: str
) -> None:
    X, Y = points(features, examples)
    iterations = 12
    expected = reference.train(X, Y, hidden, learning_rate, iterations, 3, dtype)
    trained = train(X, Y, hidden, learning_rate, iterations, 3, record_every=1, dtype=dtype)
    close = CLOSE[dtype]
    np.testing.assert_array_equal(trained.iterations, np.arange(iterations + 1))
    np.testing.assert_allclose(trained.costs, [cost for cost, _, _ in expected], rtol=close)
    np.testing.assert_allclose(trained.accuracies, [accuracy for _, accuracy, _ in expected], rtol=1e-15)
    for pair, pair_expected in zip(trained.parameters, expected[-1][2], strict=True):
        for array, array_expected in zip(pair, pair_expected, strict=True):
            assert array.dtype == array_expected.dtype == dtype
            np.testing.assert_allclose(array, array_expected, rtol=close, atol=close)


@ANY_DTYPE
def test_row_k_is_that_of_the_parameters_after_k_updates(dtype: str) -> None:
    X, Y = points()
    longer = train(X, Y, iterations=9, record_every=1, dtype=dtype)
    for k in (0, 1, 4, 9):
        shorter = train(X, Y, iterations=k, record_every=1, dtype=dtype)
        assert shorter.costs.tobytes() == longer.costs[: k + 1].tobytes()
        assert shorter.accuracies.tobytes() == longer.accuracies[: k + 1].tobytes()


@ANY_DTYPE
def test_test_examples_are_measured_and_change_nothing_else(dtype: str) -> None:
    X, Y = points(examples=45)
    X_test, Y_test = points(examples=333)
    without = train(X, Y, iterations=30, record_every=10, dtype=dtype)
    trained = train(X, Y, iterations=30, record_every=10, dtype=dtype, X_test=X_test, Y_test=Y_test)
    assert np.isnan(without.test_accuracies).all()
    assert without.costs.tobytes() == trained.costs.tobytes()
    assert without.accuracies.tobytes() == trained.accuracies.tobytes()
    expected = reference.train(X, Y, (4,), 1.2, 30, 0, dtype)[::10]
    for k, (_, _, parameters) in enumerate(expected):
        Z, _ = reference.forward(parameters, X_test.astype(dtype))
        assert trained.test_accuracies[k] == reference.accuracy(Z, Y_test)


# --- what is recorded -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("iterations", "record_every", "expected"),
    [
        (0, 1, [0]),
        (0, 7, [0]),
        (1, 1, [0, 1]),
        (6, 3, [0, 3, 6]),
        (7, 3, [0, 3, 6, 7]),
        (5, 5, [0, 5]),
        (5, 99, [0, 5]),
        (4, 1, [0, 1, 2, 3, 4]),
    ],
)
def test_recorded_are_row_0_every_nth_and_the_last(iterations: int, record_every: int, expected: list[int]) -> None:
    assert recorded_iterations(iterations, record_every).tolist() == expected
    trained = train(*points(), hidden=2, iterations=iterations, record_every=record_every)
    assert trained.iterations.tolist() == expected
    for array in (trained.costs, trained.accuracies, trained.test_accuracies):
        assert array.shape == (len(expected),)
        assert array.dtype == np.float64
    assert np.isfinite(trained.costs).all()


@pytest.mark.parametrize(("iterations", "expected"), [(0, 1), (1, 1), (49, 1), (99, 1), (100, 2), (5000, 100)])
def test_default_interval_is_a_fiftieth(iterations: int, expected: int) -> None:
    assert default_record_every(iterations) == expected
    trained = train(*points(), hidden=1, iterations=iterations)
    assert trained.iterations.tolist() == recorded_iterations(iterations, expected).tolist()


def test_no_iterations_leave_the_initial_parameters() -> None:
    trained = train(*points(), hidden=4, iterations=0, seed=5)
    for pair, expected in zip(trained.parameters, network.initialize(2, 4, seed=5), strict=True):
        for array, array_expected in zip(pair, expected, strict=True):
            assert array.tobytes() == array_expected.tobytes()
    assert trained.costs[0] == pytest.approx(math.log(2), abs=1e-3)


@ANY_DTYPE
def test_learning_rate_0_changes_nothing(dtype: str) -> None:
    trained = train(*points(), learning_rate=0, iterations=20, record_every=5, dtype=dtype)
    start = train(*points(), iterations=0, dtype=dtype)
    assert trained.status == "ok"
    assert set(trained.costs.tolist()) == set(start.costs.tolist())
    for pair, pair_start in zip(trained.parameters, start.parameters, strict=True):
        for array, array_start in zip(pair, pair_start, strict=True):
            assert array.tobytes() == array_start.tobytes()


def test_every_setting_changes_the_result() -> None:
    X, Y = points()
    base: dict[str, Any] = {
        "X": X,
        "Y": Y,
        "hidden": 4,
        "learning_rate": 1.2,
        "iterations": 20,
        "seed": 2,
        "dtype": "float64",
    }
    changes: list[dict[str, Any]] = [
        {},
        {"hidden": 5},
        {"learning_rate": 1.3},
        {"iterations": 21},
        {"seed": 3},
        {"dtype": "float32"},
        {"record_every": 3},
        {"X": X * 1.01},
        {"Y": 1 - Y},
        {"X_test": X, "Y_test": Y},
    ]
    results = [bits(train(**(base | change))) for change in changes]
    for i, one in enumerate(results):
        assert one not in results[:i]


# --- what the bits do not depend on -----------------------------------------------------------------------


@ANY_DTYPE
@pytest.mark.parametrize("hidden", [0, 3, "8x8"])
def test_bits_do_not_depend_on_the_recording_interval(hidden: int | str, dtype: str) -> None:
    X, Y = points()
    every = train(X, Y, hidden, iterations=60, record_every=1, dtype=dtype, X_test=X, Y_test=Y)
    for interval in (2, 7, 60, 1000):
        some = train(X, Y, hidden, iterations=60, record_every=interval, dtype=dtype)
        assert some.costs.tobytes() == every.costs[some.iterations].tobytes()
        assert bits(some)[4:] == bits(every)[4:]


@ANY_DTYPE
def test_bits_do_not_depend_on_how_examples_are_laid_out(dtype: str) -> None:
    X, Y = points()
    expected = bits(train(X, Y, iterations=10, dtype=dtype))
    for X_same, Y_same in ((np.asfortranarray(X), Y[0]), (X.tolist(), Y.tolist()), (X[:, ::-1][:, ::-1], Y == 1)):
        assert bits(train(X_same, Y_same, iterations=10, dtype=dtype)) == expected


def trained_batch(
    hidden: str, seeds: Sequence[int], rates: Sequence[float], dtype: str, budget: int | None = None
) -> tuple[Batch, int]:
    """A batch trained on some points, and the number of slices that this took."""
    X, Y = points(features=3, examples=75)
    X_test, Y_test = points(features=3, examples=20)
    at = recorded_iterations(25, 10)
    batch = new_batch(3, hidden, seeds, [Hyperparameters(rate) for rate in rates], len(at), dtype)
    examples, test = (network.examples(*pair, np.dtype(dtype)) for pair in ((X, Y), (X_test, Y_test)))
    given: dict[str, Any] = {} if budget is None else {"budget": budget}
    slices = 1 + sum(1 for _ in train_batch(hidden, 3, batch, examples, test, 25, 10, **given))
    return batch, slices


def run_bits(batch: Batch, run: int) -> list[Any]:
    arrays = [batch.parameters, batch.costs, batch.test_costs, batch.train_scores, batch.test_scores]
    return [*(array[run].tobytes() for array in arrays), int(batch.records[run]), bool(batch.diverged[run])]


RUNS = [(0, 1.2), (1, 1.2), (0, 0.1), (7, 1e30), (2, 5.0), (0, 1.2)]  # (seed, learning rate); one may diverge


@ANY_DTYPE
@pytest.mark.parametrize("hidden", ["0", "4", "5x3"])
def test_bits_do_not_depend_on_which_runs_share_a_batch(hidden: str, dtype: str) -> None:
    seeds, rates = zip(*RUNS, strict=True)
    together, _ = trained_batch(hidden, seeds, rates, dtype)
    backwards, _ = trained_batch(hidden, seeds[::-1], rates[::-1], dtype)
    for run, (seed, rate) in enumerate(RUNS):
        alone, _ = trained_batch(hidden, [seed], [rate], dtype)
        assert run_bits(together, run) == run_bits(alone, 0)
        assert run_bits(backwards, len(RUNS) - 1 - run) == run_bits(alone, 0)
    assert run_bits(together, 0) == run_bits(together, 5)
    assert run_bits(together, 0) != run_bits(together, 1)


@ANY_DTYPE
def test_a_batch_is_what_train_gives(dtype: str) -> None:
    X, Y = points(features=3, examples=75)
    X_test, Y_test = points(features=3, examples=20)
    seeds, rates = zip(*RUNS, strict=True)
    batch, _ = trained_batch("4", seeds, rates, dtype)
    for run, (seed, rate) in enumerate(RUNS):
        trained = train(X, Y, 4, rate, 25, seed, 10, dtype, X_test, Y_test)
        filled = int(batch.records[run])
        assert trained.costs.tobytes() == batch.costs[run, :filled].tobytes()
        assert trained.scores.tobytes() == batch.train_scores[run, :filled].tobytes()
        assert trained.test_scores.tobytes() == batch.test_scores[run, :filled].tobytes()
        assert trained.status == ("diverged" if batch.diverged[run] else "ok")


@ANY_DTYPE
@pytest.mark.parametrize("hidden", ["0", "4"])
def test_bits_do_not_depend_on_the_slices(hidden: str, dtype: str) -> None:
    seeds, rates = zip(*RUNS, strict=True)
    whole, slices = trained_batch(hidden, seeds, rates, dtype)
    assert slices == 1
    for budget in (1, 300, 4321):
        sliced, slices = trained_batch(hidden, seeds, rates, dtype, budget)
        assert slices > 2
        for run in range(len(RUNS)):
            assert run_bits(sliced, run) == run_bits(whole, run)


@ANY_DTYPE
@pytest.mark.parametrize("hidden", [0, 4, "5x3"])
def test_bits_do_not_depend_on_the_size_of_a_tile(
    hidden: int | str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, Y = points(features=3, examples=700)
    results = []
    widths = set()
    for tile_bytes in (1, 600, 5000, 2**30):
        monkeypatch.setattr(network, "_TILE_BYTES", tile_bytes)
        space = network.workspace(network.layout(3, hidden), network.examples(X, Y, np.dtype(dtype)))
        widths.add(space.A.shape[1])
        results.append(bits(train(X, Y, hidden, iterations=15, record_every=4, dtype=dtype, X_test=X, Y_test=Y)))
    assert len(widths) >= 3
    assert all(result == results[0] for result in results)


def test_training_twice_gives_the_same_bits_and_leaves_the_data_alone() -> None:
    X, Y = points()
    before = X.tobytes(), Y.tobytes()
    assert bits(train(X, Y, iterations=30)) == bits(train(X, Y, iterations=30))
    assert (X.tobytes(), Y.tobytes()) == before


# --- runs that diverge --------------------------------------------------------------------------------------


def assert_diverged(trained: TrainedNetwork) -> None:
    assert trained.status == "diverged"
    filled = len(trained.iterations)
    assert len(trained.costs) == len(trained.accuracies) == len(trained.test_accuracies) == filled
    assert np.isfinite(trained.costs).all()
    for pair in trained.parameters:
        for array in pair:
            assert np.isfinite(array).all()


@pytest.mark.parametrize(
    ("dtype", "hidden", "rate"),
    [
        ("float64", 0, 3e307),
        ("float64", 4, 1e307),
        ("float64", 4, 1e308),
        ("float64", "4x4", 3e307),
        ("float32", 0, 4e37),
        ("float32", 4, 1e38),
        ("float32", "4x4", 2e37),
    ],
)
def test_a_diverged_run_ends_with_its_last_finite_record(dtype: str, hidden: int | str, rate: float) -> None:
    X, Y = points()
    trained = train(X, Y, hidden, rate, 50, record_every=1, dtype=dtype, X_test=X, Y_test=Y)
    assert_diverged(trained)
    last = len(trained.iterations) - 1
    assert 0 <= last < 50
    assert last >= 1 or rate == 1e308
    same = train(X, Y, hidden, rate, last, record_every=1, dtype=dtype, X_test=X, Y_test=Y)
    assert same.status == "ok"
    assert bits(same) == bits(trained)


@pytest.mark.parametrize(("dtype", "rate"), [("float64", 1e308), ("float32", 1e38)])
def test_a_run_that_diverges_between_two_records_ends_with_the_one_before(dtype: str, rate: float) -> None:
    X, Y = points()
    trained = train(X, Y, 4, rate, 50, record_every=20, dtype=dtype)
    assert_diverged(trained)
    assert trained.iterations.tolist() == [0]
    assert bits(trained) == bits(train(X, Y, 4, rate, 0, dtype=dtype))


@pytest.mark.parametrize(("dtype", "huge"), [("float64", 1e200), ("float32", 1e25)])
def test_huge_features_are_trained_on_or_diverge(dtype: str, huge: float) -> None:
    X, Y = points()
    for hidden in (0, 4, "4x4"):
        for rate in (1e-3, 1.2, huge):
            trained = train(X * huge, Y, hidden, rate, 30, record_every=1, dtype=dtype)
            assert len(trained.iterations) >= 1
            if trained.status == "ok":
                assert np.isfinite(trained.costs).all()
            else:
                assert_diverged(trained)


def test_features_beyond_float32_diverge_without_a_warning() -> None:
    X, Y = points()
    trained = train(X * 1e300, Y, iterations=5, dtype="float32")
    assert_diverged(trained)
    assert len(trained.iterations) == 0  # not even the untrained network has a finite cost
    assert train(X * 1e300, Y, iterations=5, dtype="float64").iterations[0] == 0


def test_learning_rate_beyond_float32_diverges_without_a_warning() -> None:
    trained = train(*points(), learning_rate=1e300, iterations=5, dtype="float32")
    assert_diverged(trained)
    assert trained.iterations.tolist() == [0]


@ANY_DTYPE
@pytest.mark.parametrize("rate", [1e3, 1e10, 1e30])
def test_tanh_networks_stay_finite_at_absurd_learning_rates(rate: float, dtype: str) -> None:
    trained = train(*points(), learning_rate=rate, iterations=100, dtype=dtype)
    assert trained.status == "ok"
    assert np.isfinite(trained.costs).all()


@ANY_DTYPE
def test_a_run_beside_a_diverged_one_is_not_touched(dtype: str) -> None:
    beyond = {"float64": 1e308, "float32": 1e38}[dtype]
    together, _ = trained_batch("4", [0, 1, 2], [1.2, beyond, 0.3], dtype)
    assert together.diverged.tolist() == [False, True, False]
    assert 1 <= together.records[1] < together.costs.shape[1]
    assert np.isnan(together.costs[1, together.records[1] :]).all()
    for run, (seed, rate) in {0: (0, 1.2), 2: (2, 0.3)}.items():
        alone, _ = trained_batch("4", [seed], [rate], dtype)
        assert run_bits(together, run) == run_bits(alone, 0)


# --- what is said -------------------------------------------------------------------------------------------


def test_verbose_prints_each_recorded_cost(capsys: pytest.CaptureFixture[str]) -> None:
    X, Y = points()
    trained = train(X, Y, iterations=7, record_every=3, verbose=True)
    expected = [
        f"cost after iteration {k}: {cost:.6f}" for k, cost in zip(trained.iterations, trained.costs, strict=True)
    ]
    assert capsys.readouterr().out.splitlines() == expected
    assert trained.iterations.tolist() == [0, 3, 6, 7]
    assert bits(trained) == bits(train(X, Y, iterations=7, record_every=3))
    assert capsys.readouterr().out == ""


def test_verbose_lines_come_as_they_are_reached() -> None:
    class Stop(Exception):
        """Ends the training from within a report."""

    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if len(lines) == 2:
            raise Stop

    with pytest.raises(Stop):
        train(*points(), iterations=10**9, record_every=10**3, verbose=True, report=report)  # would take minutes
    assert [line.split(":")[0] for line in lines] == ["cost after iteration 0", "cost after iteration 1000"]


# --- invalid arguments --------------------------------------------------------------------------------------


ANY_HIDDEN = "expected a number of hidden units such as 4, several layers such as 8x8, or 0 for no hidden layer"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dtype": "float16"}, "dtype='float16': expected one of float64, float32"),
        ({"learning_rate": math.nan}, "learning_rate=nan: expected a finite number, 0 or more"),
        ({"learning_rate": math.inf}, "learning_rate=inf: expected a finite number, 0 or more"),
        ({"learning_rate": -0.1}, "learning_rate=-0.1: expected a finite number, 0 or more"),
        ({"learning_rate": 10**309}, f"learning_rate={10**309}: expected a finite number, 0 or more"),
        ({"init_scale": 10**309}, f"init_scale={10**309}: expected a finite number, 0 or more"),
        ({"activation": ["relu"]}, "activation=['relu']: expected one of tanh, relu, sigmoid, identity"),
        ({"iterations": -5}, "iterations=-5: expected an integer, 0 or more"),
        ({"iterations": 2.5}, "iterations=2.5: expected an integer, 0 or more"),
        ({"record_every": 0}, "record_every=0: expected an integer, 1 or more"),
        ({"record_every": 1.0}, "record_every=1.0: expected an integer, 1 or more"),
        ({"seed": -1}, "seed=-1: expected an integer from 0 to 4294967295"),
        ({"seed": 2**32}, "seed=4294967296: expected an integer from 0 to 4294967295"),
        ({"seed": 1.0}, "seed=1.0: expected an integer from 0 to 4294967295"),
        ({"hidden": "8x0"}, f"hidden='8x0': {ANY_HIDDEN}"),
        ({"X": np.zeros((2, 0)), "Y": np.zeros(0)}, "X: expected at least one example, got none"),
        ({"Y": np.zeros(44)}, "Y: expected shape (1, 45) or (45,) to go with X (2, 45), got (44,)"),
        ({"X": np.full((2, 45), math.inf)}, "X: expected finite numbers, got nan or inf"),
        (
            {"X_test": np.zeros((3, 5)), "Y_test": np.zeros(5)},
            "X_test: expected 2 features as in X, got 3",
        ),
        (
            {"X_test": np.zeros((2, 5)), "Y_test": np.zeros(4)},
            "Y_test: expected shape (1, 5) or (5,) to go with X_test (2, 5), got (4,)",
        ),
        (
            {"X_test": np.full((2, 5), math.nan), "Y_test": np.zeros(5)},
            "X_test: expected finite numbers, got nan or inf",
        ),
        ({"X_test": np.zeros((2, 5))}, "X_test and Y_test: expected both or neither"),
        ({"Y_test": np.zeros(5)}, "X_test and Y_test: expected both or neither"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments: dict[str, Any], message: str) -> None:
    X, Y = points()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        train(**({"X": X, "Y": Y} | arguments))


def test_numpy_integers_are_integers() -> None:
    X, Y = points()
    plain = train(X, Y, hidden=3, iterations=4, seed=1, record_every=2)
    assert bits(train(X, Y, np.int64(3), 1.2, np.int32(4), np.uint32(1), np.int64(2))) == bits(plain)  # type: ignore[arg-type]


@given(iterations=st.integers(0, 300), record_every=st.integers(1, 400))
def test_the_number_of_records_is_counted_without_listing_them(iterations: int, record_every: int) -> None:
    computed = n_records(iterations, record_every)
    assert computed == len(recorded_iterations(iterations, record_every))
