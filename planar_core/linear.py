"""Linear models: ridge regression and logistic regression, solved to the last digits, with the same bits on every CPU.

They are what a network has to beat. With features X (features, examples), weights s of the examples (1 unless given),
the penalty lambda, and an intercept b that is not penalized, these are minimized::

    ridge        sum_i s_i (y_i - w.x_i - b)^2 + lambda |w|^2
    logistic     sum_i s_i cost_i + lambda |W|^2 / 2

The cost is the cross-entropy of sigmoid(w.x + b), or of softmax(W x + b) with a row of W for each class, so that
lambda = 1 is scikit-learn's ``Ridge(alpha=1)`` and ``LogisticRegression(C=1)``. The result is a network without a
hidden layer, (W, b): W is (units, features), b is (units, 1).

Both are strictly convex in W, so there is one solution. Ridge solves the normal equations by Cholesky's decomposition.
Logistic regression takes Newton's steps, each found by conjugate gradients (Nocedal and Wright, Numerical Optimization,
7.1) that are preconditioned by Cholesky's decomposition of each class's block of the Hessian. Of two classes there is
one block, and so each step is exact. Where there are more features than examples, the examples' inner products have
all that matters: with the decomposition L L' of these, L' takes the place of X, and has as many features as examples.

Sums run in vectors of a fixed number of lanes and are added up across them in a fixed tree; every decision, such as
when to stop, hangs on such sums alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planar_core.compiling import inlined, kernel
from planar_core.elementary import evaluate, exp, log, log1p, sigmoid
from planar_core.simd import LANES, absolute, fma, horizontal_sum, lanes_of, load, select, store, zeros

Floats = NDArray[np.float64]
Model = tuple[Floats, Floats]

_TILE = 128  # blocks of examples that are gone through at once, so that rows stay in a core's cache
_MOST_BLOCKED = 1500  # features up to which blocks of the Hessian are decomposed; beyond that, their diagonals serve
_MOST_STEPS = 100  # of Newton; there are 5 to 15
_MOST_INNER = 500  # conjugate gradients within one
_MOST_HALVINGS = 40
_INNER_TOLERANCE = 1e-3  # of the residual, against the one at the start of a step
_SETTLED = 1e-16  # what the last step gains, against the objective
_COLLINEAR = 1e-13  # of a pivot, against what stood there: below it are no digits left


# --- kernels ---------------------------------------------------------------------------------------------


@inlined
def _add_dots(A, row, B, first, last, first_block, last_block, out, out_row):
    """out[out_row, j] += sum_t A[row, t] B[j, t] for j from first to last - 1, over some blocks of t; 4 at once."""
    j = first
    while last - j >= 4:
        s0, s1, s2, s3 = zeros(A), zeros(A), zeros(A), zeros(A)
        for block in range(first_block, last_block):
            a = load(A, row, block)
            s0 = fma(a, load(B, j, block), s0)
            s1 = fma(a, load(B, j + 1, block), s1)
            s2 = fma(a, load(B, j + 2, block), s2)
            s3 = fma(a, load(B, j + 3, block), s3)
        out[out_row, j] += horizontal_sum(s0)
        out[out_row, j + 1] += horizontal_sum(s1)
        out[out_row, j + 2] += horizontal_sum(s2)
        out[out_row, j + 3] += horizontal_sum(s3)
        j += 4
    while j < last:
        s0 = zeros(A)
        for block in range(first_block, last_block):
            s0 = fma(load(A, row, block), load(B, j, block), s0)
        out[out_row, j] += horizontal_sum(s0)
        j += 1


@kernel
def _dots(A, B, out):
    """out = A B': out[i, j] = sum_t A[i, t] B[j, t]; the rows of A and B are padded by zeros to whole vectors."""
    out[:] = 0.0
    blocks = A.shape[1] // lanes_of(A)
    for first in range(0, blocks, _TILE):
        for i in range(A.shape[0]):
            _add_dots(A, i, B, 0, B.shape[0], first, min(first + _TILE, blocks), out, i)


