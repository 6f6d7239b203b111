"""The job with JAX: all networks of a size at once, vmap over seeds and learning rates, jitted."""

import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np


def outputs(parameters, X):
    """Logits of one network."""
    W1, b1, w2, b2 = parameters
    return w2 @ jnp.tanh(W1 @ X + b1) + b2


def cost(parameters, X, y):
    """Mean cross-entropy of one network."""
    z = outputs(parameters, X)
    return jnp.mean(jnp.maximum(z, 0) - y * z + jnp.log1p(jnp.exp(-jnp.abs(z))))


def accuracy(hidden, n_train, iterations, seed, learning_rate, X, y):
    """Test accuracy of one network."""
    first, second = jax.random.split(jax.random.key(seed))
    W1 = 0.01 * jax.random.normal(first, (hidden, X.shape[0]), X.dtype)
    w2 = 0.01 * jax.random.normal(second, (hidden,), X.dtype)
    initial = (W1, jnp.zeros((hidden, 1), X.dtype), w2, jnp.zeros((), X.dtype))

    def step(_, parameters):
        gradients = jax.grad(cost)(parameters, X[:, :n_train], y[:n_train])
        return jax.tree.map(lambda p, g: p - learning_rate * g, parameters, gradients)

    trained = jax.lax.fori_loop(0, iterations, step, initial)
    return jnp.mean((outputs(trained, X[:, n_train:]) > 0) == y[n_train:])


def sweep(job, seeds, X, y):
    """Test accuracies (sizes, seeds, learning rates)."""
    split = 0 if len(X) > 1 else None  # seeds that share their data need no copy for each
    X, y = (X, y) if len(X) > 1 else (X[0], y[0])
    X, y = jnp.asarray(X).swapaxes(-1, -2), jnp.asarray(y)
    rates = jnp.asarray(job["learning_rates"], X.dtype)
    found = []
    for hidden in job["hidden"].tolist():
        one = partial(accuracy, hidden, int(job["n_train"]), int(job["iterations"]))
        over_rates = jax.vmap(one, in_axes=(None, 0, None, None))
        over_all = jax.jit(jax.vmap(over_rates, in_axes=(0, None, split, split)))
        found.append(np.asarray(over_all(seeds, rates, X, y)))
    return np.stack(found)


def show(job, accuracies):
    """Print the best configuration."""
    means = accuracies.mean(axis=1)
    size, rate = np.unravel_index(means.argmax(), means.shape)
    best = (job["hidden"][size].item(), job["learning_rates"][rate].item())
    print(f"best: {best} {means.max():.6f} of {accuracies.size} networks")


if __name__ == "__main__":
    job = np.load(sys.argv[1])
    print("training", flush=True)
    show(job, sweep(job, job["seeds"].ravel(), job["X"], job["y"]))
