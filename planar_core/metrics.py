"""How a network is judged: the metrics of each task, from the outputs of its last layer.

Outputs are Z of the last layer: logits (1, examples) of two classes and (classes, examples) of several, values
(1, examples) of a regression. With y the classes or values, and p the probabilities sigmoid(z) or softmax(Z):

- accuracy, balanced_accuracy and f1 look at the predicted classes: 1 where z > 0; of several the largest Z, the first
  of equals; nan is never the larger.
- auc and average_precision look at the order of the examples by the probability of a class. It is taken from the log
  odds log(p / (1 - p)), which tell apart what rounds to the same probability; of two classes that is z itself.
- log_loss is the mean of log(1 + e^-o), where o are the log odds of the class an example has.

All agree with scikit-learn's functions, as ``Metric.formula`` names them. What counts is exact: numbers of examples are
integers, and sums are compensated (Neumaier, 1974), in the order of the examples. exp and log are those of
``elementary``. So the bits are the same on every CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planar_core.choices import BINARY, REGRESSION, checked_metrics, metrics_of
from planar_core.compiling import inlined, kernel
from planar_core.elementary import exp, log1p
from planar_core.simd import LANES, absolute, lanes_of, load, select, splat, store, zeros

Floats = NDArray[np.float64]


# --- kernels ---------------------------------------------------------------------------------------------


@inlined
def _add(total, lost, x):
    """(total + x, what rounding has lost so far): Neumaier's compensated sum."""
    t = total + x
    if abs(total) >= abs(x):
        lost += (total - t) + x
    else:
        lost += (x - t) + total
    return t, lost


@inlined
def _sum_of(total, lost):
    """The sum; infinite or nan as it is, since what was lost is then nan."""
    return total + lost if np.isfinite(total) else total


_RUN = 12  # values that are sorted by insertion; then sorted runs are merged, two at a time


@inlined
def _sort(values, spare, n):
    """Sort values[:n] from the smallest; none is nan."""
    for first in range(0, n, _RUN):
        for i in range(first + 1, min(first + _RUN, n)):
            value, k = values[i], i
            while k > first and values[k - 1] > value:
                values[k] = values[k - 1]
                k -= 1
            values[k] = value
    width = _RUN
    while width < n:
        for first in range(0, n, 2 * width):
            middle, last = min(first + width, n), min(first + 2 * width, n)
            i, j = first, middle
            for k in range(first, last):
                if j == last or (i < middle and values[i] <= values[j]):
                    spare[k] = values[i]
                    i += 1
                else:
                    spare[k] = values[j]
                    j += 1
        for k in range(n):
            values[k] = spare[k]
        width *= 2


@inlined
def _ranked(scores, members, first, last, ranks, spare):
    """(AUC, average precision) of the class whose examples are members[first:last], against the rest; nan if empty.

    ranks: (2, examples): scratch space for the scores of either side
    """
    m = members.shape[0]
    p, n = last - first, m - (last - first)
    if p == 0 or n == 0:
        return np.nan, np.nan
    for k in range(m):
        score = scores[members[k]]
        if np.isnan(score):
            return np.nan, np.nan
        if first <= k < last:
            ranks[0, k - first] = score
        else:
            ranks[1, k - p if k >= last else k] = score
    _sort(ranks[0], spare, p)
    _sort(ranks[1], spare, n)
    # From the highest score down, all equal ones at once.
    i, j, twice_above = p, n, 0
    total, lost = 0.0, 0.0
    while i > 0:
        score = ranks[0, i - 1]
        if j > 0 and ranks[1, j - 1] > score:
            score = ranks[1, j - 1]
        equal_p, equal_n = 0, 0
        while i > 0 and ranks[0, i - 1] == score:
            i -= 1
            equal_p += 1
        while j > 0 and ranks[1, j - 1] == score:
            j -= 1
            equal_n += 1
        if equal_p > 0:
            twice_above += equal_p * (2 * j + equal_n)
            total, lost = _add(total, lost, equal_p * ((p - i) / ((p - i) + (n - j))))
    return twice_above / (2.0 * p * n), _sum_of(total, lost) / p


