"""The contents of the page, as far as they fit into some megabytes.

If a sweep is too large, it is thinned out evenly, and notes on the page say what is missing.
"""

from __future__ import annotations

import base64
import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.datasets.data import Data
from experiments.knobs.declared import ACTIVATION, AXES, CLASS_WEIGHT, READING, SPLIT
from experiments.knobs.features import Term, parse
from experiments.knobs.words import in_words, text_of
from experiments.plots.choice import axis_name, evenly
from experiments.plots.limits import Cut
from experiments.report.play import description
from experiments.store.store import CURVES, STATUSES
from experiments.tables.problems import task_of
from experiments.tables.statistics import rank_column
from experiments.tables.stored import identity, measures, positions_of
from experiments.tables.tables import Tables
from experiments.tables.words import (
    HELD,
    PERCENT_DIGITS,
    SHARE_DIGITS,
    SIGNIFICANT,
    is_percentage,
    larger_is_better,
    limits,
    metric_of,
)
from experiments.tables.words import label as label_of
from planar_core.choices import INITIAL_SCALE, Hyperparameters
from planar_core.kernels import _EPSILON, SHUFFLES
from planar_core.training import recorded_iterations

# Limits of the contents of the page: with some 0.9 MB of Vega about 8 MB.
MOST_CONFIGURATIONS = 10_000
MOST_RUNS = 100_000
MOST_POINTS = 75_000  # of curves; the default sweep has 17,850
MOST_PARAMETERS = 150_000  # of networks
MOST_DATA = 100_000  # numbers in data sets
FEWEST_RECORDS = 11  # records to which curves are thinned out before some are left out
# Columns of the summary, without the names of the ranking metric and the recorded score.
STATISTICS = (
    "n_seeds", "n_replicates", "n_stuck", "n_diverged", "n_failed",
    "mean_test", "ci_low_test", "ci_high_test", "rank_test", "tied_with_best",
    "difference_to_best", "difference_ci_low", "difference_ci_high",
    "mean_train", "mean_cost", "mean_test_cost", "median_iterations_to_target",
)  # fmt: skip
# The default settings of the training.
_TRAINING = {ACTIVATION.name: ACTIVATION.default[0], **Hyperparameters()._asdict()}
RECORDED = tuple(name.removesuffix("_score") for name in CURVES)
"""The names on the page for the numbers of a run and of its curve: cost, train, test, test_cost."""
_HOW = [axis for axis in AXES if axis.name in _TRAINING or axis is CLASS_WEIGHT]
Ints = npt.NDArray[np.int64]


