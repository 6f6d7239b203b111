"""A model as JSON: plain data that any language can read. docs/predictions.md describes every entry."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeGuard

import numpy as np

from experiments.datasets.encoding import ColumnEncoder, Encoder
from experiments.datasets.number_format import NumberFormat
from experiments.datasets.scaling import Scaling
from experiments.datasets.table import BOOLEAN, CATEGORY, NUMBER, REGRESSION
from experiments.files import ResultsError
from experiments.knobs.features import parse
from experiments.models.model import Member, Model
from experiments.text import quoted
from planar_core.choices import ACTIVATIONS
from planar_core.network import Parameters

FORMAT, VERSION = "planar-sweep model", 1

_TASKS = ("binary", "multiclass", REGRESSION)
_EXPONENTS = range(-1100, 1101)


def content(model: Model) -> bytes:
    """The model as the bytes of a JSON file, exact to the bit. Raises ResultsError if it is not finite."""
    model.check_finite()
    plain = json.dumps(to_plain(model), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return plain.encode("utf-8", "surrogatepass") + b"\n"


def to_plain(model: Model) -> dict[str, Any]:
    """The model as lists, dictionaries, texts and numbers."""
    encoders = list(dict.fromkeys(id(member.encoder) for member in model.members))
    first = model.members[0].encoder
    by_id = {id(member.encoder): member.encoder for member in model.members}
    return {
        "format": FORMAT,
        "version": VERSION,
        "task": model.task,
        "class_names": list(model.class_names),
        "target": model.target_name,
        "missing_values": list(first.missing_values),
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "categories": list(column.categories),
                "has_gaps": column.has_gaps,
                "number_format": column.format.to_dict(),
            }
            for column in first.columns
        ],
        "features": model.features,
        "activation": model.activation,
        "encoders": [_encoder(by_id[key]) for key in encoders],
        "networks": [
            {
                "encoder": encoders.index(id(member.encoder)),
                "seed": member.seed,
                "fold": member.fold,
                "layers": [{"W": W.tolist(), "b": b[:, 0].tolist()} for W, b in member.parameters],
            }
            for member in model.members
        ],
        "configuration": model.configuration,
    }


def _encoder(encoder: Encoder) -> dict[str, Any]:
    return {
        "columns": [
            {
                "fill": column.fill,
                "scaling": _scaling(column.scaling),
                "unseen": list(column.unseen),
                "is_constant": column.is_constant,
            }
            for column in encoder.columns
        ],
        "target_scaling": _scaling(encoder.target_scaling),
    }


def _scaling(scaling: Scaling | None) -> dict[str, Any] | None:
    return None if scaling is None else scaling._asdict()


def load_json(path: str | os.PathLike[str]) -> Model:
    """Read a model written by `content`. Raises ResultsError for any other content, and OSError."""
    where = repr(os.fspath(path))
    with open(path, "rb") as file:
        raw = file.read()
    try:
        plain = json.loads(raw.decode("utf-8", "surrogatepass"), parse_constant=_no_number)
    except RecursionError:
        raise ResultsError(f"{where}: expected a model as JSON, found lists nested too deeply") from None
    except ValueError as error:
        raise ResultsError(f"{where}: expected a model as JSON, found: {error}") from None
    try:
        return from_plain(plain)
    except _Unexpected as found:
        raise ResultsError(f"{where}: {found}") from None


class _Unexpected(ValueError):
    """An unexpected value at a position in the file."""


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"the number {text}")


def _refuse(place: str, expected: str, found: Any) -> NoReturn:
    try:
        shown = json.dumps(found)
    except RecursionError:
        shown = "lists nested too deeply"
    raise _Unexpected(f"{place}: expected {expected}, found {shown if len(shown) <= 60 else f'{shown[:60]}...'}")


class _Object:
    """A JSON object whose entries are read by name and validated."""

    def __init__(self, found: Any, place: str, names: Sequence[str]) -> None:
        if not isinstance(found, dict):
            _refuse(place or "the file", "an object {...}", found)
        self._found, self._place = found, place
        absent = [name for name in names if name not in found]
        if absent:
            raise _Unexpected(f"{self.at(absent[0])}: expected an entry of this name, found none")
        more = [name for name in found if name not in names]
        if more:
            raise _Unexpected(f"{place or 'the file'}: expected only {', '.join(names)}, found {quoted(more[0])}")

    def at(self, name: str) -> str:
        """The position of an entry, for messages."""
        return f"{self._place}.{name}" if self._place else name

    def __getitem__(self, name: str) -> Any:
        return self._found[name]

    def checked(self, name: str, fits: Callable[[Any], bool], expected: str) -> Any:
        """An entry, validated."""
        if not fits(self._found[name]):
            _refuse(self.at(name), expected, self._found[name])
        return self._found[name]

    def text(self, name: str) -> str:
        """A text."""
        return str(self.checked(name, lambda value: isinstance(value, str), "a text"))

    def one_of(self, name: str, choices: Sequence[str]) -> str:
        """One of the given texts."""
        return str(self.checked(name, lambda v: isinstance(v, str) and v in choices, f"one of {', '.join(choices)}"))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of different texts."""

        def fits(value: Any) -> bool:
            return isinstance(value, list) and all(isinstance(t, str) for t in value) and len(set(value)) == len(value)

        return tuple(self.checked(name, fits, "a list of different texts"))

    def flag(self, name: str) -> bool:
        """True or false."""
        return bool(self.checked(name, lambda value: isinstance(value, bool), "true or false"))

    def number(self, name: str) -> float:
        """A finite number."""
        return float(self.checked(name, _is_number, "a finite number"))

    def integer(self, name: str, values: range) -> int:
        """An integer in the given range."""
        most = f"an integer from {values[0]} to {values[-1]}" if values else "nothing"
        return int(self.checked(name, lambda value: _is_integer(value) and value in values, most))

    def objects(self, name: str, names: Sequence[str], length: int | None = None) -> list[_Object]:
        """A list of objects with the given entries: of the given length, or at least one."""
        of = "at least one object" if length is None else f"{length} objects"
        found = self.checked(
            name,
            lambda v: isinstance(v, list) and (len(v) > 0 if length is None else len(v) == length),
            f"a list of {of}",
        )
        return [_Object(each, f"{self.at(name)}[{i}]", names) for i, each in enumerate(found)]


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return _is_integer(value) and abs(value) <= 2**1023


