"""The networks of a configuration as a model: all replicates together, or one seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.datasets.divided import Divided
from experiments.files import ResultsError
from experiments.knobs.features import ALL
from experiments.knobs.words import in_words
from experiments.models.model import Member, Model
from experiments.tables.tables import Tables
from planar_core.elementary import evaluate
from planar_core.metrics import Evaluator


class Estimate(NamedTuple):
    """The metric of an ensemble on rows not used to train the networks that predict them."""

    metric: str
    value: float
    rows: int  # rows it is measured on
    every: int  # rows of the table
    networks: float  # that predict a row, on average


def model_of(
    tables: Tables, configuration: Mapping[str, Any] | pd.Series | None = None, seed: int | None = None
) -> Model:
    """The model of a configuration, a row of ``summary``; by default of the best one, if there is only one problem.

    ``seed``: only the networks of that seed. Networks whose parameters diverged to nan or infinity are left out. Raises
    ResultsError for several problems, for data that are not a table, and if no network is left.
    """
    row = _best(tables) if configuration is None else configuration
    source = tables.source(row)
    if not isinstance(source, Divided):
        raise ResultsError(f"expected a sweep over a table, got {source.name}, a generated data set")
    members = []
    for run, network in tables.networks_of(row):
        if seed is None or run.seed == seed:
            encoder = source.encoder(run.seed, run.fold)
            member = Member(encoder, network.parameters, run.seed, run.fold)
            if member.is_finite:  # one network with nan would make all predictions nan
                members.append(member)
    if not members:
        which = "of this configuration" if seed is None else f"of seed {seed}"
        seeds = (
            f"; seeds are {', '.join(map(str, list(tables.design.values['seed'])[:10]))}" if seed is not None else ""
        )
        raise ResultsError(f"expected a finished network {which}, found none{seeds}")
    settings = {name: row[name] for name in tables.design.configuration_columns if name in row}
    return Model(
        tuple(members),
        source.table.task,
        source.table.class_names,
        source.table.target_name,
        _activation(tables, row),
        source.features or ALL,
        {name: value.item() if isinstance(value, np.generic) else value for name, value in settings.items()},
    )


def _activation(tables: Tables, row: Mapping[str, Any] | pd.Series) -> str:
    """The activation of a configuration; it is a column only if it was set."""
    return str(row["activation"] if "activation" in row else tables.design.values["activation"][0])


def _best(tables: Tables) -> pd.Series:
    best = tables.best()
    if len(best) > 1:
        names = ", ".join(in_words(row[tables.problem_columns].to_dict()) for _, row in best.head(3).iterrows())
        raise ResultsError(f"expected the results of one problem, got {len(best)}: {names}; choose one with --dataset")
    return best.iloc[0]


def estimate(tables: Tables, model: Model, row: Mapping[str, Any] | pd.Series) -> Estimate | None:
    """The metric of the ensemble, where each row is predicted only by networks that were not trained on it.

    None for a single network, and if all replicates have the same split.
    """
    source = tables.source(row)
    if not isinstance(source, Divided) or not source.varies or len(model.members) < 2:
        return None
    table = source.table
    n_outputs = 1 if model.task == "regression" else len(model.class_names)
    total, counts = np.zeros((n_outputs, table.rows)), np.zeros(table.rows)
    for member in model.members:
        _, test = source.rows_of(member.seed, member.fold)
        total[:, test] += model.output_of(member, member.encoder.transform(table, test))
        counts[test] += 1
    there = np.flatnonzero(counts)
    mean = total[:, there] / counts[there]
    target = table.target[there].astype(np.float64)
    if model.task != "regression":
        with np.errstate(divide="ignore"):
            logs = np.stack([evaluate("log", values) for values in mean])
        mean = logs if model.task == "multiclass" else (logs[1] - logs[0])[np.newaxis]
    classes = None if model.task == "regression" else len(model.class_names)
    judged = Evaluator([tables.metric], target, model.task, classes)(mean)
    value = float(np.asarray(judged).reshape(-1)[0])
    return Estimate(tables.metric, value, len(there), table.rows, float(counts[there].mean()))