def contents(tables: Tables) -> dict[str, Any]:
    """The contents of the page as plain values, arrays as base64; they depend only on the tables.

    ``test`` is the ranking metric in the name of a statistic, and the recorded score for a run or a curve; ``judged``
    is the ranking metric of each run, if that is different. ``seeds`` and ``folds`` have a value for each replicate.
    """
    notes: list[str] = []
    summary, replicates = tables.summary, tables.design.replicate_columns
    n_seeds = tables.design.n_replicates
    columns = tables.design.configuration_columns
    kept = _kept_configurations(summary, columns, notes)
    seeds = _kept_seeds(n_seeds, len(kept), notes)
    position = _positions(tables)[kept[:, np.newaxis], seeds]  # of each run of the page among all; -1: there is none
    runs = _rows(tables.runs, position.ravel())
    summary = summary.iloc[kept].reset_index(drop=True)
    first = tables.runs.iloc[seeds] if tables.design.trained is None else pd.DataFrame(identity(tables.design, seeds))

    at = {each: recorded_iterations(each, every) for each, every in tables.design.lengths.items()}
    shown, n_records = _kept_curves(runs, summary, len(seeds), max(map(len, at.values())), notes)
    records = {each: np.array(evenly(len(of), n_records)) for each, of in at.items()}
    curves, parameters = _read_runs(
        tables, position.ravel()[shown], [records[each] for each in runs["iterations"].iloc[shown]]
    )
    curves_at = {text_of(each): of[records[each]].tolist() for each, of in at.items()}
    rank = summary[rank_column(summary)].to_numpy(np.float64, na_value=np.inf)[shown // len(seeds)]
    dtype = tables.design.dtype
    retrains = tables.design.patience is None
    networks = _kept_networks(parameters, shown, np.argsort(rank, kind="stable"), dtype, notes, retrains)
    if not retrains:
        notes.append(
            "These networks were trained with early stopping, which this page cannot repeat: it shows the recorded"
            " networks and does not retrain them. Curves continue beyond the iteration of the network that was kept,"
            " stopped_at in runs.csv."
        )
    stopped = {} if retrains else {"stopped_at": runs["stopped_at"]}
    problem_of, _ = pd.factorize(pd.MultiIndex.from_frame(summary[tables.problem_columns]))
    first_rows = summary.iloc[np.unique(problem_of, return_index=True)[1]]
    statistics = _statistics(tables, summary)
    judged = {} if tables.metric == tables.score else {"judged": runs[f"test_{tables.metric}"]}
    recorded = dict(zip(RECORDED, measures(tables.score), strict=True))
    return {
        "score": tables.score,
        "is_sample": bool(tables.design.sampled),
        "is_whole": bool(len(runs) == tables.design.n_runs),  # the place of a run is its row in runs.csv
        "metric": _metric(tables.metric, statistics["mean_test"]),
        "constants": constants(),
        "play": description(),
        "axes": [
            _axis(summary[name], name, name in tables.problem_columns, name in tables.design.sampled)
            for name in columns
        ],
        "columns": [
            {
                "name": name,
                "values": _encoded(_exact(values.astype("Float64").to_numpy(np.float64, na_value=np.nan))),
            }
            for name, values in statistics.items()
        ],
        "problem_of": _encoded(problem_of.astype(np.uint32)),
        "problems": _problems(tables, first_rows, _records(first[replicates]), notes),
        "seeds": first["seed"].tolist(),
        "folds": first["fold"].tolist() if "fold" in replicates else None,
        "statuses": list(STATUSES),
        "runs": {
            "status": _encoded(pd.Categorical(runs["status"], STATUSES).codes.astype(np.uint8)),
            **{name: _encoded(_rounded(runs[measure].to_numpy(np.float64))) for name, measure in recorded.items()},
            **{name: _encoded(_rounded(values.to_numpy(np.float64))) for name, values in judged.items()},
            **{name: _encoded(values.to_numpy(np.float64, na_value=np.nan)) for name, values in stopped.items()},
        },
        "curves_at": curves_at if len(curves_at) > 1 else next(iter(curves_at.values())),
        "curves": {
            "run": _encoded(shown.astype(np.uint32)),
            # Training costs keep all digits, since retraining is compared with them.
            **{
                name: _encoded(curves[:, row] if row == 0 else _rounded(curves[:, row]))
                for row, name in enumerate(RECORDED)
            },
        },
        "networks": networks,
        "settings": _settings(tables.design.request) | ({} if retrains else {"patience": tables.design.patience}),
        "notes": notes,
    }


def _statistics(tables: Tables, summary: pd.DataFrame) -> dict[str, pd.Series]:
    """The statistics of the page that are available in the summary."""
    columns = {name: column_of(name, tables.metric, tables.score) for name in STATISTICS}
    return {name: summary[column] for name, column in columns.items() if column in summary.columns}


def column_of(statistic: str, metric: str, score: str) -> str:
    """The column of the summary for a statistic of the page: ``mean_test`` is ``mean_test_auc``."""
    ends = {"test": f"_{metric}", "train": f"_{score}"}
    return statistic + ends.get(statistic.rpartition("_")[2], "")


def _metric(name: str, means: pd.Series) -> dict[str, Any]:
    """The ranking metric: name, label, limits, and the range shown in plots; None for no limit."""
    cut = Cut.of(name, means)
    return {
        "name": name,
        "label": label_of(name),
        "larger_is_better": larger_is_better(name),
        "is_percentage": is_percentage(name),
        "limits": [_finite(end) for end in limits(name)],
        "shown": [_finite(cut.low), _finite(cut.high)],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def constants() -> dict[str, Any]:
    """Constants of the core for the page's JavaScript."""
    return {
        "hyperparameters": _TRAINING,
        "initial_scale": INITIAL_SCALE,
        "epsilon": _EPSILON,
        "shuffles": int(SHUFFLES),
        "digits": {"percent": PERCENT_DIGITS, "share": SHARE_DIGITS, "significant": SIGNIFICANT, "held": HELD},
    }


def _kept_configurations(summary: pd.DataFrame, columns: Sequence[str], notes: list[str]) -> Ints:
    """The positions of the configurations: all, or a coarser grid that contains the best one."""
    kept = np.arange(len(summary))
    best = summary[summary[rank_column(summary)].eq(1).fillna(False)]
    while len(kept) > MOST_CONFIGURATIONS:
        here = summary.iloc[kept]
        name = max(columns, key=lambda column: here[column].nunique(dropna=False))
        values = list(pd.unique(here[name]))
        if len(values) < 2:
            break
        fewer = {values[i] for i in evenly(len(values), max(2, int(len(values) * 0.7)))} | set(best[name].head(3))
        if len(fewer) == len(values):
            break
        kept = kept[here[name].isin(fewer).to_numpy(bool)]
    kept = kept[:MOST_CONFIGURATIONS]
    if len(kept) < len(summary):
        here, thinned = summary.iloc[kept], []
        for name in columns:
            some, every = here[name].nunique(dropna=False), summary[name].nunique(dropna=False)
            thinned += [f"{some:,} of {every:,} values of {label(name)}"] if some < every else []
        notes.append(
            f"This page includes {len(kept):,} of {len(summary):,} configurations ({', '.join(thinned)}), among them "
            "the"
            " best; summary.csv contains all of them."
        )
    return kept


def _kept_seeds(n_seeds: int, configurations: int, notes: list[str]) -> Ints:
    most = max(1, MOST_RUNS // max(1, configurations))
    if most < n_seeds:
        notes.append(f"This page includes {most:,} of {n_seeds:,} seeds; runs.csv contains all of them.")
    return np.arange(min(n_seeds, most))


def _positions(tables: Tables) -> Ints:
    """The place of every run among all, (configurations, replicates); -1 where a configuration of a race has none."""
    place = np.full((len(tables.summary), tables.design.n_replicates), -1)
    in_grid = positions_of(tables.design)
    place.ravel()[in_grid] = np.arange(len(in_grid))
    return place


def _rows(runs: pd.DataFrame, positions: Ints) -> pd.DataFrame:
    """Rows of the table of runs; without numbers, as if the run had failed, for -1."""
    rows = runs.iloc[np.maximum(positions, 0)].reset_index(drop=True)
    if (none := positions < 0).any():
        rows.loc[none, rows.select_dtypes("float").columns] = np.nan
        rows.loc[none, "status"] = "failed"
    return rows


def _kept_curves(
    runs: pd.DataFrame, summary: pd.DataFrame, n_seeds: int, n_records: int, notes: list[str]
) -> tuple[Ints, int]:
    """The runs of the page whose curves are included, and the number of records of the longest curves.

    If there are too many, first seeds are thinned out, evenly by their metric; then records; then the configurations
    with the worst ranks are left out.
    """
    n = len(summary)
    metric = metric_of(summary)
    # The seeds of each configuration ordered by metric, as in medianRun in model.js.
    keys = [runs[name].to_numpy(np.float64) for name in ("seed", "cost", f"test_{metric}")]
    if "fold" in runs:
        keys.insert(1, runs["fold"].to_numpy(np.float64))
    order = np.lexsort((*keys, np.repeat(np.arange(n), n_seeds))).reshape(n, n_seeds)
    some = min(n_seeds, max(1, MOST_POINTS // (n * n_records)))
    chosen = [(n_seeds - larger_is_better(metric)) // 2] if some == 1 else evenly(n_seeds, some)
    records = min(n_records, max(FEWEST_RECORDS, MOST_POINTS // (n * some)))
    most = max(1, MOST_POINTS // (some * records))
    rank = summary[rank_column(summary)].to_numpy(np.float64, na_value=np.inf)
    shown = np.sort(order[np.sort(np.argsort(rank, kind="stable")[:most])][:, chosen].ravel())
    shown = shown[runs["status"].ne("failed").to_numpy(bool)[shown]]
    said = []
    if some < n_seeds:
        said.append(f"{some:,} of {n_seeds:,} seeds, evenly chosen by test {label_of(metric)}")
    if records < n_records:
        said.append(f"{records:,} of {n_records:,} records")
    if most < n:
        said.append(f"the {most:,} configurations with the highest ranks")
    if said:
        notes.append(f"Curves are limited to {', '.join(said)}; curves.csv contains all of them.")
    return shown, records


def _read_runs(tables: Tables, wanted: Ints, records: Sequence[Ints]) -> tuple[npt.NDArray[np.float64], list[bytes]]:
    """The curves (runs, curves, records) and the stored parameters of runs, given by their positions.

    ``records``: which are wanted of each run; a curve that is shorter ends with nan.
    """
    curves = np.full((len(wanted), len(CURVES), max(map(len, records), default=0)), np.nan)
    places = {int(position): place for place, position in enumerate(wanted)}
    parameters = [b""] * len(wanted)
    if places:
        for position, run in enumerate(tables.stored_runs()):
            if (place := places.get(position)) is not None:
                some = records[place][records[place] < run.curves.shape[1]]
                curves[place, :, : len(some)] = run.curves[:, some]
                parameters[place] = run.parameters
    return curves, parameters


def _kept_networks(
    parameters: Sequence[bytes], runs: Ints, order: Ints, dtype: str, notes: list[str], retrains: bool = True
) -> dict[str, Any]:
    """The trained networks of the runs with a curve, concatenated; ``retrains``: whether the page can retrain them."""
    networks = [np.frombuffer(each, np.dtype(dtype).newbyteorder("<")) for each in parameters]
    sizes = np.array([len(network) for network in networks], np.int64)
    fits = np.zeros(len(networks), bool)
    fits[order] = np.cumsum(sizes[order]) <= MOST_PARAMETERS
    if not fits.all():
        others = "; the others can be retrained here" if retrains else ""
        notes.append(f"This page includes the trained networks of {fits.sum():,} of {len(fits):,} curves{others}.")
    fits &= sizes > 0
    values = [network for network, fit in zip(networks, fits, strict=True) if fit]
    flat = _rounded(np.concatenate([np.empty(0), *values]))
    starts = np.cumsum(sizes[fits]) - sizes[fits]
    runs, starts = runs[fits].astype(np.uint32), starts.astype(np.uint32)
    return {"run": _encoded(runs), "values": _encoded(flat), "starts": _encoded(starts)}


def _axis(values: pd.Series, name: str, is_problem: bool, is_sampled: bool = False) -> dict[str, Any]:
    """An identifying column: its values as texts, in the order of the plots, and the value of each configuration."""
    codes, different = pd.factorize(values, use_na_sentinel=False)
    order = list(range(len(different)))
    if name != "hidden" or is_sampled:  # hidden sizes are as requested
        order.sort(key=lambda i: _place(different[i]))
    place = np.empty(len(order), np.uint16)
    place[order] = np.arange(len(order))
    return {
        "name": name,
        "label": axis_name(name),
        "problem": is_problem,
        "values": ["–" if pd.isna(different[i]) else text_of(different[i]) for i in order],
        "codes": _encoded(place[codes]),
    }


def _place(value: Any) -> tuple[bool, list[float]]:
    """The sort key of a value: numbers and layers such as 8x8 first, then words as requested, then empty values."""
    if pd.isna(value):
        return True, [math.inf]
    text = str(value)
    with contextlib.suppress(ValueError):
        return False, [float(part) for part in text.split("x")]
    return True, []


def label(column: str) -> str:
    """The name of a column or setting in words."""
    return column.replace("_", " ")


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that all runs have in common."""
    settings = {name: request[name] for name in ("iterations", "record_every", "dtype")}
    for knob in _HOW:
        value = request.get(knob.name)
        if isinstance(value, list) and len(value) == 1:
            (value,) = value
        if isinstance(value, str | float | int):
            settings[knob.name] = None if value == knob.word else value
    return settings | {"reading": _reading(request)}


def _reading(request: Mapping[str, Any]) -> list[str]:
    """How tables were read and split, as words of the command line; what is a default is not named."""
    given = {knob: request.get(knob.name) for knob in (*READING, SPLIT)}
    words = []
    for knob, value in given.items():
        if value is not None and value != [] and value not in knob.default:
            words += [knob.flags[0], *(map(str, value) if isinstance(value, list) else [str(value)])]
    return words


def _problems(
    tables: Tables, rows: pd.DataFrame, replicates: Sequence[Mapping[str, Any]], notes: list[str]
) -> list[dict[str, Any]]:
    """The data of each problem, as far as they fit, and how to draw them in a plane.

    If each replicate has its own data, these are those of the first, and ``replicates`` has those of the others; X is
    None for data that do not fit.
    """
    problems: list[dict[str, Any]] = []
    left_out, room = 0, MOST_DATA
    named = _records(rows[tables.problem_columns])
    for row in named:
        about = tables.about_of(row)
        if room < 0 and not tables.varies_in(about) and task_of(about) != "regression":  # nothing of it is shown
            held: dict[str, Any] = {"target": None, "X": None}
            names = about["feature_names"], about["class_names"]
        else:
            data = tables.data({**row, **replicates[0]})
            room -= data.X.size + data.X_test.size
            held, names = _held(data, room >= 0), (list(data.feature_names), list(data.class_names))
        left_out += room < 0
        feature_names, class_names = names
        problems.append(
            {
                "name": in_words(row),
                "task": task_of(about),
                "feature_names": feature_names,
                "class_names": class_names,
                **held,
            }
        )
    further = shown = 0
    for problem, row in zip(problems, named, strict=True):
        if not tables.varies_in(tables.about_of(row)):
            continue
        problem["replicates"] = []
        for replicate in replicates[1:]:
            further += 1
            if room < 0:
                problem["replicates"].append({"X": None})
                continue
            data = tables.data({**row, **replicate})
            room -= data.X.size + data.X_test.size
            shown += room >= 0
            problem["replicates"].append(_held(data, room >= 0))
    if shown < further:
        notes.append(
            f"Each replicate has its own data, and this page includes those of {shown + len(rows) - left_out:,} of"
            f" {further + len(rows):,}: the networks of the others have no boundary plot and cannot be retrained here."
        )
    if left_out:
        notes.append(
            f"The data of {left_out:,} of {len(rows):,} problems are too large for this page: their networks have no"
            " boundary plot and cannot be retrained here."
        )
    return problems


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _held(data: Data, has_room: bool) -> dict[str, Any]:
    about: dict[str, Any] = {"target": _target(data) if data.task == "regression" else None, "X": None}
    if has_room:
        about |= {
            "X": _encoded(data.X),
            "Y": _encoded(_answers(data, data.Y)),
            "X_test": _encoded(data.X_test),
            "Y_test": _encoded(_answers(data, data.Y_test)),
            "plane": _plane(data),
        }
    return about


def _answers(data: Data, Y: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Y in a compact type, since class indices are small."""
    return Y if data.task == "regression" else Y.astype(np.uint8 if len(data.class_names) <= 256 else np.uint16)


def _target(data: Any) -> dict[str, Any]:
    """Name and scale of a regression target: target = mean + deviation Y."""
    mean, deviation = data.target_scale
    return {"name": data.target_name, "mean": mean, "deviation": deviation}


def _plane(data: Data) -> dict[str, Any] | None:
    """How to draw in the plane of two inputs, and the network inputs there; None if there are not two inputs.

    ``points``: the training points, (2, examples), or None if they are X, and ``test_points`` likewise; ``terms``: for
    each feature the inputs to multiply, and whether to take the sine.
    """
    terms = parse(data.features) or tuple(Term((i + 1,)) for i in range(len(data.feature_names)))
    shown = data.base or data
    inputs = [1, 2] if len(shown.feature_names) == 2 else sorted({i for term in terms for i in term.inputs})
    if len(inputs) != 2:
        return None
    rows = [i - 1 for i in inputs]
    return {
        "names": [shown.feature_names[row] for row in rows],
        "points": None if shown is data else _encoded(shown.X[rows]),
        "test_points": None if shown is data else _encoded(shown.X_test[rows]),
        "terms": [{"factors": [inputs.index(i) for i in term.inputs], "sine": term.is_sine} for term in terms],
    }


def _exact(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers in float32 if that holds all of them, such as counts: texts are rounded from all digits."""
    single = _rounded(values)
    return single if np.array_equal(single, values, equal_nan=True) else values


def _rounded(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Rounded to seven digits, more than the page shows."""
    with np.errstate(over="ignore"):  # of runs that diverged
        return values.astype(np.float32)


def _encoded(values: npt.NDArray[Any]) -> dict[str, str]:
    """The name of the type, and the numbers as little-endian base64."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return {values.dtype.name: base64.b64encode(little.tobytes()).decode()}
