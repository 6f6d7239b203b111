"""exp, log and their like: how far off they are, and what they make of zeros, infinities, nan and subnormal numbers.

``.venv/bin/python -m tests.planar_core.test_elementary`` prints the largest errors that it finds, for the docstrings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from planar_core.compiling import kernel
from planar_core.elementary import evaluate, log1p_of_exp
from planar_core.simd import lanes_of, load, store

Array = npt.NDArray[Any]

FUNCTIONS = ("exp", "log", "log1p", "sin", "cos", "tanh", "sigmoid")
DTYPES = ("float64", "float32")
LARGEST_ANGLE = {"float64": 1e9, "float32": 1e5}  # sin and cos are nan beyond
SIGMOID_LOW = {"float64": -708.0, "float32": -87.0}  # below, sigmoid is what it is here
ANY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)

# In ulp; a little above the largest error that was found, and below 3 in any case.
LIMITS = {
    "exp": {"float64": 1.75, "float32": 1.7},
    "log": {"float64": 0.85, "float32": 0.85},
    "log1p": {"float64": 0.9, "float32": 0.9},
    "sin": {"float64": 1.6, "float32": 1.5},
    "cos": {"float64": 1.6, "float32": 1.5},
    "tanh": {"float64": 2.6, "float32": 2.9},
    "sigmoid": {"float64": 2.6, "float32": 2.5},
}


# --- the error in ulp -------------------------------------------------------------------------------------


def in_ulp(computed: Array, high: Array, low: Array) -> Array:
    """|computed - exact| with exact = high + low, in units of the last place that exact has in the dtype.

    ``high`` and ``low`` are float64. Where exact overflows the dtype, the error is that of anything but inf.
    """
    info = np.finfo(computed.dtype)
    exponent = np.frexp(high)[1] - 1
    exponent -= (low * np.sign(high) < 0) & (np.abs(high) == np.ldexp(1.0, exponent))  # just below a power of two
    last_place = np.ldexp(1.0, np.maximum(exponent, info.minexp) - info.nmant)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs((computed.astype(np.float64) - high) - low) / last_place
        rounded = high.astype(computed.dtype)
    return np.where(computed == rounded, np.where(np.isinf(high), 0, error), error)


def exact(name: str, x: Array) -> tuple[Array, Array]:
    """A function of float64 numbers in multiple precision, as an unevaluated sum of two float64 arrays."""
    functions: dict[str, Callable[[Any], Any]] = {
        **{each: getattr(mpmath, each) for each in FUNCTIONS if each != "sigmoid"},
        "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    }
    high, low = np.empty((2, x.size))
    with mpmath.workprec(150):
        for i, number in enumerate(x.tolist()):
            value = functions[name](mpmath.mpf(number))
            high[i] = float(value)
            low[i] = float(value - mpmath.mpf(high[i])) if math.isfinite(high[i]) else 0.0
    return high, low


def exact_enough(name: str, x: Array) -> tuple[Array, Array]:
    """A function of float32 numbers from NumPy in float64, which is off by some 1e-8 ulp of float32."""
    wide = x.astype(np.float64)
    with np.errstate(over="ignore", divide="ignore"):
        high = 1 / (1 + np.exp(-wide)) if name == "sigmoid" else getattr(np, name)(wide)
    return high, np.zeros_like(high)


def in_domain(name: str, x: Array) -> Array:
    """Those of the numbers for which an error in ulp is stated: the results are finite, and sigmoid's are normal."""
    dtype = x.dtype.name
    largest = float(np.finfo(dtype).max)
    low, high = {
        "exp": (-math.inf, math.log(largest)),
        "log": (0.0, largest),
        "log1p": (-1.0, largest),
        "sin": (-LARGEST_ANGLE[dtype], LARGEST_ANGLE[dtype]),
        "cos": (-LARGEST_ANGLE[dtype], LARGEST_ANGLE[dtype]),
        "tanh": (-math.inf, math.inf),
        "sigmoid": (SIGMOID_LOW[dtype], math.inf),
    }[name]
    with np.errstate(invalid="ignore"):  # signalling nan, which are not in any domain
        inside = (x >= low) & (x <= high)
    kept: Array = x[inside]
    poles = {"log": 0.0, "log1p": -1.0}
    return kept[kept != poles[name]] if name in poles else kept


def neighbours(points: Array, steps: int = 2) -> Array:
    """The points and the numbers next to them."""
    bits = points.view(np.int64)
    return np.concatenate([(bits + step).view(np.float64) for step in range(-steps, steps + 1)])


