"""The problems networks are trained on: named synthetic and real data sets, and the reader's own CSV file.

Every bit of every array is the same on any machine; see `experiments.synthetic` for the synthetic ones, and
`experiments.features` for what can be computed from the inputs of any.
Real data are standardized with means and variances from `math.fsum`, which is exactly rounded; NumPy's own
sums depend on the CPU in the last bit.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments import synthetic
from experiments.csv_data import DataError, Table, did_you_mean, is_csv, listed, quoted, read_csv
from experiments.features import ALL, FARTHEST, compute, parse, standard_form
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
        "circle": "a disc within a ring (2 features, 400 points)",
        "xor": "four squares, those on a diagonal of one class (2 features, 400 points)",
        "gauss": "two Gaussian blobs (2 features, 400 points)",
        "spiral": "two arms of a spiral (2 features, 400 points)",
        "iris": "iris versicolor against iris virginica (4 features, 100 flowers)",
        "breast_cancer": "malignant against benign tumours (30 features, 569 patients)",
    }
)
"""The names that `load` knows, each with a line for help texts."""

SPLIT_SEED = 0
"""Seed of the one permutation of rows by which real data are split."""

TEST_FRACTION = 0.25
"""Part of the rows of real data that networks are tested on."""

MOST_SAMPLES = 10_000_000
"""Training points that can be asked for: 240 MB."""

_GENERATED, _REAL, _CSV = "a generated data set", "real data", "a CSV file"
_TAKEN_BY = {
    "target": (_CSV,),
    "positive": (_CSV,),
    "noise": (_GENERATED,),
    "samples": (_GENERATED,),
    "data_seed": (_GENERATED,),
    "test_fraction": (_REAL, _CSV),
}
"""The kinds of data about which each argument of `load` says something."""

_RANGES: Mapping[str, tuple[bool, float, float]] = {
    "noise": (False, 0, synthetic.LARGEST_NOISE),
    "samples": (True, synthetic.FEWEST_SAMPLES, MOST_SAMPLES),
    "data_seed": (True, 0, 2**32 - 1),
    "test_fraction": (False, 0, 1),
}
"""Of the arguments of `load` that are numbers: whether they are integers, and the least and the greatest."""


@dataclass(frozen=True, eq=False)
class Data:
    """A problem with two classes, ready to train on.

    name: the data set as it was asked for
    X, Y: training part, (features, examples) and (1, examples); Y is 0.0 or 1.0
    X_test, Y_test: test part, likewise
    feature_names: one for each row of X
    class_names: of class 0 and class 1
    notes: sentences about what was done to the data, to be said and recorded
    features: what the rows of X were computed by from the inputs, as `experiments.features` writes it; "all" if
        they are the inputs
    base: the data that X was computed from, whose rows are the inputs; None if these are

    To draw in the plane of two inputs, take the points and the names of `base or self`, and what a network is given
    at any other point of that plane from `inputs`. All arrays are C-contiguous float64. Two objects hold the same
    numbers if their fingerprints are equal.
    """

    name: str
    X: Array
    Y: Array
    X_test: Array
    Y_test: Array
    feature_names: tuple[str, ...]
    class_names: tuple[str, str]
    notes: tuple[str, ...] = ()
    features: str = ALL
    base: Data | None = None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the shapes and little-endian bytes of X, Y, X_test, Y_test in turn."""
        digest = hashlib.sha256()
        for array in (self.X, self.Y, self.X_test, self.Y_test):
            digest.update(np.array(array.shape, dtype="<i8").tobytes())
            digest.update(array.astype("<f8").tobytes())
        return digest.hexdigest()

    def inputs(self, X: Array) -> Array:
        """Return what a network is given, (features, examples), at points X (inputs, examples) of `base or self`."""
        return compute(parse(self.features), X)


