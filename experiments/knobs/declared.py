"""Every setting, declared once: command line, Python, manifest, columns and store follow from this.

What the core decides (choices, limits, defaults) is taken from the core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from experiments.knobs import checks
from experiments.knobs.features import ALL
from experiments.knobs.knob import Knob
from experiments.text import listed
from planar_core.choices import (
    ACTIVATIONS,
    DTYPES,
    INITIAL_SCALE,
    INITS,
    LARGEST_SEED,
    METRICS,
    OPTIMIZERS,
    Hyperparameters,
)

LARGEST_COUNT = 10**12  # of iterations: even the smallest network would take days
FEWEST_SAMPLES, MOST_SAMPLES = 10, 10_000_000  # training points of one data set: 240 MB
LARGEST_NOISE = 1e6  # any more, and angles of the flower would leave the range of sine and cosine

_data_seed = checks.or_word("seed", checks.integer(0, LARGEST_SEED))
_noise = checks.real(f"a number from 0 to {LARGEST_NOISE:,.0f}", lambda number: 0 <= number <= LARGEST_NOISE)


def _further(name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Any, **more: Any) -> Knob:
    """An axis of one value, unless it is set."""
    flags = (f"--{name.replace('_', '-')}",)
    return Knob(name, flags, metavar, about, check, (default,), is_axis=True, column="if set", **more)


def _reading(
    name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Sequence[Any] = (), **more: Any
) -> Knob:
    """How a table is read."""
    return Knob(
        name, (f"--{name.replace('_', '-')}",), metavar, about, check, default, group="data", needs=_OF_TABLE, **more
    )


def _problem(name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Any, **more: Any) -> Knob:
    return _further(name, metavar, about, check, default, is_problem=True, group="data", **more)


DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "flower": "two classes of petals that take turns around the origin (2 features, 400 points)",
        "moons": "two interleaving half circles (2 features, 400 points)",
        "circles": "a circle inside another, with much noise (2 features, 400 points)",
        "blobs": "six Gaussian blobs, every other one of the same class (2 features, 400 points)",
        "gaussian_quantiles": "the inside and the outside of a Gaussian blob (2 features, 400 points)",
        "circle": "a disc within a ring (2 features, 400 points)",
        "xor": "four squares, those on a diagonal of one class (2 features, 400 points)",
        "gauss": "two Gaussian blobs (2 features, 400 points)",
        "spiral": "two arms of a spiral (2 features, 400 points)",
        "plane": "regression: a plane over the plane (2 features, 400 points)",
        "multi_gaussian": "regression: six bumps, up and down in turn (2 features, 400 points)",
        "iris": "three species of iris (4 features, 150 flowers)",
        "iris2": "iris versicolor against iris virginica (4 features, 100 flowers)",
        "breast_cancer": "malignant against benign tumours (30 features, 569 patients)",
        "wine": "wines of three growers (13 features, 178 wines)",
        "digits": "handwritten digits (64 features, 1,797 digits)",
        "diabetes": "regression: the progression of diabetes (10 features, 442 patients)",
    }
)
"""The names that `load` knows, each with a line for help texts."""

_TABLES = (".csv", ".tsv", ".txt", ".dat", ".data", ".parquet", ".xlsx")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zip", ".zst")


def is_table(dataset: str) -> bool:
    """Whether the name of a data set is taken for a file that holds a table: by its ending, in any case."""
    name = dataset.lower()
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith(_TABLES) or dataset == FRAME


FRAME = "table"  # the name of a table that is given from Python

_CORE = Hyperparameters()._asdict()  # its defaults are those of the knobs of the same name
_OF_TABLE = ("dataset", "a file with a table as data set", is_table)
_OF_MOMENTUM = ("optimizer", "--optimizer momentum", lambda optimizer: optimizer == "momentum")
_OF_ADAM = ("optimizer", "--optimizer adam", lambda optimizer: optimizer == "adam")
DATASET = Knob(
    "dataset", ("--dataset",), "NAME|FILE", f"data set: {', '.join(DATASETS)}, or a file with a table", checks.name,
    ("flower",), is_axis=True, column="always", is_problem=True, group="data",
    elsewhere=("data", "input", "file", "csv"),
)  # fmt: skip
NOISE = _problem(
    "noise", "SIGMA", "noise of generated points", _noise, "auto", word="auto", takes_ranges=True, elsewhere=("sigma",),
)  # fmt: skip
SAMPLES = _problem(
    "samples", "N", "generated training points", checks.integer(FEWEST_SAMPLES, MOST_SAMPLES), 400, takes_ranges=True,
    elsewhere=("n-samples", "points"),
)  # fmt: skip
DATA_SEED = _problem(
    "data_seed", "S", "seed of generated points; seed: that of the run", _data_seed, "auto", word="auto",
    takes_ranges=True,
)  # fmt: skip
TEST_FRACTION = _problem(
    "test_fraction", "P", "part of tables that is for testing", checks.fraction, 0.25,
    takes_ranges=True, elsewhere=("test-size", "validation-split", "holdout"),
)  # fmt: skip
FEATURES = _problem(
    "features", "INPUT",
    "inputs: x1 x2 x1^2 x2^2 x1x2 sin(x1) sin(x2) ...; several are one set, joined ones (x1+x2 x1+x1^2) a set each",
    checks.features, ALL, gathered=checks.sets,
)  # fmt: skip
HIDDEN = Knob(
    "hidden", ("--hidden",), "N|NxN", "hidden units; 8x8: two layers of 8; 0: none", checks.hidden,
    ("1", "2", "3", "4", "5", "20", "50"), is_axis=True, takes_ranges=True, column="always", group="network",
    elsewhere=("units", "hidden-units", "hidden-layer-sizes", "layers", "hidden-size", "neurons"),
)  # fmt: skip
ACTIVATION = _further(
    "activation", "NAME", f"of hidden units: {listed(ACTIVATIONS, 'or')}", checks.one_of(*ACTIVATIONS),
    next(iter(ACTIVATIONS)), group="network", elsewhere=("nonlinearity", "act"),
)  # fmt: skip
OPTIMIZER = _further(
    "optimizer", "NAME", "gd (gradient descent), momentum or adam", checks.one_of(*OPTIMIZERS), _CORE["optimizer"],
    group="training", elsewhere=("solver", "optimiser"),
)  # fmt: skip
MOMENTUM = _further(
    "momentum", "M", "momentum: fraction of the previous update that is carried over", checks.decay, _CORE["momentum"],
    takes_ranges=True, group="training", needs=_OF_MOMENTUM,
)  # fmt: skip
BETA1 = _further(
    "beta1", "B", "adam: decay of the running mean of the gradient", checks.decay, _CORE["beta1"], takes_ranges=True,
    group="training", needs=_OF_ADAM,
)  # fmt: skip
BETA2 = _further(
    "beta2", "B", "adam: decay of the running mean of the squared gradient", checks.decay, _CORE["beta2"],
    takes_ranges=True, group="training", needs=_OF_ADAM,
)  # fmt: skip
LEARNING_RATE = Knob(
    "learning_rate", ("--learning-rate", "--lr"), "LR", "learning rates", checks.not_negative,
    (0.03, 0.1, 0.3, 1.2, 5.0), is_axis=True, takes_ranges=True, column="always", group="training",
    elsewhere=("eta", "step-size", "learning-rate-init", "rate"),
)  # fmt: skip
OUTPUT_LEARNING_RATE = _further(
    "output_learning_rate", "LR", "learning rates of the output layer", checks.not_negative, "same", word="same",
    takes_ranges=True, group="training",
)  # fmt: skip
L1 = _further(
    "l1", "C", "penalty on the size of weights", checks.not_negative, _CORE["l1"], takes_ranges=True, group="training",
)  # fmt: skip
L2 = _further(
    "l2", "C", "penalty on the square of weights", checks.not_negative, _CORE["l2"], takes_ranges=True,
    group="training", elsewhere=("alpha", "weight-decay", "ridge"),
)  # fmt: skip
BATCH_SIZE = _further(
    "batch_size", "N", "examples of one update", checks.integer(1, LARGEST_COUNT), "all", word="all", takes_ranges=True,
    group="training", elsewhere=("batch", "minibatch"),
)  # fmt: skip
INIT = _further(
    "init", "NAME", f"initial weights: {listed(INITS, 'or')}", checks.one_of(*INITS), _CORE["init"], group="network",
)  # fmt: skip
INIT_SCALE = _further(
    "init_scale", "C", f"factor of the initial weights; auto: {INITIAL_SCALE} with normal, else 1", checks.positive,
    "auto", word="auto", takes_ranges=True, group="network",
)  # fmt: skip
CLASS_WEIGHT = _further(
    "class_weight", "WAY", "none, or balanced: every class counts as much", checks.one_of("none", "balanced"), "none",
    group="training", elsewhere=("weights",),
)  # fmt: skip
FOLD = Knob(
    "fold", (), "K", "fold of a cross-validation", checks.integer(0, checks.MOST_FOLDS - 1), (None,), is_axis=True,
    column="if set", is_replicate=True,
)  # fmt: skip
SEED = Knob(
    "seed", ("--seeds", "--seed"), "S", "seeds of the initial weights, and of splits", checks.integer(0, LARGEST_SEED),
    range(10), is_axis=True, takes_ranges=True, column="always", group="network", is_replicate=True,
    elsewhere=("n-trials", "trials", "repeats", "random-state", "n-seeds"),
)  # fmt: skip
TARGET = _reading(
    "target", "COLUMN", "column to be predicted; default: the last", checks.name, column="if set", is_problem=True,
    elsewhere=("label", "labels", "y", "target-column", "class"),
)  # fmt: skip
POSITIVE = _reading(
    "positive", "LABEL", "label, or labels, that are class 1; all others are class 0", checks.name, column="if set",
    is_problem=True, is_list=True,
)  # fmt: skip
TASK = _reading(
    "task", "TASK", "classification or regression", checks.one_of("auto", "classification", "regression"),
    ("auto",),
)  # fmt: skip
DROP = _reading("drop", "COLUMN", "columns to leave out", checks.name, is_list=True)
KEEP = _reading("keep", "COLUMN", "columns to keep that would be left out", checks.name, is_list=True)
MISSING = _reading(
    "missing", "WAY", "gaps: fill, drop (the rows) or refuse", checks.one_of("fill", "drop", "refuse"), ("fill",)
)
MISSING_VALUES = _reading(
    "missing_values", "TEXT", "further texts that stand for a gap", checks.name, is_list=True, elsewhere=("na-values",),
)  # fmt: skip
HEADER = _reading(
    "header",
    "YES|NO",
    "whether the first line has the names; default: auto",
    checks.one_of("auto", "yes", "no"),
    ("auto",),
)
SEPARATOR = _reading(
    "separator", "CHAR", "between columns, such as ; or tab; default: found", checks.character,
    elsewhere=("delimiter", "sep", "delim"),
)  # fmt: skip
DECIMAL = _reading("decimal", "CHAR", "decimal mark, . or a comma; default: found", checks.one_of(".", ","))
ENCODING = _reading("encoding", "NAME", "of the text, such as utf-8 or cp1252; default: found", checks.name)
GROUP = _reading(
    "group", "COLUMN", "rows with one value here stay together, in training or in testing", checks.name,
    elsewhere=("groups",),
)  # fmt: skip
TEST_FILE = _reading("test_file", "FILE", "a second table, to test on", checks.name)
SPLIT = Knob(
    "split", ("--split",), "RULE", "of tables: seed (each seed has its own), cv:K (K folds), or fixed (one for all)",
    checks.split, ("auto",), group="data", word="auto", elsewhere=("cv", "folds", "n-folds", "k-fold", "kfold"),
)  # fmt: skip
ITERATIONS = Knob(
    "iterations", ("--iterations",), "N", "updates of each network", checks.integer(0, LARGEST_COUNT), (5000,),
    group="training", elsewhere=("epochs", "n-epochs", "num-epochs", "max-iter", "steps", "n-iter"),
)  # fmt: skip
RECORD_EVERY = Knob(
    "record_every", ("--record-every",), "N", "iterations between records of a curve; default: a 50th of all",
    checks.integer(1, LARGEST_COUNT), (), group="training",
)  # fmt: skip
DTYPE = Knob(
    "dtype", ("--dtype",), "DTYPE", f"precision of the arithmetic: {listed(DTYPES, 'or')}", checks.one_of(*DTYPES),
    DTYPES[:1], column="if set", group="training", elsewhere=("precision",),
)  # fmt: skip
METRIC = Knob(
    "metric", ("--metric",), "NAME", f"how to judge, the first ranks: {listed(METRICS)}; default: accuracy or r2",
    checks.one_of(*METRICS), (), is_list=True, elsewhere=("scoring", "score", "metrics"),
)  # fmt: skip

KNOBS = (
    DATASET, NOISE, SAMPLES, DATA_SEED, TEST_FRACTION, FEATURES,
    HIDDEN, ACTIVATION,
    OPTIMIZER, MOMENTUM, BETA1, BETA2, LEARNING_RATE, OUTPUT_LEARNING_RATE, L1, L2, BATCH_SIZE, INIT, INIT_SCALE,
    CLASS_WEIGHT, FOLD, SEED,
    TARGET, POSITIVE, TASK, DROP, KEEP, MISSING, MISSING_VALUES, HEADER, SEPARATOR, DECIMAL, ENCODING, GROUP, TEST_FILE,
    SPLIT, METRIC, ITERATIONS, RECORD_EVERY, DTYPE,
)  # fmt: skip
"""Every knob of a sweep. The axes stand in the order in which a sweep nests them, the innermost last."""

AXES = tuple(knob for knob in KNOBS if knob.is_axis)
REQUESTED = tuple(knob for knob in KNOBS if knob is not FOLD)
"""Those that a request can name; folds follow from the rule of the split."""
READING = (
    TARGET, POSITIVE, TASK, DROP, KEEP, MISSING, MISSING_VALUES, HEADER, SEPARATOR, DECIMAL, ENCODING, GROUP, TEST_FILE,
)  # fmt: skip
"""How a table is read."""
ZIP = "--zip"
JOBS = Knob(
    "jobs", ("--jobs", "-j"), "N", "networks trained at once; -1: one a core", checks.jobs, (-1,),
    elsewhere=("n-jobs", "workers", "cores", "num-workers"),
)  # fmt: skip
BACKEND = Knob(
    "backend", ("--backend",), "BACKEND", "threading; loky, which uses processes; or dask, a cluster",
    checks.one_of("threading", "loky", "dask"), ("threading",),
)  # fmt: skip
SCHEDULER = Knob(
    "scheduler", ("--scheduler",), "ADDRESS", "of a Dask cluster, such as tcp://host:8786; default: a local one",
    checks.name, (),
)  # fmt: skip
HOW = (JOBS, BACKEND, SCHEDULER)
"""How to run a sweep: its results depend on none of these."""

ALIASES = {
    flag.lstrip("-").replace("-", "_"): knob.name for knob in (*KNOBS, JOBS, BACKEND, SCHEDULER) for flag in knob.flags
}
"""The name of a knob for each of its flags, in Python's spelling: ``lr`` is ``learning_rate``."""


def elsewhere(name: str) -> str:
    """`` (here it is --iterations)`` for what other programs call a setting; nothing for any other name."""
    spelled = name.lstrip("-").replace("_", "-").lower()
    for knob in (*KNOBS, *HOW):
        if spelled in knob.elsewhere:
            return f" (here it is {knob.flags[0]})"
    return _NOT_HERE.get(spelled, "")


_NOT_HERE = {
    "dropout": " (there is none here: --l2 and --l1 are penalties on the weights)",
    "early-stopping": " (there is none here: curves.csv has every record of a training)",
    "epoch": " (here it is --iterations)",
}
