"""experiments.knobs: what may be given, what comes of it, and what is said of the rest."""

from __future__ import annotations

import json
import math
import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from experiments import text
from experiments.knobs.declared import (
    ACTIVATION,
    BACKEND,
    BATCH_SIZE,
    BETA1,
    BETA2,
    BIAS,
    CLASS_WEIGHT,
    DATA_SEED,
    DATASET,
    DECIMAL,
    DROP,
    DTYPE,
    FEATURES,
    FOLD,
    HEADER,
    HIDDEN,
    INIT,
    INIT_OFFSET,
    INIT_SCALE,
    ITERATIONS,
    JOBS,
    KNOBS,
    L1,
    L2,
    LEARNING_RATE,
    METRIC,
    MISSING,
    MOMENTUM,
    NOISE,
    OPTIMIZER,
    OUTPUT_INIT_SCALE,
    OUTPUT_LEARNING_RATE,
    PATIENCE,
    POSITIVE,
    RECORD_EVERY,
    REQUESTED,
    SAMPLES,
    SCHEDULER,
    SEED,
    SEPARATOR,
    SPLIT,
    TARGET,
    TASK,
    TEST_FRACTION,
    elsewhere,
)
from experiments.knobs.knob import Knob, SweepError
from experiments.knobs.values import plain, value_of, values_of
from planar_core.choices import ACTIVATIONS, INITS, METRICS, OPTIMIZERS

HIDDEN_EXPECTED = "--hidden: expected a number of hidden units such as 4, layers such as 8x8, or 0 for none, got "
RATE_EXPECTED = "--learning-rate: expected a finite number, 0 or more, got "
SEED_EXPECTED = "--seeds: expected an integer from 0 to 4,294,967,295, got "
NOT_NEGATIVE = "a finite number, 0 or more"
TERMS = "terms such as x1, x1^2, x1x2 and sin(x1), joined by +, or all"
RANGE_EXPECTED = (
    "expected a range: A:B or A:B:STEP with A below B, or lin:A:B:N or log:A:B:N (A, B above 0) with N above 1, got "
)
NOISE_EXPECTED = "--noise: expected a number from 0 to 1,000,000, or auto, got "
DATA_SEED_EXPECTED = "--data-seed: expected an integer from 0 to 4,294,967,295, or seed, or auto, got "
SPLIT_EXPECTED = "--split: expected seed, fixed or cv:K with K from 2 to 1,000, or auto, got "


def values(knob: Knob, given: Any) -> list[Any]:
    return list(values_of(knob, given)[0])


def twelve_digits(value: Fraction | mpmath.mpf) -> float:
    """The float nearest to a positive number's twelve significant digits, by way of exact integers."""
    exact = Fraction(value) if isinstance(value, Fraction) else Fraction(int(mpmath.floor(value * 10**30)), 10**30)
    exponent = 0
    while exact >= 10**12:
        exact, exponent = exact / 10, exponent + 1
    while exact < 10**11:
        exact, exponent = exact * 10, exponent - 1
    return float(round(exact) * Fraction(10) ** exponent)


