"""Whether training converges, judged while it trains: for maps of many networks, without a curve of each.

The verdict is that of Sohl-Dickstein (2024, "The boundary of neural network trainability is fractal", arXiv
2402.06184). l_0, l_1 ... are the costs before each update, on all training examples, with mini-batches as well::

    r_k = min(l_k / l_0, 10^6), and 10^6 where that is not finite
    converged: the mean of the last 20 of r is below 1         measure: sum r_k if converged, else sum 1 / r_k

Training stops early only where the cost of the examples of an update is nan: from then on every weight of the output
layer is nan, and so is every later cost. A cost that is infinite, or beyond the cap, can return.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planar_core import network
from planar_core.choices import LAST_COSTS, at_least
from planar_core.compiling import inlined, kernel
from planar_core.kernels import Batch, Examples, _all_finite, _evaluate, count_units, step
from planar_core.training import _BUDGET, _layout_and_output, _state

CAP = 1e6  # of a cost, as a multiple of the first one

_FIRST, _SUM, _INVERSES, _END, _STEPS, _REACHED, _COST, _SCORE, _TEST_COST, _TEST_SCORE = range(10)
_COLUMNS = 10


class Verdicts(NamedTuple):
    """What became of each run of a batch: arrays of one entry a run."""

    converged: NDArray[np.bool_]
    measure: NDArray[np.float64]  # sum r if converged, else sum 1 / r
    first: NDArray[np.float64]  # l_0
    end: NDArray[np.float64]  # mean of the last 20 of r
    steps: NDArray[np.int64]  # updates before the one that makes the network nan, or all
    reached: NDArray[np.int64]  # the first k with r_k at most the target; -1 if there is none
    cost: NDArray[np.float64]  # after the last update, on all training examples; nan of a network that is not finite
    score: NDArray[np.float64]  # accuracy, or R^2 of a regression, likewise
    test_cost: NDArray[np.float64]  # nan without test examples, too
    test_score: NDArray[np.float64]


@inlined
def _add(found, ratio, k, iterations, target):
    """Add r_k = ratio of a run to its row."""
    r = min(ratio, CAP) if np.isfinite(ratio) else CAP
    found[_SUM] += r
    found[_INVERSES] += 1.0 / r
    if k >= iterations - LAST_COSTS:
        found[_END] += r
    if r <= target and found[_REACHED] < 0:
        found[_REACHED] = k


@kernel
def _judge_batch(layout, output, batch, state, train, test, workspace, iterations, target, found, budget):
    """Train the runs of a batch one after the other; returns whether all are done. As ``kernels.train_batch``.

    ``found``: (runs, _COLUMNS), float64, what is known of each run.
    """
    units, with_cost = count_units(layout), np.bool_(True)
    while batch.position[0] < batch.parameters.shape[0]:
        run, iteration = batch.position[0], batch.position[1]
        of_run, parameters = found[run], batch.parameters[run]
        while iteration < iterations:
            if budget <= 0:
                batch.position[1] = iteration
                return False
            cost, is_part = np.nan, False
            if state is not None:  # noqa: SIM102
                if batch.batch_sizes[run] < train.m:  # an `and` would keep Numba from leaving this out
                    is_part = True
                    cost, _ = _evaluate(layout, output, parameters, train, workspace, with_cost)
                    budget -= train.Y.shape[0] * units
            loss, examples = step(layout, output, batch, run, iteration, train, state, workspace, with_cost)
            if not is_part:
                cost = loss
            if iteration == 0:
                of_run[_FIRST] = cost
            if np.isnan(loss):
                break
            _add(of_run, cost / of_run[_FIRST], iteration, iterations, target)
            budget -= examples * units
            iteration += 1
        of_run[_STEPS] = iteration
        for k in range(iteration, iterations):
            _add(of_run, np.nan, k, iterations, target)
        if _all_finite(parameters):
            of_run[_COST], of_run[_SCORE] = _evaluate(layout, output, parameters, train, workspace, with_cost)
            of_run[_TEST_COST], of_run[_TEST_SCORE] = _evaluate(layout, output, parameters, test, workspace, with_cost)
            budget -= (train.Y.shape[0] + test.Y.shape[0]) * units
        batch.position[0], batch.position[1] = run + 1, 0
    return True


class Judging:
    """Trains the runs of a batch in place; iterate over it to the end, then read ``verdicts``.

    ``outputs`` is that of ``new_batch``; ``train`` and ``test`` are of the same task. ``target`` is that of
    ``Verdicts.reached``. Raises ValueError for outputs that fit neither the task nor the batch, and for fewer
    iterations than decide.
    """

    def __init__(
        self,
        hidden: int | str | Sequence[int],
        features: int,
        batch: Batch,
        examples: tuple[Examples, Examples],
        iterations: int,
        activation: str = "tanh",
        task: str = "binary",
        outputs: int = 1,
        target: float = 0.0,
    ) -> None:
        at_least(LAST_COSTS, iterations=iterations)
        self._batch, self._examples, self._iterations, self._target = batch, examples, int(iterations), float(target)
        self._layout, self._output = _layout_and_output(hidden, features, batch, activation, task, outputs)
        self._found = np.full((len(batch.parameters), _COLUMNS), np.nan)
        self._found[:, [_SUM, _INVERSES, _END]] = 0
        self._found[:, _REACHED] = -1

    def __iter__(self) -> Iterator[None]:
        """Train in slices of some tens of milliseconds; yields between two slices."""
        train, test = self._examples
        space = network.workspace(self._layout, train if train.X.shape[1] > test.X.shape[1] else test)
        how = self._layout, self._output, self._batch, _state(self._batch, train), train, test, space
        while not _judge_batch(*how, self._iterations, self._target, self._found, _BUDGET):
            yield

    @property
    def verdicts(self) -> Verdicts:
        """What became of the runs."""
        of = self._found.T
        end = of[_END] / LAST_COSTS
        converged = end < 1
        return Verdicts(
            converged=converged,
            measure=np.where(converged, of[_SUM], of[_INVERSES]),
            first=of[_FIRST],
            end=end,
            steps=of[_STEPS].astype(np.int64),
            reached=of[_REACHED].astype(np.int64),
            cost=of[_COST],
            score=of[_SCORE],
            test_cost=of[_TEST_COST],
            test_score=of[_TEST_SCORE],
        )
