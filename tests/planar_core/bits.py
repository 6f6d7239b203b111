"""What training, streams, elementary functions, linear models and metrics give, bit for bit: a digest each, as JSON.

``bits.json`` holds what this prints, and any machine must print the same. A change of the numerics that is meant
changes every result that anybody has computed with an earlier version. Raise ``planar_core.choices.NUMERICS`` then, so
that no stored result is taken for a new one, say so in the changelog, and write the file anew:

    .venv/bin/python -m tests.planar_core.bits --keep

With ``--code`` it also says what the numbers were computed with: which instructions are in the compiled kernels, and
which features of the CPU NumPy makes use of.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.datasets.synthetic import flower
from planar_core import TrainedNetwork, kernels, train
from planar_core.choices import NUMERICS, metrics_of
from planar_core.elementary import evaluate
from planar_core.linear import linear_outputs, logistic, ridge
from planar_core.metrics import Evaluator
from planar_core.streams import Stream

KEPT = Path(__file__).with_name("bits.json")
HIDDEN = ("0", "4", "8x8")
DTYPES = ("float64", "float32")
FUNCTIONS = ("exp", "log", "log1p", "sin", "cos", "tanh", "sigmoid")


def digest(*arrays: npt.NDArray[Any]) -> str:
    """SHA-256 of the bytes of the arrays, little-endian, with one bit pattern for nan."""
    sha = hashlib.sha256()
    for array in arrays:
        one_nan = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
        sha.update(one_nan.astype(array.dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()[:32]


def judging_bits() -> dict[str, Any]:
    """Of linear models, and of every metric of their outputs."""
    bits: dict[str, Any] = {}
    stream = Stream(3)
    for features, m in ((5, 203), (40, 30)):  # more examples than features, and fewer
        X, noise = stream.normal(features * m).reshape(features, m), stream.normal(m)
        value = X[0] - 2.0 * X[1] * X[2] + noise
        models = {
            "regression": (value, ridge(X, value)),
            "binary": (value > 1.0, logistic(X, value > 1.0)),
            "multiclass": (np.digitize(value, [-1.0, 1.0]), logistic(X, np.digitize(value, [-1.0, 1.0]), 3)),
        }
        for task, (y, model) in models.items():
            Z = linear_outputs(model, X)
            outputs = np.stack([Z, np.rint(Z), Z[:, ::-1]])  # rounded: with ties
            bits[f"linear {task}, {features} features"] = digest(*model, Z)
            bits[f"metrics {task}, {m} examples"] = digest(Evaluator(metrics_of(task), y, task)(outputs))
    return bits


def all_bits() -> dict[str, Any]:
    """A digest of everything that must not depend on the machine."""
    bits: dict[str, Any] = {"numerics": NUMERICS}
    bits |= {"normal stream": digest(Stream(2).normal(5001)), "uniform stream": digest(Stream(2).uniform(1001))}
    x = np.concatenate([np.linspace(-20, 20, 1001), 2.0 ** np.arange(-1074, 1000, 7)])
    for name in FUNCTIONS:
        bits[name] = digest(evaluate(name, x))
    bits |= judging_bits()
    (X, Y), (X_test, Y_test) = flower()
    bits["flower"] = digest(X, Y, X_test, Y_test)
    for dtype in DTYPES:
        for hidden in HIDDEN:
            # few iterations: where the CPU has no fused multiply-add, it is computed by the C library
            trained = train(X, Y, hidden, 1.2, 40, 2, 10, dtype, X_test[:, :300], Y_test[:, :300])
            curves = (trained.costs, trained.accuracies, trained.test_accuracies)
            bits[f"{hidden} {dtype}"] = digest(*curves, *(array for pair in trained.parameters for array in pair))
    every_other: dict[str, Any] = {
        "activation": "sigmoid",
        "optimizer": "adam",
        "batch_size": 30,
        "init": "glorot",
        "l1": 1e-4,
        "l2": 1e-3,
    }
    trained = train(X, Y, "4", 0.1, 40, 2, 10, **every_other)
    bits["every other knob"] = digest(trained.costs, *(array for pair in trained.parameters for array in pair))
    bits |= bits_of_other_tasks(X, X_test[:, :300])
    return bits


def digest_of(trained: TrainedNetwork) -> str:
    """Of all numbers of a network."""
    curves = (trained.costs, trained.test_costs, trained.scores, trained.test_scores)
    return digest(*curves, *(array for pair in trained.parameters for array in pair))


def bits_of_other_tasks(X: npt.NDArray[Any], X_test: npt.NDArray[Any]) -> dict[str, Any]:
    """Those of networks for several classes and for values, and of examples that have weights."""

    def targets(task: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        value = x[0] * x[1] - 0.5 * x[0] * x[0]
        return np.asarray(np.floor(np.abs(x[0]) * 1.7) % 5 if task == "multiclass" else value / 4)

    weights = np.abs(X[0]) + 0.1 * (np.arange(X.shape[1]) % 3)
    bits = {}
    for task in ("multiclass", "regression"):
        Y, Y_test = targets(task, X), targets(task, X_test)
        how: dict[str, Any] = {"task": task} | ({"classes": 5} if task == "multiclass" else {})
        for dtype in DTYPES:
            for hidden in ("0", "5x3"):
                trained = train(X, Y, hidden, 0.3, 40, 2, 10, dtype, X_test, Y_test, **how)
                bits[f"{task} {hidden} {dtype}"] = digest_of(trained)
        bits[f"{task} predictions"] = digest(trained.predict(X_test).astype(np.float64))
        trained = train(X, Y, "5x3", 0.3, 40, 2, 10, sample_weight=weights, batch_size=30, optimizer="adam", **how)
        bits[f"{task}, weights"] = digest_of(trained)
    bits["probabilities"] = digest(train(X, targets("multiclass", X), task="multiclass", iterations=5).predict_proba(X))
    return bits


def code() -> dict[str, Any]:
    """What the numbers are computed with."""
    assembly = "\n".join(kernels.train_batch.inspect_asm().values())
    core = np._core._multiarray_umath  # type: ignore[attr-defined]
    return {
        "fma": bool(re.search(r"\bvfn?m(add|sub)\d+p[ds]\b", assembly)),
        "ymm": "%ymm" in assembly,
        "zmm": "%zmm" in assembly,
        "xmm": "%xmm" in assembly,
        "dispatched": [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]],
    }


def keep(bits: dict[str, Any]) -> None:
    """Write ``bits.json``, unless other bits are of the same version."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    if bits["numerics"] <= kept["numerics"] and any(bits.get(name) != value for name, value in kept.items()):
        sys.exit(f"other bits than those of numerics {kept['numerics']}: raise NUMERICS in planar_core/choices.py")
    KEPT.write_text(json.dumps(bits, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    bits = all_bits()
    if "--keep" in sys.argv[1:]:
        keep(bits)
    else:
        print(json.dumps({"bits": bits, "code": code()} if "--code" in sys.argv[1:] else bits, indent=2))
