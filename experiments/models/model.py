"""A model: the networks of one configuration with their preprocessing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.datasets.encoding import Encoder
from experiments.datasets.features import compute
from experiments.datasets.options import Reading
from experiments.datasets.reading import RawTable, read_table
from experiments.files import ResultsError
from experiments.knobs.features import parse
from planar_core import steps
from planar_core.elementary import evaluate
from planar_core.network import Parameters

Floats = npt.NDArray[np.float64]


class Member(NamedTuple):
    """One network, with the encoder that was fitted on its own training rows."""

    encoder: Encoder
    parameters: Parameters
    seed: int
    fold: int | None

    @property
    def is_finite(self) -> bool:
        """Whether all its parameters are finite, which may not hold for a diverged run."""
        return all(np.isfinite(array).all() for layer in self.parameters for array in layer)


class Predictions(NamedTuple):
    """Predictions for rows.

    table: one row for each, with the column ``predicted_TARGET``, and for classes ``probability_CLASS`` for each class
    notes: notes on the rows, such as categories that were not seen in training
    """

    table: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """An ensemble of networks: probabilities, or values, are averaged over the members.

    task, class_names, target_name: of the training table
    activation: of the hidden units
    features: the inputs of the networks, computed from the encoded columns, in the form of
        ``experiments.knobs.features``
    configuration: the settings of the networks, by column
    """

    members: tuple[Member, ...]
    task: str
    class_names: tuple[str, ...]
    target_name: str
    activation: str
    features: str
    configuration: dict[str, Any]

    def predict(self, source: Any, reading: Reading | None = None) -> Predictions:
        """Predict the rows of a file, a DataFrame or another readable table; columns are matched by name.

        Raises DataError for missing columns and for unreadable cells.
        """
        encoded, notes = self.encode(source, reading)
        inputs = [X for (_, members), (_, X) in zip(self.by_encoder(), encoded, strict=True) for _ in members]
        return Predictions(self.answer(self.outputs(inputs, self.members)), notes)

    def encode(
        self, source: Any, reading: Reading | None = None
    ) -> tuple[list[tuple[Encoder, Floats]], tuple[str, ...]]:
        """The features of rows, (features, rows), for each of the encoders, and notes. Raises as ``predict``."""
        raw = source if isinstance(source, RawTable) else read_table(source, reading)
        notes: dict[str, None] = {}
        encoded = []
        for encoder, _ in self.by_encoder():
            rows = encoder.transform_frame(raw, reading)
            notes |= dict.fromkeys(rows.notes)
            encoded.append((encoder, rows.X))
        return encoded, tuple(notes)

    def check_finite(self) -> None:
        """Raises ResultsError if a parameter of a network is nan or infinite, since it cannot be exported."""
        for member in self.members:
            if not member.is_finite:
                raise ResultsError(
                    f"expected networks with finite parameters, got the diverged network of seed {member.seed}"
                )

    def by_encoder(self) -> Iterator[tuple[Encoder, list[Member]]]:
        """The members, grouped by encoder, so that each encoder processes the rows once."""
        groups: list[tuple[Encoder, list[Member]]] = []
        for member in self.members:
            if groups and groups[-1][0] is member.encoder:
                groups[-1][1].append(member)
            else:
                groups.append((member.encoder, [member]))
        yield from groups

    def outputs(self, inputs: Sequence[Floats], members: Sequence[Member]) -> Floats:
        """The mean output of members, each for its own inputs (features, rows): (classes, rows), or (1, rows).

        For classes these are probabilities, for regression values in units of the target.
        """
        total = self.output_of(members[0], inputs[0])
        for X, member in zip(inputs[1:], members[1:], strict=True):
            total = total + self.output_of(member, X)
        return total / len(members)

    def output_of(self, member: Member, X: Floats) -> Floats:
        """The output of one member for encoded rows, (features, rows), as in ``outputs``."""
        given = compute(parse(self.features), X)
        if self.task == "regression":
            Z = steps.forward(member.parameters, given, self.activation, self.task).Z[-1].astype(np.float64)
            scaling = member.encoder.target_scaling
            return Z if scaling is None else scaling.restore(Z)
        if self.task == "multiclass":
            return np.asarray(steps.predict_proba(member.parameters, given, self.activation, self.task), np.float64)
        Z = steps.forward(member.parameters, given, self.activation, self.task).Z[-1].astype(np.float64)
        # Each probability is computed directly, since 1 - p is inaccurate for small values.
        return np.vstack([evaluate("sigmoid", -Z[0]), evaluate("sigmoid", Z[0])])

    def answer(self, outputs: Floats) -> pd.DataFrame:
        """The table of predictions for given outputs."""
        name = f"predicted_{self.target_name}"
        if self.task == "regression":
            return pd.DataFrame({name: outputs[0]})
        labels = np.array(self.class_names, dtype=object)[outputs.argmax(axis=0)]
        columns: dict[str, Any] = {name: pd.Series(labels, dtype=str)}
        for class_name, probabilities in zip(self.class_names, outputs, strict=True):
            columns[f"probability_{class_name}"] = probabilities
        return pd.DataFrame(columns)
