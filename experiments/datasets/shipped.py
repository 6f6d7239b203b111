"""Real data that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from experiments.datasets.csv_data import Table
from experiments.datasets.data import Array


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


TABLES: dict[str, Callable[[], Table]] = {"iris": _iris, "breast_cancer": _breast_cancer}
"""Each data set by its name."""


def _table(
    features: Array, is_one: npt.NDArray[np.bool_], feature_names: Sequence[str], class_names: Sequence[str]
) -> Table:
    zero, one = map(str, class_names)
    return Table(features, is_one.astype(np.float64), tuple(map(str, feature_names)), (zero, one), ())
