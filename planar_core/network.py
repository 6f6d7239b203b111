"""Initial parameters, and the arrays that the kernels work on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planar_core.activations import ACTIVATIONS
from planar_core.choices import MOST_CLASSES, count_parameters, initial_deviations, layer_shapes
from planar_core.kernels import Examples, Layout, Workspace
from planar_core.outputs import check_task
from planar_core.simd import LANES
from planar_core.streams import checked_seed, normal_rows

Array: TypeAlias = NDArray[np.floating]
Parameters: TypeAlias = list[tuple[Array, Array]]
"""[(W, b), ...], a pair for each layer from the input to the output: W is (units, inputs), b is (units, 1)."""

_TILE_BYTES = 256 * 1024  # of activations: about what a core's second-level cache holds beside the rest


def initialize(
    features: int,
    hidden: int | str | Sequence[int],
    seed: int,
    init: str = "normal",
    init_scale: float | None = None,
    outputs: int = 1,
    output_init_scale: float | None = None,
    init_offset: float = 0.0,
) -> Parameters:
    """Initial parameters: weights are normal numbers of ``initial_deviations``, by default 0.01; biases are zero.

    The normal numbers are one stream, fixed by ``seed``, that fills W row by row, layer by layer from the input.
    ``init_offset`` is added to the weights of the hidden layers.
    """
    deviations = [initial_deviations(features, hidden, init, init_scale, outputs, output_init_scale)]
    packed = initial_parameters(features, hidden, [seed], deviations, np.dtype(np.float64), outputs, [init_offset])
    return unpack(packed[0], features, hidden, outputs)


# From here on: the arrays of the kernels. ``kernels`` says what they hold.


_CACHE_LINE = 64  # bytes


def _even(n: int) -> int:
    return n + n % 2


def whole_vectors(n: int, dtype: np.dtype[Any]) -> int:
    """The length of ``n`` examples with their padding."""
    lanes = LANES[dtype.name]
    return -(-n // lanes) * lanes


def _aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Zeros from the start of a cache line on, so that no vector lies in two."""
    n_bytes = math.prod(shape) * dtype.itemsize
    raw = np.zeros(n_bytes + _CACHE_LINE, np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    return raw[start : start + n_bytes].view(dtype).reshape(shape)


def layout(features: int, hidden: int | str | Sequence[int], activation: str = "tanh", outputs: int = 1) -> Layout:
    """A network as the kernels want it. Raises ValueError for an invalid one."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r}: expected one of {', '.join(ACTIVATIONS)}")
    shapes = [weights for weights, _ in layer_shapes(features, hidden, outputs)]
    units = np.array([units for units, _ in shapes])
    inputs = np.array([_even(inputs) for _, inputs in shapes])
    ends = np.cumsum(units * inputs + units)
    rows = np.concatenate([[0], np.cumsum([_even(n) for n in units[:-1]], dtype=np.int64)])
    return Layout(ACTIVATIONS[activation], inputs, units, ends - units * inputs - units, ends - units, rows)


def n_parameters(layout: Layout) -> int:
    """The length of a parameter vector, padding included."""
    return int(layout.biases[-1] + layout.units[-1])


def pack(parameters: Parameters, layout: Layout, dtype: np.dtype[Any]) -> Array:
    """Parameters as the one vector that the kernels take."""
    flat = np.zeros(n_parameters(layout), dtype)
    for layer, (W, b) in enumerate(parameters):
        units, inputs = W.shape
        start, end = layout.weights[layer], layout.biases[layer]
        flat[start:end].reshape(units, layout.inputs[layer])[:, :inputs] = W
        flat[end : end + units] = b[:, 0]
    return flat


def flatten(packed: Array, features: int, layout: Layout) -> Array:
    """Packed parameters without the padding, each row W and b of one layer after the other: (networks, parameters)."""
    parts = []
    inputs = features
    for layer, units in enumerate(layout.units.tolist()):
        start, end = layout.weights[layer], layout.biases[layer]
        W = packed[:, start:end].reshape(len(packed), units, layout.inputs[layer])[:, :, :inputs]
        parts += [W.reshape(len(packed), -1), packed[:, end : end + units]]
        inputs = units
    return np.concatenate(parts, axis=1)


def shaped(flat: Array, features: int, hidden: int | str | Sequence[int], outputs: int = 1) -> Parameters:
    """The parameters in a row of ``flatten``, as views. Raises ValueError if it has another length."""
    if len(flat) != (expected := count_parameters(features, hidden, outputs)):
        raise ValueError(f"expected {expected} parameters, got {len(flat)}")
    parameters, start = [], 0
    for (units, inputs), _ in layer_shapes(features, hidden, outputs):
        end = start + units * inputs
        parameters.append((flat[start:end].reshape(units, inputs), flat[end : end + units].reshape(units, 1)))
        start = end + units
    return parameters


def unpack(packed: Array, features: int, hidden: int | str | Sequence[int], outputs: int = 1) -> Parameters:
    """The reverse of ``pack``. The arrays are no views of ``packed``."""
    flat = flatten(packed[np.newaxis], features, layout(features, hidden, outputs=outputs))[0]
    return shaped(flat, features, hidden, outputs)


def initial_parameters(
    features: int,
    hidden: int | str | Sequence[int],
    seeds: Sequence[int],
    deviations: Sequence[Sequence[float]],
    dtype: np.dtype[Any],
    outputs: int = 1,
    offsets: Sequence[float] | None = None,
) -> Array:
    """What ``initialize`` gives for each seed, packed: (seeds, parameters). ``deviations`` has a row a seed.

    ``offsets``, one a seed, are added to the weights of the hidden layers, before these are rounded to ``dtype``.
    """
    where = layout(features, hidden, outputs=outputs)
    shapes = [shape for shape, _ in layer_shapes(features, hidden, outputs)]
    different, row_of_seed = np.unique(np.array([checked_seed(seed) for seed in seeds]), return_inverse=True)
    numbers = normal_rows(different.tolist(), sum(units * inputs for units, inputs in shapes))
    scales, means = np.array(deviations), np.zeros(len(seeds)) if offsets is None else np.array(offsets, np.float64)
    moved = np.flatnonzero(means)  # the others are left alone, for -0 + 0 is another 0
    packed = np.zeros((len(seeds), n_parameters(where)), dtype)
    start = 0
    for layer, (units, inputs) in enumerate(shapes):
        W = packed[:, where.weights[layer] : where.biases[layer]].reshape(len(seeds), units, where.inputs[layer])
        drawn = numbers[row_of_seed, start : start + units * inputs].reshape(len(seeds), units, inputs)
        with np.errstate(over="ignore"):  # beyond float32: inf, and the run will be reported as diverged
            weights = drawn * scales[:, layer].reshape(-1, 1, 1)
            if layer < len(shapes) - 1:
                weights[moved] += means[moved].reshape(-1, 1, 1)
            W[:, :, :inputs] = weights
        start += units * inputs
    return packed


def n_outputs(task: str, Y: ArrayLike, classes: int | None = None) -> int:
    """The number of output units: ``classes``, by default 1 + the largest class in Y and at least 2; else 1.

    Raises ValueError for a task that there is not, and for invalid classes.
    """
    check_task(task)
    if task != "multiclass":
        if classes is not None:
            raise ValueError(f"classes={classes!r}: expected none for task={task!r}, only for task='multiclass'")
        return 1
    if classes is None:
        return max(2, 1 + int(_checked_classes(Y, None, "Y").max(initial=0)))
    if isinstance(classes, bool) or not isinstance(classes, int | np.integer) or not 2 <= classes <= MOST_CLASSES:
        raise ValueError(f"classes={classes!r}: expected an integer from 2 to {MOST_CLASSES}")
    return int(classes)


def _checked_classes(Y: ArrayLike, classes: int | None, name: str) -> Array:
    """Y, if it is of the integers from 0 on."""
    labels = np.asarray(Y)
    if (
        labels.dtype.kind not in "biuf"
        or not (np.isfinite(labels) & (labels == np.floor(labels)) & (labels >= 0)).all()
    ):
        raise ValueError(f"{name}: expected the classes 0, 1, 2 ... alone, as integers")
    most = MOST_CLASSES if classes is None else classes
    if (labels >= most).any():
        raise ValueError(f"{name}: expected the classes 0 to {most - 1} alone, got {int(labels.max())}")
    return labels


def _checked_targets(Y: Array, task: str, classes: int | None, name: str) -> Array:
    """Y, if it is what the task wants."""
    if task == "multiclass":
        return _checked_classes(Y, classes, name)
    if task == "binary" and not np.isin(Y, (0, 1)).all():
        raise ValueError(f"{name}: expected the classes 0 and 1 alone")
    if task == "regression" and not (Y.dtype.kind in "biuf" and np.isfinite(Y).all()):
        raise ValueError(f"{name}: expected finite numbers, one for each example")
    return Y


def _checked_weights(sample_weight: ArrayLike, count: int) -> NDArray[np.float64]:
    """The weights of examples as parts of the largest one: only their ratios count, and these are always numbers."""
    weights = np.asarray(sample_weight)
    if weights.shape != (count,):
        raise ValueError(f"sample_weight: expected shape ({count},), a weight for each example, got {weights.shape}")
    if weights.dtype.kind not in "biuf" or not (np.isfinite(weights) & (weights >= 0)).all() or not weights.any():
        raise ValueError("sample_weight: expected finite numbers, 0 or more, not all of them 0")
    weights = weights.astype(np.float64)
    return weights / weights.max()


def _variation(Y: Array) -> float:
    """sum (Y - mean Y)^2, with correctly rounded sums in float64; nan where that is 0 or beyond float64."""
    values = Y.astype(np.float64)
    if (values == values[:1]).all():  # 0, which the rounded mean of equal numbers would miss
        return math.nan
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            away = values - math.fsum(values) / len(values)
            total = math.fsum(away * away)
    except (OverflowError, ValueError):  # sums beyond float64, or of inf and -inf
        return math.nan
    return total if 0 < total < math.inf else math.nan


def examples(
    X: ArrayLike,
    Y: ArrayLike | None,
    dtype: np.dtype[Any],
    names: tuple[str, str] = ("X", "Y"),
    task: str = "binary",
    classes: int | None = None,
    sample_weight: ArrayLike | None = None,
) -> Examples:
    """Examples for the kernels, from X (features, examples) and Y (1, examples) or (examples,), both checked here.

    Y is of the classes 0 and 1; of multiclass, of integers from 0 to below ``classes``, where that is given; of
    regression, of any numbers. ``sample_weight`` is (examples,): finite, 0 or more, and not all 0.

    Raises ValueError, naming what was expected and what came.
    """
    X_name, Y_name = names
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[0] == 0:
        raise ValueError(f"{X_name}: expected shape (features, examples), got {X.shape}")
    features, count = X.shape
    Y = np.zeros(count) if Y is None else np.asarray(Y)
    if Y.shape not in ((count,), (1, count)):
        raise ValueError(
            f"{Y_name}: expected shape (1, {count}) or ({count},) to go with {X_name} {X.shape}, got {Y.shape}"
        )
    Y = _checked_targets(Y, task, classes, Y_name)
    if not np.isfinite(X).all():
        raise ValueError(f"{X_name}: expected finite numbers, got nan or inf")
    padded = whole_vectors(count, dtype)
    kernel_X, kernel_Y = _aligned_zeros((_even(features), padded), dtype), _aligned_zeros((padded,), dtype)
    with np.errstate(over="ignore"):  # beyond float32: inf, and the run will be reported as diverged
        kernel_X[:features, :count] = X
        kernel_Y[:count] = Y.ravel()
    mask = _aligned_zeros((padded,), dtype)
    mask[:count] = 1
    weight, total = mask, count
    if sample_weight is not None:
        weight = _aligned_zeros((padded,), dtype)
        weight[:count] = _checked_weights(sample_weight, count)
        total = math.fsum(weight)
    largest = np.abs(kernel_X).max(axis=1, initial=0)
    variation = _variation(kernel_Y[:count]) if task == "regression" else math.nan
    return Examples(kernel_X, kernel_Y, weight, mask, largest, count, total, variation)


def workspace(layout: Layout, examples: Examples, whole: bool = False) -> Workspace:
    """Scratch space for passes over ``examples``, in tiles, or in one tile if ``whole``."""
    dtype = examples.X.dtype
    rows, columns = int(layout.rows[-1] + layout.units[-1]), examples.X.shape[1]
    if not whole:
        columns = min(columns, whole_vectors(max(1, _TILE_BYTES // (rows * dtype.itemsize)), dtype))
    parameters = n_parameters(layout)
    return Workspace(
        _aligned_zeros((rows, columns), dtype),
        _aligned_zeros((rows, columns), dtype),
        _aligned_zeros((parameters, LANES[dtype.name]), dtype),
        np.zeros(parameters, dtype),
        np.zeros(parameters, dtype),
    )


def mini_batches(examples: Examples, sizes: Sequence[int]) -> Examples:
    """Room for the examples dealt out to mini-batches, whichever of these sizes they have."""
    dtype = examples.X.dtype
    columns = max((-(-examples.m // n) * whole_vectors(n, dtype) for n in sizes), default=0)
    weight = _aligned_zeros((columns,), dtype)
    return examples._replace(
        X=_aligned_zeros((examples.X.shape[0], columns), dtype),
        Y=_aligned_zeros((columns,), dtype),
        weight=weight,
        mask=weight,
    )
