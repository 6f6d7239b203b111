"""The exact arithmetic of the page, in a browser, and the generated data that it draws: the bits of the project."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.datasets.loading import load
from experiments.datasets.synthetic import PROBLEMS
from planar_core import elementary, initialize
from planar_core.streams import Stream
from tests.helpers.browser import Browser

BITS = """const bits = (numbers) => {
  const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
const numbers = (hex) => new Float64Array(Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16)).buffer);
"""


@pytest.fixture
def functions(browser: Browser, page: Path) -> Browser:
    """The page, as whoever was here before left it: what its functions return does not depend on that."""
    if browser.driver.current_url != page.as_uri():
        browser.open(page)
    return browser


def bits(numbers: Any) -> str:
    return np.asarray(numbers, dtype="<f8").tobytes().hex()


def of_browser(browser: Browser, function: str, *arguments: Any) -> np.ndarray[Any, Any]:
    """What a function of the page makes of the numbers, element by element."""
    text = browser(
        BITS + "const [name, ...hex] = arguments, [first, ...others] = hex.map(numbers);"
        "return bits(first.map((x, i) => planar[name](x, ...others.map((row) => row[i]))));",
        function,
        *map(bits, arguments),
    )
    return np.frombuffer(bytes.fromhex(text), "<f8")


def rounded(exact: Fraction) -> float:
    """The nearest double of a fraction, to even: Python divides integers that way, except beyond the range."""
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def expected_fma(a: float, b: float, c: float) -> float:
    if not all(map(math.isfinite, (a, b))):
        return a * b + c
    if not math.isfinite(c):
        return c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return rounded(exact) if exact else a * b + c if not (a and b) else 0.0


def hard_cases() -> list[tuple[float, float, float]]:
    """Half way between two numbers and just beside it, subnormal, cancelling, overflowing, infinite, nan."""
    draw = random.Random(1)
    ulp, tiny, huge = 2.0**-52, 5e-324, 1.7976931348623157e308
    special = [0.0, -0.0, tiny, -tiny, 2.0**-1022, 1.0, -1.0, 1 + ulp, huge, -huge, math.inf, -math.inf, math.nan]
    cases = list(itertools.product(special, special, special))
    cases += [(1 + ulp, 1 + ulp, c) for c in (-1.0, -1 - 2 * ulp, 2.0**53, 2.0**-105, -(2.0**-105), 2.0**105)]
    cases += [(1 + ulp, 1 - ulp, c) for c in (-1.0, 1.0, 2.0**-106, 2.0**-104, -(2.0**-54))]
    # a b is half way between two numbers, and the smallest c decides.
    cases += [(1 + 2.0**-27, 1 + 2.0**-26, sign * 2.0**-k) for k in (53, 54, 106, 300, 1074) for sign in (1, -1)]
    cases += [(3.0, 2.0**-1074 * k, sign * tiny) for k in range(8) for sign in (1, -1)]
    cases += [(0.5, tiny * k, c) for k in range(8) for c in (0.0, tiny, -tiny, 3 * tiny)]
    cases += [(2.0**1000, 2.0**25 - 1, -huge), (huge, 2.0, -huge), (huge, 1 + ulp, -huge), (-huge, huge, math.inf)]
    for _ in range(4000):
        a, b = (draw.uniform(-2, 2) * 2.0 ** draw.randrange(-540, 500) for _ in range(2))
        product = a * b
        shift = draw.choice((0, 1, 26, 52, 53, 54, 105, 106, 107, draw.randrange(-200, 200)))
        near = product * draw.choice((1.0, -1.0, 1 + ulp, -1 - ulp, draw.uniform(-2, 2)))
        cases.append((a, b, near * 2.0**-shift if math.isfinite(near) else 1.0))
    for _ in range(1000):  # with few bits, so that halves are frequent
        a, b = (draw.randrange(1, 2**27) * 2.0 ** draw.randrange(-20, 20) for _ in range(2))
        cases.append((a, b, draw.choice((1, -1)) * draw.randrange(1, 2**20) * 2.0 ** draw.randrange(-60, 120)))
    for _ in range(1000):  # around the smallest normal number
        a = draw.uniform(1, 2) * 2.0 ** draw.randrange(-600, -400)
        b = draw.uniform(1, 2) * 2.0 ** draw.randrange(-640, -440)
        cases.append((a, b, draw.uniform(-2, 2) * 2.0 ** draw.randrange(-1074, -1000)))
    return cases


def test_multiply_and_add_rounds_once(functions: Browser) -> None:
    cases = hard_cases()
    computed = of_browser(functions, "fma", *np.array(cases).T)
    expected = [expected_fma(*case) for case in cases]
    # All nan are equal.
    same = np.isnan(computed) & np.isnan(expected) | (computed.view(np.int64) == np.array(expected).view(np.int64))
    assert [(case, x, y) for case, x, y, ok in zip(cases, computed, expected, same, strict=True) if not ok] == []


def test_a_sum_rounds_once(functions: Browser) -> None:
    draw = random.Random(2)
    lists = [[], [0.1] * 10, [1e100, 1.0, -1e100], [1.0, 2.0**-53, 2.0**-106], [1.0, 2.0**-53, -(2.0**-106)]]
    lists += [[1.0, -(2.0**-54), -(2.0**-108)], [2.0**53, 1.0, -5e-324], [1e-320] * 7, [1e16, 1.0, 1e-16]]
    for _ in range(300):
        size, spread = draw.randrange(1, 60), draw.choice((1, 60, 600))
        numbers = [draw.uniform(-1, 1) * 2.0 ** draw.randrange(-spread, spread) for _ in range(size)]
        lists.append([*numbers, *(-x for x in numbers[: draw.randrange(size)])])
    computed = functions("return arguments[0].map((numbers) => planar.exactSum(numbers))", lists)
    assert computed == [math.fsum(numbers) for numbers in lists]


@pytest.mark.parametrize("name", ["log", "sin", "cos"])
def test_elementary_functions_are_those_of_the_core(functions: Browser, name: str) -> None:
    draw = np.random.RandomState(3)
    special = [0.0, -0.0, 5e-324, -5e-324, 1e-310, 2.0**-1022, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e9, -1e9, 2e9]
    halves = [k * math.pi / 4 for k in range(-40, 41)]
    around = [np.nextafter(x, to) for x in (1.0, math.sqrt(0.5), math.sqrt(2)) for to in (0.0, 2.0)]
    uniform = draw.random_sample(3000)
    x = np.array([*special, *halves, *around, *uniform, *(20 * uniform - 10), *np.exp(40 * uniform - 20)])
    computed, expected = of_browser(functions, f"{name}Of", x), elementary.evaluate(name, x)
    same = np.isnan(computed) & np.isnan(expected) | (computed.view(np.int64) == expected.view(np.int64))
    assert x[~same].tolist() == []


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_normal_numbers_have_the_bits_of_the_core(functions: Browser, seed: int) -> None:
    computed = functions(
        BITS + "const random = new planar.RandomState(arguments[0]);"
        "return bits(Array.from({ length: 5001 }, () => random.normal()));",
        seed,
    )
    assert computed == bits(Stream(seed).normal(5001))


@pytest.mark.parametrize("init", ["normal", "glorot", "he"])
def test_initial_weights_have_the_bits_of_the_core(functions: Browser, init: str) -> None:
    others = ("3x5x2", 0.4, 2, 0.1, -0.7), ("0", 0.3, 1, 5.0, 1.0)
    for hidden, *more in (("0", None), ("4", 0.3), ("3x5x2", None), *others):
        computed = functions(
            BITS + "const weights = planar.initialize(3, ...arguments).flatMap(({ W, b }) => [...W, b]);"
            "return bits(weights.flatMap((row) => [...row]));",
            hidden, 5, init, *more,
        )  # fmt: skip
        layers = initialize(3, hidden, 5, init, *more)
        assert computed == bits(np.concatenate([part.ravel() for layer in layers for part in layer]))


FEATURES = ["all", "x1+x2+x1^2+x2^2+x1x2+sin(x1)+sin(x2)", "sin(x2)+x1x2", "x2"]


def settings() -> list[dict[str, Any]]:
    """Every generated data set with noise, samples, data seeds and features, not all of them with all."""
    grid = []
    for dataset in PROBLEMS:
        noises = ["auto", 0.0, 0.1, 0.5, 3.0, 1e6]
        for k, (noise, samples) in enumerate(itertools.product(noises, [10, 11, 400, 1003])):
            data_seed: Any = ["auto", 0, 7, 2**32 - 1, "seed"][(k + k // 5) % 5]
            one = {"dataset": dataset, "noise": noise, "samples": samples, "data_seed": data_seed, "seed": 5}
            grid.append({**one, "features": FEATURES[k % len(FEATURES)]})
    grid[-1]["samples"] = 1  # of gaussian_random
    return grid


def fingerprint(data: Any) -> list[str]:
    arrays = (data.X, data.Y, data.X_test, data.Y_test)
    return [hashlib.sha256(array.astype("<f8").tobytes()).hexdigest() for array in arrays]


@pytest.mark.parametrize("dataset", PROBLEMS)
def test_generated_data_have_the_bits_of_the_project(functions: Browser, dataset: str) -> None:
    grid = [each for each in settings() if each["dataset"] == dataset]
    assert len(grid) == 24
    computed = functions.driver.execute_async_script(
        """const [grid, done] = arguments;
        const hash = async (rows) => {
          const bytes = new Uint8Array(await new Blob(rows).arrayBuffer());
          const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
          return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
        };
        Promise.all(grid.map((changed) => {
          const { X, Y, X_test, Y_test } = planar.generated({ ...planar.defaultSetting(), ...changed });
          return Promise.all([X, [Y], X_test, [Y_test]].map(hash));
        })).then(done);""",
        grid,
    )
    for setting, hashes in zip(grid, computed, strict=True):
        given = {name: value for name, value in setting.items() if value not in ("auto", "all")}
        seed = given.pop("seed")
        if given.get("data_seed") == "seed":
            given["data_seed"] = seed
        data = load(given.pop("dataset"), **given)
        assert hashes == fingerprint(data), setting


@pytest.mark.parametrize("dataset", ["moons", "plane", "blobs"])
def test_data_say_what_they_are(functions: Browser, dataset: str) -> None:
    computed = functions(
        "const [dataset, features] = arguments;"
        "const data = planar.generated({ ...planar.defaultSetting(), dataset, features });"
        "return { ...data, X: data.X.length };",
        dataset,
        FEATURES[1],
    )
    data = load(dataset, features=FEATURES[1])
    assert computed["task"] == data.task
    assert computed["class_names"] == list(data.class_names)
    assert computed["feature_names"] == list(data.feature_names)
    assert computed["X"] == len(data.X)
    assert computed["plane"]["names"] == ["x1", "x2"]
    assert computed["plane"]["terms"][4:6] == [{"factors": [0, 1], "sine": False}, {"factors": [0], "sine": True}]
    if data.task == "regression":
        mean, deviation = data.target_scale
        assert computed["target"] == {"name": "y", "mean": mean, "deviation": deviation}
