"""Options shared by the commands that use the networks of a sweep."""

from __future__ import annotations

import pandas as pd

from experiments.console import Parser
from experiments.files import ResultsError
from experiments.results import Results
from experiments.text import closest, listed


def configuration_options(parser: Parser) -> None:
    """Add the folder and the options that choose among its networks."""
    parser.add_argument("folder", metavar="DIR", help="a results folder written by experiments.grid")
    parser.add_argument("--dataset", metavar="NAME", help="data set to use, if the sweep has several")
    parser.add_argument(
        "--seed", metavar="S", type=int, help="use only the networks of this seed (default: all seeds together)"
    )


def chosen_row(results: Results, dataset: str | None) -> pd.Series:
    """The best configuration, of a data set if one is given. Raises ResultsError if it is not unique."""
    best = results.best()
    if dataset is not None:
        names = list(dict.fromkeys(best["dataset"]))
        if dataset not in names:
            raise ResultsError(
                f"--dataset: expected one of {listed(names, most=10)}, got {dataset}{closest(dataset, names)}"
            )
        best = best[best["dataset"] == dataset]
    if len(best) > 1:
        which = listed(dict.fromkeys(best["dataset"]), most=5)
        raise ResultsError(f"expected one problem, got {len(best):,}: {which}; choose one with --dataset")
    return best.iloc[0]
