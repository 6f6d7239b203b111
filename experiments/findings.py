"""What a sweep says: its headline in sentences, and what was found on points that played no part in choosing.

The accuracy by which a configuration was chosen is too good to be true for it: it is the best of many, and luck with
the test points is a part of why. So it is confirmed on points that nobody has looked at. Where data are generated,
these are fresh ones. Otherwise the test points are halved: the configuration is chosen by one half and judged by the
other, and the other way round, which says what choosing like this is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.knobs import in_words, text_of
from experiments.statistics import MEASURES, best_configurations, significant, summarize
from planar_core.network import count_parameters

if TYPE_CHECKING:
    from experiments.tables import Results

MOST_CONFIRMED = 100  # problems, as each has data of its own
MOST_SEEDS = 1000  # of which the networks are tried on fresh points: the mean of more is no other
MOST_CROSS_FITTED = 100_000  # runs: of a larger sweep, the networks of the most promising configurations alone
PROMISING = 1000
_SPOKEN_OF = 3  # problems in the headline
_LISTED = 3  # values in a sentence
_DATA_SEED = "data_seed"


@dataclass(frozen=True)
class _Group:
    """What one headline is about: a problem, or all draws of its data."""

    problem: dict[str, Any]
    table: pd.DataFrame  # as ``summarize`` makes it, the best configuration first
    draws: int  # of the data, each a replicate; 1: seeds are the replicates


def _groups(results: Results) -> Iterator[_Group]:
    problem, summary = results.problem_columns, results.summary
    draws = summary[_DATA_SEED].nunique() if _DATA_SEED in problem else 1
    if draws > 1:
        problem = [name for name in problem if name != _DATA_SEED]
        configuration = [name for name in results.columns if name not in (_DATA_SEED, "seed")]
        means = summary[configuration].assign(seed=summary[_DATA_SEED], status="ok")
        for measure in MEASURES:
            means[measure] = summary[f"mean_{measure}"]
        means.loc[means["test_accuracy"].isna(), "status"] = "failed"
        summary = summarize(means, configuration, problem)
    for _, table in best_configurations(summary, problem).groupby(problem, sort=False):
        first = table.iloc[0]
        yield _Group({name: first[name] for name in problem}, table.reset_index(drop=True), draws)


# Confirmation


def confirmations(results: Results) -> list[dict[str, Any]]:
    """For each problem, its best configuration and its accuracy on points that played no part in choosing it.

    ``points`` says which: "fresh", or "halves" of the test points; "" if there are none. As plain values, for the
    manifest. The accuracies have 9 significant digits; None is for no number.
    """
    found = []
    for k, group in enumerate(_groups(results)):
        best = group.table.iloc[0]
        points, n, accuracy = "", 0, None
        if k < MOST_CONFIRMED and not pd.isna(best["rank_test_accuracy"]):
            points, n, accuracy = _confirmed(results, group)
        configuration = {name: best[name] for name in results.columns if name in best.index}
        found.append(
            {
                "configuration": {name: _plain(value) for name, value in configuration.items()},
                "points": points,
                "n_points": n,
                "test_accuracy": accuracy,
            }
        )
    return found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _confirmed(results: Results, group: _Group) -> tuple[str, int, float | None]:
    rows = _rows(results.summary, group.table.iloc[0], list(group.problem))
    problems = list(results.summary.iloc[rows].groupby(results.problem_columns, sort=False))
    means, points, n = [], "", 0
    for _, of_problem in problems:
        fresh = results.fresh(int(of_problem.index[0]))
        if fresh is not None:
            best = _rows(of_problem, group.table.iloc[0], results.columns)
            position = int(of_problem.index[best[0]])
            accuracies = results.accuracies(position, fresh.X_test, fresh.Y_test, MOST_SEEDS)
            points, n, mean = "fresh", fresh.Y_test.size, _mean(accuracies)
        else:
            points, n, mean = "halves", *_cross_fitted(results, of_problem)
        if np.isfinite(mean):
            means.append(mean)
    return (points, n, float(significant(_mean(np.array(means))))) if means else ("", 0, None)


def _rows(table: pd.DataFrame, like: pd.Series, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """The positions of the rows that agree in those of the columns that both have."""
    same = np.ones(len(table), dtype=bool)
    for name in columns:
        if name in table.columns and name in like.index:
            same &= (table[name] == like[name]).to_numpy()
    return np.flatnonzero(same)


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Of the finite ones, added one after the other."""
    finite = values[np.isfinite(values)].tolist()
    return sum(finite) / len(finite) if finite else float("nan")


