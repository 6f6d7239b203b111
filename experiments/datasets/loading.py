"""A data set by its name, or from a file: where its data come from, and ``load`` for one part of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from experiments.datasets import synthetic
from experiments.datasets.columns import make_table
from experiments.datasets.data import Data, DataError
from experiments.datasets.divided import Divided, unpacked
from experiments.datasets.options import Reading
from experiments.datasets.reading import read_table
from experiments.datasets.scaling import Scaling
from experiments.datasets.shipped import TABLES
from experiments.datasets.source import Drawn, Fixed, Source
from experiments.datasets.table import Table
from experiments.datasets.terms import computed
from experiments.knobs.checks import integer
from experiments.knobs.declared import DATASETS, FRAME, KNOBS, SEED, SPLIT, TEST_FRACTION, is_table
from experiments.text import closest, quoted

_GENERATED, _REAL, _FILE = "a generated data set", "real data", "a file with a table"
_READING = tuple(field.name for field in fields(Reading))
_TAKEN_BY = {
    "noise": (_GENERATED,),
    "samples": (_GENERATED,),
    "data_seed": (_GENERATED,),
    "test_fraction": (_REAL, _FILE),
    **dict.fromkeys(_READING, (_FILE,)),
}
"""The kinds of data about which each argument of `load` says something."""


def load(name: str | os.PathLike[str], split: str = "fixed", seed: int = 0, fold: int = 0, **arguments: Any) -> Data:
    """Load a data set, ready to train on.

    name: one of DATASETS, or the path of a file that holds a table
    split: how a table is divided: "fixed", "seed" or "cv:K"; then those of this seed, and this fold
    noise: of generated data, 0 or more; `experiments.datasets.synthetic` says what it is for each
    samples: training points of generated data, 10 or more
    data_seed: of generated data, 0 to 2^32 - 1; without one it is the published draw
    test_fraction: part of real data, and of a table, to test on, above 0 and below 1; by default 0.25
    features: what networks are given, computed from the inputs as they would be given them, such as
        "x1+x2+x1^2+x1x2+sin(x1)"; by default the inputs themselves
    and how a table is read, as `experiments.datasets.options.Reading` has it: target, positive, task, drop, ...

    Synthetic data sets train on their points as they are, and test on 2,000 fresh ones of the same distribution. Tables
    are split, stratified, and encoded by what is found in the training part: numbers are standardized, gaps filled with
    the median, categories become a feature each.

    Raises DataError, with a message of one line, for an unknown name, a file that is not as it should be, and an
    argument that is out of range or says nothing about such data.
    """
    source = load_source(name, split, **arguments)
    _checked("seed", SEED.check, seed)
    if source.n_folds is None:
        return source.part(seed)
    return source.part(seed, _checked("fold", integer(0, source.n_folds - 1), fold))


def load_source(name: Any, split: str = "auto", data_seed: Any = None, frame: Any = None, **arguments: Any) -> Source:
    """Where the data of a problem come from. Takes what ``load`` takes, and any table from Python as ``frame``.

    ``split`` is "auto" for the usual one: a split for each seed of tables, the published draw of generated data. A
    ``data_seed`` of "seed" draws data for each seed. Raises DataError, as ``load`` does.
    """
    name = os.fspath(name)
    kind = _kind(name)
    given = _accepted(name, kind, **arguments, data_seed=None if data_seed == SEED.name else data_seed)
    features = arguments.get("features")
    if split != SPLIT.word:
        split = _checked("split", SPLIT.check, split)
    if kind is _GENERATED:
        if split not in ("auto", "fixed"):
            raise DataError(f"split: expected {_REAL} or {_FILE} for {split}, got {quoted(name)}; see --data-seed seed")
        if data_seed == SEED.name:
            return Drawn(load, {"name": name, **{key: v for key, v in arguments.items() if v is not None}})
        return Fixed(_generated(name, synthetic.TEST, **given))
    if data_seed == SEED.name:
        raise DataError(f"data_seed: expected {_GENERATED}, got {quoted(name)}")
    given.pop("features", None)
    fraction = given.pop("test_fraction", TEST_FRACTION.default[0])
    table = replace(TABLES[name](), name=name) if kind is _REAL else _read(name, frame, Reading(**given))
    return Divided(table, "seed" if split == "auto" else split, fraction, features)


def restored(kind: str, content: bytes) -> Source:
    """A source as it was kept. Raises ValueError for a kind that is not known."""
    if kind == "drawn":
        return Drawn(load, json.loads(content))
    if kind == "divided":
        return unpacked(content)
    raise ValueError(f"expected a source of data of a known kind, got {kind!r}: update this program")


def load_fresh(name: str, **arguments: Any) -> Data | None:
    """What `load` gives, with other test points, on which nobody has looked; None where data are not generated."""
    if name not in synthetic.PROBLEMS:
        return None
    return _generated(name, synthetic.FRESH, **_accepted(name, _GENERATED, **arguments))


def _generated(name: str, test: synthetic.Part, features: str | None = None, **given: Any) -> Data:
    (X, Y), (X_test, Y_test) = synthetic.PROBLEMS[name](**given, test=test)
    if name in synthetic.REGRESSIONS:
        scaling = Scaling.fit(Y[0])
        Y, Y_test = scaling.apply(Y), scaling.apply(Y_test)
        about = {"task": "regression", "target_name": "y", "target_scale": (scaling.mean, scaling.deviation)}
        data = Data(name, X, Y, X_test, Y_test, ("x1", "x2"), (), **about)  # type: ignore[arg-type]
        return data if features is None else computed(data, features, named=False)
    # Which can happen where noise decides on labels, or chance on a few points.
    notes = () if Y.min() < Y.max() else (f"all training points are of class {Y.max():.0f}",)
    data = Data(name, X, Y, X_test, Y_test, ("x1", "x2"), ("0", "1"), notes)
    return data if features is None else computed(data, features, named=False)


def _read(name: str, frame: Any, reading: Reading) -> Table:
    raw = read_table(name if frame is None else frame, reading)
    test = None if reading.test_file is None else read_table(reading.test_file, reading)
    return make_table(raw, reading, test, name)


def _kind(name: str) -> str:
    """Return the kind of data that goes by this name, or raise DataError."""
    if name in synthetic.PROBLEMS:
        return _GENERATED
    if name in TABLES:
        return _REAL
    if is_table(name) or name == FRAME:
        return _FILE
    is_file = os.path.isfile(name)
    hint = " (rename the file to end in .csv, .tsv or .txt)" if is_file else closest(name, DATASETS)
    raise DataError(
        f"unknown data set {name!r}: expected one of {', '.join(DATASETS)}, or the path of a file such as data.csv"
        f"{hint}"
    )


def _accepted(name: str, kind: str, **arguments: Any) -> dict[str, Any]:
    """Return the arguments that are not None, or refuse one that says nothing about such data or is out of range."""
    checks = {knob.name: knob.check for knob in KNOBS if not knob.is_list and knob.name not in _READING}
    given = {argument: value for argument, value in arguments.items() if value is not None}
    for argument, value in given.items():
        if argument not in _TAKEN_BY and argument != "features":
            raise DataError(f"{argument}: expected one of features, {', '.join(_TAKEN_BY)}")
        if kind not in _TAKEN_BY.get(argument, (kind,)):
            raise DataError(f"{argument}: expected {' or '.join(_TAKEN_BY[argument])}, got {name!r}")
        if argument in checks:
            given[argument] = _checked(argument, checks[argument], value)
    return given


def _checked(argument: str, check: Callable[[Any], Any], value: Any) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise DataError(f"{argument}: expected {error}, got {quoted(value)}") from None