def float64_sample(name: str, n: int) -> Array:
    """About 3 n numbers: spread evenly, of every magnitude, and close to where a reduction of the argument turns."""
    random = np.random.RandomState(11)
    low, high = {
        "exp": (-746.0, 709.78),
        "log": (0.0, 4.0),
        "log1p": (-1.0, 4.0),
        "sin": (-1e9, 1e9),
        "cos": (-1e9, 1e9),
        "tanh": (-23.0, 23.0),
        "sigmoid": (-708.0, 45.0),
    }[name]
    spread = random.uniform(low, high, n)
    small = random.choice([-1.0, 1.0], n) * 2.0 ** random.uniform(-60, 4, n)
    any_bits = random.randint(0, 2**63, n // 4).view(np.float64)  # positive, of every magnitude, subnormal as well
    some = random.randint(1, 60, n // 4)
    close_to_0 = np.ldexp(random.uniform(-1, 1, n // 4), -some)
    turns = {
        "exp": (random.randint(-2100, 2000, n // 20) + 0.5) * math.log(2),
        "log": math.sqrt(0.5) * 2.0 ** random.randint(-1000, 1000, n // 20),
        "log1p": math.sqrt(0.5) * 2.0 ** random.randint(0, 1000, n // 20) - 1,
        "tanh": (random.randint(-60, 60, n // 20) + 0.5) * math.log(2) / 2,
        "sigmoid": (random.randint(-1000, 60, n // 20) + 0.5) * math.log(2),
    }.get(name, random.randint(1, 1_270_000_000, n // 20) * (math.pi / 4))
    mild = random.uniform(-30, 30, n // 4)
    near = close_to_0 + {"log": 1.0, "log1p": -1.0}.get(name, 0.0)
    parts = (spread, small, any_bits, -any_bits, near, neighbours(turns), mild)
    return in_domain(name, np.concatenate(parts))


def float32_samples(name: str, stride: int, chunk: int = 2**22) -> Iterator[Array]:
    """Every ``stride``-th of all float32 numbers, in arrays of about ``chunk``."""
    for start in range(0, 2**32, chunk * stride):
        bits = np.arange(start, min(start + chunk * stride, 2**32), stride, dtype=np.uint64)
        yield in_domain(name, bits.astype(np.uint32).view(np.float32))


def largest_error(name: str, x: Array) -> tuple[float, float]:
    """(error in ulp, where) over numbers of either dtype."""
    if not x.size:
        return 0.0, math.nan
    high, low = exact(name, x) if x.dtype == np.float64 else exact_enough(name, x)
    errors = in_ulp(evaluate(name, x), high, low)
    at = int(np.argmax(errors))  # argmax takes a nan for the largest
    return float(errors[at]), float(x[at])


def largest_error_of_float32(name: str, stride: int) -> tuple[float, float]:
    return max(largest_error(name, x) for x in float32_samples(name, stride))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float64_error_on_a_sample(name: str) -> None:
    error, where = largest_error(name, float64_sample(name, 3000))
    assert error <= LIMITS[name]["float64"], f"{name}({where!r}) is off by {error:.2f} ulp"


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_float64_error_on_a_large_sample(name: str) -> None:
    error, where = largest_error(name, float64_sample(name, 100_000))
    assert error <= LIMITS[name]["float64"], f"{name}({where!r}) is off by {error:.2f} ulp"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_error_on_a_sample(name: str) -> None:
    error, where = largest_error_of_float32(name, 2003)
    assert error <= LIMITS[name]["float32"], f"{name}({where!r}) is off by {error:.2f} ulp"


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_error_on_a_dense_sample(name: str) -> None:
    error, where = largest_error_of_float32(name, 19)
    assert error <= LIMITS[name]["float32"], f"{name}({where!r}) is off by {error:.2f} ulp"


def test_no_limit_is_above_the_promised_3_ulp() -> None:
    assert max(limit for limits in LIMITS.values() for limit in limits.values()) <= 3


def test_measuring_sees_one_ulp() -> None:
    for dtype in DTYPES:
        x = np.array([0.9, 1.1, 7.0, 1e-30], dtype)
        high, low = exact("exp", x.astype(np.float64))
        rounded = high.astype(dtype)
        assert in_ulp(rounded, high, low).max() <= 0.5
        for other in (np.inf, -np.inf):
            errors = in_ulp(np.nextafter(rounded, np.dtype(dtype).type(other)), high, low)
            assert (errors >= 0.49).all()
            assert (errors <= 1.51).all()
    just_below_1 = in_ulp(np.array([1.0]), np.array([1.0]), np.array([-(2.0**-54)]))
    assert just_below_1.tolist() == [0.5]  # of the spacing below 1, which is half of that above


# --- symmetry ---------------------------------------------------------------------------------------------


def numbers_of_every_magnitude(dtype: str) -> Array:
    random = np.random.RandomState(12)
    most = {"float64": 300, "float32": 37}[dtype]
    x = np.concatenate([random.uniform(0, 40, 20_000), 10.0 ** random.uniform(-most, most, 20_000), [0.0, math.inf]])
    return x.astype(dtype)


@ANY_DTYPE
@pytest.mark.parametrize("name", ["tanh", "sin"])
def test_odd_functions_are_exactly_odd(name: str, dtype: str) -> None:
    x = numbers_of_every_magnitude(dtype)
    if name == "sin":
        x = in_domain(name, x)
    assert evaluate(name, -x).tobytes() == (-evaluate(name, x)).tobytes()


@ANY_DTYPE
def test_cosine_is_exactly_even(dtype: str) -> None:
    x = in_domain("cos", numbers_of_every_magnitude(dtype))
    assert evaluate("cos", -x).tobytes() == evaluate("cos", x).tobytes()


@ANY_DTYPE
@pytest.mark.parametrize(
    ("name", "low", "high"), [("tanh", -1, 1), ("sigmoid", 0, 1), ("sin", -1, 1), ("cos", -1, 1), ("exp", 0, math.inf)]
)
def test_results_stay_within_their_range(name: str, low: float, high: float, dtype: str) -> None:
    x = numbers_of_every_magnitude(dtype)
    if name in ("sin", "cos"):
        x = np.append(in_domain(name, x), np.arange(20_000) * (math.pi / 2)).astype(dtype)
    y = evaluate(name, np.append(x, -x))
    assert ((y >= low) & (y <= high)).all()


# --- special numbers ----------------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan
SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (1e3, INF), (-1e3, 0.0), (1e30, INF), (-1e30, 0.0)],
    "log": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-INF, NAN), (-1.0, NAN), (-1e-30, NAN)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, NAN), (-1.0, -INF), (-2.0, NAN), (-1e-30, -1e-30)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (1e10, NAN), (-1e10, NAN), (-1e-30, -1e-30)],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (1e10, NAN), (-1e10, NAN), (1e-30, 1.0)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (25.0, 1.0), (-25.0, -1.0), (-1e30, -1.0)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (50.0, 1.0), (1e30, 1.0), (1e-30, 0.5), (-1e-30, 0.5)],
}


@ANY_DTYPE
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_numbers(name: str, dtype: str) -> None:
    x, expected = np.array(SPECIAL[name], dtype).T
    computed = evaluate(name, x)
    np.testing.assert_array_equal(computed, expected)
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(computed[zeros]), np.signbit(expected[zeros]))


@ANY_DTYPE
@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_gives_nan_in_any_lane_and_leaves_the_others_alone(name: str, dtype: str) -> None:
    x = np.linspace(0.5, 2.0, 35).astype(dtype)
    expected = evaluate(name, x)
    for at in range(x.size):
        with_nan = x.copy()
        with_nan[at] = math.copysign(math.nan, (-1) ** at)
        computed = evaluate(name, with_nan)
        assert np.isnan(computed[at])
        assert np.delete(computed, at).tobytes() == np.delete(expected, at).tobytes()


@ANY_DTYPE
def test_exp_down_to_the_smallest_number(dtype: str) -> None:
    smallest = float(np.finfo(dtype).smallest_subnormal)
    end = math.log(smallest)
    x = np.linspace(end - 2, end + 30, 999).astype(dtype)
    error, where = largest_error("exp", x)
    assert error <= LIMITS["exp"][dtype], where
    assert evaluate("exp", np.array([end + 0.01, end - 1], dtype)).tolist() == [smallest, 0.0]


@ANY_DTYPE
def test_exp_up_to_the_largest_number(dtype: str) -> None:
    largest = np.finfo(dtype).max
    end = np.array([math.log(float(largest))], dtype)
    below, above = np.nextafter(end, 0, dtype=dtype), np.nextafter(end, np.inf, dtype=dtype)
    error, where = largest_error("exp", np.append(below, np.linspace(80, below[0], 500, dtype=dtype)))
    assert error <= LIMITS["exp"][dtype], where
    assert evaluate("exp", np.append(above, above + 1)).tolist() == [math.inf, math.inf]


@ANY_DTYPE
@pytest.mark.parametrize("name", ["log", "log1p", "sin", "tanh"])
def test_subnormal_numbers(name: str, dtype: str) -> None:
    smallest = float(np.finfo(dtype).smallest_subnormal)
    x = (np.append(np.arange(1, 500), 2 ** np.arange(20)) * smallest).astype(dtype)
    error, where = largest_error(name, x)
    assert error <= LIMITS[name][dtype], where


@ANY_DTYPE
def test_sigmoid_is_accurate_in_the_left_tail_and_constant_beyond(dtype: str) -> None:
    low = SIGMOID_LOW[dtype]
    tail = np.linspace(low, low + 20, 2000).astype(dtype)
    error, where = largest_error("sigmoid", tail)
    assert error <= LIMITS["sigmoid"][dtype], where
    last = evaluate("sigmoid", np.array([low, low - 1, low - 1000, -math.inf], dtype))
    assert last[0] >= np.finfo(dtype).tiny
    assert (last == last[0]).all()


@ANY_DTYPE
def test_saturation_is_where_the_exact_result_rounds_to_it(dtype: str) -> None:
    step = float(np.finfo(dtype).eps)
    distances = np.array([3 * step, step / 8])  # from 1; the second is a quarter of the spacing below 1
    for name, x in (("tanh", np.log(2 / distances) / 2), ("sigmoid", -np.log(distances))):
        near, nearer = evaluate(name, x.astype(dtype))
        assert near < nearer == 1


@ANY_DTYPE
def test_sine_next_to_multiples_of_half_pi(dtype: str) -> None:
    k = np.unique(np.geomspace(1, LARGEST_ANGLE[dtype] / 1.6, 800).astype(np.int64))
    x = (k * (math.pi / 2)).astype(dtype)
    for name in ("sin", "cos"):
        error, where = largest_error(name, x)
        assert error <= LIMITS[name][dtype], where


# --- arrays -----------------------------------------------------------------------------------------------


@ANY_DTYPE
@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (8,), (9,), (3, 5), (2, 0, 3), (2, 3, 17)])
def test_evaluate_keeps_shape_and_dtype(shape: tuple[int, ...], dtype: str) -> None:
    x = np.random.RandomState(13).uniform(-3, 3, shape)
    computed = evaluate("tanh", np.asarray(x, dtype))
    assert computed.shape == shape
    assert computed.dtype == dtype
    np.testing.assert_allclose(computed, np.tanh(x), rtol=1e-6)


def test_evaluate_takes_strided_arrays_and_integers_and_leaves_its_argument_alone() -> None:
    x = np.arange(24.0).reshape(4, 6)
    before = x.copy()
    for view in (x.T, x[::2, ::-3], np.asfortranarray(x)):
        np.testing.assert_allclose(evaluate("exp", view), np.exp(view), rtol=1e-14)
    np.testing.assert_array_equal(x, before)
    five: Any = np.arange(5)
    integers = evaluate("exp", five)
    assert integers.dtype == np.float64
    np.testing.assert_allclose(integers, np.exp(np.arange(5)), rtol=1e-14)


def test_result_does_not_depend_on_the_place_in_the_array() -> None:
    x = np.random.RandomState(14).uniform(-3, 3, 40)
    for name in FUNCTIONS:
        whole = evaluate(name, x)
        for i in range(x.size):
            assert evaluate(name, x[i:]).tobytes() == whole[i:].tobytes()


def test_evaluate_refuses_an_unknown_name() -> None:
    message = "'cosh': expected one of exp, log, log1p, sin, cos, tanh, sigmoid"
    with pytest.raises(ValueError, match=f"^{message}$"):
        evaluate("cosh", np.zeros(3))


def main() -> None:
    for name in FUNCTIONS:
        for dtype in DTYPES:
            error, where = (
                largest_error(name, float64_sample(name, 300_000))
                if dtype == "float64"
                else largest_error_of_float32(name, 5)
            )
            print(f"{name:8} {dtype} {error:.3f} ulp at {where!r}", flush=True)


if __name__ == "__main__":
    main()


@ANY_DTYPE
def test_error_of_log1p_of_exp(dtype: str) -> None:
    @kernel
    def apply(x: Any, out: Any) -> None:
        for block in range(x.shape[0] // lanes_of(x)):
            store(out, 0, block, log1p_of_exp(load(x, 0, block)))

    random, least = np.random.RandomState(12), {"float64": -706.0, "float32": -85.0}[dtype]
    far, near, small = (
        random.uniform(least, 0, 1600),
        random.uniform(-4, 0, 1600),
        -(2.0 ** random.uniform(-60, 0, 800)),
    )
    x = np.concatenate([far, near, small, [0.0, -0.0] * 8]).astype(dtype)
    computed = np.empty_like(x)
    apply(x, computed)
    with mpmath.workprec(1200):
        high = np.array([float(mpmath.log1p(mpmath.exp(number))) for number in x.tolist()])
    assert (in_ulp(computed, high, np.zeros_like(high)) <= 3.5 + 1.5 * np.abs(x)).all()
    x = np.array([-1000.0, -np.inf, np.nan, least - 3] * 4).astype(dtype)
    computed = np.empty_like(x)
    apply(x, computed)
    np.testing.assert_array_equal(computed, np.where(np.isnan(x), np.nan, 0))