def _cross_fitted(results: Results, of_problem: pd.DataFrame) -> tuple[int, float]:
    """Half the test points, and the mean accuracy on a half of the configuration that is best on the other one."""
    data = results.data(of_problem.iloc[0])
    if data.Y_test.size < 2 or len(of_problem) < 2:
        return 0, float("nan")
    order = np.argsort(data.Y_test[0], kind="stable")  # dealt out in turn, so that the halves have the same classes
    halves = order[0::2], order[1::2]
    candidates = best_configurations(of_problem.assign(position=of_problem.index), results.problem_columns)
    if len(results.runs) > MOST_CROSS_FITTED:
        candidates = candidates.head(PROMISING)
    positions = np.sort(candidates["position"].to_numpy())
    means = np.array(
        [
            [_mean(results.accuracies(int(at), data.X_test[:, half], data.Y_test[:, half])) for half in halves]
            for at in positions
        ]
    )
    means = significant(significant(means, 12))
    if np.isnan(means).all():
        return 0, float("nan")
    chosen = [int(np.nanargmax(means[:, half])) for half in (0, 1)]
    return len(halves[0]), 0.5 * (means[chosen[0], 1] + means[chosen[1], 0])


# The headline


def headline(results: Results) -> list[str]:
    """What the sweep says, in paragraphs of a few sentences: one a problem, a few at most, and one of what went wrong.

    Of a single problem all is one paragraph.
    """
    groups = list(_groups(results))
    shown = groups[:_SPOKEN_OF]
    paragraphs = []
    for group, confirmed in zip(shown, results.manifest.get("findings", len(shown) * [None]), strict=False):
        text = " ".join(_sentences(results, group, confirmed))
        paragraphs.append(f"{in_words(group.problem)}: {text}" if len(groups) > 1 else text)
    if len(groups) > len(shown):
        paragraphs.append(f"{_counted(len(groups) - len(shown), 'more problem')}: see summary.csv.")
    trouble = " ".join(_trouble(results))
    if trouble and len(groups) == 1:
        paragraphs[0] += f" {trouble}"
    elif trouble:
        paragraphs.append(trouble)
    return paragraphs


def _sentences(results: Results, group: _Group, confirmed: dict[str, Any] | None) -> Iterator[str]:
    table, best = group.table, group.table.iloc[0]
    seeds = results.runs["seed"].nunique()
    if pd.isna(best["rank_test_accuracy"]):
        yield "No run finished."
        return
    name = _configuration(results, group, best)
    mean, low, high = (best[f"{of}_test_accuracy"] for of in ("mean", "ci_low", "ci_high"))
    if pd.isna(low):
        yield f"{name}: {_percent(mean)} % {'with one seed' if seeds == 1 else 'with the one seed that finished'}:"
        yield "no interval and no ties."
    else:
        yield f"{name}: {_percent(mean)} % [{_percent(low)}, {_percent(high)}] over {_replicates(group, best, seeds)}."
    if group.draws > 1 and not pd.isna(low):
        yield "The interval speaks of data and initialization."
    if confirmed and confirmed["test_accuracy"] is not None:
        where = (
            "On fresh points"
            if confirmed["points"] == "fresh"
            else "Chosen by half the test points and judged by the others"
        )
        yield f"{where}: {_percent(confirmed['test_accuracy'])} %."
    tied = table[table["tied_with_best"].fillna(False).astype(bool)]
    if table["tied_with_best"].count() > 1:
        yield _ties(results, tied, best)