def from_plain(plain: Any) -> Model:
    """The model from the result of `to_plain`. Raises ValueError with the position of an invalid value."""
    names = (
        "format", "version", "task", "class_names", "target", "missing_values", "columns", "features", "activation",
        "encoders", "networks", "configuration",
    )  # fmt: skip
    if isinstance(plain, dict) and "format" in plain and plain["format"] != FORMAT:
        _refuse("format", quoted(FORMAT), plain["format"])
    if isinstance(plain, dict) and "version" in plain and not (_is_integer(plain["version"]) and plain["version"] == 1):
        _refuse("version", str(VERSION), plain["version"])
    whole = _Object(plain, "", names)
    task = whole.one_of("task", _TASKS)
    class_names = whole.texts("class_names")
    if not {"binary": len(class_names) == 2, "multiclass": len(class_names) > 2}.get(task, not class_names):
        expected = {"binary": "two names", "multiclass": "at least three names"}.get(task, "no names for a regression")
        _refuse("class_names", expected, list(class_names))
    columns = _columns(whole)
    missing = whole.texts("missing_values")
    target = whole.text("target")
    encoders = [
        _read_encoder(each, columns, task, class_names, target, missing)
        for each in whole.objects("encoders", ("columns", "target_scaling"))
    ]
    outputs = len(class_names) if task == "multiclass" else 1
    given = _checked_features(whole, len(encoders[0].feature_names))
    members = [
        _member(each, encoders, given, outputs)
        for each in whole.objects("networks", ("encoder", "seed", "fold", "layers"))
    ]
    return Model(
        tuple(members),
        task,
        class_names,
        target,
        whole.one_of("activation", tuple(ACTIVATIONS)),
        whole.text("features"),
        dict(whole.checked("configuration", lambda value: isinstance(value, dict), "an object {...}")),
    )


