"""Which rows of a table are for training and which for testing, and the scaling of both."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from experiments.datasets.csv_data import Table
from experiments.datasets.data import Array, Data, DataError
from experiments.knobs.features import FARTHEST
from experiments.text import listed, quoted
from planar_core.streams import Stream

SPLIT_SEED = 0
"""Seed of the one permutation of rows by which real data are split."""

TEST_FRACTION = 0.25
"""Part of the rows of real data that networks are tested on."""


def split_and_standardize(name: str, table: Table, test_fraction: float) -> Data:
    """Split a table into training and test part, and standardize both by the training part."""
    train, test = _split(name, table, test_fraction)
    rows = table.features
    X, X_test = np.zeros((rows.shape[1], train.size)), np.zeros((rows.shape[1], test.size))
    constant = [
        feature_name
        for i, feature_name in enumerate(table.feature_names)
        if not _standardize(rows[train, i], rows[test, i], X[i], X_test[i])
    ]
    notes = table.notes
    if constant:
        notes += (f"constant in the training part, so set to 0: {listed(map(quoted, constant), most=10)}",)
    Y, Y_test = table.labels[train].reshape(1, -1), table.labels[test].reshape(1, -1)
    return Data(name, X, Y, X_test, Y_test, table.feature_names, table.class_names, notes)


def _split(name: str, table: Table, test_fraction: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows of the training and of the test part, each in the order of the table.

    Of every class this fraction of the rows, rounded half up (so one of two by 0.25), goes to the test part: those
    that come first in a fixed permutation of all rows. Raises DataError if no row of a class is left for one part.
    """
    order = Stream(SPLIT_SEED).permutation(table.labels.size)
    is_test = np.zeros(table.labels.size, dtype=np.bool_)
    for label, class_name in enumerate(table.class_names):
        members = order[table.labels[order] == label]
        tested = math.floor(test_fraction * members.size + 0.5)
        if not 0 < tested < members.size:
            raise DataError(
                f"test_fraction: expected one that leaves every class a row to train on and one to test on, got "
                f"{test_fraction}, by which {tested} of the {members.size} rows of {quoted(class_name)} in {name!r} "
                "are to test on"
            )
        is_test[members[:tested]] = True
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