@pytest.mark.parametrize(
    ("knob", "given", "expected"),
    [
        (NOISE, ["auto", 0, "lin:0.1:0.3:3"], ["auto", 0.0, 0.1, 0.2, 0.3]),
        (SAMPLES, ["10", np.int64(400), 10_000_000], [10, 400, 10_000_000]),
        (DATA_SEED, ["auto", "0:3", 2**32 - 1], ["auto", 0, 1, 2, 2**32 - 1]),
        (TEST_FRACTION, ["0.25", 0.999], [0.25, 0.999]),
        (FEATURES, "all", ["all"]),
        (
            FEATURES,
            ["x1", "x2", "x1^2", "x2^2", "x1x2", "sin(x1)", "sin(x2)"],
            ["x1+x2+x1^2+x2^2+x1x2+sin(x1)+sin(x2)"],
        ),
        (FEATURES, "x2", ["x2"]),
        (FEATURES, ["x1+x2", "x3"], ["x1+x2", "x3"]),
        (FEATURES, ["all", "x1"], ["all", "x1"]),
        (FEATURES, [["x1"], ["x1", "x2x1"]], ["x1", "x1+x1x2"]),
        (FEATURES, [("x12", "sin(x345)"), "all"], ["x12+sin(x345)", "all"]),
        (ACTIVATION, ["tanh", "sigmoid", "relu", "identity"], ["tanh", "sigmoid", "relu", "identity"]),
        (OPTIMIZER, ["gd", "momentum", "adam"], ["gd", "momentum", "adam"]),
        (MOMENTUM, [0, "0.999"], [0.0, 0.999]),
        (OUTPUT_LEARNING_RATE, ["same", 0, "1e-3"], ["same", 0.0, 0.001]),
        (L2, ["0", "log:0.01:1:3"], [0.0, 0.01, 0.1, 1.0]),
        (BATCH_SIZE, ["all", "1:4", 10**12], ["all", 1, 2, 3, 10**12]),
        (INIT, ["normal", "glorot", "he"], ["normal", "glorot", "he"]),
        (INIT_SCALE, ["auto", 1, "5e-324"], ["auto", 1.0, 5e-324]),
        (HIDDEN, None, ["1", "2", "3", "4", "5", "20", "50"]),
        (HIDDEN, 4, ["4"]),
        (HIDDEN, [1, "2", "8x8", (4, 4, 2), (), np.int64(7)], ["1", "2", "8x8", "4x4x2", "0", "7"]),
        (HIDDEN, ["007"], ["7"]),
        (HIDDEN, "1:4", ["1", "2", "3"]),
        (HIDDEN, range(1, 4), ["1", "2", "3"]),
        (HIDDEN, "log:1:64:7", ["1", "2", "4", "8", "16", "32", "64"]),
        (LEARNING_RATE, None, [0.03, 0.1, 0.3, 1.2, 5.0]),
        (LEARNING_RATE, ["0", "1e-3", 2, np.float32(0.5), "1e308"], [0.0, 0.001, 2.0, 0.5, 1e308]),
        (LEARNING_RATE, "log:0.01:100:5", [0.01, 0.1, 1.0, 10.0, 100.0]),
        (LEARNING_RATE, ["lin:0:1:5", "1.5"], [0.0, 0.25, 0.5, 0.75, 1.0, 1.5]),
        (LEARNING_RATE, "lin:1:0:3", [1.0, 0.5, 0.0]),
        (LEARNING_RATE, "1:4", [1.0, 2.0, 3.0]),
        (SEED, None, list(range(10))),
        (SEED, ["0:3", "7", 9], [0, 1, 2, 7, 9]),
        (SEED, range(8, 0, -3), [8, 5, 2]),
        (SEED, "lin:0:100:5", [0, 25, 50, 75, 100]),
        (SEED, [0, 2**32 - 1], [0, 2**32 - 1]),
        (SEED, 1, [1]),
        (SEED, "0:10:3", [0, 3, 6, 9]),
        (SEED, "7:0:-2", [7, 5, 3, 1]),
        (SEED, ["3:4"], [3]),
        (HIDDEN, ["2:9:3", "1"], ["2", "5", "8", "1"]),
        (BATCH_SIZE, "8:33:8", [8, 16, 24, 32]),
        (DATA_SEED, ["seed", 3], ["seed", 3]),
        (CLASS_WEIGHT, ["balanced", "none"], ["balanced", "none"]),
        (DATASET, "a,b.csv", ["a,b.csv"]),
        (SEED, (seed for seed in (3, 1, 2)), [3, 1, 2]),
        (DATASET, None, ["flower"]),
        (DATASET, [Path("a") / "b:c.csv", "0:3"], ["a/b:c.csv", "0:3"]),  # no ranges of names
    ],
)
def test_values_are_brought_into_one_form(knob: Knob, given: Any, expected: list[Any]) -> None:
    computed, note = values_of(knob, given)
    assert list(computed) == expected
    assert [type(value) for value in computed] == [type(value) for value in expected]
    assert note is None


