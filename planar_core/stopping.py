"""Early stopping: training ends when the cost on a validation part no longer falls, and the best network is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from planar_core import kernels, network
from planar_core.compiling import kernel
from planar_core.kernels import Batch, Examples, _copy, _evaluate, train_batch
from planar_core.outputs import output_of
from planar_core.training import _BUDGET, _state

_NEVER = 2**62  # as the distance of records: train_batch records at the start, and where it is told to end


@kernel
def _train_until_no_better(
    layout, output, batch, state, train, test, validation, workspace, iterations, record_every, patience, costs, kept,
    progress, never, budget,
):  # fmt: skip
    """Train the only run of a batch from record to record, as ``train_until_no_better``; returns whether it is done.

    ``costs``: (records,), those on the validation part; the first one is given. ``kept``: (parameters,), those of the
    best record. ``progress``: (2,), int64, the iteration of the next record, and the best record. ``never``: (1,),
    int64, _NEVER.
    """
    parameters, units = batch.parameters[0], 0
    for layer in range(layout.units.shape[0]):
        units += layout.units[layer]
    while True:
        start, end = batch.position[1], progress[0]
        if not train_batch(layout, output, batch, state, train, test, workspace, progress[:1], never, budget):
            return False
        if batch.diverged[0]:
            break
        batch.position[0], batch.position[1] = 0, end
        record, lowest = batch.records[0] - 1, costs[progress[1]]
        cost, _ = _evaluate(layout, output, parameters, validation, workspace, np.bool_(True))
        costs[record] = cost
        if cost < lowest or (np.isnan(lowest) and cost < np.inf):
            progress[1] = record
            _copy(parameters, kept)
        elif record - progress[1] >= patience:
            break
        if end == iterations:
            break
        progress[0] = min(end + record_every, iterations)
        budget -= (end - start) * train.Y.shape[0] * units
        if budget <= 0:
            return False
    _copy(kept, parameters)
    return True


def train_until_no_better(
    hidden: int | str | Sequence[int],
    features: int,
    batch: Batch,
    examples: tuple[Examples, Examples, Examples],
    iterations: int,
    record_every: int,
    patience: int,
    validation_costs: NDArray[np.float64],
    activation: str = "tanh",
    task: str = "binary",
    outputs: int = 1,
    budget: int = _BUDGET,
) -> Iterator[None]:
    """Train the only run of ``batch`` in place, as ``training.train_batch`` does, from record to record.

    ``examples`` are those to train, to test and to validate on. At each record the cost on the latter goes into
    ``validation_costs``, (records,). Training ends after ``patience`` records in a row whose cost is not lower than the
    lowest one before; nan is not lower than any number. The parameters are then those of the record with the lowest
    cost, the first one of equals, also of a run that diverged. Yields between two slices of about ``budget``
    activations.

    The iterations are those of ``kernels.train_batch``, which is called for each record with its iteration as the last
    one, and so need not know of validation.
    """
    train, test, validation = examples
    layout, output = network.layout(features, hidden, activation, outputs), output_of(task, outputs)
    space = network.workspace(layout, max(examples, key=lambda each: each.X.shape[1]))
    state, kept = _state(batch, train), batch.parameters[0].copy()
    validation_costs[0] = kernels.evaluate(layout, output, kept, validation, space, True)[0]
    progress = np.array([min(record_every, iterations), 0])
    never = np.array([_NEVER], np.int64)
    how = iterations, record_every, patience, validation_costs, kept, progress, never, budget
    while not _train_until_no_better(layout, output, batch, state, train, test, validation, space, *how):
        yield
