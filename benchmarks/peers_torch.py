"""Peers: PyTorch, a network at a time with autograd and SGD, or all networks of a group at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.workload import Group, Layers, Workload


class Loop:
    """One network after the other, written as PyTorch's tutorials do."""

    def __init__(self, workload: Workload, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.groups = workload.groups
        self.X = torch.from_numpy(np.ascontiguousarray(workload.X.T))
        self.Y = torch.from_numpy(np.ascontiguousarray(workload.Y.T))
        self.trained: list[list[list[Any]]] = []

    def _network(self, group: Group, network: int) -> tuple[nn.Sequential, list[nn.Linear]]:
        linear = []
        for W, b in group.initial:
            layer = nn.Linear(W.shape[2], W.shape[1], dtype=self.X.dtype)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(W[network]))
                layer.bias.copy_(torch.from_numpy(b[network, :, 0]))
            linear.append(layer)
        modules: list[nn.Module] = []
        for layer in linear[:-1]:
            modules += [layer, nn.Tanh()]
        return nn.Sequential(*modules, linear[-1]), linear

    def train(self, iterations: int) -> None:
        """Train every network from its initial parameters."""
        loss = nn.BCEWithLogitsLoss()
        self.trained = []
        for group in self.groups:
            self.trained.append([])
            for k, rate in enumerate(group.learning_rates):
                model, linear = self._network(group, k)
                optimizer = torch.optim.SGD(model.parameters(), lr=rate)
                for _ in range(iterations):
                    optimizer.zero_grad()
                    loss(model(self.X), self.Y).backward()
                    optimizer.step()
                self.trained[-1].append(linear)

    def parameters(self) -> list[Layers]:
        """Of each group, as they are after ``train``."""
        return [
            [
                (
                    np.stack([layer.weight.detach().numpy() for layer in layers]),
                    np.stack([layer.bias.detach().numpy()[:, np.newaxis] for layer in layers]),
                )
                for layers in zip(*group, strict=True)
            ]
            for group in self.trained
        ]


class Batched:
    """All networks of a group at once: gradients written out ("manual"), and compiled ("compiled"), or "autograd"."""

    def __init__(self, workload: Workload, gradients: str = "manual", threads: int = 1) -> None:
        torch.set_num_threads(threads)
        self.groups = workload.groups
        self.X, self.Y = torch.from_numpy(workload.X), torch.from_numpy(workload.Y)
        self.step = {"manual": self._manual, "compiled": self._compiled, "autograd": self._autograd}[gradients]
        self.trained: list[list[tuple[Any, Any]]] = []

    def train(self, iterations: int) -> None:
        """Train every network from its initial parameters."""
        self.trained = []
        for group in self.groups:
            layers = [(torch.from_numpy(W.copy()), torch.from_numpy(b.copy())) for W, b in group.initial]
            rates = torch.tensor(group.learning_rates, dtype=self.X.dtype).reshape(-1, 1, 1)
            for _ in range(iterations):
                self.step(layers, rates)
            self.trained.append(layers)

    def _manual(self, layers: list[tuple[Any, Any]], rates: Any) -> None:
        with torch.no_grad():
            A = [self.X]
            for W, b in layers[:-1]:
                A.append(torch.matmul(W, A[-1]).add_(b).tanh_())
            W, b = layers[-1]
            dZ = torch.matmul(W, A[-1]).add_(b).sigmoid_().sub_(self.Y).div_(self.X.shape[1])
            for layer in range(len(layers) - 1, -1, -1):
                W, b = layers[layer]
                dW = torch.matmul(dZ, A[layer].transpose(-1, -2))
                db = dZ.sum(-1, keepdim=True)
                if layer:
                    slope = A[layer].square_().neg_().add_(1)
                    dZ = torch.matmul(W.transpose(-1, -2), dZ).mul_(slope)
                W.sub_(dW.mul_(rates))
                b.sub_(db.mul_(rates))

    def _compiled(self, layers: list[tuple[Any, Any]], rates: Any) -> None:
        with torch.no_grad():
            layers[:] = _compiled_step(layers, rates, self.X, self.Y)

    def _autograd(self, layers: list[tuple[Any, Any]], rates: Any) -> None:
        parameters = [p.requires_grad_() for pair in layers for p in pair]
        A = self.X
        for W, b in layers[:-1]:
            A = torch.tanh(torch.matmul(W, A) + b)
        W, b = layers[-1]
        Z = torch.matmul(W, A) + b
        loss = nn.functional.binary_cross_entropy_with_logits(Z, self.Y.expand_as(Z), reduction="sum")
        gradients = torch.autograd.grad(loss / self.X.shape[1], parameters)
        with torch.no_grad():
            for p, gradient in zip(parameters, gradients, strict=True):
                p.sub_(gradient.mul_(rates))

    def parameters(self) -> list[Layers]:
        """Of each group, as they are after ``train``."""
        return [[(W.detach().numpy(), b.detach().numpy()) for W, b in layers] for layers in self.trained]


def _step(layers: list[tuple[Any, Any]], rates: Any, X: Any, Y: Any) -> list[tuple[Any, Any]]:
    """An iteration without changes in place, which are up to the compiler."""
    A = [X]
    for W, b in layers[:-1]:
        A.append(torch.tanh(torch.matmul(W, A[-1]) + b))
    W, b = layers[-1]
    dZ = (torch.sigmoid(torch.matmul(W, A[-1]) + b) - Y) / X.shape[1]
    result = []
    for layer in range(len(layers) - 1, -1, -1):
        W, b = layers[layer]
        dW, db = torch.matmul(dZ, A[layer].transpose(-1, -2)), dZ.sum(-1, keepdim=True)
        if layer:
            dZ = torch.matmul(W.transpose(-1, -2), dZ) * (1 - A[layer] * A[layer])
        result.append((W - rates * dW, b - rates * db))
    return result[::-1]


torch._dynamo.config.recompile_limit = 100  # each shape has code of its own, as each jitted function of JAX has
_compiled_step = torch.compile(_step, dynamic=False)