def test_minus_zero_is_zero() -> None:
    (rate,) = values(LEARNING_RATE, "-0.0")
    assert math.copysign(1, rate) == 1


@pytest.mark.parametrize(
    ("knob", "given", "message"),
    [
        (NOISE, "-1", NOISE_EXPECTED + "'-1'"),
        (NOISE, "loud", NOISE_EXPECTED + "'loud'"),
        (NOISE, "Auto", NOISE_EXPECTED + "'Auto'"),
        (NOISE, 1_000_001, NOISE_EXPECTED + "1000001"),
        (NOISE, math.nan, NOISE_EXPECTED + "nan"),
        (SAMPLES, 0, "--samples: expected an integer from 1 to 10,000,000, got 0"),
        (SAMPLES, "10000001", "--samples: expected an integer from 1 to 10,000,000, got '10000001'"),
        (SAMPLES, "auto", "--samples: expected an integer from 1 to 10,000,000, got 'auto'"),
        (OUTPUT_INIT_SCALE, "-1", f"--output-init-scale: expected {NOT_NEGATIVE}, or same, got '-1'"),
        (INIT_OFFSET, "inf", "--init-offset: expected a finite number, got 'inf'"),
        (INIT_OFFSET, "same", "--init-offset: expected a finite number, got 'same'"),
        (BIAS, "maybe", "--bias: expected one of yes, no, got 'maybe'"),
        (BIAS, 0, "--bias: expected one of yes, no, got 0"),
        (BIAS, "y", "--bias: expected one of yes, no, got 'y'"),
        (DATA_SEED, -1, DATA_SEED_EXPECTED + "-1"),
        (DATA_SEED, 2**32, DATA_SEED_EXPECTED + "4294967296"),
        (DATA_SEED, 0.5, DATA_SEED_EXPECTED + "0.5"),
        (TEST_FRACTION, 0, "--test-fraction: expected a number above 0 and below 1, got 0"),
        (TEST_FRACTION, "1", "--test-fraction: expected a number above 0 and below 1, got '1'"),
        (TEST_FRACTION, "25%", "--test-fraction: expected a number above 0 and below 1, got '25%'"),
        (FEATURES, "x0", f"--features: expected {TERMS}, got 'x0'"),
        (FEATURES, "x1+", f"--features: expected {TERMS}, got 'x1+'"),
        (FEATURES, ["x1", "cos(x2)"], f"--features: expected {TERMS}, got ['x1', 'cos(x2)']"),
        (FEATURES, ["x1+x2", ""], f"--features: expected {TERMS}, got ''"),
        (FEATURES, ["x1", "x1"], "--features: expected each term once (x1 is repeated), got ['x1', 'x1']"),
        (FEATURES, ["x1x2+x2x1"], "--features: expected each term once (x1x2 is repeated), got 'x1x2+x2x1'"),
        (FEATURES, 7, f"--features: expected {TERMS}, got 7"),
        (FEATURES, [[]], f"--features: expected {TERMS}, got []"),
        (FEATURES, [], "--features: expected at least one value, got none"),
        (ACTIVATION, "tan",
         "--activation: expected one of tanh, relu, sigmoid, identity (did you mean 'tanh'?), got 'tan'"),
        (OPTIMIZER, "sgd", "--optimizer: expected one of gd, momentum, adam (did you mean 'gd'?), got 'sgd'"),
        (MOMENTUM, 1, "--momentum: expected a number of at least 0 and below 1, got 1"),
        (BETA1, "-0.1", "--beta1: expected a number of at least 0 and below 1, got '-0.1'"),
        (BETA2, "nan", "--beta2: expected a number of at least 0 and below 1, got 'nan'"),
        (OUTPUT_LEARNING_RATE, "-1", f"--output-learning-rate: expected {NOT_NEGATIVE}, or same, got '-1'"),
        (OUTPUT_LEARNING_RATE, "all", f"--output-learning-rate: expected {NOT_NEGATIVE}, or same, got 'all'"),
        (L1, -0.5, f"--l1: expected {NOT_NEGATIVE}, got -0.5"),
        (L2, math.inf, f"--l2: expected {NOT_NEGATIVE}, got inf"),
        (BATCH_SIZE, 0, "--batch-size: expected an integer from 1 to 1,000,000,000,000, or all, got 0"),
        (BATCH_SIZE, "2.5", "--batch-size: expected an integer from 1 to 1,000,000,000,000, or all, got '2.5'"),
        (BATCH_SIZE, True, "--batch-size: expected an integer from 1 to 1,000,000,000,000, or all, got True"),
        (INIT, "xavier", "--init: expected one of normal, glorot, he, got 'xavier'"),
        (INIT_SCALE, "0", "--init-scale: expected a finite number above 0, or auto, got '0'"),
        (INIT_SCALE, math.inf, "--init-scale: expected a finite number above 0, or auto, got inf"),
        (BATCH_SIZE, "3:1", "--batch-size: " + RANGE_EXPECTED + "'3:1'"),
        (HIDDEN, "-1", HIDDEN_EXPECTED + "'-1'"),
        (HIDDEN, -1, HIDDEN_EXPECTED + "-1"),
        (HIDDEN, "2.5", HIDDEN_EXPECTED + "'2.5'"),
        (HIDDEN, 2.0, HIDDEN_EXPECTED + "2.0"),
        (HIDDEN, "8x0", HIDDEN_EXPECTED + "'8x0'"),
        (HIDDEN, "8x", HIDDEN_EXPECTED + "'8x'"),
        (HIDDEN, "", HIDDEN_EXPECTED + "''"),
        (HIDDEN, True, HIDDEN_EXPECTED + "True"),
        (HIDDEN, [None], HIDDEN_EXPECTED + "None"),
        (HIDDEN, "log:1:10:4", HIDDEN_EXPECTED + "2.15443469003"),
        (HIDDEN, "10000001", "--hidden: expected layers of at most 1,000,000 hidden units, got '10000001'"),
        (HIDDEN, [], "--hidden: expected at least one value, got none"),
        (LEARNING_RATE, "nan", RATE_EXPECTED + "'nan'"),
        (LEARNING_RATE, math.inf, RATE_EXPECTED + "inf"),
        (LEARNING_RATE, "1e400", RATE_EXPECTED + "'1e400'"),
        (LEARNING_RATE, 10**400, RATE_EXPECTED + str(10**400)),
        (LEARNING_RATE, "-0.1", RATE_EXPECTED + "'-0.1'"),
        (LEARNING_RATE, "fast", RATE_EXPECTED + "'fast'"),
        (LEARNING_RATE, [None], RATE_EXPECTED + "None"),
        (SEED, "-1", SEED_EXPECTED + "'-1'"),
        (SEED, "4294967296", SEED_EXPECTED + "'4294967296'"),
        (SEED, "0:4294967297", SEED_EXPECTED + "4294967296"),
        (SEED, "-3:3", SEED_EXPECTED + "-3"),
        (SEED, range(10**30), SEED_EXPECTED + str(10**30 - 1)),
        (SEED, 1.0, SEED_EXPECTED + "1.0"),
        (SEED, "²", SEED_EXPECTED + "'²'"),
        (SEED, "9" * 5000, SEED_EXPECTED + repr("9" * 5000)),  # more digits than int() takes
        (SEED, False, SEED_EXPECTED + "False"),
        (SEED, range(0), "--seeds: expected at least one value, got none"),
        (SEED, "5:5", "--seeds: " + RANGE_EXPECTED + "'5:5'"),
        (SEED, "5:1", "--seeds: " + RANGE_EXPECTED + "'5:1'"),
        (SEED, "a:b", "--seeds: " + RANGE_EXPECTED + "'a:b'"),
        (SEED, "0:3:0", "--seeds: " + RANGE_EXPECTED + "'0:3:0'"),
        (SEED, "3:0:1", "--seeds: " + RANGE_EXPECTED + "'3:0:1'"),
        (SEED, "0:3:1:1", "--seeds: " + RANGE_EXPECTED + "'0:3:1:1'"),
        (SEED, "0:3:0.5", "--seeds: " + RANGE_EXPECTED + "'0:3:0.5'"),
        (SEED, "1:4294967300:5", SEED_EXPECTED + "4294967296"),
        (SEED, "1,2,3", SEED_EXPECTED + "'1,2,3'; separate values by spaces: --seeds 1 2 3"),
        (LEARNING_RATE, ["0.1", "0.2, 0.3,"],
         RATE_EXPECTED + "'0.2, 0.3,'; separate values by spaces: --learning-rate 0.2 0.3"),
        (HIDDEN, "1,8x8", HIDDEN_EXPECTED + "'1,8x8'; separate values by spaces: --hidden 1 8x8"),
        (CLASS_WEIGHT, "balance",
         "--class-weight: expected one of none, balanced (did you mean 'balanced'?), got 'balance'"),
        (NOISE, 1.1e6, NOISE_EXPECTED + "1100000.0"),
        (LEARNING_RATE, "log:0:1:5", "--learning-rate: " + RANGE_EXPECTED + "'log:0:1:5'"),
        (LEARNING_RATE, "log:1:2",
         "--learning-rate: expected a number of points, such as log:1:2:5, or --sample N, got 'log:1:2'"),
        (NOISE, "lin:0:1", "--noise: expected a number of points, such as lin:0:1:5, got 'lin:0:1'"),
        (SEED, "lin:0:9", "--seeds: expected a number of points, such as lin:0:9:5, got 'lin:0:9'"),
        (LEARNING_RATE, "log:2:1", "--learning-rate: " + RANGE_EXPECTED + "'log:2:1'"),
        (LEARNING_RATE, "log:1:2:3:4", "--learning-rate: " + RANGE_EXPECTED + "'log:1:2:3:4'"),
        (LEARNING_RATE, "lin:0:1:1", "--learning-rate: " + RANGE_EXPECTED + "'lin:0:1:1'"),
        (LEARNING_RATE, "lin:0:nan:3", "--learning-rate: " + RANGE_EXPECTED + "'lin:0:nan:3'"),
        (LEARNING_RATE, "lin:0:sNaN:3", "--learning-rate: " + RANGE_EXPECTED + "'lin:0:sNaN:3'"),
        (LEARNING_RATE, "lin:0:1e999999999:3", "--learning-rate: " + RANGE_EXPECTED + "'lin:0:1e999999999:3'"),
        (SEED, "lin:0:1e400:3", "--seeds: " + RANGE_EXPECTED + "'lin:0:1e400:3'"),
        (LEARNING_RATE, "lin:-1:1:3", RATE_EXPECTED + "-1"),
        (LEARNING_RATE, "lin:0:1:99999999999", "--learning-rate: expected at most 100,000 values, got more"),
        (HIDDEN, "1:9999999999999999999999999", "--hidden: expected at most 100,000 values, got more"),
        (SEED, ["0:99999", "200000:300000"],
         "--seeds: expected at most 100,000 values, or a single range A:B, got more"),
        (DATASET, "", "--dataset: expected a name, got ''"),
        (DATASET, 3, "--dataset: expected a name, got 3"),
        (DATASET, "a\rb.csv",
         "--dataset: expected a name that is valid UTF-8, without carriage returns, got 'a\\rb.csv'"),
        (DATASET, "\udcff.csv",
         "--dataset: expected a name that is valid UTF-8, without carriage returns, got '\\udcff.csv'"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_by_name(knob: Knob, given: Any, message: str) -> None:
    with pytest.raises(SweepError) as error:
        values_of(knob, given)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("knob", "given", "expected"),
    [
        (ITERATIONS, None, 5000),
        (ITERATIONS, "0", 0),
        (ITERATIONS, np.int32(7), 7),
        (RECORD_EVERY, None, None),
        (RECORD_EVERY, "1", 1),
        (DTYPE, None, "float64"),
        (DTYPE, "float32", "float32"),
        (TARGET, None, None),
        (TARGET, "=label", "=label"),
        (POSITIVE, None, None),
        (POSITIVE, "yes", ["yes"]),
        (POSITIVE, ["yes", "maybe"], ["yes", "maybe"]),
        (POSITIVE, [], None),
        (DROP, ("a", "b"), ["a", "b"]),
        (METRIC, None, None),
        (METRIC, "f1", ["f1"]),
        (METRIC, ["auc", "accuracy"], ["auc", "accuracy"]),
        (SPLIT, None, "auto"),
        (SPLIT, "auto", "auto"),
        (SPLIT, "fixed", "fixed"),
        (SPLIT, "cv:05", "cv:5"),
        (SPLIT, "cv:1000", "cv:1000"),
        (TASK, None, "auto"),
        (TASK, "regression", "regression"),
        (MISSING, None, "fill"),
        (HEADER, "no", "no"),
        (SEPARATOR, "tab", "\t"),
        (SEPARATOR, ";", ";"),
        (DECIMAL, ",", ","),
        (JOBS, None, -1),
        (JOBS, "-1", -1),
        (JOBS, "3", 3),
        (BACKEND, None, "threading"),
        (BACKEND, "loky", "loky"),
        (BACKEND, "dask", "dask"),
        (SCHEDULER, None, None),
        (SCHEDULER, "tcp://host:8786", "tcp://host:8786"),
    ],
)
def test_single_values(knob: Knob, given: Any, expected: Any) -> None:
    computed = value_of(knob, given)
    assert computed == expected
    assert type(computed) is type(expected)


@pytest.mark.parametrize(
    ("knob", "given", "message"),
    [
        (PATIENCE, "-5", "--patience: expected an integer from 1 to 1,000,000,000,000, got '-5'"),
        (PATIENCE, "0:5", "--patience: expected an integer from 1 to 1,000,000,000,000, got '0:5'"),
        (RECORD_EVERY, [1, 2], "--record-every: expected one value, got [1, 2]"),
        (RECORD_EVERY, 0, "--record-every: expected an integer from 1 to 1,000,000,000,000, got 0"),
        (DTYPE, "float46", "--dtype: expected one of float64, float32 (did you mean 'float64'?), got 'float46'"),
        (DTYPE, 64, "--dtype: expected one of float64, float32, got 64"),
        (BACKEND, "lokey", "--backend: expected one of threading, loky, dask (did you mean 'loky'?), got 'lokey'"),
        (JOBS, "0", "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got '0'"),
        (JOBS, -2, "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got -2"),
        (SCHEDULER, "", "--scheduler: expected a name, got ''"),
        (SCHEDULER, 8786, "--scheduler: expected a name, got 8786"),
        (POSITIVE, "", "--positive: expected a name, got ''"),
        (POSITIVE, ["a", 1], "--positive: expected a name, got 1"),
        (SPLIT, "cv", SPLIT_EXPECTED + "'cv'"),
        (SPLIT, "cv:1", SPLIT_EXPECTED + "'cv:1'"),
        (SPLIT, "cv:1001", SPLIT_EXPECTED + "'cv:1001'"),
        (SPLIT, "cv:-5", SPLIT_EXPECTED + "'cv:-5'"),
        (SPLIT, 5, SPLIT_EXPECTED + "5"),
        (
            METRIC,
            ["accuracy", "acuracy"],
            f"--metric: expected one of {', '.join(METRICS)} (did you mean 'accuracy'?), got 'acuracy'",
        ),
        (
            TASK,
            "classify",
            "--task: expected one of auto, classification, regression (did you mean 'classification'?), got 'classify'",
        ),
        (
            SEPARATOR,
            ";;",
            "--separator: expected one character, or one of tab, space, comma, semicolon, pipe, got ';;'",
        ),
        (DECIMAL, "x", "--decimal: expected one of ., ,, got 'x'"),
        (JOBS, True, "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got True"),
        (JOBS, "many", "--jobs: expected an integer from 1 to 1,024, or -1 for all cores, got 'many'"),
    ],
)
def test_bad_single_values_are_refused_by_name(knob: Knob, given: Any, message: str) -> None:
    with pytest.raises(SweepError) as error:
        value_of(knob, given)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("knob", "given", "expected", "note"),
    [
        (HIDDEN, ["2", "3", 2, "02"], ["2", "3"], "--hidden: repeated value dropped: 2"),
        (DATASET, ["moons", "flower", "moons"], ["moons", "flower"], "--dataset: repeated value dropped: moons"),
        (LEARNING_RATE, ["0.1", "1e-1", 0, -0.0], [0.1, 0.0], "--learning-rate: repeated value dropped: 0.1, 0.0"),
        (BATCH_SIZE, ["all", 3, "all", "3"], ["all", 3], "--batch-size: repeated value dropped: all, 3"),
        (FEATURES, ["x1+x2x1", "x1+x1x2"], ["x1+x1x2"], "--features: repeated value dropped: x1+x1x2"),
        (SEED, ["0:8", "0:8"], list(range(8)), "--seeds: repeated value dropped: 0, 1, 2, 3, 4 and 3 more"),
    ],
)
def test_repeated_values_are_dropped_and_said(knob: Knob, given: Any, expected: list[Any], note: str) -> None:
    computed, said = values_of(knob, given)
    assert list(computed) == expected
    assert said == note


@settings(max_examples=60, deadline=None)
@given(
    first=st.decimals("1e-12", "1e12", allow_nan=False, allow_infinity=False).filter(bool),
    last=st.decimals("1e-12", "1e12", allow_nan=False, allow_infinity=False).filter(bool),
    count=st.integers(2, 9),
)
def test_points_of_a_range_are_the_exact_ones_rounded_to_twelve_digits(first: Any, last: Any, count: int) -> None:
    assume(first != last)  # a logarithm is not exact enough to round a tie
    low, high = Fraction(first), Fraction(last)
    with mpmath.workdps(60):
        ratio = mpmath.mpf(high.numerator * low.denominator) / (high.denominator * low.numerator)
        start = mpmath.mpf(low.numerator) / low.denominator
        logarithmic = [twelve_digits(start * ratio ** mpmath.fraction(i, count - 1)) for i in range(1, count - 1)]
    linear = [twelve_digits(low + (high - low) * i / (count - 1)) for i in range(1, count - 1)]

    for kind, inner in (("log", logarithmic), ("lin", linear)):
        expected = dict.fromkeys([float(first), *inner, float(last)])
        assert values(LEARNING_RATE, f"{kind}:{first}:{last}:{count}") == list(expected)


@pytest.mark.parametrize(
    ("given", "seed"), [(10, 10), ("10", 10), (["10"], 10), ([np.int64(2)], 2), (2**32 - 1, 2**32 - 1)]
)
def test_a_single_seed_may_have_been_meant_as_many(given: Any, seed: int) -> None:
    computed, said = values_of(SEED, given)
    assert list(computed) == [seed]
    assert said == f"--seeds {seed} is a single seed; for seeds 0 to {seed - 1} use 0:{seed}"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("epochs", " (use --iterations)"),
        ("--max-iter", " (use --iterations)"),
        ("max_iter", " (use --iterations)"),
        ("epoch", " (use --iterations)"),
        ("alpha", " (use --l2)"),
        ("solver", " (use --optimizer)"),
        ("hidden_layer_sizes", " (use --hidden)"),
        ("n_jobs", " (use --jobs)"),
        ("random_state", " (use --seeds)"),
        ("cv", " (use --split)"),
        ("scoring", " (use --metric)"),
        ("test-size", " (use --test-fraction)"),
        ("delimiter", " (use --separator)"),
        ("dropout", " (not available; --l1 and --l2 are penalties on the weights)"),
        ("early_stopping", " (use --patience)"),
        ("iterations", ""),
        ("silly", ""),
    ],
)
def test_names_that_other_programs_have_are_answered_with_ours(name: str, hint: str) -> None:
    assert elsewhere(name) == hint


