"""Tables as a sweep gives them, and what is looked up in a drawing of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from experiments.tables.statistics import summarize

CONFIGURATION = ["dataset", "hidden", "learning_rate"]
ITERATIONS = (0, 10, 20)


def accuracy(hidden: str, rate: float, seed: int, best: tuple[str, float] = ("8x8", 0.5)) -> float:
    """Distinct numbers: highest for one configuration, lower for its neighbours, and seeds differ."""
    wrong = (hidden != best[0]) + 2 * (rate != best[1])
    return 0.95 - 0.1 * wrong - 0.003 * ((seed * 7) % 5) - 0.0001 * len(hidden)


def make_runs(
    hidden: tuple[str, ...] = ("4", "8x8", "1"),
    rates: tuple[float, ...] = (2.0, 0.5),
    seeds: range = range(5),
    dataset: str = "moons",
    **knobs: Any,
) -> pd.DataFrame:
    rows = [
        {
            "dataset": dataset, "hidden": h, "learning_rate": r, "seed": s, **knobs,
            "iterations": ITERATIONS[-1], "status": "ok", "cost": 1 - accuracy(h, r, s),
            "train_accuracy": accuracy(h, r, s) + 0.01, "test_accuracy": accuracy(h, r, s), "error": "",
        }
        for h in hidden for r in rates for s in seeds
    ]  # fmt: skip
    return pd.DataFrame(rows)


def only(table: pd.DataFrame) -> dict[str, Any]:
    assert len(table) == 1
    return dict(table.iloc[0])


def simulated(accuracy: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Runs with the given (problems, configurations, seeds) test accuracies."""
    problem, configuration, seed = np.indices(accuracy.shape).reshape(3, -1)
    return pd.DataFrame(
        {
            "dataset": problem,
            "hidden": configuration,
            "seed": seed,
            "status": "ok",
            "cost": 0.0,
            "train_accuracy": 0.0,
            "test_accuracy": accuracy.ravel(),
        }
    )


def runs_of(accuracies: dict[Any, list[float | None]], **columns: Any) -> pd.DataFrame:
    """A table of runs from the test accuracies of each hidden size, by seed from 0; None: no such run."""
    rows = [
        {
            "dataset": "flower",
            "hidden": hidden,
            "learning_rate": 1.2,
            "seed": seed,
            "iterations": 10,
            "status": "ok",
            "cost": 1 - accuracy,
            "train_accuracy": accuracy,
            "test_accuracy": accuracy,
            "error": "",
        }
        for hidden, of_seeds in accuracies.items()
        for seed, accuracy in enumerate(of_seeds)
        if accuracy is not None
    ]
    return pd.DataFrame(rows).assign(**columns)


def make_curves(runs: pd.DataFrame, iterations: tuple[int, ...] = ITERATIONS) -> pd.DataFrame:
    """From 0.5 (a cost of 0.7) to the numbers of the runs, in a straight line."""
    keep = [c for c in runs.columns if c not in ("iterations", "status", "error")]
    curves = runs.loc[runs.index.repeat(len(iterations)), keep].reset_index(drop=True)
    curves.insert(list(curves.columns).index("cost"), "iteration", np.tile(iterations, len(runs)))
    part = curves["iteration"] / iterations[-1]
    for measure, start in (("cost", 0.7), ("train_accuracy", 0.5), ("test_accuracy", 0.5)):
        curves[measure] = start + part * (curves[measure] - start)
    return curves


def make_summary(runs: pd.DataFrame, *knobs: str) -> pd.DataFrame:
    return summarize(runs, [*CONFIGURATION, *knobs], ["dataset"])


def join(*tables_of_runs: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(tables_of_runs, ignore_index=True)


def make_data(name: str = "moons", features: int = 2, examples: int = 30) -> SimpleNamespace:
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        name=name,
        X=rng.normal(size=(features, examples)),
        Y=(np.arange(examples) % 3 == 0).astype(float)[np.newaxis],
        feature_names=tuple(f"length_{i}" for i in range(features)),
        class_names=("red", "green"),
        task="binary",
        base=None,
        inputs=lambda X: X,
    )


def fail(runs: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
    runs = runs.copy()
    runs.loc[where, "status"] = "failed"
    runs.loc[where, ["cost", "train_accuracy", "test_accuracy"]] = np.nan
    return runs


def lines(ax: Axes, gid: str = "") -> list[Any]:
    return [line for line in ax.get_lines() if gid in ("", line.get_gid())]


def areas(ax: Axes, gid: str) -> list[Any]:
    return [area for area in ax.collections if area.get_gid() == gid]


def corners(area: Any) -> Any:
    """(corners, 2)"""
    return area.get_paths()[0].vertices


def shading(ax: Axes) -> Any:
    """The numbers behind the colours of an image."""
    return ax.images[0].get_array()


def title(picture: Axes | Figure) -> str:
    text = picture.get_title(loc="left") if isinstance(picture, Axes) else ""
    text = text or (picture.figure if isinstance(picture, Axes) else picture).get_suptitle()
    return " ".join(text.split())


def legend_texts(place: Axes | Figure) -> list[str]:
    legend = place.get_legend() if isinstance(place, Axes) else place.legends[0]
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def every_text(figure: Figure) -> list[str]:
    return [" ".join(text.get_text().split()) for text in figure.findobj(Text)]


def step_right(X: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Class 1 for positive first features, more surely further up."""
    return 1 / (1 + np.exp(-8 * X[:1] - 0.1 * X[1:]))


def make_results(runs: pd.DataFrame, features: int = 2, unreadable: str = "", sampled: tuple[str, ...] = ()) -> Any:
    """`Tables` as far as pictures need them; `asked` has the runs whose network was asked for."""
    asked: list[tuple[str, str, float, int]] = []

    identifying = list(runs.columns[: list(runs.columns).index("iterations")])
    columns = [name for name in ("dataset", "noise") if name in identifying]

    def data(problem: dict[str, Any]) -> SimpleNamespace:
        if problem["dataset"] == unreadable:
            raise OSError("no such file")
        assert list(problem) == columns
        return make_data(problem["dataset"], features)

    def some_curves(most_rows: int) -> tuple[pd.DataFrame, str]:
        return make_curves(runs), f"no more than {most_rows:,} rows" if most_rows < len(runs) else ""

    def network(run: pd.Series) -> SimpleNamespace:
        if "seed" in run:
            asked.append((run.dataset, run.hidden, run.learning_rate, run.seed))
        return SimpleNamespace(predict_proba=step_right)

    return SimpleNamespace(
        runs=runs,
        summary=summarize(runs, [name for name in identifying if name != "seed"], columns),
        problem_columns=columns,
        some_curves=some_curves,
        some_seeds=lambda most_rows: (1, some_curves(most_rows)[1]),
        data=data,
        source=lambda problem: SimpleNamespace(varies=False),
        about_of=lambda row: {},
        network=network,
        networks=lambda row, most: [network(row)] * min(most, 2),
        asked=asked,
        races=[],
        design=SimpleNamespace(sampled=sampled),
    )
