"""Options shared by the commands that use the networks of a sweep."""

from __future__ import annotations

import pandas as pd

from experiments.files import ResultsError
from experiments.knobs.declared import HIDDEN
from experiments.knobs.words import in_words, units
from experiments.models.model import Model
from experiments.results import Results
from experiments.text import closest, count, listed


def said_of(model: Model) -> str:
    """``penguins.csv, 16 hidden units, learning rate 0.3, relu: 8 networks``."""
    settings = model.configuration.items()
    said = [units(value) if name == HIDDEN.name else in_words({name: value}) for name, value in settings]
    return f"{', '.join(filter(None, said))}: {count(len(model.members), 'network')}"


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