@inlined
def _minus(x, y):
    """x - y; 0 where they are equal, if infinite as well."""
    return select(x == y, 0.0, x - y)


@inlined
def _log_odds(Z, odds, top, block):
    """odds[classes + k]: log(p / (1 - p)) of each class k, and top: the class of the largest Z, of a block.

    M is the largest Z, M' the largest of the others. All exps are of 0 or less, so nothing overflows:

        odds of the largest     (M - M') - log1p(T)                         T = sum of e^(Z - M') without both
        of another class k      (Z_k - M) - log1p(e^(M' - M) T_k)           T_k = that without M and Z_k
    """
    classes = Z.shape[0]
    largest, at = load(Z, 0, block), zeros(Z)
    is_nan = select(largest != largest, 1.0, zeros(Z))
    for k in range(1, classes):
        z = load(Z, k, block)
        is_nan = select(z != z, 1.0, is_nan)
        at = select(z > largest, float(k), at)
        largest = select(z > largest, z, largest)
    store(top, 0, block, at)
    second, second_at = splat(zeros(Z), -np.inf), select(at == 0.0, 1.0, zeros(Z))
    for k in range(classes):
        z = select(at == float(k), -np.inf, load(Z, k, block))
        second_at = select(z > second, float(k), second_at)
        second = select(z > second, z, second)
    rest = zeros(Z)
    for k in range(classes):
        power = select(at == float(k), 0.0, exp(_minus(load(Z, k, block), second)))
        store(odds, k, block, power)
        rest = rest + select(second_at == float(k), 0.0, power)
    of_largest = _minus(largest, second) - log1p(rest)
    gap = exp(_minus(second, largest))
    for k in range(classes):
        total = zeros(Z)
        for j in range(classes):
            if j != k:
                total = total + load(odds, j, block)
        of_another = _minus(load(Z, k, block), largest) - log1p(gap * total)
        result = select(at == float(k), of_largest, of_another)
        store(odds, classes + k, block, select(is_nan > 0.0, np.nan, result))


class _Scratch(NamedTuple):
    """Scratch space for the outputs of one network. Examples are padded to whole vectors."""

    Z: Any  # (classes, examples padded)
    odds: Any  # (2 classes, examples padded); the second half holds the log odds of each class; of two, row 0 does
    predicted: Any  # (examples padded,)
    losses: Any  # (examples padded,)
    ranks: Any  # (2, examples)
    spare: Any  # (examples,)
    counts: Any  # (3, classes), int64: of examples, of predictions, and of those that are right, by class


