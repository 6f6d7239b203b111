"""Real data that come with scikit-learn, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from experiments.datasets.table import NUMBER, Column, Table

# sklearn.datasets is imported only if needed: it takes most of a second.


def _table(bunch: Any, rows: Any, task: str, class_names: Any = (), target_name: str = "class") -> Table:
    target = np.asarray(bunch.target)[rows]
    columns = tuple(
        Column(str(name), NUMBER, np.ascontiguousarray(bunch.data[rows, k], np.float64))
        for k, name in enumerate(bunch.feature_names)
    )
    numbers = target.astype(np.float64 if task == "regression" else np.int64)
    return Table("", columns, numbers, task, tuple(map(str, class_names)), target_name)


def _iris() -> Table:
    """Fisher's iris data: 50 flowers of each of three species."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    return _table(bunch, slice(None), "multiclass", bunch.target_names, "species")


def _iris2() -> Table:
    """Fisher's iris data without setosa, which is linearly separable from the others."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    bunch.target = bunch.target - 1
    return _table(bunch, bunch.target >= 0, "binary", bunch.target_names[1:], "species")


def _breast_cancer() -> Table:
    """The diagnostic breast cancer data of Wisconsin."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return _table(bunch, slice(None), "binary", bunch.target_names, "diagnosis")


def _wine() -> Table:
    """Chemical analyses of wines of three growers."""
    from sklearn.datasets import load_wine

    bunch = load_wine()
    return _table(bunch, slice(None), "multiclass", bunch.target_names, "grower")


def _digits() -> Table:
    """Handwritten digits of 8 x 8 pixels."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return _table(bunch, slice(None), "multiclass", bunch.target_names, "digit")


def _diabetes() -> Table:
    """The progression of diabetes within a year."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    return _table(bunch, slice(None), "regression", target_name="progression")


TABLES: Mapping[str, Callable[[], Table]] = MappingProxyType(
    {
        "iris": _iris,
        "iris2": _iris2,
        "breast_cancer": _breast_cancer,
        "wine": _wine,
        "digits": _digits,
        "diabetes": _diabetes,
    }
)
"""Each data set by its name."""