def _replicates(group: _Group, best: pd.Series, seeds: int) -> str:
    if group.draws > 1:
        return (
            f"{_counted(int(best['n_seeds'] - best['n_failed']), 'draw')} of the data, {_counted(seeds, 'seed')} each"
        )
    finished = int(best["n_seeds"] - best["n_failed"])
    return f"{finished:,} of {seeds:,} seeds" if finished < seeds else _counted(seeds, "seed")


def _ties(results: Results, tied: pd.DataFrame, best: pd.Series) -> str:
    if len(tied) == 1:
        return "No other is tied with it."
    said = f"Tied with it: {_counted(len(tied) - 1, 'other')}"
    if tied["hidden"].nunique() == 1:
        return f"{said}."
    features = _features(results, best)
    sizes = tied["hidden"].map(lambda hidden: count_parameters(features, hidden))
    if sizes.min() == sizes.iloc[0]:
        return f"{said}, none of them smaller."
    hidden = tied["hidden"].iloc[int(sizes.to_numpy().argmin())]
    smallest = "is logistic regression" if hidden == "0" else f"has {_units(hidden)}"
    return f"{said}; the smallest network among them {smallest}."


def _features(results: Results, row: pd.Series) -> int:
    rows = _rows(results.summary, row, results.columns)
    return results.features(results.summary.iloc[rows[0]])


def _configuration(results: Results, group: _Group, row: pd.Series) -> str:
    """``20 units at 1.2, relu``: hidden units, learning rate, and what else was varied."""
    units = "logistic regression" if row["hidden"] == "0" else _units(row["hidden"])
    named = (*results.problem_columns, "hidden", "learning_rate", "seed")
    others = [name for name in results.columns if name not in named and group.table[name].nunique() > 1]
    return ", ".join([f"{units} at {text_of(row['learning_rate'])}", *(in_words({name: row[name]}) for name in others)])


def _units(hidden: str) -> str:
    return "1 unit" if hidden == "1" else f"{hidden} units"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def _trouble(results: Results) -> Iterator[str]:
    """Runs that learned nothing, diverged or failed, and what they have in common."""
    summary, total = results.summary, len(results.runs)
    for of, is_so, are_so in (
        ("stuck", "is stuck", "are stuck"),
        ("diverged", "diverged", "diverged"),
        ("failed", "failed", "failed"),
    ):
        n = int(summary[f"n_{of}"].sum())
        if n == total:
            yield "The only run " + is_so + "." if total == 1 else f"All {total:,} runs {are_so}."
        elif n:
            said = f"{n:,} of {total:,} runs {is_so if n == 1 else are_so}"
            shared = _shared(results, summary[summary[f"n_{of}"] > 0])
            yield f"{said}{',' * bool(shared)}{' all' * (bool(shared) and n > 1)} {shared}".rstrip() + "."


def _shared(results: Results, some: pd.DataFrame) -> str:
    """What sets these configurations apart: the one or two columns of which they have the smallest share of values."""
    found: list[tuple[float, int, str]] = []
    for name in results.columns:
        if name == "seed":
            continue
        values, theirs = results.summary[name].unique().tolist(), some[name].unique().tolist()
        if len(theirs) < len(values) and (said := _listed(theirs, values)):
            found.append((len(theirs) / len(values), len(found), _with(name, said)))
    return " ".join(text for _, _, text in sorted(sorted(found)[:2], key=lambda each: each[1]))


def _listed(theirs: list[Any], values: list[Any]) -> str:
    """``3 or 4``; of many numbers ``5 or more``, where that is so; nothing where it would take too many words."""
    if len(theirs) <= _LISTED:
        *others, last = map(text_of, theirs)
        return f"{', '.join(others)} or {last}" if others else last
    if all(isinstance(value, int | float) for value in values):
        in_order = sorted(values)
        if sorted(theirs) == in_order[-len(theirs) :]:
            return f"{text_of(min(theirs))} or more"
        if sorted(theirs) == in_order[: len(theirs)]:
            return f"{text_of(max(theirs))} or less"
    return ""


def _with(name: str, said: str) -> str:
    if name == "hidden":
        return f"with {_units(said)}"
    if name == "learning_rate":
        return f"at learning rate {said}"
    return f"{'on' if name == 'dataset' else 'with'} {in_words({name: said})}"