@kernel
def _gram(X, weight, weighted, out):
    """out[i, j] = sum_t weight[t] X[i, t] X[j, t] for j <= i; ``weighted`` has the shape of weight."""
    out[:] = 0.0
    blocks = X.shape[1] // lanes_of(X)
    for first in range(0, blocks, _TILE):
        last = min(first + _TILE, blocks)
        for i in range(X.shape[0]):
            for block in range(first, last):
                store(weighted, 0, block, load(weight, 0, block) * load(X, i, block))
            _add_dots(weighted, 0, X, 0, i + 1, first, last, out, i)


@kernel
def _combine(W, X, out):
    """out = W X: out[k, t] = sum_j W[k, j] X[j, t], in the order of j."""
    out[:] = 0.0
    blocks, features = X.shape[1] // lanes_of(X), X.shape[0]
    for first in range(0, blocks, _TILE):
        last = min(first + _TILE, blocks)
        for k in range(W.shape[0]):
            j = 0
            while features - j >= 4:
                for block in range(first, last):
                    y = fma(load(X, j, block), W[k, j], load(out, k, block))
                    y = fma(load(X, j + 1, block), W[k, j + 1], y)
                    y = fma(load(X, j + 2, block), W[k, j + 2], y)
                    store(out, k, block, fma(load(X, j + 3, block), W[k, j + 3], y))
                j += 4
            while j < features:
                for block in range(first, last):
                    store(out, k, block, fma(load(X, j, block), W[k, j], load(out, k, block)))
                j += 1


