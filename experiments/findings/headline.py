"""The main result of a sweep, in sentences."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pandas as pd

from experiments.findings.baselines import compared_in_words
from experiments.findings.groups import Group, groups, n_groups, rows
from experiments.findings.raced import raced_in_words
from experiments.knobs.declared import AXES, FOLD, ITERATIONS, SEED
from experiments.knobs.words import in_words, text_of, units
from experiments.tables.statistics import rank_column
from experiments.tables.tables import Tables
from experiments.tables.words import label, said, said_interval
from experiments.text import count, listed
from planar_core.choices import count_parameters

_SPOKEN_OF = 3  # problems in the headline
_LISTED = 3  # values in a sentence


def headline(tables: Tables, findings: Sequence[dict[str, Any] | None]) -> list[str]:
    """The main result in paragraphs: one per problem, for a few problems, and one on runs that did not succeed.

    ``findings`` come from ``confirmations``. For a single problem everything is one paragraph.
    """
    every = n_groups(tables)
    shown = list(itertools.islice(groups(tables), _SPOKEN_OF))
    paragraphs = []
    for group, confirmed in zip(shown, findings or len(shown) * [None], strict=False):
        text = " ".join(_sentences(tables, group, confirmed))
        paragraphs.append(f"{in_words(group.problem)}: {text}" if every > 1 else text)
    if every > len(shown):
        paragraphs.append(f"{count(every - len(shown), 'more problem')}: see summary.csv.")
    trouble = " ".join(_trouble(tables))
    if trouble and every == 1:
        paragraphs[0] += f" {trouble}"
    elif trouble:
        paragraphs.append(trouble)
    return paragraphs


def _sentences(tables: Tables, group: Group, confirmed: dict[str, Any] | None) -> Iterator[str]:
    table, best, metric = group.table, group.table.iloc[0], tables.metric
    if pd.isna(best[rank_column(table)]):
        yield "No run finished."
        return
    name = _configuration(tables, group, best)
    mean, low, high = (best[f"{of}_test_{metric}"] for of in ("mean", "ci_low", "ci_high"))
    value = f"test {label(metric)} {said(metric, mean, is_labelled=False)}"
    if pd.isna(low):
        only = "with one seed" if tables.design.n_replicates == 1 else "with the only seed that finished"
        yield f"{name}: {value} {only}; an interval and ties require at least two."
    else:
        interval = said_interval(metric, low, high)
        yield f"{name}: {value} (95 % interval {interval}), mean over {_replicates(tables, group, best)}."
        yield from _scope(tables, group)
    if confirmed and confirmed.get(f"test_{metric}") is not None:
        where = (
            "On fresh test points"
            if confirmed["points"] == "fresh"
            else "Chosen on one half of the test points and measured on the other"
        )
        yield f"{where}: {said(metric, confirmed[f'test_{metric}'], is_labelled=False)}."
    if confirmed and confirmed.get("baselines"):
        yield from compared_in_words(confirmed["baselines"], metric)
    if confirmed and confirmed.get("turned_at") is not None:
        of = f"{confirmed['turned_at']:,} of {best.get(ITERATIONS.name, tables.design.iterations):,} iterations"
        yield f"Its test cost was lowest after {of} and rose afterwards: it overfits."
    tied = table[table["tied_with_best"].fillna(False).astype(bool)]
    if table["tied_with_best"].count() > 1:
        yield _ties(tables, tied, best)
    if tables.races and group.draws == 1:
        yield from raced_in_words(tables, best)
    yield from _at_the_edge(group, best, tables.design.sampled)


def _scope(tables: Tables, group: Group) -> Iterator[str]:
    """What the interval covers, if that is more than other initial weights."""
    identity = next(iter(tables.identities.values()))
    if group.draws > 1 or "data_seed" in identity:
        yield "The interval covers variation of the data and of the initial weights."
    elif "split" in identity:
        yield "The interval approximately covers new data, since every replicate has its own split."


def _replicates(tables: Tables, group: Group, best: pd.Series) -> str:
    seeds, folds = len(tables.design.values[SEED.name]), len(tables.design.values[FOLD.name])
    if tables.races and group.draws == 1:
        seeds = int(best["n_seeds"])
    every = int(best["n_replicates" if "n_replicates" in best.index else "n_seeds"])
    finished = every - int(best["n_failed"])
    if group.draws > 1:
        return f"{count(finished, 'draw')} of the data, {count(seeds, 'seed')} each"
    if folds > 1:
        of = f"{count(folds, 'fold')} x {count(seeds, 'seed')}"
        return of if finished == every else f"{finished:,} of the {every:,} replicates of {of}"
    return f"{finished:,} of {seeds:,} seeds" if finished < seeds else count(seeds, "seed")


def _at_the_edge(group: Group, best: pd.Series, sampled: Collection[str]) -> Iterator[str]:
    """The settings of the best configuration at an edge of the values tried, unless an inner value is as good.

    The largest value of a sample belongs to one configuration, which may be the best for its other settings.
    """
    first = group.table[group.table[rank_column(group.table)] == 1]
    for name in (axis.name for axis in AXES if axis.takes_ranges):
        values = group.table[name].unique().tolist() if name in group.table and name not in group.problem else []
        if name == "seed" or name in sampled or len(values) < 3:
            continue
        numbers = [_as_number(value) for value in values]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            continue
        at, ends = _as_number(best[name]), (min(known), max(known))
        equal = first[name].nunique() == 1
        if at in ends and at != 0 and equal:  # nothing can be tried below 0
            way = "smaller" if at == ends[0] else "larger"
            what = {"hidden": "number of hidden units", ITERATIONS.name: "number of iterations"}.get(name)
            what = what or name.replace("_", " ")
            yield f"Its {what} is at the edge of the values tried: try {way} ones."


def _ties(tables: Tables, tied: pd.DataFrame, best: pd.Series) -> str:
    if len(tied) == 1:
        return "No other configuration is tied with it."
    others = len(tied) - 1
    said = f"{count(others, 'other configuration')} {'is' if others == 1 else 'are'} tied with it"
    if tied["hidden"].nunique() == 1:
        return f"{said}."
    features = _features(tables, best)
    sizes = tied["hidden"].map(lambda hidden: count_parameters(features, hidden))
    if sizes.min() == sizes.iloc[0]:
        return f"{said}, none with a smaller network."
    hidden = tied["hidden"].iloc[int(sizes.to_numpy().argmin())]
    smallest = "is linear" if hidden == "0" else f"has {units(hidden)}"
    return f"{said}; the smallest of these networks {smallest}."


def _features(tables: Tables, row: pd.Series) -> int:
    same = rows(tables.summary, row, tables.columns)
    return tables.features(tables.summary.iloc[same[0]])


def _configuration(tables: Tables, group: Group, row: pd.Series) -> str:
    """``20 hidden units, learning rate 1.2, relu``: hidden units, learning rate, and what else was varied."""
    named = (*tables.problem_columns, "hidden", "learning_rate", *tables.design.replicate_columns)
    others = [name for name in tables.columns if name not in named and group.table[name].nunique() > 1]
    said = [in_words({name: row[name]}) for name in others]  # without settings that have no effect
    return ", ".join([units(row["hidden"]), f"learning rate {text_of(row['learning_rate'])}", *filter(None, said)])


def _as_number(value: Any) -> float | None:
    """The value of a setting as a number; None for words and for several layers."""
    try:
        return float(value) if value == value else None  # nan: the setting has no effect
    except (TypeError, ValueError):
        return None


def _trouble(tables: Tables) -> Iterator[str]:
    """Runs that learned nothing, diverged or failed, and what they have in common."""
    summary = tables.summary
    total = tables.design.n_runs
    for of, is_so, are_so in (
        ("stuck", "learned nothing", "learned nothing"),
        ("one_class", "predicts only one class", "predict only one class"),
        ("diverged", "diverged", "diverged"),
        ("failed", "failed", "failed"),
    ):
        if f"n_{of}" not in summary:
            continue
        n = int(summary[f"n_{of}"].sum())
        if n == total:
            yield "The only run " + is_so + "." if total == 1 else f"All {total:,} runs {are_so}."
        elif n:
            said = f"{n:,} of {total:,} runs {is_so if n == 1 else are_so}"
            shared = _shared(tables, summary[summary[f"n_{of}"] > 0])
            yield f"{said}{',' * bool(shared)}{' all' * (bool(shared) and n > 1)} {shared}".rstrip() + "."


def _shared(tables: Tables, some: pd.DataFrame) -> str:
    """What these configurations have in common: the one or two columns of whose values they have the smallest share."""
    found: list[tuple[float, int, str]] = []
    for name in tables.design.configuration_columns:
        values, theirs = (table[name].dropna().unique().tolist() for table in (tables.summary, some))
        # In a sample, nearly every configuration can have its own value: then several have nothing in common.
        is_own = name in tables.design.sampled and 2 * len(theirs) > len(some) > 1
        most = 0 if is_own else _LISTED
        if 0 < len(theirs) < len(values) and (said := _said_of(theirs, values, most)):
            found.append((len(theirs) / len(values), len(found), _with(name, said)))
    return " ".join(text for _, _, text in sorted(sorted(found)[:2], key=lambda each: each[1]))


def _said_of(theirs: list[Any], values: list[Any], most: int) -> str:
    """``3 or 4``; for many numbers ``5 or more`` if that holds; an empty string if it would be too long."""
    if len(theirs) <= most:
        return listed(map(text_of, theirs), "or")
    if all(isinstance(value, int | float) for value in values):
        in_order = sorted(values)
        if sorted(theirs) == in_order[-len(theirs) :]:
            return f"{text_of(min(theirs))} or more"
        if sorted(theirs) == in_order[: len(theirs)]:
            return f"{text_of(max(theirs))} or less"
    return ""


def _with(name: str, said: str) -> str:
    if name == "hidden":
        return f"with {units(said)}"
    if name == "learning_rate":
        return f"at learning rate {said}"
    return f"{'on' if name == 'dataset' else 'with'} {in_words({name: said})}"