def load(
    name: str | os.PathLike[str],
    target: str | None = None,
    positive: str | None = None,
    noise: float | None = None,
    samples: int | None = None,
    data_seed: int | None = None,
    test_fraction: float | None = None,
    features: str | None = None,
) -> Data:
    """Load a data set.

    name: one of DATASETS, or the path of a CSV file, which is whatever ends in ".csv", in upper or lower case
    target: the column of labels in a CSV file; the last one if None
    positive: the label in a CSV file that is class 1, against the rest; None if there are two, and the later one is
    noise: of generated data, 0 or more; `experiments.synthetic` says what it is for each, and what if None
    samples: training points of generated data, 10 or more; 400 if None
    data_seed: of generated data, 0 to 2^32 - 1; None for the published one, any other draws other points
    test_fraction: part of real data, and of a CSV file, to test on, above 0 and below 1; 0.25 if None
    features: what networks are given, computed from the inputs as they would be given them, such as
        "x1+x2+x1^2+x1x2+sin(x1)"; the inputs themselves if None or "all"

    Synthetic data sets train on their points as they are, and test on 2,000 fresh ones of the same
    distribution. Real data are split, stratified, by a fixed seed, and standardized by the training part: minus
    its mean, divided by its standard deviation. An input that is constant in the training part says nothing
    there; it becomes zeros in both parts, with a note.

    Raises DataError, with a message of one line, for an unknown name, a file that is not as it should be, and an
    argument that is out of range or says nothing about such data.
    """
    return _load(
        os.fspath(name), synthetic.TEST, features, target=target, positive=positive,
        noise=noise, samples=samples, data_seed=data_seed, test_fraction=test_fraction,
    )  # fmt: skip


def load_fresh(name: str, features: str | None = None, **arguments: Any) -> Data | None:
    """What `load` gives, with other test points, on which nobody has looked; None where data are not generated."""
    return _load(name, synthetic.FRESH, features, **arguments) if name in synthetic.PROBLEMS else None


def _load(name: str, test: synthetic.Part, features: str | None, **arguments: Any) -> Data:
    kind = _kind(name)
    given = _accepted(name, kind, **arguments)
    if kind is _GENERATED:
        (X, Y), (X_test, Y_test) = synthetic.PROBLEMS[name](**given, test=test)
        # Which can happen where noise decides on labels, or chance on a few points.
        notes = () if Y.min() < Y.max() else (f"all training points are of class {Y.max():.0f}",)
        data = Data(name, X, Y, X_test, Y_test, ("x1", "x2"), ("0", "1"), notes)
    else:
        fraction = given.pop("test_fraction", TEST_FRACTION)
        data = _split_and_standardize(name, read_csv(name, **given) if kind is _CSV else _TABLES[name](), fraction)
    return data if features is None else _computed(data, features, named=kind is not _GENERATED)


def _kind(name: str) -> str:
    """Return the kind of data that goes by this name, or raise DataError."""
    if name in synthetic.PROBLEMS:
        return _GENERATED
    if name in _TABLES:
        return _REAL
    if is_csv(name):
        return _CSV
    is_file = os.path.isfile(name)
    hint = " (rename the file to end in .csv)" if is_file else did_you_mean(name, tuple(DATASETS))
    raise DataError(f"unknown data set {name!r}: expected one of {', '.join(DATASETS)}, or a path to a FILE.csv{hint}")


def _accepted(name: str, kind: str, **arguments: Any) -> dict[str, Any]:
    """Return the arguments that are not None, or refuse one that says nothing about such data or is out of range."""
    given = {argument: value for argument, value in arguments.items() if value is not None}
    for argument, value in given.items():
        if kind not in _TAKEN_BY[argument]:
            raise DataError(f"{argument}: expected {' or '.join(_TAKEN_BY[argument])}, got {name!r}")
        if argument in _RANGES:
            is_integer, least, most = _RANGES[argument]
            number = isinstance(value, Integral if is_integer else Real) and not isinstance(value, bool)
            if not (number and least <= value <= most):
                noun = "an integer" if is_integer else "a number"
                raise DataError(f"{argument}: expected {noun} from {least} to {most:,.0f}, got {quoted(value)}")
            given[argument] = (int if is_integer else float)(given[argument])
        elif not isinstance(value, str):
            raise DataError(f"{argument}: expected text, got {quoted(value)}")
    return given


def _computed(data: Data, features: str, named: bool) -> Data:
    """Return the data with features computed from their inputs; with the inputs' own names if they have some."""
    try:
        terms = parse(features)
    except ValueError as error:
        raise DataError(f"features: expected {error}, got {quoted(features)}") from None
    if not terms:
        return data
    inputs = len(data.feature_names)
    last = max(i for term in terms for i in term.inputs)
    if last > inputs:
        range_ = f"x1 to x{inputs}, the inputs" if inputs > 1 else "x1, the only input"
        raise DataError(f"features: expected {range_} of {data.name!r}, got x{last} in {quoted(features)}")
    return replace(
        data,
        X=compute(terms, data.X),
        X_test=compute(terms, data.X_test),
        feature_names=tuple(term.named(data.feature_names) if named else str(term) for term in terms),
        features=standard_form(features),
        base=data,
    )


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


def _split_and_standardize(name: str, table: Table, test_fraction: float) -> Data:
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
        notes += (f"constant in the training part, so set to 0: {listed(constant)}",)
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
