"""Features computed from the inputs: what text is read, and the values against NumPy's."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.datasets.features import compute
from experiments.knobs.features import Term, parse, standard_form

EXPECTED = "terms such as x1, x1^2, x1x2 and sin(x1), joined by +, or all"


def test_terms() -> None:
    assert parse("x1+x12+x1^2+x3x2+sin(x2)") == (
        Term((1,)),
        Term((12,)),
        Term((1, 1)),
        Term((2, 3)),
        Term((2,), is_sine=True),
    )
    assert parse("all") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", "all"),
        (" ALL ", "all"),
        ("x1", "x1"),
        ("x2+x1", "x2+x1"),
        (" X2x1 + x1^2\t+\nSin(x10)", "x1x2+x1^2+sin(x10)"),
        ("x1x1", "x1^2"),
        ("x10x9", "x9x10"),
        ("x999999999", "x999999999"),
    ],
)
def test_standard_form(text: str, expected: str) -> None:
    assert standard_form(text) == expected
    assert standard_form(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "+", "x", "x0", "x01", "x-1", "x1+", "+x1", "x1++x2", "x1 x2", "x1*x2", "x1^3", "x1^2x2", "x1x2x3",
        "x1x2^2", "x1x0", "sin(x1", "sin x1", "sin(x1^2)", "sin(sin(x1))", "sin(x0)", "cos(x1)", "y", "1", "x1-x2",
        "x1,x2", "x٣", "x1²", "x1+all", "x1\0", "x1234567890",
    ],
)  # fmt: skip
def test_text_that_is_no_terms(text: str) -> None:
    with pytest.raises(ValueError, match="terms") as caught:
        parse(text)
    assert str(caught.value) == EXPECTED
    with pytest.raises(ValueError, match="terms"):
        standard_form(text)


@pytest.mark.parametrize("value", [None, 1, b"x1", ["x1"], Term((1,))])
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(ValueError, match="terms") as caught:
        parse(value)  # type: ignore[arg-type]
    assert str(caught.value) == EXPECTED


@pytest.mark.parametrize(("text", "twice"), [("x1+x2+x1", "x1"), ("x1x2+x2x1", "x1x2"), ("x1^2+x1x1", "x1^2")])
def test_a_term_that_comes_twice(text: str, twice: str) -> None:
    with pytest.raises(ValueError, match="repeated") as caught:
        parse(text)
    assert str(caught.value) == f"each term once ({twice} is repeated)"


@given(st.text(alphabet="x12+^() sinal", max_size=12))
def test_any_text_is_refused_or_has_a_standard_form(text: str) -> None:
    try:
        terms = parse(text)
    except ValueError:
        return
    assert parse(standard_form(text)) == terms
    assert len(set(terms)) == len(terms)


def test_names() -> None:
    names = ("sepal length", "sepal width")
    assert [str(term) for term in parse("x1+x2^2+x1x2+sin(x2)")] == ["x1", "x2^2", "x1x2", "sin(x2)"]
    assert [term.named(names) for term in parse("x1+x2^2+x1x2+sin(x2)")] == [
        "sepal length",
        "sepal width^2",
        "sepal length * sepal width",
        "sin(sepal width)",
    ]


def test_values() -> None:
    X = np.random.RandomState(3).randn(3, 50) * [[1.0], [10.0], [1e4]]
    before = X.copy()
    computed = compute(parse("x3+x1^2+x2x3+sin(x3)+x1"), X)
    assert computed[:3].tolist() == [X[2].tolist(), (X[0] * X[0]).tolist(), (X[1] * X[2]).tolist()]
    np.testing.assert_allclose(computed[3], np.sin(X[2]), rtol=0, atol=1e-15)
    assert computed[4].tolist() == X[0].tolist()
    assert computed.flags.c_contiguous
    assert compute((), X) is X
    np.testing.assert_array_equal(X, before)
    assert compute(parse("x1x2"), X[:, :0]).shape == (1, 0)


def test_values_stay_finite_in_float32_too() -> None:
    X = np.array([[1e30, -1e30, 1e200, -1.7e308, 2e9, 0.0], [1e30, 1e30, 1e200, 1e200, 1.0, -0.0]])
    computed = compute(parse("x1+x1^2+x1x2+sin(x1)"), X)
    assert computed[0].tolist() == [1e30, -1e30, 1e30, -1e30, 2e9, 0.0]
    assert computed[1].tolist() == [1e30, 1e30, 1e30, 1e30, 4e18, 0.0]
    assert computed[2].tolist() == [1e30, -1e30, 1e30, -1e30, 2e9, 0.0]
    edge = math.sin(1e9)
    np.testing.assert_allclose(computed[3], [edge, -edge, edge, -edge, edge, 0.0], rtol=0, atol=1e-15)
    assert np.isfinite(computed.astype(np.float32)).all()


def test_reading_text_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom experiments.knobs.features import parse\nparse('x1+sin(x2)')\n"
        "print(*{'numpy', 'numba', 'sklearn', 'pandas'} & set(sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