def _columns(whole: _Object) -> list[ColumnEncoder]:
    """The columns, with what is common to all encoders."""
    columns: list[ColumnEncoder] = []
    for each in whole.objects("columns", ("name", "kind", "categories", "has_gaps", "number_format")):
        name, kind, categories = (
            each.text("name"),
            each.one_of("kind", (NUMBER, BOOLEAN, CATEGORY)),
            each.texts("categories"),
        )
        if any(name == column.name for column in columns):
            _refuse(each.at("name"), "a unique column name", name)
        if not {NUMBER: not categories, BOOLEAN: len(categories) == 2}.get(kind, True):
            expected = "no texts for a number" if kind == NUMBER else "the texts for false and true"
            _refuse(each.at("categories"), expected, list(categories))
        gaps = each.flag("has_gaps")
        if gaps and kind != CATEGORY:
            _refuse(each.at("has_gaps"), f"false for a {kind}", gaps)
        form = _Object(each["number_format"], each.at("number_format"), ("decimal", "before", "after", "grouped"))
        numbers = NumberFormat(
            form.one_of("decimal", (".", ",")), form.text("before"), form.text("after"), form.flag("grouped")
        )
        columns.append(ColumnEncoder(name, kind, numbers, categories, has_gaps=gaps))
    return columns


def _read_encoder(
    found: _Object,
    columns: Sequence[ColumnEncoder],
    task: str,
    class_names: tuple[str, ...],
    target: str,
    missing: tuple[str, ...],
) -> Encoder:
    fitted = []
    entries = found.objects("columns", ("fill", "scaling", "unseen", "is_constant"), len(columns))
    for column, each in zip(columns, entries, strict=True):
        unseen = each.texts("unseen")
        if not set(unseen) <= set(column.categories):
            _refuse(each.at("unseen"), f"categories of {quoted(column.name)}", list(unseen))
        scaling = _read_scaling(each, "scaling", column.kind == NUMBER)
        fitted.append(
            ColumnEncoder(
                column.name,
                column.kind,
                column.format,
                column.categories,
                unseen,
                column.has_gaps,
                each.number("fill"),
                scaling,
                each.flag("is_constant"),
            )
        )
    scaling = _read_scaling(found, "target_scaling", task == REGRESSION)
    return Encoder(tuple(fitted), task, class_names, target, scaling, missing)


def _read_scaling(found: _Object, name: str, there: bool) -> Scaling | None:
    if not there:
        found.checked(name, lambda value: value is None, "null")
        return None
    scaling = _Object(found[name], found.at(name), Scaling._fields)
    deviation = scaling.number("scaled_deviation")
    if deviation < 0:
        _refuse(scaling.at("scaled_deviation"), "0 or more", deviation)
    return Scaling(
        scaling.integer("exponent", _EXPONENTS), scaling.number("shift"), scaling.number("scaled_mean"), deviation
    )


def _checked_features(whole: _Object, inputs: int) -> int:
    """The number of inputs of the networks."""
    text = whole.text("features")
    try:
        terms = parse(text)
    except ValueError as error:
        _refuse("features", str(error), text)
    if any(i > inputs for term in terms for i in term.inputs):
        _refuse("features", f"only x1 to x{inputs}", text)
    return len(terms) or inputs


def _member(found: _Object, encoders: Sequence[Encoder], given: int, outputs: int) -> Member:
    encoder = encoders[found.integer("encoder", range(len(encoders)))]
    seed = found.checked("seed", lambda value: _is_integer(value) and value >= 0, "an integer, 0 or more")
    fold = found.checked("fold", lambda v: v is None or (_is_integer(v) and v >= 0), "null or an integer, 0 or more")
    parameters: Parameters = []
    layers = found.objects("layers", ("W", "b"))
    for each in layers:
        b = _numbers(each["b"], each.at("b"), None)
        rows = each["W"]
        if not isinstance(rows, list) or len(rows) != len(b):
            _refuse(each.at("W"), f"a list of {len(b)} rows, one for each number of b", rows)
        W = [_numbers(row, f"{each.at('W')}[{i}]", given) for i, row in enumerate(rows)]
        parameters.append((np.array(W, np.float64), np.array(b, np.float64).reshape(-1, 1)))
        given = len(b)
    if given != outputs:
        raise _Unexpected(f"{layers[-1].at('b')}: expected {outputs} numbers, one for each output, found {given}")
    return Member(encoder, parameters, seed, fold)


def _numbers(found: Any, place: str, length: int | None) -> list[float]:
    fits = (
        isinstance(found, list) and found and (length is None or len(found) == length) and all(map(_is_number, found))
    )
    if not fits:
        _refuse(place, "a list of finite numbers" if length is None else f"a list of {length} finite numbers", found)
    return [float(value) for value in found]
