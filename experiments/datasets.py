"""The problems networks are trained on: named synthetic and real data sets, and the reader's own CSV file.

Every bit of every array is the same on any machine; see `experiments.synthetic` for the synthetic ones.
Real data are standardized with means and variances from `math.fsum`, which is exactly rounded; NumPy's own
sums depend on the CPU in the last bit.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from experiments import synthetic
from experiments.csv_data import DataError, Table, did_you_mean, is_csv, listed, read_csv
from planar_core.streams import Stream

__all__ = ["DATASETS", "Data", "DataError", "load", "load_fresh"]

Array = npt.NDArray[np.float64]

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "flower": "two classes of petals that take turns around the origin (2 features, 400 points)",
        "moons": "two interleaving half circles (2 features, 400 points)",
        "circles": "a circle inside another, with much noise (2 features, 400 points)",
        "blobs": "six Gaussian blobs, every other one of the same class (2 features, 400 points)",
        "gaussian_quantiles": "the inside and the outside of a Gaussian blob (2 features, 400 points)",
        "iris": "iris versicolor against iris virginica (4 features, 100 flowers)",
        "breast_cancer": "malignant against benign tumours (30 features, 569 patients)",
    }
)
"""The names that `load` knows, each with a line for help texts."""

SPLIT_SEED = 0
"""Seed of the one permutation of rows by which real data are split."""

FARTHEST = 1e30
"""Bound of standardized features, in standard deviations. Training values lie within sqrt(rows) of 0, so only
a test value can come near it. Farther out, sums over features could overflow float32 to inf - inf = nan."""


@dataclass(frozen=True, eq=False)
class Data:
    """A problem with two classes, ready to train on.

    name: the data set as it was asked for
    X, Y: training part, (features, examples) and (1, examples); Y is 0.0 or 1.0
    X_test, Y_test: test part, likewise
    feature_names: one for each row of X
    class_names: of class 0 and class 1
    notes: sentences about what was done to the data, to be said and recorded

    All arrays are C-contiguous float64. Two objects hold the same numbers if their fingerprints are equal.
    """

    name: str
    X: Array
    Y: Array
    X_test: Array
    Y_test: Array
    feature_names: tuple[str, ...]
    class_names: tuple[str, str]
    notes: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the shapes and little-endian bytes of X, Y, X_test, Y_test in turn."""
        digest = hashlib.sha256()
        for array in (self.X, self.Y, self.X_test, self.Y_test):
            digest.update(np.array(array.shape, dtype="<i8").tobytes())
            digest.update(array.astype("<f8").tobytes())
        return digest.hexdigest()


def load_fresh(name: str) -> Data | None:
    """The same data with other test points, on which nothing was ever chosen; None for data that are not generated."""
    if name not in synthetic.PROBLEMS:
        return None
    (X, Y), (X_test, Y_test) = synthetic.PROBLEMS[name](synthetic.FRESH)
    return Data(name, X, Y, X_test, Y_test, ("x1", "x2"), ("0", "1"))


def load(name: str | os.PathLike[str], target: str | None = None) -> Data:
    """Load a data set.

    name: one of DATASETS, or the path of a CSV file, which is whatever ends in ".csv", in upper or lower case
    target: the column of labels in a CSV file, the last one if None; the named data sets have no use for it

    Synthetic data sets train on 400 points, as they are, and test on 2,000 fresh ones of the same
    distribution. Real data are split, stratified, 75/25 by a fixed seed, and standardized by the training
    part: minus its mean, divided by its standard deviation. A feature that is constant in the training part
    says nothing there; it becomes zeros in both parts, with a note.

    Raises DataError, with a message of one line, for an unknown name or a file that is not as it should be.
    """
    name = os.fspath(name)
    if name in synthetic.PROBLEMS:
        (X, Y), (X_test, Y_test) = synthetic.PROBLEMS[name]()
        return Data(name, X, Y, X_test, Y_test, ("x1", "x2"), ("0", "1"))
    if name in _TABLES:
        return _split_and_standardize(name, _TABLES[name]())
    if is_csv(name):
        return _split_and_standardize(name, read_csv(name, target))
    is_file = os.path.isfile(name)
    hint = " (rename the file to end in .csv)" if is_file else did_you_mean(name, tuple(DATASETS))
    raise DataError(f"unknown data set {name!r}: expected one of {', '.join(DATASETS)}, or a path to a FILE.csv{hint}")


