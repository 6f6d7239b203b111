"""A small network in seven steps, each one a function of ``planar_core``: ``python -m experiments.walkthrough``.

The problem: 400 points in the plane, in two classes that no straight line can separate. The network: two inputs, four
hidden units, one output. Read it from top to bottom; docs/tutorial.md continues where it ends.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planar_core.network import Array, Parameters

HIDDEN, LEARNING_RATE, ITERATIONS, SEED = 4, 1.2, 10_000, 2


def main(arguments: list[str] | None = None) -> None:
    """Print the seven steps, and write the three plots into the folder ``--out``."""
    parser = argparse.ArgumentParser(prog="python -m experiments.walkthrough", description="A network in seven steps.")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("results/walkthrough"), help="folder for the three plots"
    )
    out = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)

    # Here, so that --help need not wait for Numba and matplotlib: two seconds.
    import numpy as np

    from experiments.datasets import load
    from experiments.plots import plot_boundaries, plot_data
    from experiments.plots.axes import figure_of
    from experiments.plots.hidden_units import plot_hidden_units
    from experiments.plots.output import write_picture
    from planar_core import backward, cost, forward, initialize, layer_shapes, predict, predict_proba, train, update

    print("1. Look at the data")
    data = load("flower")
    X, Y = data.X, data.Y
    print(f"   X {X.shape}: a row for each feature, a column for each point")
    print(f"   Y {Y.shape}: the class of each point, 0 or 1; {int(Y.sum())} of them are 1")
    write_picture(figure_of(plot_data(data)), out / "data.png")
    print(f"   drawn in {out / 'data.png'}")

    print("2. Choose the shapes of weights and biases")
    for layer, (W_shape, b_shape) in enumerate(layer_shapes(X.shape[0], HIDDEN), start=1):
        print(f"   W{layer} {W_shape}: units x inputs    b{layer} {b_shape}: one for each unit")

    print("3. Initialize: small random weights, so that the units differ; zero biases")
    parameters = initialize(X.shape[0], HIDDEN, SEED)
    for layer, (W, _) in enumerate(parameters, start=1):
        print(f"   W{layer} lies between {W.min():+.4f} and {W.max():+.4f}")

    print("4. Forward pass: Z = W A + b, A = tanh(Z); at the output A = sigmoid(Z)")
    passed = forward(parameters, X)
    for layer, A in enumerate(passed.A, start=1):
        print(f"   Z{layer}, A{layer} {A.shape}: a row for each unit, a column for each point")
    print(f"   A2 is the probability of class 1: here {passed.A[-1].min():.4f} to {passed.A[-1].max():.4f}")

    print("5. Cost: the mean cross-entropy of these probabilities")
    print(f"   {cost(passed, Y):.6f}; random guessing would have log 2 = 0.693147")

    print("6. Backpropagation: the gradient of the cost. Update: a step downhill")
    gradients = backward(parameters, passed, X, Y)
    for layer, (dW, db) in enumerate(gradients, start=1):
        print(f"   dW{layer} {dW.shape}, db{layer} {db.shape}: the shapes of W{layer} and b{layer}")
    parameters = update(parameters, gradients, LEARNING_RATE)
    print(f"   the cost after one update: {cost(forward(parameters, X), Y):.6f}")
    print(f"   train() repeats steps 4 to 6, here {ITERATIONS:,} times from the start:")
    trained = train(X, Y, HIDDEN, LEARNING_RATE, ITERATIONS, SEED, record_every=1000)
    for iteration, value in zip(trained.iterations, trained.costs, strict=True):
        print(f"   cost after iteration {iteration:6,}: {value:.6f}")
    every = train(X, Y, HIDDEN, LEARNING_RATE, ITERATIONS, SEED, record_every=1)
    rise = int(np.argmax(np.diff(every.costs) > 0))
    print(f"   After iteration {rise:,} the cost rises. Nothing is broken: the steps are too long.")
    print("   If learning rate x curvature is above 2, a step leads farther up the other")
    print("   side of the valley than it came down. The valley is getting narrower:")
    for iteration in (1000, 4000, 7000, rise, 8000):
        so_far = train(X, Y, HIDDEN, LEARNING_RATE, iteration, SEED).parameters
        product = LEARNING_RATE * curvature(so_far, X, Y)
        print(f"   learning rate x curvature after iteration {iteration:6,}: {product:.2f}")
    print("   Training was thrown out of the valley, to a wider place nearby.")
    slower = train(X, Y, HIDDEN, LEARNING_RATE / 2, ITERATIONS, SEED, record_every=1)
    rises = "never rises" if np.all(np.diff(slower.costs) <= 0) else "rises too"
    print(f"   With learning rate {LEARNING_RATE / 2} the cost {rises}, but training takes longer:")
    print(f"   cost after iteration {ITERATIONS:,}: {slower.costs[-1]:.6f}")

    print("7. Predict: class 1 where the probability exceeds 1/2. Draw the decision boundary")
    share = (predict(trained.parameters, X) == Y).mean()
    fresh = (predict(trained.parameters, data.X_test) == data.Y_test).mean()
    print(f"   correct for {share:.2%} of the training points and {fresh:.2%} of {data.Y_test.size:,} fresh ones")
    network = (
        f"{HIDDEN} hidden units: {share:.2%} of the training points",
        lambda X: predict_proba(trained.parameters, X),
    )
    write_picture(plot_boundaries([network], data, "after training"), out / "boundary.png")
    print(f"   drawn in {out / 'boundary.png'}")
    print("   Each hidden unit divides the plane along a straight line: it is close to -1")
    print("   on one side and to +1 on the other. The output adds them, weighted by W2.")
    drawn = plot_hidden_units(
        lambda X: forward(trained.parameters, X).A[:-1],
        lambda X: predict_proba(trained.parameters, X),
        data,
        trained.parameters[-1][0][0],
    )
    write_picture(drawn, out / "hidden_units.png")
    print(f"   drawn in {out / 'hidden_units.png'}")
    print("   Another seed starts from other weights, and may end in another valley.")
    costs = [train(X, Y, HIDDEN, LEARNING_RATE, ITERATIONS, seed).costs[-1] for seed in range(10)]
    print(f"   costs of the seeds 0 to 9: {' '.join(f'{value:.3f}' for value in costs[:5])}")
    print(f"                              {' '.join(f'{value:.3f}' for value in costs[5:])}")
    stuck = sum(value >= math.log(2) for value in costs)  # noqa: TID251 - for display
    print("   A run with a cost of log 2 or more has learned nothing: it is called stuck.")
    are = f"{stuck or 'none'} of ten {'is' if stuck < 2 else 'are'}"
    print(f"   Here {are}. One seed says little: a sweep trains several.")
    print("   The next step: python -m experiments.grid --hidden 1 2 3 4 5")


def curvature(parameters: Parameters, X: Array, Y: Array, step: float = 1e-5) -> float:
    """How strongly the cost curves in its steepest direction: the largest eigenvalue of its second derivatives.

    By power iteration: over a short step, the gradient changes by the second derivatives times the step. Repeated with
    the change as the next direction, this leads to the steepest direction.
    """
    from planar_core import backward, forward, update

    direction = backward(parameters, forward(parameters, X), X, Y)
    for _ in range(50):
        length = math.sqrt(sum(float((dW**2).sum() + (db**2).sum()) for dW, db in direction))
        direction = [(dW / length, db / length) for dW, db in direction]
        ahead, behind = (update(parameters, direction, sign * step) for sign in (-1, 1))
        changes = zip(backward(ahead, forward(ahead, X), X, Y), backward(behind, forward(behind, X), X, Y), strict=True)
        direction = [((W - W_0) / (2 * step), (b - b_0) / (2 * step)) for (W, b), (W_0, b_0) in changes]
    return length


if __name__ == "__main__":
    main()
