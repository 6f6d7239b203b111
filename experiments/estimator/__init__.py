"""Networks as scikit-learn estimators, for pipelines, grid searches and cross-validation."""

from experiments.estimator.classifier import PlanarClassifier
from experiments.estimator.regressor import PlanarRegressor

__all__ = ["PlanarClassifier", "PlanarRegressor"]
