"""Names of metrics and the formatting of their values, in text and plots."""

from __future__ import annotations

import math

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
    "accuracy": "fraction correct",
    "log_loss": "nats",
    "rmse": "units of the target",
    "mae": "units of the target",
}
_PERCENTAGES = ("accuracy", "balanced_accuracy")


def metric_of(summary: pd.DataFrame) -> str:
    """The metric by which a summary is ranked."""
    start = "rank_test_"
    return next(str(name).removeprefix(start) for name in summary.columns if str(name).startswith(start))


def label(metric: str) -> str:
    """``balanced accuracy``, ``AUC``."""
    return _LABELS[metric]


def unit(metric: str) -> str:
    """The unit after the label of an axis: ``(fraction correct)``, ``(nats)``, or an empty string."""
    return f" ({_UNITS[metric]})" if metric in _UNITS else ""


def axis_label(metric: str) -> str:
    """The label of an axis: ``test accuracy (fraction correct)``, ``test RMSE (...), smaller is better``."""
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


def said(metric: str, value: float, is_labelled: bool = True) -> str:
    """``93.3 %``, ``AUC 0.953``; never rounded up to 100 % or 1.000."""
    if metric in _PERCENTAGES:
        text = f"{_short_of(100 * value, 100, 1)} %"
        return text if metric == "accuracy" or not is_labelled else f"{label(metric)} {text}"
    text = number(metric, value)
    return f"{label(metric)} {text}" if is_labelled else text


def said_interval(metric: str, low: float, high: float) -> str:
    """``[93.0, 93.6]``, within the limits of the metric."""
    ends = [within(metric, end) for end in (low, high)]
    if metric in _PERCENTAGES:
        return f"[{', '.join(_short_of(100 * end, 100, 1) for end in ends)}]"
    return f"[{', '.join(number(metric, end) for end in ends)}]"


def number(metric: str, value: float, digits: int = 3) -> str:
    """The value as a number: shares and R^2 with ``digits`` decimals, others with one significant digit more."""
    if metric in ("rmse", "mae") or abs(value) >= 1000:
        return f"{value:#.{digits + 1}g}".rstrip(".")
    return _short_of(value, 1, digits)


def half(metric: str, mean: float, half_width: float) -> str:
    """Half the width of an interval, with as many decimals as ``number`` gives to the mean: ``±0.012``."""
    _, _, decimals = number(metric, mean).partition(".")
    return f"±{half_width:.{len(decimals)}f}" if decimals.isdigit() else f"±{half_width:.2g}"


def target_said(score: str, target: float) -> str:
    """A target value: ``90.5 %``, ``0.81``."""
    return f"{100 * target:.4g} %" if score in _PERCENTAGES else f"{target:.4g}"


def _short_of(value: float, most: float, digits: int) -> str:
    """With ``digits`` decimals; never rounded up to ``most``."""
    text = f"{value:.{digits}f}"
    if value < most and float(text) >= most:
        return f"{math.floor(value * 10**digits) / 10**digits:.{digits}f}"
    return text
