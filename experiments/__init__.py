"""Sweeps over small neural networks: ``Sweep(hidden=[1, 2, 3], seed=range(10)).run()``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.estimator import PlanarClassifier, PlanarRegressor
    from experiments.results import read
    from experiments.sweep import Sweep
    from experiments.version import __version__

__all__ = ["PlanarClassifier", "PlanarRegressor", "Sweep", "__version__", "read"]


def __getattr__(name: str) -> Any:
    # On access, so that a command line can set its signal handlers before the heavy imports.
    if name == "Sweep":
        from experiments.sweep import Sweep

        return Sweep
    if name == "PlanarClassifier":
        from experiments.estimator import PlanarClassifier

        return PlanarClassifier
    if name == "PlanarRegressor":
        from experiments.estimator import PlanarRegressor

        return PlanarRegressor
    if name == "read":
        from experiments.results import read

        return read
    if name == "__version__":
        from experiments.version import __version__

        return __version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