def test_no_name_from_elsewhere_stands_for_two_settings_or_is_one_of_ours() -> None:
    ours = {flag.lstrip("-") for knob in (*KNOBS, JOBS, BACKEND, SCHEDULER) for flag in knob.flags}
    theirs = [name for knob in (*KNOBS, JOBS, BACKEND, SCHEDULER) for name in knob.elsewhere]
    assert len(set(theirs)) == len(theirs)
    assert ours.isdisjoint(theirs)


def test_a_range_of_seeds_takes_no_memory() -> None:
    tracemalloc.start()
    seeds, _ = values_of(SEED, "0:4294967296")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(seeds) == 2**32
    assert peak < 100_000


def test_every_default_is_valid_and_in_standard_form() -> None:
    for knob in (*REQUESTED, JOBS, BACKEND):
        assert list(values_of(knob, list(knob.default) or None)[0]) == list(knob.default)


def test_names_are_those_of_the_core() -> None:
    for knob, names in ((ACTIVATION, ACTIVATIONS), (OPTIMIZER, OPTIMIZERS), (INIT, INITS)):
        assert values(knob, list(names)) == list(names)
        with pytest.raises(SweepError) as error:
            values_of(knob, "?")
        assert set(str(error.value).split("one of ")[1].split(", got")[0].split(", ")) == set(names)


