"""Data sets by name or from a file: their sources, and ``load`` for one split."""

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
from experiments.datasets.remade import Recent, Remade
from experiments.datasets.scaling import Scaling
from experiments.datasets.shipped import TABLES
from experiments.datasets.source import Drawn, Fixed, Source
from experiments.datasets.table import Table
from experiments.datasets.terms import computed
from experiments.knobs.checks import integer
from experiments.knobs.declared import (
    DATASETS,
    FRAME,
    KNOBS,
    MOST_SAMPLES,
    SAMPLES,
    SEED,
    SPLIT,
    TEST_FRACTION,
    is_table,
)
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
"""The kinds of data to which each argument of `load` applies."""


def load(name: str | os.PathLike[str], split: str = "fixed", seed: int = 0, fold: int = 0, **arguments: Any) -> Data:
    """Load a data set, ready to train on.

    name: one of DATASETS, or the path of a table file
    split: how a table is split: "fixed", "seed" or "cv:K"; with the seed and the fold
    noise: of generated data, 0 or more; defined for each data set in `experiments.datasets.synthetic`
    samples: training points of generated data, 10 or more; of `gaussian_random`, 1 or more
    data_seed: of generated data, 0 to 2^32 - 1; by default the published draw
    test_fraction: fraction of real data, or of a table, to test on, above 0 and below 1; by default 0.25
    features: features computed from the inputs, such as "x1+x2+x1^2+x1x2+sin(x1)"; by default the inputs themselves
    and the options for reading tables of `experiments.datasets.options.Reading`: target, positive, task, drop, ...

    Generated data have 2,000 test points from the same distribution, and are not scaled. Tables are split, stratified
    by class, and encoded with values fitted on the training part: numbers are standardized, missing values filled with
    the median, categories encoded one-hot.

    Raises DataError with a one-line message for an unknown name, an invalid file, and an argument that is out of range
    or does not apply to the data.
    """
    source = load_source(name, split, **arguments)
    _checked("seed", SEED.check, seed)
    if source.n_folds is None:
        return source.part(seed)
    return source.part(seed, _checked("fold", integer(0, source.n_folds - 1), fold))


def load_source(name: Any, split: str = "auto", data_seed: Any = None, frame: Any = None, **arguments: Any) -> Source:
    """The data source of a problem. Takes the arguments of ``load``, and a table object as ``frame``.

    ``split`` is "auto" for the default: a split for each seed for tables, the published draw for generated data. A
    ``data_seed`` of "seed" draws data for each seed. Raises DataError as ``load``.
    """
    name = os.fspath(name)
    kind = _kind(name)
    given = _accepted(name, kind, **arguments, data_seed=None if data_seed == SEED.name else data_seed)
    features = arguments.get("features")
    if split != SPLIT.word:
        split = _checked("split", SPLIT.check, split)
    if kind is _GENERATED:
        if split not in ("auto", "fixed"):
            raise DataError(
                f"split: {split} requires {_REAL} or {_FILE}, got {quoted(name)}; for generated data see --data-seed "
                "seed"
            )
        if data_seed == SEED.name:
            return Drawn(load, {"name": name, **{key: v for key, v in arguments.items() if v is not None}})
        return Fixed(_generated(name, synthetic.TEST, **given))
    if data_seed == SEED.name:
        raise DataError(f"data_seed: expected {_GENERATED}, got {quoted(name)}")
    given.pop("features", None)
    fraction = given.pop("test_fraction", TEST_FRACTION.default[0])
    table = replace(TABLES[name](), name=name) if kind is _REAL else _read(name, frame, Reading(**given))
    return Divided(table, "seed" if split == "auto" else split, fraction, features)


def may_be_remade(recent: Recent, **arguments: Any) -> Source:
    """The same; generated data are made again when they are wanted, as there may be many."""
    if _kind(os.fspath(arguments["name"])) is not _GENERATED or arguments["data_seed"] == SEED.name:
        return load_source(**arguments)
    return Remade(lambda: load_source(**arguments).first, recent)


def restored(kind: str, content: bytes) -> Source:
    """A source from its stored content. Raises ValueError for an unknown kind."""
    if kind == "drawn":
        return Drawn(load, json.loads(content))
    if kind == "divided":
        return unpacked(content)
    raise ValueError(f"expected a known kind of data source, got {kind!r}: update this program")


def load_fresh(name: str, **arguments: Any) -> Data | None:
    """As `load`, with fresh test points; None if the data are not generated."""
    if name not in synthetic.PROBLEMS:
        return None
    return _generated(name, synthetic.FRESH, **_accepted(name, _GENERATED, **arguments))


def _generated(name: str, test: synthetic.Part, features: str | None = None, **given: Any) -> Data:
    (X, Y), (X_test, Y_test) = synthetic.PROBLEMS[name](**given, test=test)
    inputs = tuple(f"x{k + 1}" for k in range(len(X)))
    if name in synthetic.REGRESSIONS:
        about: dict[str, Any] = {"task": "regression", "target_name": "y"}
        if name not in synthetic.AS_DRAWN:
            scaling = Scaling.fit(Y[0])
            Y, Y_test = scaling.apply(Y), scaling.apply(Y_test)
            about["target_scale"] = (scaling.mean, scaling.deviation)
        data = Data(name, X, Y, X_test, Y_test, inputs, (), **about)
        return data if features is None else computed(data, features, named=False)
    # This can happen if noise changes labels, or by chance with few points.
    notes = () if Y.min() < Y.max() else (f"all training points are of class {Y.max():.0f}",)
    data = Data(name, X, Y, X_test, Y_test, inputs, ("0", "1"), notes)
    return data if features is None else computed(data, features, named=False)


def _read(name: str, frame: Any, reading: Reading) -> Table:
    raw = read_table(name if frame is None else frame, reading)
    test = None if reading.test_file is None else read_table(reading.test_file, reading)
    return make_table(raw, reading, test, name)


def _kind(name: str) -> str:
    """Return the kind of data with this name, or raise DataError."""
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
    """Return the arguments that are not None; raise DataError if one does not apply or is out of range."""
    checks = {knob.name: knob.check for knob in KNOBS if not knob.is_list and knob.name not in _READING}
    if kind is _GENERATED:
        checks[SAMPLES.name] = integer(synthetic.fewest_samples(name), MOST_SAMPLES)
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
