"""A race: seeds are trained in rounds, for the configurations that are left, until everything is decided."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.race import FIRST_ROUND, rounds
from experiments.runner.observer import Standing
from experiments.runner.run import Done
from experiments.store.store import Store
from experiments.tables.problems import about_data, score_of
from experiments.tables.races import OUT, WITHIN, Floats, configurations_of, deviation_of, race_of
from experiments.tables.rows import RowsOfRuns
from experiments.tables.statistics import scores_of


def race(
    design: Design,
    sources: Mapping[ProblemKey, Source],
    opened: Store,
    train: Callable[[Design], Done],
    report: Callable[[Standing], None],
    most_runs: int | None = None,
    weights: Sequence[float] = (),
) -> tuple[Design, list[Done]]:
    """Train seeds until everything is decided, or none is left; return the design of what was trained.

    What is trained follows from the scores of earlier rounds alone, so that it depends neither on time nor on jobs, and
    an interrupted race goes on as if it had not been. ``train`` trains and stores the runs of a design. A round after
    which there would be more than ``most_runs`` is not trained; a run of a configuration counts by its weight.
    """
    about = about_data(design, sources)
    metric = (design.metrics or [score_of(about)])[0]
    scores = np.empty((design.n_configurations, len(design.values["fold"]), 0))
    running = configurations_of(design)
    verdicts = np.full(design.n_configurations, "", dtype=object)
    trained = np.zeros(design.n_configurations, np.int64)
    done = []
    for end in rounds(len(design.values["seed"])):
        left = np.concatenate([positions[verdicts[positions] != OUT] for positions in running.values()])
        if most_runs is not None:
            then = trained.copy()
            then[left] = end
            if scores.shape[1] * math.fsum((then * np.array(weights)).tolist()) > most_runs and end > FIRST_ROUND:
                break
        trained[left] = end
        added = design.of_race(trained.tolist(), scores.shape[2])
        done.append(train(added))
        scores = np.concatenate([scores, _scores(added, about, sources, opened, metric)], axis=2)
        for problem, positions in list(running.items()):
            deviation = deviation_of(sources[problem])
            found = race_of(design, problem, positions, scores[positions], metric, deviation)
            verdicts[positions] = found.verdicts
            if found.is_decided:
                del running[problem]
        report(Standing(end, len(verdicts), *(int((verdicts == verdict).sum()) for verdict in (OUT, WITHIN))))
        if not running:
            break
    return design.of_race(trained.tolist()), done


def _scores(
    added: Design, about: list[dict[str, object]], sources: Mapping[ProblemKey, Source], opened: Store, metric: str
) -> Floats:
    """The metric of the runs of a round, (configurations, folds, seeds); nan where there is none."""
    scores = np.full((added.n_configurations, len(added.values["fold"]), len(added.values["seed"])), np.nan)
    for rows in RowsOfRuns(added, about, sources, opened)():
        scores.ravel()[rows.block.positions(added)] = scores_of(rows.table, f"test_{metric}")
    return scores
