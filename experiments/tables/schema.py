"""The form of sweep.json. A manifest is checked before anything in it is believed: it may come from anybody.

Whoever adds a key to ``manifest.manifest_of``, ``problems.about_data`` or ``findings.confirmations`` adds it here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.formats import CSV, DIALECTS, PARQUET, XLSX
from experiments.knobs.declared import (
    AXES,
    CSV_DIALECT,
    CURVES,
    DTYPE,
    ITERATIONS,
    KNOBS,
    RECORD_EVERY,
    REQUESTED,
    TABLES,
)
from experiments.store.store import STATUSES
from experiments.tables.manifest import FORMAT
from experiments.tables.problems import about_data, identities
from experiments.text import listed, quoted
from planar_core.choices import METRICS, TASKS

Form = Callable[[Any, str], None]
"""A check of a value that is at a place such as ``data[0].features``. Raises ValueError with one line."""

_LARGEST = 2**63 - 1
_NO_MORE: Mapping[str, Form] = {}


# Forms


def _fitting(expected: str, fits: Callable[[Any], bool]) -> Form:
    def check(value: Any, place: str) -> None:
        if not fits(value):
            raise ValueError(f"{place}: expected {expected}, found {quoted(value)}")

    return check


def _is_text(value: Any) -> bool:
    # A lone half of a surrogate pair is valid in JSON, but cannot be written to any file.
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def _or_null(form: Form) -> Form:
    return lambda value, place: None if value is None else form(value, place)


def _list_of(form: Form) -> Form:
    def check(value: Any, place: str) -> None:
        _LIST(value, place)
        for position, item in enumerate(value):
            form(item, f"{place}[{position}]")

    return check


def _object(required: Mapping[str, Form], optional: Mapping[str, Form] = _NO_MORE) -> Form:
    known = {**required, **optional}

    def check(value: Any, place: str) -> None:
        _OBJECT(value, place)
        if missing := [name for name in required if name not in value]:
            raise ValueError(f"{place}: expected {listed(missing, 'and', most=5)}, found no such key")
        for name, item in value.items():
            if name not in known:
                raise ValueError(f"{place}: expected only {listed(known)}, found the key {quoted(name)}")
            known[name](item, f"{place}.{name}" if place != _WHOLE else name)

    return check


def _map_of(form: Form) -> Form:
    """An object with any names."""

    def check(value: Any, place: str) -> None:
        _OBJECT(value, place)
        for name, item in value.items():
            _TEXT(name, place)
            form(item, f"{place}.{quoted(name)}")

    return check


_OBJECT = _fitting("an object", lambda value: isinstance(value, dict))
_LIST = _fitting("a list", lambda value: isinstance(value, list))
_TEXT = _fitting("text", _is_text)
_COUNT = _fitting("a count", lambda value: _is_integer(value) and value >= 0)
_INTEGER = _fitting("an integer", _is_integer)
_NUMBER = _fitting("a finite number", _is_number)
_FINGERPRINT = _fitting(
    "64 hexadecimal digits",
    lambda value: isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef"),
)
_SETTING = _fitting("text, a number or null", lambda value: value is None or _is_text(value) or _is_number(value))
_TEXTS = _list_of(_TEXT)
_NUMBERS = _list_of(_or_null(_NUMBER))
_METRIC = _fitting(f"one of {', '.join(METRICS)}", lambda value: isinstance(value, str) and value in METRICS)


def _settings(value: Any, place: str) -> None:
    """The value or the values of a knob; the design checks them further."""
    if isinstance(value, list):
        for position, item in enumerate(value):
            (_list_of(_SETTING) if isinstance(item, list) else _SETTING)(item, f"{place}[{position}]")
    else:
        _SETTING(value, place)


# The manifest

_WHOLE = "sweep.json"
_ALWAYS = (*(axis for axis in AXES if axis.column == "always"), ITERATIONS, RECORD_EVERY, DTYPE)
_REQUEST = _object(
    {knob.name: _settings for knob in _ALWAYS},
    # Knobs that did not exist yet have their default.
    {**{knob.name: _settings for knob in REQUESTED if knob not in _ALWAYS}, "zip": _list_of(_TEXTS)},
)
_CONFIGURATION = _object({}, {knob.name: _SETTING for knob in KNOBS})
_DATA = _object(
    {
        "problem": _CONFIGURATION,
        "fingerprint": _FINGERPRINT,
        "features": _COUNT,
        "training_examples": _COUNT,
        "test_examples": _COUNT,
        "feature_names": _TEXTS,
        "class_names": _TEXTS,
        "notes": _TEXTS,
        "base": _or_null(_object({"fingerprint": _FINGERPRINT, "feature_names": _TEXTS})),
    },
    {  # since there are tasks, splits and baselines
        "identity": _map_of(_SETTING),
        "task": _fitting(f"one of {', '.join(TASKS)}", lambda value: isinstance(value, str) and value in TASKS),
        "target_name": _TEXT,
        "target_scale": _list_of(_NUMBER),
        "class_counts": _object({"training": _list_of(_COUNT), "test": _list_of(_COUNT)}),
        "baselines": _object({"metric": _METRIC, "answer": _TEXT, "constant": _NUMBERS, "linear": _NUMBERS}),
    },
)
_NUMBERS_COMPARED = _object({name: _or_null(_NUMBER) for name in ("test", "difference", "ci_low", "ci_high")})


def _compared(value: Any, place: str) -> None:
    _NUMBERS_COMPARED(value, place)
    if (value["ci_low"] is None) != (value["ci_high"] is None):
        raise ValueError(f"{place}: expected both ends of an interval or none, found one")


_FINDING = _object(
    {
        "configuration": _CONFIGURATION,
        "points": _fitting('"", "fresh" or "halves"', lambda value: value in ("", "fresh", "halves")),
        "n_points": _COUNT,
    },
    {
        "metric": _METRIC,
        **{f"test_{metric}": _or_null(_NUMBER) for metric in METRICS},
        "turned_at": _or_null(_COUNT),
        "baselines": _or_null(_object({"answer": _TEXT, "constant": _compared, "linear": _compared})),
    },
)
_EXECUTION = _object(
    {
        "finished": _TEXT,
        "training_seconds": _NUMBER,
        "jobs": _INTEGER,
        "backend": _TEXT,
        "commit": _or_null(_TEXT),
        "python": _TEXT,
        "versions": _map_of(_TEXT),
        "machine": _object({"system": _TEXT, "processor": _TEXT, "cores": _or_null(_COUNT)}),
    },
    {"written": _object({"by": _FINGERPRINT, "manifest": _FINGERPRINT, "files": _map_of(_FINGERPRINT)})},
)
_FORMATS = _list_of(_fitting("csv, xlsx or parquet", lambda value: value in (CSV, XLSX, PARQUET)))
_TABLES = _object(
    {
        TABLES.name: _FORMATS,
        CURVES.name: _FORMATS,
        CSV_DIALECT.name: _fitting("excel or excel-de", lambda value: value in DIALECTS),
    }
)
_FORMAT = _fitting(str(FORMAT), lambda value: _is_integer(value) and value == FORMAT)
_MANIFEST = _object(
    {
        "format": _FORMAT,
        "request": _REQUEST,
        "columns": _TEXTS,
        "problem_columns": _TEXTS,
        "counts": _object(dict.fromkeys(("runs", *STATUSES, "computed", "reused"), _COUNT)),
        "data": _list_of(_DATA),
        "notes": _TEXTS,
        "findings": _list_of(_FINDING),
        "execution": _EXECUTION,
    },
    {
        "seeds": lambda value, place: (_list_of(_COUNT) if isinstance(value, list) else _COUNT)(value, place),
        "tables": _TABLES,
    },
)

_OF_THE_DATA = ("fingerprint", "identity", "features", "training_examples", "test_examples", "task", "class_counts")


# Reading


def read_manifest(path: Path) -> tuple[dict[str, Any], Design]:
    """The manifest in a file, and the design of its request.

    Raises ValueError for anything that no sweep has written, RecursionError for too many brackets, or OSError.
    """
    if path.exists() and not path.is_file():  # a pipe, for example, of which reading would never end
        raise ValueError("expected a file")
    manifest = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    if isinstance(manifest, dict) and "format" in manifest:  # another one may have any other keys
        _FORMAT(manifest["format"], "format")
    _MANIFEST(manifest, _WHOLE)
    return manifest, _design_of(manifest)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"expected each key once, found {quoted(twice)} again")
    return found


def _no_number(text: str) -> None:
    if text != "NaN":  # as older manifests have it for a setting without effect
        raise ValueError(f"expected finite numbers, found {text}")


def _design_of(manifest: Mapping[str, Any]) -> Design:
    """The design of the request, to which the other parts of the manifest must fit."""
    # Before there was --split, every table had a single split.
    design = Design(**{"split": "fixed", **manifest["request"]})
    for name, value in manifest["request"].items():
        _same(value, design.request[name], f"request.{name}")
    for name in ("columns", "problem_columns"):
        _same(manifest[name], getattr(design, name), name)
    counts, about = manifest["counts"], manifest["data"]
    if design.margin is not None or design.budget is not None or "seeds" in manifest:
        design = _with_seeds(design, manifest.get("seeds"))
    _same(counts["runs"], design.n_runs, "counts.runs")
    _same(sum(counts[status] for status in STATUSES), design.n_runs, f"the sum of {listed(STATUSES, 'and')} in counts")
    _same(len(about), len(list(design.problems())), "the length of data")
    identities(design, about)
    for position, each in enumerate(about):
        for kind in ("constant", "linear"):
            n = len(each["baselines"][kind]) if "baselines" in each else 1
            if not 1 <= n <= design.n_replicates:
                place = f"the length of data[{position}].baselines.{kind}"
                raise ValueError(f"{place}: expected 1 to {design.n_replicates:,}, found {n:,}")
    return design


def _with_seeds(design: Design, seeds: Any) -> Design:
    """The design with the numbers of seeds that were trained, one for each configuration in a race."""
    if design.margin is None and design.budget is None:
        raise ValueError("expected no seeds, found some")
    if isinstance(seeds, list) != (design.margin is not None) or seeds is None:
        raise ValueError(f"seeds: expected {'a list' if design.margin is not None else 'a count'}")
    counts = seeds if isinstance(seeds, list) else [seeds]
    _same(len(counts), design.n_configurations if isinstance(seeds, list) else 1, "the length of seeds")
    if not 1 <= min(counts) <= max(counts) <= (most := len(design.values["seed"])):
        raise ValueError(f"seeds: expected counts from 1 to {most:,}, found {min(counts):,} to {max(counts):,}")
    return design.of_race(seeds) if isinstance(seeds, list) else design.of_first_seeds(seeds)


def check_data(design: Design, about: Sequence[Mapping[str, Any]], sources: Mapping[ProblemKey, Source]) -> None:
    """Raises ValueError if the descriptions of the data in the manifest are not those of the data in the store."""
    for position, (each, (problem, source)) in enumerate(zip(about, sources.items(), strict=True)):
        place = f"data[{position}]"
        _same(len(each["class_names"]), len(source.first.class_names), f"the length of {place}.class_names")
        _same(len(each["feature_names"]), len(source.first.X), f"the length of {place}.feature_names")
        (expected,) = about_data(design, {problem: source})
        for name in _OF_THE_DATA:
            if name in each:
                _same(each[name], expected.get(name), f"{place}.{name}")


def _same(found: Any, expected: Any, place: str) -> None:
    if found != expected:
        raise ValueError(f"{place}: expected {quoted(expected)}, found {quoted(found)}")
