"""A model as a scikit-learn pipeline: raw rows in, predictions out.

Importing this module imports scikit-learn (0.8 s), so commands import it late.
"""

from __future__ import annotations

import io
from typing import Any, Self

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.pipeline import Pipeline

from experiments.datasets.table import REGRESSION
from experiments.models.model import Model

Floats = npt.NDArray[np.float64]


def content(model: Model) -> bytes:
    """The pipeline as the bytes of a joblib file. Raises ResultsError for networks that are not finite."""
    model.check_finite()
    buffer = io.BytesIO()
    joblib.dump(pipeline_of(model), buffer)
    return buffer.getvalue()


def pipeline_of(model: Model) -> Pipeline:
    """A fitted pipeline of two steps, ``columns`` and ``networks``."""
    networks = RegressionNetworks(model) if model.task == REGRESSION else ClassNetworks(model)
    return Pipeline([("columns", Columns(model)), ("networks", networks)])


class _Fitted(BaseEstimator):  # type: ignore[misc]
    """An estimator fitted by a sweep: ``fit`` does not change it, as in scikit-learn's FrozenEstimator."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any = None) -> Self:
        """Return the estimator unchanged."""
        del X, y
        return self


class Columns(TransformerMixin, _Fitted):  # type: ignore[misc]
    """The preprocessing: from raw rows to the inputs of the networks, those of all encoders side by side."""

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """The names of the required columns."""
        return np.array([column.name for column in self.model.members[0].encoder.columns], dtype=object)

    @property
    def n_features_in_(self) -> int:
        """The number of required columns."""
        return len(self.model.members[0].encoder.columns)

    def transform(self, X: Any) -> Floats:
        """The inputs of networks, (rows, features), for a DataFrame, or an array with the columns in order.

        Raises DataError, a ValueError, for missing columns and for unreadable cells.
        """
        frame = X if hasattr(X, "columns") or isinstance(X, dict) else self._named(X)
        encoded, _ = self.model.encode(frame)
        return np.concatenate([inputs for _, inputs in encoded]).T

    def _named(self, X: Any) -> pd.DataFrame:
        values = np.asarray(X)
        if values.ndim != 2 or values.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X: expected shape (rows, {self.n_features_in_}) without column names, got {values.shape}"
            )
        return pd.DataFrame(values, columns=self.feature_names_in_)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """The names of the inputs; those of every encoder except the first have its number appended."""
        del input_features
        names = [
            name if k == 0 else f"{name} ({k + 1})"
            for k, (encoder, _) in enumerate(self.model.by_encoder())
            for name in encoder.feature_names
        ]
        return np.array(names, dtype=object)


class _Networks(_Fitted):
    def _outputs(self, X: Any) -> Floats:
        """The mean output of all networks, (classes, rows) or (1, rows)."""
        rest, inputs, members = np.asarray(X, np.float64).T, [], []
        for encoder, same in self.model.by_encoder():
            part, rest = np.split(rest, [len(encoder.feature_names)])
            inputs += [np.ascontiguousarray(part)] * len(same)
            members += same
        return self.model.outputs(inputs, members)


class ClassNetworks(ClassifierMixin, _Networks):  # type: ignore[misc]
    """Networks that predict classes."""

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The names of the classes, in the order of the columns of ``predict_proba``."""
        return np.array(self.model.class_names, dtype=object)

    def predict_proba(self, X: Any) -> Floats:
        """The probability of each class, (rows, classes)."""
        return self._outputs(X).T

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The name of the most likely class, (rows,), the first of equal ones."""
        return np.asarray(self.classes_[self._outputs(X).argmax(axis=0)])


class RegressionNetworks(RegressorMixin, _Networks):  # type: ignore[misc]
    """Networks that predict values."""

    def predict(self, X: Any) -> Floats:
        """The value of each row in the units of the target, (rows,)."""
        return np.asarray(self._outputs(X)[0])