@kernel
def _judge_classes(outputs, labels, members, starts, wants_ranks, wants_losses, space, result):
    """result[i]: accuracy, balanced accuracy, F1, AUC, average precision, log loss, of outputs[i].

    outputs: (networks, 1 or classes, examples)
    labels: (examples,), int64; members: (examples,), int64: examples by class, those of class k from starts[k] on
    """
    m, classes = labels.shape[0], starts.shape[0] - 1
    is_binary = outputs.shape[1] == 1
    blocks = space.predicted.shape[0] // lanes_of(space.predicted)
    for i in range(outputs.shape[0]):
        for k in range(outputs.shape[1]):
            for t in range(m):
                space.Z[k, t] = outputs[i, k, t]
        offset = classes
        if is_binary:
            offset = 0
            for t in range(m):
                space.predicted[t] = 1.0 if space.Z[0, t] > 0.0 else 0.0
                space.odds[0, t] = space.Z[0, t]
        else:
            for block in range(blocks):
                _log_odds(space.Z, space.odds, space.predicted, block)

        space.counts[:] = 0
        for t in range(m):
            label, predicted = labels[t], int(space.predicted[t])
            space.counts[0, label] += 1
            space.counts[1, predicted] += 1
            space.counts[2, label] += label == predicted
        right, occur, occur_or_predicted, recall, lost_recall, f1, lost_f1 = 0, 0, 0, 0.0, 0.0, 0.0, 0.0
        for k in range(classes):
            of_class, predicted, hits = space.counts[0, k], space.counts[1, k], space.counts[2, k]
            right += hits
            if of_class > 0:
                occur += 1
                recall, lost_recall = _add(recall, lost_recall, hits / of_class)
            if of_class + predicted > 0:
                occur_or_predicted += 1
                f1, lost_f1 = _add(f1, lost_f1, 2.0 * hits / (of_class + predicted))
        result[i, 0] = right / m
        result[i, 1] = (recall + lost_recall) / occur
        result[i, 2] = (f1 + lost_f1) / occur_or_predicted

        result[i, 3:] = np.nan
        if wants_ranks:
            auc, lost_auc, precision, lost_precision = 0.0, 0.0, 0.0, 0.0
            first = 1 if is_binary else 0
            for k in range(first, classes):
                row = space.odds[0] if is_binary else space.odds[offset + k]
                of_class = _ranked(row, members, starts[k], starts[k + 1], space.ranks, space.spare)
                auc, lost_auc = _add(auc, lost_auc, of_class[0])
                precision, lost_precision = _add(precision, lost_precision, of_class[1])
            result[i, 3] = (auc + lost_auc) / (classes - first)
            result[i, 4] = (precision + lost_precision) / (classes - first)
        if wants_losses:
            for t in range(m):
                if is_binary:
                    space.losses[t] = space.odds[0, t] if labels[t] == 1 else -space.odds[0, t]
                else:
                    space.losses[t] = space.odds[offset + labels[t], t]
            for block in range(blocks):
                odds = load(space.losses, 0, block)
                loss = select(odds < 0.0, -odds, 0.0) + log1p(exp(-absolute(odds)))
                store(space.losses, 0, block, loss)
            total, lost = 0.0, 0.0
            for t in range(m):
                total, lost = _add(total, lost, space.losses[t])
            result[i, 5] = _sum_of(total, lost) / m


@kernel
def _judge_values(outputs, y, scatter, result):
    """result[i]: R^2, RMSE, MAE, of outputs[i]; scatter: sum (y - mean y)^2."""
    m = y.shape[0]
    for i in range(outputs.shape[0]):
        squares, lost_squares, sizes, lost_sizes = 0.0, 0.0, 0.0, 0.0
        for t in range(m):
            error = y[t] - outputs[i, 0, t]
            squares, lost_squares = _add(squares, lost_squares, error * error)
            sizes, lost_sizes = _add(sizes, lost_sizes, abs(error))
        sse = _sum_of(squares, lost_squares)
        result[i, 0] = np.nan
        if m >= 2 and scatter > 0.0:
            result[i, 0] = 1.0 - sse / scatter
        elif m >= 2:
            result[i, 0] = sse if np.isnan(sse) else 1.0 if sse == 0.0 else 0.0
        result[i, 1] = np.sqrt(sse / m)
        result[i, 2] = _sum_of(sizes, lost_sizes) / m


@kernel
def _scatter(y):
    """sum (y - mean y)^2; exactly 0 if all are equal, which the mean is measured from the smallest for."""
    low = y[0]
    for t in range(y.shape[0]):
        low = min(low, y[t])
    total, lost = 0.0, 0.0
    for t in range(y.shape[0]):
        total, lost = _add(total, lost, y[t] - low)
    mean = _sum_of(total, lost) / y.shape[0]
    total, lost = 0.0, 0.0
    for t in range(y.shape[0]):
        off = (y[t] - low) - mean
        total, lost = _add(total, lost, off * off)
    return _sum_of(total, lost)


# --- from Python -----------------------------------------------------------------------------------------


