"""A problem, ready to train on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from experiments.datasets.features import compute
from experiments.knobs.features import ALL, parse
from experiments.knobs.knob import DataError

__all__ = ["Array", "Data", "DataError"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """A problem, ready to train on.

    name: the data set as requested
    X, Y: training part, (features, examples) and (1, examples); Y has the class index, or the target
    X_test, Y_test: test part, likewise
    feature_names: one for each row of X
    class_names: in the order of the class indices; empty for regression
    notes: notes on how the data were prepared, to print and to record
    features: the terms from which the rows of X were computed, in the form of `experiments.knobs.features`; "all" if
        they are the inputs themselves
    base: the data with the inputs that X was computed from; None if X has the inputs
    task: "binary", "multiclass" or "regression", as `planar_core.TASKS`
    target_name: the name of the target
    target_scale: for regression, mean and deviation of the standardization: target = mean + deviation Y
    test_half: for each test point, whether it is in the second half of its table; None without a table
    groups: for each training point, a number equal for those that are never separated, or None

    To draw in the plane of two inputs, use the points and names of `base or self`, and `inputs` for the inputs of a
    network at other points of that plane. All arrays are C-contiguous float64. Objects with equal fingerprints have
    the same numbers.
    """

    name: str
    X: Array
    Y: Array
    X_test: Array
    Y_test: Array
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    features: str = ALL
    base: Data | None = None
    task: str = "binary"
    target_name: str = ""
    target_scale: tuple[float, float] = (0.0, 1.0)
    test_half: npt.NDArray[np.bool_] | None = None
    groups: npt.NDArray[np.int64] | None = None

    @property
    def outputs(self) -> int:
        """Units of the output layer."""
        return len(self.class_names) if self.task == "multiclass" else 1

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the shapes and little-endian bytes of X, Y, X_test, Y_test in turn."""
        digest = hashlib.sha256()
        for array in (self.X, self.Y, self.X_test, self.Y_test):
            digest.update(np.array(array.shape, dtype="<i8").tobytes())
            digest.update(array.astype("<f8").tobytes())
        return digest.hexdigest()

    @cached_property
    def test_halves(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Two halves of the test points, by position, with the same class shares.

        If a table has a split for each replicate, a row is in the same half in all of them.
        """
        if self.test_half is not None:
            return np.flatnonzero(~self.test_half), np.flatnonzero(self.test_half)
        order = np.argsort(self.Y_test[0], kind="stable")  # dealt out in turn
        return order[0::2], order[1::2]

    def inputs(self, X: Array) -> Array:
        """Return the inputs of a network, (features, examples), at points X (inputs, examples) of `base or self`."""
        return compute(parse(self.features), X)
