"""A small network in seven steps, each one a function of ``planar_core``: ``python -m experiments.walkthrough``.

The problem: 400 points in the plane, in two classes that no straight line can separate. The network: two inputs, four
hidden units, one output. Read it from top to bottom.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HIDDEN, LEARNING_RATE, ITERATIONS, SEED = 4, 1.2, 10_000, 2


def main(arguments: list[str] | None = None) -> None:
    """Print the seven steps, and write the two plots into the folder ``--out``."""
    parser = argparse.ArgumentParser(prog="python -m experiments.walkthrough", description="A network in seven steps.")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("results/walkthrough"), help="folder for the two plots"
    )
    out = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)

    # Here, so that --help need not wait for Numba and matplotlib: two seconds.
    from experiments.datasets import load
    from experiments.plots import plot_boundaries, plot_data
    from experiments.plots.axes import figure_of
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


if __name__ == "__main__":
    main()
