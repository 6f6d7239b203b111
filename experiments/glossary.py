"""The words of this project, each explained once: for tooltips of the report and for a page of the manual."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Term(NamedTuple):
    """A term, the forms in which it occurs in texts, and what it means."""

    name: str
    forms: tuple[str, ...]
    meaning: str


def _term(name: str, *also: str, meaning: str) -> Term:
    return Term(name, (name, *also), meaning)


GLOSSARY = (
    _term(
        "accuracy",
        meaning="The share of points whose class is predicted correctly.",
    ),
    _term(
        "activation",
        meaning=(
            "The function that a hidden unit applies to its weighted sum, such as tanh. Without it, layers would"
            " together be no more than a linear model."
        ),
    ),
    _term(
        "AUC",
        meaning=(
            "The probability that a point of class 1 gets a higher score than a point of class 0. It is 0.5 for"
            " guessing and 1 if the classes are separated."
        ),
    ),
    _term(
        "average precision",
        meaning=(
            "The precision, averaged over all shares of class 1 that can be found. It suits rare classes; guessing"
            " reaches the share of class 1."
        ),
    ),
    _term(
        "balanced accuracy",
        meaning="The mean of the accuracies within each class, so that a rare class counts as much as a common one.",
    ),
    _term(
        "baseline",
        "baselines",
        "always predicting",
        "constant prediction",
        meaning=(
            "What a prediction without a network reaches: always giving the same answer, or a linear model. A network"
            " is only worth something if it is better than that."
        ),
    ),
    _term(
        "batch size",
        "mini-batches",
        "mini-batch",
        meaning=(
            "The number of examples in one update of the weights. With all of them, every update uses the whole"
            " training part."
        ),
    ),
    _term(
        "configuration",
        "configurations",
        meaning=(
            "One combination of settings, such as 4 hidden units and a learning rate of 1.2. It is trained once from"
            " each seed."
        ),
    ),
    _term(
        "cost",
        "costs",
        meaning=(
            "What training makes small: how far the predicted probabilities (or values) are from the truth, as a mean"
            " over the points. Its unit is nats; for regression it is half the mean squared error."
        ),
    ),
    _term(
        "decision boundary",
        "decision boundaries",
        "boundary",
        meaning="The line at which the predicted class changes.",
    ),
    _term(
        "diverged",
        meaning=(
            "A weight or the cost has become infinite, usually since the learning rate is too large. The numbers are"
            " those recorded last before that."
        ),
    ),
    _term(
        "early stopping",
        meaning=(
            "Training ends when the cost on a validation part has not fallen for some time, and the network with the"
            " lowest one is kept."
        ),
    ),
    _term(
        "epoch",
        "epochs",
        meaning="One pass over all training examples. With mini-batches, it takes several iterations.",
    ),
    _term(
        "F1",
        meaning=(
            "The harmonic mean of precision (how many of the points predicted as class 1 are of class 1) and recall"
            " (how many points of class 1 are found)."
        ),
    ),
    _term(
        "failed",
        meaning=(
            "A run that ended with an error and has no numbers. The first error is shown in the terminal, and all are"
            " in runs.csv."
        ),
    ),
    _term(
        "fold",
        "folds",
        meaning=(
            "One of K parts of a table in cross-validation. Each part is used once for testing, and the others for"
            " training."
        ),
    ),
    _term(
        "fresh test points",
        meaning=(
            "New points, drawn from the source of generated data after the best configuration was chosen. The best of"
            " many looks better than it is on the points by which it was chosen; on fresh points it does not."
        ),
    ),
    _term(
        "hidden unit",
        "hidden units",
        "hidden sizes",
        "hidden size",
        meaning=(
            "A node between the inputs and the output: it weighs and adds its inputs and applies the activation. 8x8"
            " means two layers of 8 units, and 0 a linear model."
        ),
    ),
    _term(
        "initial weights",
        meaning="The random weights with which training begins. The seed determines them.",
    ),
    _term(
        "interval",
        "95 % interval",
        "intervals",
        "confidence interval",
        meaning=(
            "The 95 % confidence interval of the mean. If the whole sweep were repeated with other seeds, about 95 of"
            " 100 such intervals would contain the true mean."
        ),
    ),
    _term(
        "iteration",
        "iterations",
        meaning="One update of all weights. With mini-batches, it uses one batch.",
    ),
    _term(
        "iterations to target",
        meaning=(
            "The median number of iterations until the seeds reach a target: 95 % of the way from always predicting"
            " the largest class to the best configuration."
        ),
    ),
    _term(
        "learned nothing",
        "stuck",
        meaning=(
            "A run that finished, but whose cost is no lower than that of always giving the same answer. In tables"
            " such runs are counted as stuck."
        ),
    ),
    _term(
        "learning rate",
        "learning rates",
        meaning="The size of the steps of training: each weight changes by the learning rate times its gradient.",
    ),
    _term(
        "linear model",
        meaning=(
            "A network without hidden units: it separates classes by a straight line, or fits a plane. It is the"
            " baseline that shows whether hidden units are needed at all."
        ),
    ),
    _term(
        "log loss",
        meaning="Minus the logarithm of the probability of the true class, as a mean in nats. Smaller is better.",
    ),
    _term(
        "mean absolute error",
        meaning="The mean distance between predicted and true value, in units of the target. Smaller is better.",
    ),
    _term(
        "median",
        meaning="The middle value: half of the seeds are below it, half above.",
    ),
    _term(
        "nats",
        meaning=(
            "The unit of the cost, from the natural logarithm. A network that gives the true class a probability of"
            " one half has a cost of 0.693 nats; a perfect one has 0."
        ),
    ),
    _term(
        "overfits",
        "overfitting",
        meaning=(
            "The network follows the noise of the training points: its cost on them still falls while that on the"
            " test points rises."
        ),
    ),
    _term(
        "percentage points",
        "percentage point",
        meaning="The difference of two percentages: from 50 % to 60 % is 10 percentage points.",
    ),
    _term(
        "predicts one class",
        "predict only one class",
        "one class",
        meaning="A run that gives the same class to every test point.",
    ),
    _term(
        "R²",
        meaning=(
            "The share of the variance of the target that is explained: 1 is perfect, 0 is no better than predicting"
            " the mean, and it can be negative."
        ),
    ),
    _term(
        "rank",
        "ranks",
        meaning="The place of a configuration by its mean, 1 for the best. Equal means share a rank.",
    ),
    _term(
        "replicate",
        "replicates",
        meaning="What is repeated to see how much results vary by chance: a seed, or a fold and a seed.",
    ),
    _term(
        "RMSE",
        meaning="The root of the mean squared error, in units of the target. Smaller is better.",
    ),
    _term(
        "ruled out",
        meaning="A configuration that the seeds have shown not to be the best, or not by more than the margin.",
    ),
    _term(
        "run",
        "runs",
        meaning="One network, trained under one configuration from one seed.",
    ),
    _term(
        "seed",
        "seeds",
        meaning=(
            "The number from which all chance of a run follows: its initial weights, the order of its mini-batches,"
            " and how a table is split. The same seed gives the same network, bit by bit."
        ),
    ),
    _term(
        "split",
        "splits",
        meaning="Which rows of a table are used for training and which for testing.",
    ),
    _term(
        "sweep",
        meaning="All runs of one request: every configuration, trained from every seed.",
    ),
    _term(
        "test points",
        meaning=(
            "Points that are not used for training, so that they show how well the network does on data it has not"
            " seen."
        ),
    ),
    _term(
        "tied",
        "tie",
        "ties",
        meaning=(
            "The seeds do not show that the best configuration is truly better than this one. A configuration can be"
            " tied although others with a better mean are not: if its seeds differ much, its mean is uncertain."
        ),
    ),
    _term(
        "training points",
        meaning="The points from which the network learns.",
    ),
)
"""In the order of the alphabet."""


def used(text: str) -> list[Term]:
    """The terms that occur in a text. Of overlapping ones, such as seed in random seed, the longest counts."""
    names = {form.lower(): term for term in GLOSSARY for form in term.forms}
    found = {names[match.lower()].name for match in re.findall(_pattern(), text, re.IGNORECASE)}
    return [term for term in GLOSSARY if term.name in found]


def _pattern() -> str:
    forms = sorted((form for term in GLOSSARY for form in term.forms), key=len, reverse=True)
    return rf"(?<![\w-])(?:{'|'.join(map(re.escape, forms))})(?![\w-])"


def markdown() -> str:
    """The page of the manual, docs/glossary.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Glossary"
    yield ""
    yield "The words of the terminal, the report and the plots. In the report, a dotted line marks them: point at one,"
    yield "tap it, or reach it with the Tab key. This page is made from `experiments/glossary.py`."
    for term in GLOSSARY:
        yield ""
        yield f"**{term.name}**"
        yield f": {term.meaning}"
