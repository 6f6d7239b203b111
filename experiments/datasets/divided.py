"""A table that is split into training and test part: once for all seeds, separately for each seed, or into folds."""

from __future__ import annotations

import hashlib
import io
import json
from collections import OrderedDict
from functools import cached_property
from typing import Any

import numpy as np

from experiments.datasets import partition
from experiments.datasets.data import Array, Data
from experiments.datasets.encoding import Encoder, fit
from experiments.datasets.number_format import NumberFormat
from experiments.datasets.partition import Parts, folds, remarks, split
from experiments.datasets.source import Fixed, Replicate, Source
from experiments.datasets.table import Column, Table
from experiments.datasets.terms import computed

_KEPT = 4  # parts


class Divided(Source):
    """A table and the rule by which it is split: ``fixed``, ``seed`` or ``cv:K``.

    test_fraction: fraction of the rows to test on; a cross-validation tests on every row once
    features: the inputs of networks, computed from the encoded columns, in the form of ``experiments.knobs.features``
    """

    def __init__(self, table: Table, rule: str, test_fraction: float, features: str | None = None) -> None:
        if table.test_rows is not None and not rule.startswith("cv"):
            rule = "fixed"
        self.table, self.rule, self.test_fraction, self.features = table, rule, test_fraction, features
        self.name = table.name
        self.varies = rule != "fixed"
        self.n_folds = int(rule.removeprefix("cv:")) if rule.startswith("cv:") else None
        self._parts: OrderedDict[tuple[int, int | None], tuple[Data, Encoder]] = OrderedDict()

    @cached_property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]
        """Notes on the table and on its splits."""
        said = remarks(self.table, self.test_fraction, self.n_folds or 0)
        return (*self.table.notes, *said, *(() if self.varies else self.encoder(0).notes))

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the data for a fixed split, as in earlier versions; else of table and rule."""
        if not self.varies:
            return self.first.fingerprint
        fraction = "" if self.n_folds else repr(self.test_fraction)
        about = json.dumps([self.table.fingerprint, self.rule, fraction, self.features])
        return hashlib.sha256(about.encode()).hexdigest()

    @property
    def identity(self) -> dict[str, Any]:
        """Of the data, or of the table and the rule."""
        if self.varies:
            return {"data": self.fingerprint, "split": self.rule}
        return Fixed(self.first).identity

    def fixed(self) -> Divided:
        """The same table with one split for all seeds."""
        return Divided(self.table, "fixed", self.test_fraction, self.features)

    def part(self, seed: int, fold: int | None = None) -> Data:
        """The data of a replicate."""
        return self._made(seed, fold)[0]

    def encoder(self, seed: int, fold: int | None = None) -> Encoder:
        """The encoder fitted on the training part of a replicate; it computes the features of new rows."""
        return self._made(seed, fold)[1]

    def moved(self, X: Array, shown: Replicate, to: Replicate) -> Array:
        """Points (inputs, points), converted from the standardization of one replicate to that of another."""
        result = X.copy()
        first = 0
        for ours, theirs in zip(self.encoder(*shown).columns, self.encoder(*to).columns, strict=True):
            if ours.scaling is not None and theirs.scaling is not None:
                result[first] = theirs.scaling.apply(ours.scaling.restore(X[first]))
            first += len(ours.feature_names)
        return result

    def _made(self, seed: int, fold: int | None) -> tuple[Data, Encoder]:
        key = (seed, fold) if self.varies else (0, None)
        if key in self._parts:
            self._parts.move_to_end(key)
            return self._parts[key]
        made = self._parts[key] = self._make(*self.rows_of(*key))
        while len(self._parts) > _KEPT:
            self._parts.popitem(last=False)
        return made

    def rows_of(self, seed: int, fold: int | None = None) -> Parts:
        """The rows of the training and test part of a replicate, in ascending order."""
        if self.n_folds is not None:
            return folds(self.table, self.n_folds, seed)[fold or 0]
        return (
            split(self.table, seed, self.test_fraction)
            if self.varies
            else partition.fixed(self.table, self.test_fraction)
        )

    def _make(self, train: np.ndarray[Any, Any], test: np.ndarray[Any, Any]) -> tuple[Data, Encoder]:
        table = self.table
        encoder = fit(table, train)
        scaling = encoder.target_scaling
        data = Data(
            name=table.name,
            X=encoder.transform(table, train),
            Y=encoder.target(table, train),
            X_test=encoder.transform(table, test),
            Y_test=encoder.target(table, test),
            feature_names=encoder.feature_names,
            class_names=table.class_names,
            notes=encoder.notes,
            task=table.task,
            target_name=table.target_name,
            target_scale=(0.0, 1.0) if scaling is None else (scaling.mean, scaling.deviation),
            test_half=self._second_half[test] if self.varies else None,
            # The fingerprint of a fixed split does not cover the groups.
            groups=table.groups[train] if self.varies and table.groups is not None else None,
        )
        return data if self.features is None else computed(data, self.features, named=True), encoder

    @cached_property
    def _second_half(self) -> np.ndarray[Any, Any]:
        """For each row, whether it is in the second half of the table; both halves have the same class shares."""
        half = np.zeros(self.table.rows, bool)
        half[np.argsort(self.table.target, kind="stable")[1::2]] = True
        return half

    @property
    def content(self) -> tuple[str, bytes]:
        """The table and the rule."""
        return "divided", _packed(self)


def _packed(source: Divided) -> bytes:
    table = source.table
    about = {
        "rule": source.rule,
        "test_fraction": source.test_fraction,
        "features": source.features,
        "name": table.name,
        "task": table.task,
        "class_names": table.class_names,
        "target_name": table.target_name,
        "grouped_by": table.grouped_by,
        "notes": table.notes,
        "missing_values": table.missing_values,
        "target_format": table.target_format.to_dict(),
        "columns": [
            {"name": c.name, "kind": c.kind, "categories": c.categories, "format": c.format.to_dict()}
            for c in table.columns
        ],
    }
    arrays = {f"column {k}": column.values for k, column in enumerate(table.columns)} | {"target": table.target}
    for name in ("groups", "test_rows"):
        if getattr(table, name) is not None:
            arrays[name] = getattr(table, name)
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
    np.savez_compressed(buffer, about=text, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpacked(content: bytes) -> Divided:
    """The source from the result of ``content``."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        columns = tuple(
            Column(
                each["name"],
                each["kind"],
                arrays[f"column {k}"],
                tuple(each["categories"]),
                NumberFormat(**each["format"]),
            )
            for k, each in enumerate(about["columns"])
        )
        table = Table(
            name=about["name"],
            columns=columns,
            target=arrays["target"],
            task=about["task"],
            class_names=tuple(about["class_names"]),
            target_name=about["target_name"],
            groups=arrays.get("groups"),
            grouped_by=about["grouped_by"],
            test_rows=arrays.get("test_rows"),
            notes=tuple(about["notes"]),
            target_format=NumberFormat(**about["target_format"]),
            missing_values=tuple(about["missing_values"]),
        )
    return Divided(table, about["rule"], about["test_fraction"], about["features"])
