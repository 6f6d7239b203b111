"""load(): a data set by its name, or from a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from experiments.datasets import synthetic
from experiments.datasets.csv_data import read_csv
from experiments.datasets.data import Data, DataError
from experiments.datasets.shipped import TABLES
from experiments.datasets.source import Drawn, Fixed, Source
from experiments.datasets.splits import TEST_FRACTION, split_and_standardize
from experiments.datasets.terms import computed
from experiments.knobs.declared import KNOBS, SEED, is_table
from experiments.text import closest, quoted

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
    noise: of generated data, 0 or more; `experiments.datasets.synthetic` says what it is for each, and what if None
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


def load_source(name: Any, split: str = "auto", data_seed: Any = None, **arguments: Any) -> Source:
    """Where the data of a problem come from. Takes what ``load`` takes, how tables are split and read, and tables.

    Raises DataError, as ``load`` does.
    """
    if data_seed == SEED.name:
        if name not in synthetic.PROBLEMS:
            raise DataError(f"data_seed: expected {_GENERATED}, got {quoted(name)}")
        return Drawn(load, {"name": name, **arguments})
    return Fixed(load(name, data_seed=data_seed, **arguments))


def restored(kind: str, content: bytes) -> Source:
    """A source as it was kept. Raises ValueError for a kind that is not known."""
    if kind == "drawn":
        return Drawn(load, json.loads(content))
    raise ValueError(f"expected a source of data of a known kind, got {kind!r}: update this program")


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
        data = split_and_standardize(name, read_csv(name, **given) if kind is _CSV else TABLES[name](), fraction)
    return data if features is None else computed(data, features, named=kind is not _GENERATED)


def _kind(name: str) -> str:
    """Return the kind of data that goes by this name, or raise DataError."""
    if name in synthetic.PROBLEMS:
        return _GENERATED
    if name in TABLES:
        return _REAL
    if is_table(name):
        return _CSV
    is_file = os.path.isfile(name)
    hint = " (rename the file to end in .csv)" if is_file else closest(name, DATASETS)
    raise DataError(f"unknown data set {name!r}: expected one of {', '.join(DATASETS)}, or a path to a FILE.csv{hint}")


def _accepted(name: str, kind: str, **arguments: Any) -> dict[str, Any]:
    """Return the arguments that are not None, or refuse one that says nothing about such data or is out of range."""
    checks = {knob.name: knob.check for knob in KNOBS}
    given = {argument: value for argument, value in arguments.items() if value is not None}
    for argument, value in given.items():
        if kind not in _TAKEN_BY[argument]:
            raise DataError(f"{argument}: expected {' or '.join(_TAKEN_BY[argument])}, got {name!r}")
        try:
            given[argument] = checks[argument](value)
        except ValueError as error:
            raise DataError(f"{argument}: expected {error}, got {quoted(value)}") from None
    return given
