"""The best configuration beside the constant answer and the linear model, in words."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.findings.baselines import compared_in_words

SURE = {"test": 0.737, "difference": 0.196, "ci_low": 0.182, "ci_high": 0.21}
UNSURE = {"test": 0.9, "difference": 0.01, "ci_low": -0.01, "ci_high": 0.03}
WORSE = {"test": 0.95, "difference": -0.02, "ci_low": -0.03, "ci_high": -0.01}
EQUAL = {"test": 0.9, "difference": 0.0, "ci_low": 0.0, "ci_high": 0.0}
ONE = {"test": 0.9, "difference": 0.01, "ci_low": None, "ci_high": None}
UNKNOWN = {"test": None, "difference": None, "ci_low": None, "ci_high": None}


@pytest.mark.parametrize(
    ("constant", "linear", "expected"),
    [
        (
            SURE,
            {"test": 0.9, "difference": 0.033, "ci_low": 0.03, "ci_high": 0.036},
            [
                (
                    "Better than always predicting 'no' (73.7 %) by 19.6 percentage points [18.2, 21.0], and than a "
                    "linear model "
                    "(90.0 %) by 3.3 percentage points [3.0, 3.6]."
                )
            ],
        ),
        (
            SURE,
            UNSURE,
            [
                "Better than always predicting 'no' (73.7 %) by 19.6 percentage points [18.2, 21.0].",
                "No better than a linear model (90.0 %).",
            ],
        ),
        (
            SURE,
            WORSE,
            [
                "Better than always predicting 'no' (73.7 %) by 19.6 percentage points [18.2, 21.0].",
                "Worse than a linear model (95.0 %).",
            ],
        ),
        (
            UNSURE,
            EQUAL,
            [
                "No better than always predicting 'no' (90.0 %): nothing was learned.",
                "No better than a linear model (90.0 %).",
            ],
        ),
        (WORSE, UNKNOWN, ["Worse than always predicting 'no' (95.0 %)."]),
        (
            ONE,
            ONE | {"difference": 0.0},
            [
                "With one replicate, better than always predicting 'no' (90.0 %).",
                "With one replicate, no better than a linear model (90.0 %).",
            ],
        ),
        (UNKNOWN, UNKNOWN, []),
        (SURE | {"difference": None}, UNKNOWN, []),
    ],
)
def test_what_is_said(constant: dict[str, Any], linear: dict[str, Any], expected: list[str]) -> None:
    found = {"answer": "no", "constant": constant, "linear": linear}
    assert list(compared_in_words(found, "accuracy")) == expected


def test_other_metrics() -> None:
    beside = {"test": 2.5, "difference": 1.25, "ci_low": 1.0, "ci_high": 1.5}
    found = {"answer": "3.5", "constant": beside, "linear": UNKNOWN}
    assert list(compared_in_words(found, "rmse")) == [
        "Better than always predicting the mean (2.500) by 1.250 [1.000, 1.500]."
    ]
    found = {
        "answer": "no",
        "constant": {"test": 0.5, "difference": 0.25, "ci_low": 0.125, "ci_high": 0.375},
        "linear": UNKNOWN,
    }
    assert list(compared_in_words(found, "auc")) == [
        "Better than always predicting 'no' (0.500) by 0.250 [0.125, 0.375]."
    ]
