"""Tables -> pictures: the five kinds of picture, and all of them for a results folder.

`draw_all` writes into the folder's `plots/`:

    accuracy.png               test accuracy of each hidden size: seeds, mean, interval, ties with the best
    boundaries.png             what the median seed of each hidden size has learned
    curves_cost.png            cost against iteration, median and quartiles over seeds
    curves_test_accuracy.png   the same for the test accuracy
    curves_train_accuracy.png  the same for the training accuracy
    data.png                   the training points
    heat_map.png               mean test accuracy of every hidden size and learning rate

A sweep over several problems gets such a set for each of the first 12: `accuracy-moons.png`,
`accuracy-moons-noise-0-1.png` and so on. From the command line: `python -m experiments.plots results`.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.plot_accuracies import plot_accuracy, plot_heat_map
from experiments.plot_curves import MEASURES, plot_curves
from experiments.plot_parts import (
    best_rows,
    evenly,
    figure_of,
    knob_name,
    knob_value,
    left_out,
    number,
    problem_name,
    rows_of,
    tidy,
    units,
    varying_knobs,
)
from experiments.plot_plane import MAX_NETWORKS, PredictProba, plot_boundaries, plot_data

__all__ = ["draw_all", "plot_accuracy", "plot_boundaries", "plot_curves", "plot_data", "plot_heat_map"]

DPI = 130
MAX_PROBLEMS = 12
MAX_CURVE_ROWS = 1_000_000  # some hundred bytes of memory each
CHOICE = "each hidden size at its best settings, the seed with the median test accuracy"

Say = Callable[[str], object]


def draw_all(folder: str | os.PathLike[str], results: Any = None, say: Say = warnings.warn) -> list[Path]:
    """Draw every picture of a results folder into its `plots/`; return the paths, sorted.

    Each file is replaced in one step, so that a reader never sees half a picture, and no other file is
    touched. `results` is what `experiments.tables.read(folder)` returns, for a caller that has read it
    already. Where a data set cannot be read any more, `say` is told so, and its points and boundaries are
    left out.

    Raises what `read` raises if the folder has no results, and OSError if it cannot be written to.
    """
    if results is None:
        from experiments import tables

        results = tables.read(folder)
    curves, note = results.some_curves(MAX_CURVE_ROWS)
    if note:
        say(f"in the pictures: {note}")
    problems = results.summary[results.problem_columns].drop_duplicates().to_dict("records")
    if len(problems) > MAX_PROBLEMS:
        say(f"in the pictures: the first {MAX_PROBLEMS} of {len(problems):,} problems")
        problems = problems[:MAX_PROBLEMS]
    plots = Path(folder) / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    written = []
    for problem, ending in zip(problems, file_endings(problems), strict=True):
        for picture, figure in _pictures(results, curves, problem, say):
            path = plots / f"{picture}{ending}.png"
            write_picture(figure, path)
            written.append(path)
    return sorted(written)


def _pictures(results: Any, curves: pd.DataFrame, problem: dict[str, Any], say: Say) -> Iterator[tuple[str, Figure]]:
    """The pictures of one problem, one at a time: a figure is large."""
    name = problem_name(problem)
    runs, summary, curves = (_rows_of(table, problem) for table in (results.runs, results.summary, curves))
    yield "accuracy", figure_of(plot_accuracy(runs, summary))
    yield "heat_map", figure_of(plot_heat_map(summary))
    for measure in MEASURES:
        yield f"curves_{measure}", plot_curves(curves, measure)
    try:
        data = results.data(problem)
        networks, notes = _median_networks(results, runs, summary)
    except (OSError, ValueError, LookupError) as error:
        say(f"{name}: no pictures of the data and the boundaries: {error}")
        return
    plane = data.base or data  # of the inputs, whatever is computed from them
    yield "data", figure_of(plot_data(plane, name=name))
    on_plane = [(title, lambda X, predict=predict_proba: predict(data.inputs(X))) for title, predict_proba in networks]
    yield "boundaries", plot_boundaries(on_plane, plane, "; ".join([CHOICE, *notes]), name)


def _rows_of(table: pd.DataFrame, problem: dict[str, Any]) -> pd.DataFrame:
    keep = np.ones(len(table), dtype=bool)
    for column, value in problem.items():
        keep &= (table[column] == value).to_numpy()
    return table if keep.all() else table[keep]


def _median_networks(
    results: Any, runs: pd.DataFrame, summary: pd.DataFrame
) -> tuple[list[tuple[str, PredictProba]], list[str]]:
    """For each hidden size, at its best settings, the network of the median seed: no luck, good or bad.

    Also what there is to say if these are not all the hidden sizes.
    """
    from experiments.statistics import median_seed

    summary, knobs = tidy(summary), varying_knobs(summary)
    best = best_rows(summary, ["hidden"]).dropna(subset=["mean_test_accuracy"])
    shown = best.iloc[evenly(len(best), MAX_NETWORKS)]
    chosen, networks = rows_of(tidy(runs), shown), []
    for hidden in shown["hidden"]:
        seeds = chosen[chosen["hidden"] == hidden]
        run = seeds[seeds["seed"] == median_seed(seeds)].iloc[0]
        lines = [f"{units(run['hidden'])}, learning rate {number(run['learning_rate'])}"]
        lines += [f"{knob_name(knob)} {knob_value(run[knob])}" for knob in knobs]
        lines += [f"seed {run['seed']}: {run['test_accuracy']:.3f} correct"]
        networks.append(("\n".join(lines), results.network(run).predict_proba))
    return networks, left_out("hidden sizes", shown, best)


def file_endings(problems: list[dict[str, Any]]) -> list[str]:
    """What each problem adds to its files' names: nothing if it is the only one, else `-` and a safe name.

    A problem is the data set and its other knobs, of which those are named that differ. Safe is: at most 40 of the
    letters A-Z and a-z, digits, `_` and `-`; no folder, no file type; and different for different problems even where
    a file system does not tell upper from lower case.
    """
    if len(problems) == 1:
        return [""]
    endings: list[str] = []
    knobs = [name for name in problems[0] if name != "dataset" and len({problem[name] for problem in problems}) > 1]
    for problem in problems:
        name = "-".join([Path(problem["dataset"]).stem, *(f"{knob}-{problem[knob]}" for knob in knobs)])
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", name)[:40].strip("-") or "data"
        ending, n = f"-{stem}", 1
        while ending.lower() in map(str.lower, endings):
            n += 1
            ending = f"-{stem}-{n}"
        endings.append(ending)
    return endings


def write_picture(figure: Figure, path: Path) -> None:
    """Write a PNG file in one step; the same figure gives the same bytes."""
    from experiments.tables import replacing

    with replacing(path) as file:
        # The name and version of the drawing software would change the bytes with every update of it.
        figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})


def main(arguments: list[str] | None = None) -> int:
    """`python -m experiments.plots DIR`: 0 and a line for each picture, or 2 and one on what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.plots", description="Draw the pictures of a sweep into DIR/plots."
    )
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    folder = parser.parse_args(arguments).folder
    try:
        written = draw_all(folder, say=lambda message: print(" ".join(message.split()), file=sys.stderr))
    except (OSError, ValueError) as error:
        print(f"{parser.prog}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    try:
        for path in written:
            print(path)
        sys.stdout.flush()
    except BrokenPipeError:  # | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
