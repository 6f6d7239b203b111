"""What a race has decided, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.findings.groups import rows
from experiments.race import IN_UNITS_OF_TARGET, LEVEL, SYMMETRIC, mode_of
from experiments.tables.races import OPEN, OUT, WITHIN, Race
from experiments.tables.statistics import rank_column
from experiments.tables.tables import Tables
from experiments.tables.words import is_percentage, label
from experiments.text import count
from planar_core.choices import METRICS

MOST_SKEWED = 2.0  # differences that are symmetric; with normal noise the skewness of ten is seldom above 1.5


def margin_in_words(tables: Tables) -> str:
    """``0.5 percentage points``, ``0.005``, ``0.005 standard deviations of the target``, ``0.005 nats``."""
    if is_percentage(tables.metric) and tables.design.margin is not None:
        return f"{100 * tables.design.margin:g} percentage points"
    unit = {"log_loss": " nats"}.get(tables.metric, "")
    if tables.metric in IN_UNITS_OF_TARGET:
        unit = " standard deviations of the target"
    return f"{tables.design.margin:g}{unit}"


def raced_in_words(tables: Tables, best: pd.Series) -> Iterator[str]:
    """What the race of a problem, given its best configuration, has decided; what it took; and what it speaks of."""
    (position,) = rows(tables.summary, best, tables.design.configuration_columns)
    race = next(race for race in tables.races if position in race.configurations)
    if len(race.configurations) == 1:
        yield "There is nothing to decide between."
        return
    yield _state(tables, race)
    replicates = tables.summary.iloc[race.configurations]
    trained = int((replicates["n_replicates"] if "n_replicates" in replicates else replicates["n_seeds"]).sum())
    full = len(race.configurations) * race.replicates * len(tables.design.values["fold"])
    if trained < full:
        yield f"That took {count(trained, 'run')} instead of {full:,}."
    yield _promise(tables, race)


def _state(tables: Tables, race: Race) -> str:
    verdicts = race.verdicts.tolist()
    out, within, still_open = (verdicts.count(verdict) for verdict in (OUT, WITHIN, OPEN))
    margin = f"within {margin_in_words(tables)} of the best"
    others = [f"{out:,} {'is' if out == 1 else 'are'} ruled out"] if out else []
    if race.is_decided:
        if within == 1:
            return f"Decided after {count(race.replicates, 'seed')}: all others are ruled out."
        others += [f"{within:,} {'is' if within == 1 else 'are'} {margin} in test {label(tables.metric)}"]
        return f"Decided after {count(race.replicates, 'seed')}: {', '.join(others)}."
    others += [f"{within:,} {'is' if within == 1 else 'are'} {margin}"] if within else []
    others += [f"{still_open:,} {'is' if still_open == 1 else 'are'} open"]
    more = "a larger margin or more --seeds may decide it"
    return f"Not decided after {count(race.replicates, 'seed')}: {', '.join(others)}; {more}."


def _skewness(tables: Tables, race: Race) -> float:
    """The largest skewness (of either sign) of the differences of a configuration to the best one."""
    ranked = tables.summary.iloc[race.configurations].sort_values(rank_column(tables.summary), kind="stable")
    best, *others = (tables.scores_of(row) for _, row in ranked.iterrows())
    return max((_skewness_of(best[: len(scores)] - scores[: len(best)]) for scores in others), default=0.0)


def _skewness_of(d: npt.NDArray[np.float64]) -> float:
    d = d[np.isfinite(d)]
    deviations = d - d.mean() if len(d) else d
    square = float(np.mean(deviations**2)) if len(d) else 0.0
    return abs(float(np.mean(deviations**3))) / square**1.5 if square > 0 else 0.0


def _promise(tables: Tables, race: Race) -> str:
    """How far the decisions can be relied on, and of what they speak."""
    identity = tables.identities[race.problem]
    if "data_seed" in identity:
        of = "draws of the data and initial weights"
    elif "split" in identity:
        of = "splits of this table and initial weights, not of new data"
    else:
        of = "initial weights, on these data"
    stuck = int(tables.summary["n_stuck"].iloc[race.configurations].sum())
    is_symmetric = mode_of(METRICS[tables.metric], tables.design.is_exact) == SYMMETRIC
    if is_symmetric and (stuck or _skewness(tables, race) > MOST_SKEWED):
        why = f"{count(stuck, 'run')} learned nothing" if stuck else "Some configurations have rare bad or good runs"
        instead = "--decision exact"
        if METRICS[tables.metric].limits != (0.0, 1.0):
            instead += " with a metric from 0 to 1"
        return f"{why}, so differences are not symmetric and no error rate can be promised: use {instead}."
    return f"At most {100 * LEVEL:g} % of such races rule out what is truly best, in the mean over {of}."