@kernel
def _decompose(A):
    """L of A = L L' in the lower triangle of A (n, n padded to whole vectors); above it is nothing that counts.

    A pivot that has no digits left belongs to a row that those above it make up: its column of L becomes 0.
    """
    n, lanes = A.shape[0], lanes_of(A)
    for i in range(n):
        before = A[i, i]
        for j in range(i + 1):
            sums = zeros(A)
            for block in range(j // lanes):
                sums = fma(load(A, i, block), load(A, j, block), sums)
            total = horizontal_sum(sums)
            for k in range(j // lanes * lanes, j):
                total += A[i, k] * A[j, k]
            rest = A[i, j] - total
            if j < i:
                A[i, j] = rest / A[j, j] if A[j, j] > 0.0 else 0.0
            else:
                A[i, i] = np.sqrt(rest) if rest > _COLLINEAR * before else 0.0


@kernel
def _solve(L, x):
    """x becomes the solution of L L' x = x; 0 where L has a pivot of 0. Both are padded to whole vectors."""
    n, lanes = L.shape[0], lanes_of(L)
    for i in range(n):
        sums = zeros(L)
        for block in range(i // lanes):
            sums = fma(load(L, i, block), load(x, 0, block), sums)
        total = horizontal_sum(sums)
        for k in range(i // lanes * lanes, i):
            total += L[i, k] * x[k]
        x[i] = (x[i] - total) / L[i, i] if L[i, i] > 0.0 else 0.0
    for i in range(n - 1, -1, -1):
        x[i] = x[i] / L[i, i] if L[i, i] > 0.0 else 0.0
        for k in range(i):
            x[k] -= L[i, k] * x[i]


@kernel
def _dot(a, b):
    """The sum of a * b, both one row padded to whole vectors."""
    sums = zeros(a)
    for block in range(a.shape[0] // lanes_of(a)):
        sums = fma(load(a, 0, block), load(b, 0, block), sums)
    return horizontal_sum(sums)


@inlined
def _log_loss(odds):
    """log(1 + e^-odds)."""
    return select(odds < 0.0, -odds, 0.0) + log1p(exp(-absolute(odds)))


@kernel
def _binary_cost(Z, step, U, y, weight):
    """The weighted cost of the logits Z + step U."""
    sums = zeros(Z)
    for block in range(Z.shape[1] // lanes_of(Z)):
        z = fma(load(U, 0, block), step, load(Z, 0, block))
        odds = select(load(y, 0, block) > 0.5, z, -z)
        sums = fma(load(weight, 0, block), _log_loss(odds), sums)
    return horizontal_sum(sums)


@kernel
def _binary_slopes(Z, y, weight, P, R, D):
    """P: the probabilities; R: the derivative of each example's weighted cost by its logit; D: the second one."""
    for block in range(Z.shape[1] // lanes_of(Z)):
        z, s = load(Z, 0, block), load(weight, 0, block)
        is_one = load(y, 0, block) > 0.5
        p = sigmoid(z)
        wrong = sigmoid(select(is_one, -z, z))  # 1 - p without cancellation
        store(P, 0, block, p)
        store(R, 0, block, s * select(is_one, -wrong, wrong))
        store(D, 0, block, s * p * sigmoid(-z))


@kernel
def _multiclass_cost(Z, step, U, y, weight):
    """The weighted cost of the logits Z + step U."""
    sums = zeros(Z)
    for block in range(Z.shape[1] // lanes_of(Z)):
        largest = fma(load(U, 0, block), step, load(Z, 0, block))
        of_label = largest
        for k in range(1, Z.shape[0]):
            z = fma(load(U, k, block), step, load(Z, k, block))
            largest = select(z > largest, z, largest)
            of_label = select(load(y, 0, block) == float(k), z, of_label)
        total = zeros(Z)
        for k in range(Z.shape[0]):
            total = total + exp(fma(load(U, k, block), step, load(Z, k, block)) - largest)
        sums = fma(load(weight, 0, block), log(total) - (of_label - largest), sums)
    return horizontal_sum(sums)


@kernel
def _multiclass_slopes(Z, y, weight, P, R, D):
    """P: the probabilities; R: the derivative of each example's weighted cost by its logits; D: the second ones."""
    classes = Z.shape[0]
    for block in range(Z.shape[1] // lanes_of(Z)):
        s, label = load(weight, 0, block), load(y, 0, block)
        largest = load(Z, 0, block)
        for k in range(1, classes):
            z = load(Z, k, block)
            largest = select(z > largest, z, largest)
        total = zeros(Z)
        for k in range(classes):
            p = exp(load(Z, k, block) - largest)
            store(P, k, block, p)
            total = total + p
        others = zeros(Z)  # the probability of all classes but the label's: 1 - p without cancellation
        for k in range(classes):
            p = load(P, k, block) / total
            store(P, k, block, p)
            others = others + select(label == float(k), 0.0, p)
        for k in range(classes):
            p = load(P, k, block)
            store(R, k, block, s * select(label == float(k), -others, p))
            store(D, k, block, s * p * (1.0 - p))


@kernel
def _curved(P, D, weight, U):
    """U becomes the second derivative of the costs in the direction U of the logits: s p_k (U_k - sum_j p_j U_j)."""
    classes = U.shape[0]
    for block in range(U.shape[1] // lanes_of(U)):
        if classes == 1:
            store(U, 0, block, load(D, 0, block) * load(U, 0, block))
        else:
            mean = zeros(U)
            for k in range(classes):
                mean = fma(load(P, k, block), load(U, k, block), mean)
            s = load(weight, 0, block)
            for k in range(classes):
                store(U, k, block, s * load(P, k, block) * (load(U, k, block) - mean))


# --- what both models have in common ---------------------------------------------------------------------


def _padded(n: int) -> int:
    lanes = LANES["float64"]
    return -(-n // lanes) * lanes


def _rows(array: Floats) -> Floats:
    """A copy of (rows, n), with n padded by zeros to whole vectors."""
    rows = np.zeros((array.shape[0], _padded(array.shape[1])))
    rows[:, : array.shape[1]] = array
    return rows


def _row(array: Floats) -> Floats:
    return _rows(array[np.newaxis])[0]


def _products(A: Floats, B: Floats) -> Floats:
    """A B' of padded rows."""
    out = np.empty((len(A), len(B)))
    _dots(A, B, out)
    return out


def _combined(W: Floats, X: Floats) -> Floats:
    """W X, of padded rows X."""
    out = np.empty((len(W), X.shape[1]))
    _combine(np.ascontiguousarray(W), X, out)
    return out


def _gram_of(X: Floats, weight: Floats) -> Floats:
    """The lower triangle of X diag(weight) X', rows padded."""
    out = np.zeros((len(X), _padded(len(X))))
    _gram(X, weight, np.empty_like(weight), out)
    return out


def _diagonal(A: Floats) -> Floats:
    """A view of A's diagonal."""
    return A.reshape(-1)[:: A.shape[1] + 1][: len(A)]


class _Centred(NamedTuple):
    """Examples as the solvers want them."""

    X: Floats  # (features, examples), padded: the features without their means
    means: Floats  # (features,), weighted
    weight: Floats  # (examples,), padded by zeros
    ones: Floats  # (1, examples), padded by zeros
    m: int


def _checked(X: ArrayLike, Y: ArrayLike, penalty: float, sample_weight: ArrayLike | None) -> tuple[_Centred, Floats]:
    x = np.asarray(X, dtype=np.float64)
    y = np.asarray(Y, dtype=np.float64)
    y = y[0] if y.ndim == 2 and y.shape[0] == 1 else y
    if x.ndim != 2 or x.shape[1] == 0 or not np.isfinite(x).all():
        raise ValueError(f"X: expected finite numbers in the shape (features, examples), got the shape {x.shape}")
    m = x.shape[1]
    if y.shape != (m,) or not np.isfinite(y).all():
        raise ValueError(f"Y: expected {m} finite numbers, one for each example, got the shape {y.shape}")
    if not (np.isfinite(penalty) and penalty > 0):
        raise ValueError(f"penalty={penalty!r}: expected a number above 0")
    s = np.ones(m) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if s.shape != (m,) or not np.isfinite(s).all() or (s < 0).any() or not (s > 0).any():
        raise ValueError(f"sample_weight: expected {m} numbers of 0 or more, not all 0")
    weight, ones = _row(s), _rows(np.ones((1, m)))
    rows = _rows(x)
    # Measured from the first example, so that a constant feature is exactly 0 after it.
    first = rows[:, :1].copy()
    rows[:, :m] -= first
    total = _products(ones, weight[np.newaxis])[0, 0]
    off = _products(rows, weight[np.newaxis]) / total
    rows[:, :m] -= off
    return _Centred(rows, (first + off)[:, 0], weight, ones, m), y


def _transposed(data: _Centred, scale: Floats) -> Floats:
    """(examples, features): the examples times ``scale``, as padded rows."""
    return _rows(np.ascontiguousarray((data.X[:, : data.m] * scale).T))


def _model(W: Floats, b: Floats, means: Floats) -> Model:
    """(W, b) for features that still have their means."""
    shift = _products(_rows(W), _row(means)[np.newaxis])
    return W, b.reshape(-1, 1) - shift


def linear_outputs(model: Model, X: ArrayLike) -> Floats:
    """Z = W X + b, (units, examples), in a fixed order."""
    W, b = model
    x = np.asarray(X, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] != W.shape[1]:
        raise ValueError(f"X: expected the shape ({W.shape[1]}, examples), got {x.shape}")
    return _combined(W, _rows(x))[:, : x.shape[1]] + b


# --- ridge regression ------------------------------------------------------------------------------------


def ridge(X: ArrayLike, Y: ArrayLike, penalty: float = 1.0, sample_weight: ArrayLike | None = None) -> Model:
    """Ridge regression: (W, b) that minimizes sum s (y - W x - b)^2 + penalty |W|^2; W (1, features), b (1, 1).

    X is (features, examples), Y (examples,) or (1, examples). Raises ValueError for other shapes, numbers that are not
    finite, a penalty that is not above 0, and weights that are negative or all 0.
    """
    data, y = _checked(X, Y, penalty, sample_weight)
    m = data.m
    total = _products(data.ones, data.weight[np.newaxis])[0, 0]
    # From the first: a constant target is then exactly 0.
    off = _products(_rows((y - y[0])[np.newaxis]), data.weight[np.newaxis])[0, 0] / total
    target, mean = _row(y - y[0] - off), y[0] + off
    if len(data.X) <= m:
        A = _gram_of(data.X, data.weight)
        _diagonal(A)[:] += penalty
        _decompose(A)
        W = _refined(A, data, target, penalty)
    else:
        root = np.sqrt(data.weight[:m])
        rows = _transposed(data, root)
        A = _gram_of(rows, np.ones(rows.shape[1]))
        _diagonal(A)[:] += penalty
        _decompose(A)
        alpha = _row(root * target[:m])
        _solve(A, alpha)
        W = _products(_row(root * alpha[:m])[np.newaxis], data.X)
    return _model(W, np.array([mean]), data.means)


def _refined(L: Floats, data: _Centred, target: Floats, penalty: float) -> Floats:
    """W from the decomposition of X S X' + penalty, improved once by what it leaves of the residuals."""
    W = np.zeros((1, len(data.X)))
    for _ in range(2):
        residual = data.weight * (target - _combined(W, data.X)[0])
        step = _row(_products(residual[np.newaxis], data.X)[0] - penalty * W[0])
        _solve(L, step)
        W = W + step[: W.shape[1]]
    return W


# --- logistic regression ---------------------------------------------------------------------------------


def logistic(
    X: ArrayLike, Y: ArrayLike, classes: int = 2, penalty: float = 1.0, sample_weight: ArrayLike | None = None
) -> Model:
    """Logistic regression: (W, b) that minimizes sum s cost + penalty |W|^2 / 2.

    X is (features, examples), Y (examples,) or (1, examples), of classes from 0. Of two classes there is one unit, and
    its output is the logit of class 1; of several there is one for each class, and the mean of b is 0.

    A class that no example has gets the output -inf, so that its probability is 0, as among the examples: of two
    classes, W is 0 and b is inf or -inf then.

    Raises ValueError as ``ridge`` does, and for Y that is not of the classes.
    """
    data, y = _checked(X, Y, penalty, sample_weight)
    if classes < 2 or ((y < 0) | (y >= classes) | (y != np.rint(y))).any():
        raise ValueError(f"Y: expected classes, integers from 0 to {max(classes, 2) - 1}")
    labels = y.astype(np.int64)
    counts = np.array([_dot(data.weight, _row((labels == k).astype(np.float64))) for k in range(classes)])
    present = np.flatnonzero(counts)
    units, features = 1 if classes == 2 else classes, len(data.X)
    if len(present) == 1:
        b = np.full(units, -np.inf)
        if classes > 2 or present[0] == 1:
            b[present[0] if classes > 2 else 0] = np.inf if classes == 2 else 0.0
        return np.zeros((units, features)), b.reshape(-1, 1)

    number = np.zeros(classes)  # among the classes that there are
    number[present] = np.arange(len(present))
    y, log_shares = number[labels], evaluate("log", counts[present]).astype(np.float64)
    start = log_shares[1:] - log_shares[:1] if classes == 2 else log_shares - _mean(log_shares)
    reduced = _reduced(data)
    W, b, R = _newton(reduced, _row(y), start, penalty)
    if reduced is not data:  # where the derivative is 0, penalty W = -R X'
        W = _products(R, data.X) / -penalty
    if classes == 2:
        return _model(W, b, data.means)
    all_W, all_b = np.zeros((classes, features)), np.full(classes, -np.inf)
    all_W[present] = W
    found = _model(W, b, data.means)[1][:, 0]
    all_b[present] = found - _mean(found)
    return all_W, all_b.reshape(-1, 1)


def _mean(values: Floats) -> float:
    return float(_dot(_row(values), _row(np.ones(len(values))))) / len(values)


def _reduced(data: _Centred) -> _Centred:
    """The same inner products of the examples, from no more features than there are examples."""
    m = data.m
    if len(data.X) <= m:
        return data
    rows = _transposed(data, np.ones(m))
    L = _gram_of(rows, np.ones(rows.shape[1]))
    _decompose(L)
    X = np.zeros((m, _padded(m)))
    X[:, :m] = np.triu(L[:, :m].T)
    return data._replace(X=X)


class _Blocks:
    """The blocks of the Hessian, one a class, decomposed; of very many features their diagonals."""

    def __init__(self, X: Floats, D: Floats, penalties: Floats) -> None:
        self.L: list[Floats] = []
        self.diagonals: list[Floats] = []
        for d in D:
            if len(X) <= _MOST_BLOCKED:
                A = _gram_of(X, d)
                _diagonal(A)[:] += penalties
                _decompose(A)
                self.L.append(A)
            else:
                squares = _products(d[np.newaxis], X * X)[0] + penalties
                self.diagonals.append(np.where(squares > 0, squares, 1.0))

    def solve(self, R: Floats) -> Floats:
        """The blocks' inverses times R, (classes, features)."""
        if not self.L:
            return R / np.array(self.diagonals)
        result = np.empty_like(R)
        for k, L in enumerate(self.L):
            x = _row(R[k])
            _solve(L, x)
            result[k] = x[: R.shape[1]]
        return result


def _inner(A: Floats, B: Floats) -> float:
    return float(_dot(_row(A.reshape(-1)), _row(B.reshape(-1))))


def _newton(data: _Centred, y: Floats, start: Floats, penalty: float) -> tuple[Floats, Floats, Floats]:
    """W, b, and the derivatives R of the examples' costs by their logits."""
    X = np.concatenate([data.X, data.ones])  # the intercept is one more feature
    penalties = np.full(len(X), penalty)
    penalties[-1] = 0.0
    cost, slopes = (_binary_cost, _binary_slopes) if len(start) == 1 else (_multiclass_cost, _multiclass_slopes)
    W = np.zeros((len(start), len(X)))
    W[:, -1] = start
    P, R, D = (np.zeros((len(start), X.shape[1])) for _ in range(3))
    for _ in range(_MOST_STEPS):
        Z = _combined(W, X)
        slopes(Z, y, data.weight, P, R, D)
        gradient = _products(R, X) + penalties * W
        step, gain = _step(X, data.weight, P, D, penalties, gradient)
        U = _combined(step, X)
        # The penalty of W + a step is a parabola in a.
        flat, slope, bend = _inner(penalties * W, W), _inner(penalties * W, step), _inner(penalties * step, step)
        before = float(cost(Z, 0.0, U, y, data.weight)) + 0.5 * flat
        is_last, a = gain <= _SETTLED * before, 1.0
        for _ in range(_MOST_HALVINGS):
            after = float(cost(Z, a, U, y, data.weight)) + 0.5 * (flat + 2.0 * a * slope + a * a * bend)
            if is_last or after <= before - 1e-4 * a * gain + 1e-14 * before:
                break
            a *= 0.5
        W = W + a * step
        if is_last:
            break
    slopes(_combined(W, X), y, data.weight, P, R, D)
    return np.ascontiguousarray(W[:, :-1]), W[:, -1].copy(), R


def _step(X: Floats, weight: Floats, P: Floats, D: Floats, penalties: Floats, gradient: Floats) -> tuple[Floats, float]:
    """Newton's step, H step = -gradient, by preconditioned conjugate gradients; and -gradient . step."""
    blocks = _Blocks(X, D, penalties)
    step, residual = np.zeros_like(gradient), -gradient
    towards = blocks.solve(residual)
    direction, size = towards, _inner(residual, towards)
    enough = _INNER_TOLERANCE * _INNER_TOLERANCE * size
    for _ in range(_MOST_INNER):
        if not size > enough:
            break
        U = _combined(direction, X)
        _curved(P, D, weight, U)
        bent = _products(U, X) + penalties * direction
        curvature = _inner(direction, bent)
        if not curvature > 0.0:
            break
        a = size / curvature
        step, residual = step + a * direction, residual - a * bent
        towards = blocks.solve(residual)
        last, size = size, _inner(residual, towards)
        direction = towards + (size / last) * direction
    return step, -_inner(gradient, step)
