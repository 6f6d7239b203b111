"""The races of a sweep, one for each problem: what its scores decide between the configurations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.race import Decisions, decide, mode_of, scores_of
from planar_core.choices import METRICS

Floats = npt.NDArray[np.float64]
OUT, WITHIN, OPEN = "out", "within", "open"


@dataclass(frozen=True)
class Race:
    """The race between the configurations of a problem.

    problem: the key of the problem
    configurations: the positions of its configurations in the sweep, (configurations,)
    replicates: the number of seeds until it ended
    decisions: what was decided, see ``experiments.race``
    """

    problem: ProblemKey
    configurations: npt.NDArray[np.int64]
    replicates: int
    decisions: Decisions

    @property
    def is_decided(self) -> bool:
        """Whether every configuration is ruled out or within the margin of the best."""
        return not self.decisions.is_open.any()

    @property
    def verdicts(self) -> npt.NDArray[np.object_]:
        """``out``, ``within`` or ``open`` for each configuration."""
        of = np.full(len(self.configurations), OPEN, dtype=object)
        of[self.decisions.within_after > 0] = WITHIN
        of[self.decisions.out_after > 0] = OUT
        return of

    @property
    def after(self) -> npt.NDArray[np.int64]:
        """The number of seeds after which each verdict was reached; 0 for an open one."""
        return np.maximum(self.decisions.out_after, self.decisions.within_after)


def configurations_of(design: Design) -> dict[ProblemKey, npt.NDArray[np.int64]]:
    """The positions of the configurations of each problem."""
    found: dict[ProblemKey, list[int]] = {}
    for position, run in enumerate(design.configurations()):
        found.setdefault(run.problem, []).append(position)
    return {problem: np.array(positions, np.int64) for problem, positions in found.items()}


def deviation_of(source: Source) -> float:
    """The standard deviation of the target, the unit of the margin for rmse and mae; 1 for classes."""
    data = source.first
    return float(data.target_scale[1]) if data.task == "regression" else 1.0


def race_of(
    design: Design,
    problem: ProblemKey,
    configurations: npt.NDArray[np.int64],
    scores: Floats,
    metric: str,
    deviation: float,
) -> Race:
    """The race of a problem, given the metric of every run: (configurations, folds, seeds), nan for none.

    A configuration that is not out has a run, if a failed one, for each of these seeds.
    """
    assert design.margin is not None
    in_rounds = scores_of(np.moveaxis(scores, (0, 1, 2), (2, 1, 0)), METRICS[metric], deviation)
    decisions = decide(in_rounds, design.margin, mode_of(METRICS[metric], design.is_exact))
    return Race(problem, configurations, scores.shape[2], decisions)


def races(
    design: Design, trained: npt.ArrayLike, scores: Floats, metric: str, deviations: Mapping[ProblemKey, float]
) -> Iterator[Race]:
    """The race of each problem, given the metric of every run: (configurations, folds, seeds), nan for none.

    ``trained`` has the number of seeds of each configuration, (configurations,).
    """
    counts = np.asarray(trained)
    for problem, positions in configurations_of(design).items():
        of_problem = scores[positions, :, : int(counts[positions].max())]
        yield race_of(design, problem, positions, of_problem, metric, deviations[problem])