class Evaluator:
    """Judges networks by their outputs for the same examples: what depends on these alone is prepared once.

    names: of the metrics; none stands for the default of the task
    Y: (examples,) or (1, examples): classes from 0, or values in units of the target
    task: binary, multiclass or regression
    classes: of multiclass, how many there are; None: as many rows as the outputs have

    An evaluator has scratch space of its own: one for each thread.

    Raises ValueError for names or a task that there are not, and for Y that is not of the task.
    """

    def __init__(self, names: Sequence[str], Y: ArrayLike, task: str, classes: int | None = None) -> None:
        self.names = checked_metrics(names, task)
        self.task = task
        self._columns = [metrics_of(task).index(name) for name in self.names]
        y = np.ascontiguousarray(Y, dtype=np.float64)
        if y.ndim == 2 and y.shape[0] == 1:
            y = y[0]
        if y.ndim != 1 or not np.isfinite(y).all():
            raise ValueError(f"Y: expected finite numbers in the shape (examples,), got {_described(y)}")
        self._y = y
        self._classes = 2 if task == BINARY else 1 if task == REGRESSION else classes
        if task == REGRESSION:
            self._of_values = float(_scatter(y)) if len(y) else np.nan
            return
        if ((y < 0) | (y != np.rint(y)) | (y >= (self._classes or np.inf))).any():
            upto = "" if self._classes is None else f" to {self._classes - 1}"
            raise ValueError(f"Y: expected classes, integers from 0{upto}, got {_described(y)}")
        self._labels = y.astype(np.int64)
        self._members = np.argsort(self._labels, kind="stable")
        self._space: _Scratch | None = None

    def __call__(self, outputs: ArrayLike) -> Floats:
        """Each metric of a network, (metrics,), or of several, (networks, metrics).

        ``outputs`` is Z of the last layer: (1, examples), with several classes (classes, examples), or with the
        networks in front of that. Without examples all is nan. Raises ValueError for other shapes.
        """
        Z = np.ascontiguousarray(outputs, dtype=np.float64)
        rows = 1 if self.task in (BINARY, REGRESSION) else self._classes
        m = len(self._y)
        if Z.ndim not in (2, 3) or Z.shape[-1] != m or (Z.shape[-2] != rows if rows else Z.shape[-2] < 2):
            expected = f"({rows or 'classes'}, {m})"
            raise ValueError(f"outputs: expected the shape {expected}, or networks in front of it, got {Z.shape}")
        networks = Z if Z.ndim == 3 else Z[np.newaxis]
        result = np.full((len(networks), len(metrics_of(self.task))), np.nan)
        if m > 0 and self.task == REGRESSION:
            _judge_values(networks, self._y, self._of_values, result)
        elif m > 0:
            self._judge(networks, result)
        chosen = result[:, self._columns]
        return chosen if Z.ndim == 3 else chosen[0]

    def _judge(self, networks: Floats, result: Floats) -> None:
        if self._space is None:
            self._prepare(2 if self.task == BINARY else networks.shape[1])
        _judge_classes(
            networks, self._labels, self._members, self._starts, self._wants("auc", "average_precision"),
            self._wants("log_loss"), self._space, result,
        )  # fmt: skip

    def _wants(self, *names: str) -> bool:
        return any(name in self.names for name in names)

    def _prepare(self, classes: int) -> None:
        m, lanes = len(self._labels), LANES["float64"]
        if self._labels.max() >= classes:
            raise ValueError(f"outputs: expected a row for each class up to {self._labels.max()}, got {classes} rows")
        self._classes = classes
        counts = np.bincount(self._labels, minlength=classes)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        padded = -(-m // lanes) * lanes
        self._space = _Scratch(
            Z=np.zeros((classes, padded)),
            odds=np.zeros((2 * classes, padded)),
            predicted=np.zeros(padded),
            losses=np.zeros(padded),
            ranks=np.empty((2, m)),
            spare=np.empty(m),
            counts=np.empty((3, classes), np.int64),
        )


def _described(y: NDArray[Any]) -> str:
    if y.ndim != 1:
        return f"the shape {y.shape}"
    odd = y[~np.isfinite(y) | (y < 0) | (y != np.rint(y))]
    return f"{(odd if len(odd) else y).tolist()[:3]}"


def evaluate(names: Sequence[str], outputs: ArrayLike, Y: ArrayLike, task: str) -> dict[str, float]:
    """Each metric by its name, of one network. See ``Evaluator``, which is for many networks."""
    evaluator = Evaluator(names, Y, task)
    return dict(zip(evaluator.names, evaluator(outputs).tolist(), strict=True))
