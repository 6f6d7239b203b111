"""Plots of a sweep: each is a function of tables, in a file of the same name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.plots.accuracy import plot_accuracy
    from experiments.plots.boundaries import plot_boundaries
    from experiments.plots.boundary_grid import plot_boundary_grid
    from experiments.plots.confusion import plot_confusion
    from experiments.plots.convergence import plot_convergence
    from experiments.plots.cost_by_size import plot_cost_by_size
    from experiments.plots.curves import plot_curves
    from experiments.plots.data import plot_data
    from experiments.plots.distribution import plot_distribution
    from experiments.plots.gallery import draw_all
    from experiments.plots.heat_map import plot_heat_map
    from experiments.plots.hidden_units import plot_hidden_units
    from experiments.plots.importance import plot_importance
    from experiments.plots.learning_curves import plot_learning_curves
    from experiments.plots.parallel import plot_parallel
    from experiments.plots.predicted import plot_predicted
    from experiments.plots.race import plot_race
    from experiments.plots.roc import plot_roc
    from experiments.plots.slices import plot_slices
    from experiments.plots.training_strip import plot_training_strip

__all__ = [
    "draw_all", "plot_accuracy", "plot_boundaries", "plot_boundary_grid", "plot_confusion", "plot_convergence",
    "plot_cost_by_size", "plot_curves", "plot_data", "plot_distribution", "plot_heat_map", "plot_hidden_units",
    "plot_importance", "plot_learning_curves", "plot_parallel", "plot_predicted", "plot_race", "plot_roc",
    "plot_slices", "plot_training_strip",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # On access, so that python -m experiments.plots can refuse an argument before matplotlib is imported.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "gallery" if name == "draw_all" else name.removeprefix("plot_")
    value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
