"""Writes ``pytorch.json``: trajectories of PyTorch's own optimizers, for ``test_hyperparameters.py``.

PyTorch is needed for this alone, and not for the tests: ``pip install torch && python -m tests.oracles.pytorch``.
Initial weights and the order of examples are recorded by way of NumPy, everything else is PyTorch's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.oracles import reference

HIDDEN, SEED, UPDATES = (3, 2), 5, 12
CASES: dict[str, dict[str, Any]] = {
    "gradient descent": {"learning_rate": 0.5},
    "relu": {"learning_rate": 0.5, "activation": "relu"},
    "sigmoid": {"learning_rate": 0.5, "activation": "sigmoid"},
    "identity": {"learning_rate": 0.5, "activation": "identity"},
    "two learning rates": {"learning_rate": 0.5, "output_learning_rate": 0.05},
    "momentum": {"learning_rate": 0.1, "optimizer": "momentum", "momentum": 0.9},
    "momentum 0.5": {"learning_rate": 0.1, "optimizer": "momentum", "momentum": 0.5},
    "adam": {"learning_rate": 0.05, "optimizer": "adam"},
    "adam, other means": {"learning_rate": 0.05, "optimizer": "adam", "beta1": 0.7, "beta2": 0.95},
    "L2": {"learning_rate": 0.5, "l2": 0.1},
    "L1": {"learning_rate": 0.5, "l1": 0.02},
    "L2 and momentum": {"learning_rate": 0.1, "l2": 0.1, "optimizer": "momentum"},
    "L2 and adam": {"learning_rate": 0.05, "l2": 0.1, "optimizer": "adam"},
    "mini-batches": {"learning_rate": 0.2, "batch_size": 8},
    "mini-batches and adam": {"learning_rate": 0.05, "batch_size": 5, "optimizer": "adam"},
}
_KNOBS: dict[str, dict[str, Any]] = {
    "gradient descent": {"learning_rate": 0.3},
    "relu, L2 and momentum": {"learning_rate": 0.05, "activation": "relu", "l2": 0.1, "optimizer": "momentum"},
    "mini-batches and adam": {"learning_rate": 0.05, "batch_size": 5, "optimizer": "adam"},
    "weights": {"learning_rate": 0.3, "weighted": True},
    "weights, mini-batches and adam": {
        "learning_rate": 0.05,
        "weighted": True,
        "batch_size": 8,
        "optimizer": "adam",
    },
}
OF_OTHER_TASKS: dict[str, dict[str, Any]] = {
    f"{task}, {name}": {"task": task, **how} for task in ("multiclass", "regression") for name, how in _KNOBS.items()
} | {"binary, weights": {"task": "binary", "learning_rate": 0.5, "weighted": True}}
CLASSES = 3
ACTIVATIONS = {
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "sigmoid": torch.nn.Sigmoid,
    "identity": torch.nn.Identity,
}


def losses(task: str, Z: Any, targets: Any) -> Any:
    """The cost of each example."""
    functional = torch.nn.functional
    if task == "multiclass":
        return functional.cross_entropy(Z, targets.long(), reduction="none")
    if task == "regression":
        return functional.mse_loss(Z[:, 0], targets, reduction="none") / 2
    return functional.binary_cross_entropy_with_logits(Z[:, 0], targets, reduction="none")


def trajectory(X: Any, Y: Any, how: dict[str, Any], weights: Any = None) -> list[list[float]]:
    """The parameters, W and b of each layer in turn, after 0, 1, 2 ... updates."""
    layers: list[torch.nn.Module] = []
    linear = []
    task = how.get("task", "binary")
    outputs = CLASSES if task == "multiclass" else 1
    for W, b in reference.initial(X.shape[0], HIDDEN, SEED, "glorot", outputs=outputs):
        linear.append(torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64))
        linear[-1].weight.data, linear[-1].bias.data = torch.tensor(W), torch.tensor(b[:, 0])
        layers += [linear[-1], ACTIVATIONS[how.get("activation", "tanh")]()]
    model = torch.nn.Sequential(*layers[:-1])
    rates = [how["learning_rate"]] * len(HIDDEN) + [how.get("output_learning_rate", how["learning_rate"])]
    groups = []
    for layer, rate in zip(linear, rates, strict=True):
        groups.append({"params": [layer.weight], "lr": rate, "weight_decay": how.get("l2", 0.0)})
        groups.append({"params": [layer.bias], "lr": rate})
    if how.get("optimizer") == "adam":
        betas = how.get("beta1", 0.9), how.get("beta2", 0.999)
        optimizer: torch.optim.Optimizer = torch.optim.Adam(groups, betas=betas)
    else:
        optimizer = torch.optim.SGD(groups, momentum=how.get("momentum", 0.9) if "optimizer" in how else 0)
    inputs, targets = torch.tensor(X.T), torch.tensor(Y[0], dtype=torch.float64)
    batches = reference.mini_batches(X.shape[1], how.get("batch_size"), SEED)
    history = []
    for _ in range(UPDATES + 1):
        parameters = [tensor.detach().numpy().ravel() for layer in linear for tensor in (layer.weight, layer.bias)]
        history.append(np.concatenate(parameters).tolist())
        chosen = torch.tensor(next(batches))
        optimizer.zero_grad()
        each = losses(task, model(inputs[chosen]), targets[chosen])
        cost = each.mean() if weights is None else (each * weights[chosen]).sum() / weights[chosen].sum()
        (cost + how.get("l1", 0.0) * sum(layer.weight.abs().sum() for layer in linear)).backward()
        optimizer.step()
    return history


def main() -> None:
    """Write the file."""
    random = np.random.RandomState(0)
    X = random.randn(2, 21).round(3)
    Y = (X[:1] * X[1:] > 0).astype(int)
    targets = {
        "binary": Y,
        "multiclass": (np.abs(X[:1]) > 0.4).astype(int) + (X[1:] > 0.2),
        "regression": (X[:1] * X[1:] + 0.1 * random.randn(1, 21)).round(3),
    }
    weights = np.exp(random.randn(21)).round(3)
    cases = [
        {"name": name, "hyperparameters": how | {"init": "glorot"}, "parameters": trajectory(X, Y, how)}
        for name, how in CASES.items()
    ] + [
        {
            "name": name,
            "hyperparameters": how | {"init": "glorot"},
            "parameters": trajectory(
                X, targets[how["task"]], how, torch.tensor(weights) if "weighted" in how else None
            ),
        }
        for name, how in OF_OTHER_TASKS.items()
    ]
    whole: dict[str, Any] = {
        "torch": torch.__version__,
        "seed": SEED,
        "hidden": HIDDEN,
        "X": X.tolist(),
        "Y": Y.tolist(),
        "of_tasks": {task: values.tolist() for task, values in targets.items()},
        "weights": weights.tolist(),
    }
    text = json.dumps(whole | {"cases": cases})
    Path(__file__).with_name("pytorch.json").write_text(text.replace('{"name"', '\n{"name"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