def test_every_knob_has_a_flag_of_its_own_and_every_word_is_a_default() -> None:
    flags = [flag for knob in (*KNOBS, JOBS, BACKEND, SCHEDULER) for flag in knob.flags]
    assert len(set(flags)) == len(flags)
    assert FOLD.flags == ()  # it follows from --split
    for knob in REQUESTED:
        assert knob.flags[0].lstrip("-").replace("-", "_").removesuffix("s") in (knob.name, knob.name.removesuffix("s"))
        assert knob.word is None or knob.default == (knob.word,)
        assert not knob.is_further or len(knob.default) == 1


@pytest.mark.parametrize("knob", [knob for knob in REQUESTED if knob.is_axis], ids=lambda knob: knob.name)
def test_plain_values_give_the_same_values_again(knob: Knob) -> None:
    given = {"features": [["x1"], ["x2"]], "dataset": ["a", "b"], "hidden": [3, "2x2"], "activation": ["relu", "tanh"]}
    given |= {
        "class_weight": ["balanced"],
        "optimizer": ["adam", "gd"],
        "init": ["he"],
        "bias": ["no"],
        "samples": "10:20",
        "iterations": "10:20",
        "seed": range(7, 0, -2),
    }
    for some in (None, given.get(knob.name, ["0.5", 0.25] if knob.name not in ("batch_size", "data_seed") else "1:5")):
        first, _ = values_of(knob, some)
        again, note = values_of(knob, json.loads(json.dumps(plain(knob, first))))
        assert (list(again), note) == (list(first), None)
        assert [type(value) for value in again] == [type(value) for value in first]


def test_the_message_of_every_error_is_one_line() -> None:
    with pytest.raises(SweepError) as error:
        values_of(HIDDEN, "4\n5")
    assert "\n" not in str(error.value)


def test_nearest_spelling() -> None:
    assert text.closest("flowr", ["moons", "flower"]) == " (did you mean 'flower'?)"
    assert text.closest("zzz", ["moons", "flower"]) == ""
