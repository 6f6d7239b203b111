"""Layer shapes, initial parameters, and the arrays that the kernels work on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planar_core.activations import ACTIVATIONS
from planar_core.kernels import Examples, Layout, Workspace
from planar_core.simd import LANES
from planar_core.streams import checked_seed, normal_rows

Array: TypeAlias = NDArray[np.floating]
Parameters: TypeAlias = list[tuple[Array, Array]]
"""[(W, b), ...], a pair for each layer from the input to the output: W is (units, inputs), b is (units, 1)."""

NUMBER = int | float | np.integer | np.floating
INITS = ("normal", "glorot", "he")
INITIAL_SCALE = 0.01
_TILE_BYTES = 256 * 1024  # of activations: about what a core's second-level cache holds beside the rest


def is_finite(value: object) -> bool:
    """Whether it is a number, and one that float64 can hold."""
    try:
        return isinstance(value, NUMBER) and math.isfinite(value)
    except OverflowError:  # an integer beyond that
        return False


def hidden_layers(hidden: int | str | Sequence[int]) -> tuple[int, ...]:
    """The units of each hidden layer: ``4``, ``"4"`` -> (4,); ``"8x8"``, ``(8, 8)`` -> (8, 8); ``0``, ``()`` -> ().

    No hidden layer at all is logistic regression. Raises ValueError for anything else.
    """
    if isinstance(hidden, str):
        parts: list[object] = [int(p) if p.isascii() and p.isdigit() else p for p in hidden.strip().split("x")]
    elif isinstance(hidden, Sequence):
        parts = list(hidden)
    else:
        parts = [hidden]
    if parts == [0]:
        return ()
    layers = []
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, int | np.integer) or part < 1:
            raise ValueError(
                f"hidden={hidden!r}: expected a number of hidden units such as 4, several layers such as 8x8,"
                " or 0 for no hidden layer"
            )
        layers.append(int(part))
    return tuple(layers)


def layer_shapes(features: int, hidden: int | str | Sequence[int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The shapes of (W, b) of each layer: W (units, inputs), b (units, 1). The last layer is the output unit."""
    sizes = [features, *hidden_layers(hidden), 1]
    return [((units, inputs), (units, 1)) for inputs, units in pairwise(sizes)]


def count_parameters(features: int, hidden: int | str | Sequence[int]) -> int:
    """The number of weights and biases of a network."""
    return sum(units * inputs + units for (units, inputs), _ in layer_shapes(features, hidden))


def initial_deviations(
    features: int, hidden: int | str | Sequence[int], init: str = "normal", init_scale: float | None = None
) -> list[float]:
    """The standard deviation of each layer's initial weights.

    normal: init_scale, by default 0.01; glorot: init_scale sqrt(2 / (inputs + units)), he: init_scale sqrt(2 / inputs),
    by default times 1 (Glorot and Bengio, 2010; He et al., 2015). Raises ValueError for anything else.
    """
    if init not in INITS:
        raise ValueError(f"init={init!r}: expected one of {', '.join(INITS)}")
    scale = (INITIAL_SCALE if init == "normal" else 1.0) if init_scale is None else init_scale
    if not (is_finite(scale) and scale >= 0):
        raise ValueError(f"init_scale={init_scale!r}: expected a finite number, 0 or more")
    by_init: dict[str, Callable[[int, int], float]] = {
        "normal": lambda _units, _inputs: scale,
        "glorot": lambda units, inputs: scale * math.sqrt(2 / (inputs + units)),
        "he": lambda _units, inputs: scale * math.sqrt(2 / inputs),
    }
    return [by_init[init](units, inputs) for (units, inputs), _ in layer_shapes(features, hidden)]


def initialize(
    features: int,
    hidden: int | str | Sequence[int],
    seed: int,
    init: str = "normal",
    init_scale: float | None = None,
) -> Parameters:
    """Initial parameters: weights are normal numbers of ``initial_deviations``, by default 0.01; biases are zero.

    The normal numbers are one stream, fixed by ``seed``, that fills W row by row, layer by layer from the input.
    """
    deviations = [initial_deviations(features, hidden, init, init_scale)]
    packed = initial_parameters(features, hidden, [seed], deviations, np.dtype(np.float64))
    return unpack(packed[0], features, hidden)


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


