"""The ROC curve: true against false positives at every threshold of the probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.plots.axes import legend_beside, new_axes, text_panel, title_axes
from experiments.plots.plane import MAX_CLASSES, _colour
from experiments.plots.style import INK, SMALL, count, words
from experiments.plots.trained import Predicted
from experiments.tables.words import number

GRID = np.linspace(0, 1, 201)  # false positive rates of the mean curve
MAX_CURVES = 20  # of replicates, for each class
Floats = npt.NDArray[np.float64]


def plot_roc(
    predictions: Sequence[Predicted],
    class_names: Sequence[str],
    notes: Sequence[str] = (),
    name: str = "",
    ax: Axes | None = None,
    *,
    title: str | None = None,
) -> Axes:
    """The true positive rate (y) against the false positive rate (x) on the test examples.

    A thin line is a replicate, one of the `predictions`; the thick line is the mean of their true positive rates at
    each false positive rate. For two classes, the second one counts as positive; for more, each class in turn against
    all others. The legend has the mean area under the curves (AUC). A class that a test part lacks, or that is all of
    it, has no curve there.
    """
    usual = f"{name}: " * bool(name) + "true against false positives at every threshold (ROC)"
    k = len(class_names)
    if not k or not predictions:
        why = "there is no trained network" if k else "a regression has no classes"
        return text_panel(ax or new_axes(*SMALL), usual, f"no ROC curve: {why}", title)
    ax = ax or new_axes(6.2, 4.4)
    positive = [1] if k == 2 else list(range(min(k, MAX_CLASSES)))
    handles = []
    for each in positive:
        curves = [curve for one in predictions if (curve := roc(one.truth == each, one.odds[each])) is not None]
        if not curves:
            continue
        style: dict[str, Any] = {"color": _colour(each), "gid": f"class {each}"}
        for x, y in curves[:MAX_CURVES] if len(curves) > 1 else []:
            ax.plot(x, y, linewidth=0.5, alpha=0.35, **style)
        mean = np.mean([np.interp(GRID, x, y) for x, y in curves], axis=0)
        x, y = (np.append(0.0, GRID), np.append(0.0, mean)) if len(curves) > 1 else curves[0]
        ax.plot(x, y, linewidth=1.8, color=_colour(each), gid=f"mean of class {each}")
        area = float(np.mean([np.trapezoid(y, x) for x, y in curves]))
        label = f"class {words(class_names[each], 20)}:\nAUC {number('auc', area)}"
        handles.append(Line2D([], [], color=_colour(each), linewidth=1.8, label=label))
    ax.plot([0, 1], [0, 1], color=INK, linestyle=(0, (1, 2)), linewidth=1.0, gid="chance")
    handles.append(Line2D([], [], color=INK, linestyle=(0, (1, 2)), linewidth=1.0, label="guessing"))
    if len(positive) < k and k > 2:
        handles.append(Line2D([], [], linestyle="none", label=f"and {count(k - len(positive), 'more class')}es"))
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    ax.set_xlabel("false positive rate")
    ax.set_ylabel("true positive rate")
    ax.grid(color="#DDDDDD", linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    legend_beside(ax, handles)
    lines = ["thin line: one of them, thick line: their mean"] if len(predictions) > 1 else []
    lines += ["each class against all others"] if k > 2 else []
    title_axes(ax, usual, [*notes, *lines], title)
    return ax


def roc(is_positive: npt.NDArray[np.bool_], odds: Floats) -> tuple[Floats, Floats] | None:
    """False and true positive rates at every threshold, from (0, 0) to (1, 1); None if all examples are of one kind."""
    from sklearn.metrics import roc_curve  # scikit-learn takes a second to import

    if is_positive.all() or not is_positive.any() or not np.isfinite(odds).all():
        return None
    false, true, _ = roc_curve(is_positive, odds)
    return false, true
