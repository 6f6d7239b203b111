"""Names of metrics and the formatting of their values, in text and plots."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from planar_core.choices import METRICS

_LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "mean absolute error",
}
_UNITS = {
    "accuracy": "%",
    "balanced_accuracy": "%",
    "log_loss": "nats",
    "rmse": "units of the target",
    "mae": "units of the target",
}
_PERCENTAGES = ("accuracy", "balanced_accuracy")
PERCENT_DIGITS, SHARE_DIGITS, SIGNIFICANT = 1, 3, 4
"""Decimals of a percentage, decimals of another metric whose best value is 1, significant digits of all others."""
HELD = 7
"""Digits of a value before it is rounded, as many as the report holds of a run: 100 * 0.6895 is 68.94999999999999."""


def metric_of(summary: pd.DataFrame) -> str:
    """The metric by which a summary is ranked."""
    start = "rank_test_"
    return next(str(name).removeprefix(start) for name in summary.columns if str(name).startswith(start))


def label(metric: str) -> str:
    """``balanced accuracy``, ``AUC``."""
    return _LABELS[metric]


def unit(metric: str) -> str:
    """The unit after the label of an axis: ``(%)``, ``(nats)``, or an empty string."""
    return f" ({_UNITS[metric]})" if metric in _UNITS else ""


def axis_label(metric: str) -> str:
    """The label of an axis: ``test accuracy (%)``, ``test RMSE (...), smaller is better``."""
    better = "" if larger_is_better(metric) else ", smaller is better"
    return f"test {label(metric)}{unit(metric)}{better}"


def cost_unit(score: str) -> str:
    """The unit of the cost, given the score; for regression, errors are those of the standardized target."""
    return "half squared error" if score == "r2" else "nats"


def larger_is_better(metric: str) -> bool:
    """Whether larger values are better."""
    return METRICS[metric].larger_is_better


def limits(metric: str) -> tuple[float, float]:
    """The smallest and the largest possible value."""
    return METRICS[metric].limits


def is_percentage(metric: str) -> bool:
    """Whether values are given in percent."""
    return metric in _PERCENTAGES


def within(metric: str, value: float) -> float:
    """The value, clipped to the limits of the metric: an interval of a share ends at 0 and 1."""
    low, high = METRICS[metric].limits
    return min(max(value, low), high)


def number(metric: str, value: float) -> str:
    """The value as a number without its unit: ``93.3`` (percent), ``0.953``, ``1.250``.

    The one notation of terminal, plots and report (``words.js``): the decimal digits of the value are rounded once,
    half away from zero, and never up to 100 % or 1.000.
    """
    return _written(metric, value, 1)


def said(metric: str, value: float, is_labelled: bool = True) -> str:
    """``93.3 %``, ``AUC 0.953``; accuracies need no label."""
    text = f"{number(metric, value)} %" if metric in _PERCENTAGES else number(metric, value)
    return f"{label(metric)} {text}" if is_labelled and metric != "accuracy" else text


def said_interval(metric: str, low: float, high: float) -> str:
    """``[93.0, 93.6]``, within the limits of the metric."""
    return f"[{', '.join(number(metric, within(metric, end)) for end in (low, high))}]"


def difference(metric: str, value: float) -> str:
    """A difference of two values without its unit: ``19.6`` (percentage points), ``0.012``; it has no limits."""
    return _written(metric, value, math.inf)


def half(metric: str, mean: float, half_width: float) -> str:
    """Half the width of an interval, with as many decimals as ``number`` gives to the mean: ``±1.2``."""
    width, text = 100 * half_width if metric in _PERCENTAGES else half_width, number(metric, mean)
    return f"±{_significant(width) if 'e' in text else _fixed(width, len(text.partition('.')[2]))}"


def tick(metric: str, value: float) -> str:
    """A round value at an axis, in the unit of ``number``: ``92.5``, ``0.95``."""
    return f"{100 * value if metric in _PERCENTAGES else value:.10g}".replace("-", "−")


def target_said(score: str, target: float) -> str:
    """A target value: ``90.5 %``, ``0.81``."""
    return f"{100 * target:.4g} %" if score in _PERCENTAGES else f"{target:.4g}"


def _written(metric: str, value: float, most: float) -> str:
    if metric in _PERCENTAGES:
        return _fixed(100 * value, PERCENT_DIGITS, 100 * most)
    if METRICS[metric].limits[1] == 1 and abs(value) < 1000:
        return _fixed(value, SHARE_DIGITS, most)
    return _significant(value)


def _decimal(value: float) -> Decimal:
    return Decimal(f"{value:.{HELD - 1}e}")


def _fixed(value: float, digits: int, most: float = math.inf) -> str:
    """With ``digits`` decimals; a value below ``most`` is not rounded up to it."""
    if not math.isfinite(value):
        return str(value)
    step = Decimal(1).scaleb(-digits)
    rounded = _decimal(value).quantize(step, ROUND_HALF_UP)
    if value < most <= rounded:
        rounded = Decimal(most) - step
    return f"{rounded + 0:f}"  # no -0.0


def _significant(value: float) -> str:
    """With four significant digits; integers keep all of theirs up to 1e9, and exponents are for what is beyond."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = math.floor(_decimal(value).logb())
    if not -5 < size < 9:
        return f"{value:.{SIGNIFICANT - 1}e}"
    text = _fixed(value, max(0, SIGNIFICANT - 1 - size))
    # 9.9996 has become 10.0000.
    return text if math.floor(Decimal(text).logb()) == size else _fixed(value, max(0, SIGNIFICANT - 2 - size))