def layout(features: int, hidden: int | str | Sequence[int], activation: str = "tanh") -> Layout:
    """A network as the kernels want it. Raises ValueError for one that cannot be meant."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r}: expected one of {', '.join(ACTIVATIONS)}")
    shapes = [weights for weights, _ in layer_shapes(features, hidden)]
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


def shaped(flat: Array, features: int, hidden: int | str | Sequence[int]) -> Parameters:
    """The parameters in a row of ``flatten``, as views. Raises ValueError if it has another length."""
    if len(flat) != (expected := count_parameters(features, hidden)):
        raise ValueError(f"expected {expected} parameters, got {len(flat)}")
    parameters, start = [], 0
    for (units, inputs), _ in layer_shapes(features, hidden):
        end = start + units * inputs
        parameters.append((flat[start:end].reshape(units, inputs), flat[end : end + units].reshape(units, 1)))
        start = end + units
    return parameters


def unpack(packed: Array, features: int, hidden: int | str | Sequence[int]) -> Parameters:
    """The reverse of ``pack``. The arrays are no views of ``packed``."""
    return shaped(flatten(packed[np.newaxis], features, layout(features, hidden))[0], features, hidden)


def initial_parameters(
    features: int,
    hidden: int | str | Sequence[int],
    seeds: Sequence[int],
    deviations: Sequence[Sequence[float]],
    dtype: np.dtype[Any],
) -> Array:
    """What ``initialize`` gives for each seed, packed: (seeds, parameters). ``deviations`` has a row a seed."""
    where = layout(features, hidden)
    shapes = [shape for shape, _ in layer_shapes(features, hidden)]
    different, row_of_seed = np.unique(np.array([checked_seed(seed) for seed in seeds]), return_inverse=True)
    numbers = normal_rows(different.tolist(), sum(units * inputs for units, inputs in shapes))
    scales = np.array(deviations)
    packed = np.zeros((len(seeds), n_parameters(where)), dtype)
    start = 0
    for layer, (units, inputs) in enumerate(shapes):
        W = packed[:, where.weights[layer] : where.biases[layer]].reshape(len(seeds), units, where.inputs[layer])
        drawn = numbers[row_of_seed, start : start + units * inputs].reshape(len(seeds), units, inputs)
        with np.errstate(over="ignore"):  # beyond float32: inf, and the run will be reported as diverged
            W[:, :, :inputs] = drawn * scales[:, layer].reshape(-1, 1, 1)
        start += units * inputs
    return packed


def examples(X: ArrayLike, Y: ArrayLike | None, dtype: np.dtype[Any], names: tuple[str, str] = ("X", "Y")) -> Examples:
    """Examples for the kernels, from X (features, examples) and Y (1, examples) or (examples,), both checked here.

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
    if not np.isin(Y, (0, 1)).all():
        raise ValueError(f"{Y_name}: expected the classes 0 and 1 alone")
    if not np.isfinite(X).all():
        raise ValueError(f"{X_name}: expected finite numbers, got nan or inf")
    padded = whole_vectors(count, dtype)
    kernel_X = _aligned_zeros((_even(features), padded), dtype)
    with np.errstate(over="ignore"):  # beyond float32: inf, and the run will be reported as diverged
        kernel_X[:features, :count] = X
    kernel_Y, weight = _aligned_zeros((padded,), dtype), _aligned_zeros((padded,), dtype)
    kernel_Y[:count] = Y.ravel()
    weight[:count] = 1
    largest = np.abs(kernel_X).max(axis=1, initial=0)
    return Examples(kernel_X, kernel_Y, weight, largest, count)


def workspace(layout: Layout, examples: Examples, whole: bool = False) -> Workspace:
    """Scratch space for passes over ``examples``, in tiles, or in one tile if ``whole``."""
    dtype = examples.X.dtype
    rows, columns = int(layout.rows[-1] + 1), examples.X.shape[1]
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
    return Examples(
        _aligned_zeros((examples.X.shape[0], columns), dtype),
        _aligned_zeros((columns,), dtype),
        _aligned_zeros((columns,), dtype),
        examples.largest,
        examples.m,
    )
