"""Early stopping: training ends when the cost on a validation part no longer falls, and the best network is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from planar_core import kernels, network
from planar_core.kernels import Batch, Examples
from planar_core.outputs import output_of
from planar_core.training import _BUDGET, _state, recorded_iterations

_NEVER = 2**62  # as the distance of records: the kernel records at the start, and where it is told to end


def train_until_no_better(
    hidden: int | str | Sequence[int],
    features: int,
    batch: Batch,
    examples: tuple[Examples, Examples, Examples],
    iterations: int,
    record_every: int,
    patience: int,
    validation_costs: npt.NDArray[np.float64],
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
    activations, and at each record.

    The kernels are those of every other training. They are called once for each record, with its iteration as the
    last one, and so need to know nothing of validation.
    """
    train, test, validation = examples
    layout, output = network.layout(features, hidden, activation, outputs), output_of(task, outputs)
    space = network.workspace(layout, max(examples, key=lambda each: each.X.shape[1]))
    state, parameters = _state(batch, train), batch.parameters[0]

    def cost() -> float:
        return float(kernels.evaluate(layout, output, parameters, validation, space, True)[0])

    validation_costs[0] = cost()
    best, kept = 0, parameters.copy()
    lowest = math.inf if math.isnan(validation_costs[0]) else float(validation_costs[0])
    at = recorded_iterations(iterations, record_every).tolist()
    for end in at[1:] or at:  # the kernel also records the start
        while not kernels.train_batch(layout, output, batch, state, train, test, space, end, _NEVER, budget):
            yield
        if batch.diverged[0] or end == 0:
            break
        batch.position[:] = 0, end
        record = int(batch.records[0]) - 1
        validation_costs[record] = cost()
        if validation_costs[record] < lowest:
            best, lowest = record, float(validation_costs[record])
            kept[:] = parameters
        elif record - best >= patience:
            break
        yield
    parameters[:] = kept
