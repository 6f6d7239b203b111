"""Numbers as text: one notation for terminal, plots and report."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

import pytest

from experiments.tables.words import difference, half, number, said, said_interval, tick


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("accuracy", 0.6895, "69.0"),  # 68.95: half away from zero, although its double is smaller
        ("accuracy", 0.6885, "68.9"),
        ("accuracy", 0.68949, "68.9"),
        ("accuracy", 0.0, "0.0"),
        ("accuracy", 1.0, "100.0"),
        ("accuracy", 0.9996, "99.9"),  # not all were right
        ("accuracy", 0.999999999, "99.9"),
        ("balanced_accuracy", 1 / 3, "33.3"),
        ("auc", 0.9535, "0.954"),
        ("auc", 0.99996, "0.999"),
        ("r2", -0.0004, "0.000"),
        ("r2", -0.0005, "-0.001"),
        ("r2", -12345.678, "-12346"),
        ("rmse", 50.25, "50.25"),
        ("rmse", 45230.7, "45231"),
        ("rmse", 9.9996, "10.00"),
        ("rmse", 99999.6, "100000"),
        ("rmse", 0.00012345, "0.0001235"),
        ("rmse", 1.5e-9, "1.500e-09"),
        ("mae", 1.5e12, "1.500e+12"),
        ("log_loss", 0.99999, "1.000"),
        ("log_loss", 0.0, "0"),
        ("rmse", math.inf, "inf"),
    ],
)
def test_a_number_has_the_digits_of_its_metric(metric: str, value: float, expected: str) -> None:
    assert number(metric, value) == expected


def test_shares_of_test_points_are_rounded_as_by_hand() -> None:
    for points in (100, 256, 400, 1000):
        for right in range(points):
            exact = (Decimal(100 * right) / points).quantize(Decimal("0.1"), ROUND_HALF_UP)
            assert number("accuracy", right / points) == str(min(exact, Decimal("99.9")))


def test_values_have_their_unit_in_a_sentence() -> None:
    assert said("accuracy", 0.93287) == "93.3 %"
    assert said("balanced_accuracy", 0.5) == "balanced accuracy 50.0 %"
    assert said("balanced_accuracy", 0.5, is_labelled=False) == "50.0 %"
    assert said("auc", 0.95) == "AUC 0.950"
    assert said_interval("accuracy", 0.9, 1.02) == "[90.0, 100.0]"


def test_a_difference_has_no_limit() -> None:
    assert difference("accuracy", 1.0) == "100.0"
    assert difference("accuracy", 0.99999) == "100.0"
    assert difference("auc", -0.0125) == "-0.013"


def test_half_an_interval_has_the_decimals_of_its_mean() -> None:
    assert half("accuracy", 0.9, 0.0123) == "±1.2"
    assert half("rmse", 45230.7, 812.3) == "±812"
    assert half("auc", 0.9, 0.01) == "±0.010"


def test_ticks_are_in_the_unit_of_the_axis() -> None:
    assert [tick("accuracy", value) for value in (0.07, 0.925, -0.1)] == ["7", "92.5", "−10"]
    assert tick("r2", 0.95) == "0.95"