def _iris() -> Table:
    """Fisher's iris data as scikit-learn ships them, without setosa, which any straight line tells apart."""
    from sklearn.datasets import load_iris  # takes most of a second, which other data need not pay

    bunch = load_iris()
    kept = bunch.target != 0
    return _table(bunch.data[kept], bunch.target[kept] == 2, bunch.feature_names, bunch.target_names[1:])


def _breast_cancer() -> Table:
    """The diagnostic breast cancer data of Wisconsin as scikit-learn ships them."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return _table(bunch.data, bunch.target == 1, bunch.feature_names, bunch.target_names)


_TABLES: dict[str, Callable[[], Table]] = {"iris": _iris, "breast_cancer": _breast_cancer}


def _table(
    features: Array, is_one: npt.NDArray[np.bool_], feature_names: Sequence[str], class_names: Sequence[str]
) -> Table:
    zero, one = map(str, class_names)
    return Table(features, is_one.astype(np.float64), tuple(map(str, feature_names)), (zero, one), ())


def _split_and_standardize(name: str, table: Table) -> Data:
    """Split a table into training and test part, and standardize both by the training part."""
    train, test = _split(table.labels)
    rows = table.features
    X, X_test = np.zeros((rows.shape[1], train.size)), np.zeros((rows.shape[1], test.size))
    constant = [
        feature_name
        for i, feature_name in enumerate(table.feature_names)
        if not _standardize(rows[train, i], rows[test, i], X[i], X_test[i])
    ]
    notes = table.notes
    if constant:
        notes += (f"constant in the training part, so set to 0: {listed(constant)}",)
    Y, Y_test = table.labels[train].reshape(1, -1), table.labels[test].reshape(1, -1)
    return Data(name, X, Y, X_test, Y_test, table.feature_names, table.class_names, notes)


def _split(labels: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows of the training and of the test part, each in the order of the table.

    Of every class a quarter of the rows, rounded half up (so one of two), goes to the test part: those that
    come first in a fixed permutation of all rows.
    """
    order = Stream(SPLIT_SEED).permutation(labels.size)
    is_test = np.zeros(labels.size, dtype=np.bool_)
    for label in (0.0, 1.0):
        members = order[labels[order] == label]
        is_test[members[: (members.size + 2) // 4]] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def _standardize(train: Array, test: Array, train_out: Array, test_out: Array) -> bool:
    """Write (x - mean) / standard deviation into the outputs, both those of the training values.

    All arrays are (examples,); only the outputs are changed. The variance is divided by n, as in
    scikit-learn's StandardScaler. Returns False, and leaves the outputs alone, if the training values are
    all the same.

    Values are divided by a power of two first, which is exact, so that squares of 1e308 do not overflow and
    those of 1e-308 do not vanish; and shifted by the first one, so that a constant gives zeros and no
    rounding errors.
    """
    _, exponent = math.frexp(max(map(abs, train.tolist())))
    scaled = np.ldexp(train, -exponent)
    shift = scaled[0]
    scaled = scaled - shift
    mean = math.fsum(scaled.tolist()) / scaled.size
    deviations = scaled - mean
    standard_deviation = math.sqrt(math.fsum((deviations * deviations).tolist()) / scaled.size)
    if standard_deviation == 0.0:
        return False
    train_out[:] = deviations / standard_deviation
    with np.errstate(over="ignore"):  # a test value may be any number of standard deviations away
        test_deviations = np.ldexp(test, -exponent) - shift - mean
        test_out[:] = np.clip(test_deviations / standard_deviation, -FARTHEST, FARTHEST)
    return True
