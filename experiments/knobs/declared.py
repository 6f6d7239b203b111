"""Every setting, declared once: command line, Python, manifest, columns and store follow from this.

Choices, limits and defaults of the core are taken from the core.
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

LARGEST_COUNT = 10**12  # iterations: even the smallest network would take days
MOST_SAMPLED = 100_000  # configurations of a sample
FEWEST_SAMPLES, MOST_SAMPLES = 1, 10_000_000  # training points of one data set: 240 MB in the plane
DEFAULT_VALIDATION = 0.1  # fraction of the training part
LARGEST_NOISE = 1e6  # for more, angles of the flower would leave the range of sine and cosine

_data_seed = checks.or_word("seed", checks.integer(0, LARGEST_SEED))
_noise = checks.real(f"a number from 0 to {LARGEST_NOISE:,.0f}", lambda number: 0 <= number <= LARGEST_NOISE)


def _further(name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Any, **more: Any) -> Knob:
    """An optional axis: it has one value unless it is set."""
    flags = (f"--{name.replace('_', '-')}",)
    return Knob(name, flags, metavar, about, check, (default,), is_axis=True, column="if set", **more)


def _reading(
    name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Sequence[Any] = (), **more: Any
) -> Knob:
    """An option for reading tables."""
    return Knob(
        name, (f"--{name.replace('_', '-')}",), metavar, about, check, default, group="data", needs=_OF_TABLE, **more
    )


def _problem(name: str, metavar: str, about: str, check: Callable[[Any], Any], default: Any, **more: Any) -> Knob:
    return _further(name, metavar, about, check, default, is_problem=True, group="data", **more)


DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "flower": "petals around the origin, of two alternating classes (2 features, 400 points)",
        "moons": "two interleaving half circles (2 features, 400 points)",
        "circles": "a circle inside another, noisy (2 features, 400 points)",
        "blobs": "six Gaussian blobs, of two alternating classes (2 features, 400 points)",
        "gaussian_quantiles": "the inside and the outside of a Gaussian blob (2 features, 400 points)",
        "circle": "a disc within a ring (2 features, 400 points)",
        "xor": "four squares, two on each diagonal of the same class (2 features, 400 points)",
        "gauss": "two Gaussian blobs (2 features, 400 points)",
        "spiral": "two arms of a spiral (2 features, 400 points)",
        "plane": "regression: a linear function of two inputs (2 features, 400 points)",
        "multi_gaussian": "regression: six bumps, alternately up and down (2 features, 400 points)",
        "gaussian_random": "regression: random targets, which cannot be predicted (16 features, 400 points)",
        "iris": "three species of iris (4 features, 150 flowers)",
        "iris2": "iris versicolor against iris virginica (4 features, 100 flowers)",
        "breast_cancer": "malignant against benign tumours (30 features, 569 patients)",
        "wine": "wines of three growers (13 features, 178 wines)",
        "digits": "handwritten digits (64 features, 1,797 digits)",
        "diabetes": "regression: the progression of diabetes (10 features, 442 patients)",
    }
)
"""The data sets known to `load`, each with a one-line description."""

_TABLES = (".csv", ".tsv", ".txt", ".dat", ".data", ".parquet", ".xlsx")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zip", ".zst")


def is_table(dataset: str) -> bool:
    """Whether the name of a data set is that of a table file, by its ending, ignoring case."""
    name = dataset.lower()
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith(_TABLES) or dataset == FRAME


FRAME = "table"  # the name of a table passed as an object from Python

_CORE = Hyperparameters()._asdict()  # the defaults of the knobs of the same names
_OF_TABLE = ("dataset", "a table file as --dataset", is_table)
_OF_MOMENTUM = ("optimizer", "--optimizer momentum", lambda optimizer: optimizer == "momentum")
_OF_ADAM = ("optimizer", "--optimizer adam", lambda optimizer: optimizer == "adam")
DATASET = Knob(
    "dataset", ("--dataset",), "NAME|FILE", f"data set: {', '.join(DATASETS)}, or a file with a table", checks.name,
    ("flower",), is_axis=True, column="always", is_problem=True, group="data",
    elsewhere=("data", "input", "file", "csv"),
)  # fmt: skip
NOISE = _problem(
    "noise", "SIGMA", "noise of generated data", _noise, "auto", word="auto", takes_ranges=True, elsewhere=("sigma",),
)  # fmt: skip
SAMPLES = _problem(
    "samples", "N", "number of generated training points", checks.integer(FEWEST_SAMPLES, MOST_SAMPLES), 400,
    takes_ranges=True, elsewhere=("n-samples", "points"),
)  # fmt: skip
DATA_SEED = _problem(
    "data_seed", "S", "seed of generated data; the word seed: new data for each seed", _data_seed, "auto", word="auto",
    takes_ranges=True,
)  # fmt: skip
TEST_FRACTION = _problem(
    "test_fraction", "P", "fraction of a table to test on", checks.fraction, 0.25,
    takes_ranges=True, elsewhere=("test-size", "validation-split", "holdout"),
)  # fmt: skip
FEATURES = _problem(
    "features", "INPUT",
    "inputs of the network: x1 x2 x1^2 x2^2 x1x2 sin(x1) sin(x2) ...; to compare sets, join the terms of each by +",
    checks.features, ALL, gathered=checks.sets,
)  # fmt: skip
HIDDEN = Knob(
    "hidden", ("--hidden",), "N|NxN", "hidden units; 8x8: two layers of 8; 0: none", checks.hidden,
    ("1", "2", "3", "4", "5", "20", "50"), is_axis=True, takes_ranges=True, is_integer=True, column="always",
    group="network",
    elsewhere=("units", "hidden-units", "hidden-layer-sizes", "layers", "hidden-size", "neurons"),
)  # fmt: skip
ACTIVATION = _further(
    "activation", "NAME", f"activation of hidden units: {listed(ACTIVATIONS, 'or')}", checks.one_of(*ACTIVATIONS),
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
    "output_learning_rate", "LR", "learning rates of the output layer; same: as the other layers", checks.not_negative,
    "same", word="same", takes_ranges=True, group="training",
)  # fmt: skip
L1 = _further(
    "l1", "C", "L1 penalty on the weights", checks.not_negative, _CORE["l1"], takes_ranges=True, group="training",
)  # fmt: skip
L2 = _further(
    "l2", "C", "L2 penalty on the weights", checks.not_negative, _CORE["l2"], takes_ranges=True,
    group="training", elsewhere=("alpha", "weight-decay", "ridge"),
)  # fmt: skip
BATCH_SIZE = _further(
    "batch_size", "N", "examples per update", checks.integer(1, LARGEST_COUNT), "all", word="all", takes_ranges=True,
    is_integer=True, group="training", elsewhere=("batch", "minibatch"),
)  # fmt: skip
INIT = _further(
    "init", "NAME", f"initial weights: {listed(INITS, 'or')}", checks.one_of(*INITS), _CORE["init"], group="network",
)  # fmt: skip
INIT_SCALE = _further(
    "init_scale", "C", f"scale of the initial weights; auto: {INITIAL_SCALE} with normal, otherwise 1", checks.positive,
    "auto", word="auto", takes_ranges=True, group="network",
)  # fmt: skip
OUTPUT_INIT_SCALE = _further(
    "output_init_scale", "C", "scale of the initial weights of the output layer; same: as the other layers",
    checks.not_negative, "same", word="same", takes_ranges=True, group="network",
)  # fmt: skip
INIT_OFFSET = _further(
    "init_offset", "C", "number that is added to the initial weights of hidden layers", checks.finite,
    _CORE["init_offset"], takes_ranges=True, group="network",
)  # fmt: skip
BIAS = _further(
    "bias", "YES|NO", "whether the units have biases; without, they stay 0", checks.yes_or_no,
    checks.yes_or_no(_CORE["bias"]), group="network", in_core=lambda value: value == "yes",
    elsewhere=("biases", "use-bias", "fit-intercept", "intercept"),
)  # fmt: skip
CLASS_WEIGHT = _further(
    "class_weight", "WAY", "none, or balanced: all classes have the same total weight",
    checks.one_of("none", "balanced"), "none", group="training", elsewhere=("weights",),
)  # fmt: skip
FOLD = Knob(
    "fold", (), "K", "fold of a cross-validation", checks.integer(0, checks.MOST_FOLDS - 1), (None,), is_axis=True,
    column="if set", is_replicate=True,
)  # fmt: skip
SEED = Knob(
    "seed", ("--seeds", "--seed"), "S", "seeds of initial weights, mini-batches and splits",
    checks.integer(0, LARGEST_SEED), range(10), is_axis=True, takes_ranges=True, column="always", group="network",
    is_replicate=True, elsewhere=("n-trials", "trials", "repeats", "random-state", "n-seeds"),
)  # fmt: skip
TARGET = _reading(
    "target", "COLUMN", "column to predict (default: the last one)", checks.name, column="if set", is_problem=True,
    elsewhere=("label", "labels", "y", "target-column", "class"),
)  # fmt: skip
POSITIVE = _reading(
    "positive", "LABEL", "labels of class 1; all other labels are class 0", checks.name, column="if set",
    is_problem=True, is_list=True,
)  # fmt: skip
TASK = _reading(
    "task", "TASK", "classification or regression", checks.one_of("auto", "classification", "regression"),
    ("auto",),
)  # fmt: skip
DROP = _reading("drop", "COLUMN", "columns to leave out", checks.name, is_list=True)
KEEP = _reading("keep", "COLUMN", "columns to keep that would otherwise be left out", checks.name, is_list=True)
MISSING = _reading(
    "missing",
    "WAY",
    "missing values: fill them, drop their rows, or refuse the table",
    checks.one_of("fill", "drop", "refuse"),
    ("fill",),
)
MISSING_VALUES = _reading(
    "missing_values", "TEXT", "additional texts that mean a missing value", checks.name, is_list=True,
    elsewhere=("na-values",),
)  # fmt: skip
HEADER = _reading(
    "header",
    "YES|NO",
    "whether the first line has column names",
    checks.one_of("auto", "yes", "no"),
    ("auto",),
)
SEPARATOR = _reading(
    "separator", "CHAR", "column separator, such as ; or tab (default: detected)", checks.character,
    elsewhere=("delimiter", "sep", "delim"),
)  # fmt: skip
DECIMAL = _reading("decimal", "CHAR", "decimal mark, . or a comma (default: detected)", checks.one_of(".", ","))
ENCODING = _reading("encoding", "NAME", "text encoding, such as utf-8 or cp1252 (default: detected)", checks.name)
GROUP = _reading(
    "group", "COLUMN", "rows with the same value here are never split between training and testing", checks.name,
    elsewhere=("groups",),
)  # fmt: skip
TEST_FILE = _reading("test_file", "FILE", "a separate table to test on", checks.name)
SPLIT = Knob(
    "split", ("--split",), "RULE",
    "split of tables: seed (a new one for each seed), cv:K (K-fold cross-validation) or fixed (one for all seeds)",
    checks.split, ("auto",), group="data", word="auto", elsewhere=("cv", "folds", "n-folds", "k-fold", "kfold"),
)  # fmt: skip
ITERATIONS = Knob(
    "iterations", ("--iterations",), "N",
    "parameter updates per network; several values: the shorter trainings are parts of the longest",
    checks.integer(0, LARGEST_COUNT), (5000,), is_axis=True, takes_ranges=True, is_integer=True, column="if several",
    group="training", elsewhere=("epochs", "n-epochs", "num-epochs", "max-iter", "steps", "n-iter"),
)  # fmt: skip
RECORD_EVERY = Knob(
    "record_every", ("--record-every",), "N", "iterations between points of a curve (default: iterations / 50)",
    checks.integer(1, LARGEST_COUNT), (), group="training",
)  # fmt: skip
PATIENCE = Knob(
    "patience", ("--patience",), "N",
    "stop after N records in a row without a lower cost on a validation part, and keep the best network of all records",
    checks.integer(1, LARGEST_COUNT), (), group="training", elsewhere=("early-stopping", "n-iter-no-change"),
)  # fmt: skip
VALIDATION_FRACTION = Knob(
    "validation_fraction", ("--validation-fraction",), "P",
    f"with --patience: fraction of the training part to validate on (default: {DEFAULT_VALIDATION})",
    checks.real("a number above 0 and at most 0.5", lambda number: 0 < number <= 0.5), (), group="training",
)  # fmt: skip
DTYPE = Knob(
    "dtype", ("--dtype",), "DTYPE", f"precision of the arithmetic: {listed(DTYPES, 'or')}", checks.one_of(*DTYPES),
    DTYPES[:1], column="if set", group="training", elsewhere=("precision",),
)  # fmt: skip
UNTIL_DECIDED = Knob(
    "until_decided", ("--until-decided",), "MARGIN",
    "train more seeds until it is known of every configuration that it is not the best, or at most MARGIN worse than"
    " the best (default: 0.005, half a percentage point of accuracy)", checks.margin, (), alone=0.005,
    elsewhere=("race", "racing"),
)  # fmt: skip
DECISION = Knob(
    "decision", ("--decision",), "WAY",
    "what --until-decided assumes: symmetric: differences between configurations are distributed symmetrically about"
    " their mean; exact: nothing, which takes more seeds",
    checks.one_of("symmetric", "exact"), ("symmetric",), elsewhere=("exact",),
)  # fmt: skip
BUDGET = Knob(
    "budget", ("--budget",), "TIME",
    "train as many seeds as fit into this time, such as 10m or 2h, or into a number of runs, such as 5000runs",
    checks.budget, (), elsewhere=("timeout", "time-budget", "max-time", "time-limit"),
)  # fmt: skip
METRIC = Knob(
    "metric", ("--metric",), "NAME",
    f"measures of success on the test points: {listed(METRICS)}; the first one given ranks (default: accuracy or r2)",
    checks.one_of(*METRICS), (), is_list=True, elsewhere=("scoring", "score", "metrics"),
)  # fmt: skip
SAMPLE = Knob(
    "sample", ("--sample",), "N",
    "train only N configurations, spread evenly over the grid or over ranges without a number of points"
    " (log:0.001:10); a larger sample contains a smaller one", checks.integer(1, MOST_SAMPLED), (),
    elsewhere=("random", "random-search", "n-configurations", "num-samples"),
)  # fmt: skip
SAMPLE_SEED = Knob(
    "sample_seed", ("--sample-seed",), "S", "seed of --sample (default: 0)", checks.integer(0, LARGEST_SEED), (),
)  # fmt: skip

KNOBS = (
    DATASET, NOISE, SAMPLES, DATA_SEED, TEST_FRACTION, FEATURES,
    HIDDEN, ACTIVATION,
    OPTIMIZER, MOMENTUM, BETA1, BETA2, LEARNING_RATE, OUTPUT_LEARNING_RATE, L1, L2, BATCH_SIZE, INIT, INIT_SCALE,
    OUTPUT_INIT_SCALE, INIT_OFFSET, BIAS, CLASS_WEIGHT, FOLD, SEED,
    TARGET, POSITIVE, TASK, DROP, KEEP, MISSING, MISSING_VALUES, HEADER, SEPARATOR, DECIMAL, ENCODING, GROUP, TEST_FILE,
    SPLIT, METRIC, UNTIL_DECIDED, DECISION, BUDGET, ITERATIONS, RECORD_EVERY, PATIENCE, VALIDATION_FRACTION, DTYPE,
    SAMPLE, SAMPLE_SEED,
)  # fmt: skip
"""Every knob of a sweep."""

AXES = tuple(sorted((knob for knob in KNOBS if knob.is_axis), key=lambda knob: knob.is_replicate))
"""The axes in nesting order, the innermost last: those of the replicates."""
REQUESTED = tuple(knob for knob in KNOBS if knob is not FOLD)
"""The knobs of a request; folds follow from the split."""
READING = (
    TARGET, POSITIVE, TASK, DROP, KEEP, MISSING, MISSING_VALUES, HEADER, SEPARATOR, DECIMAL, ENCODING, GROUP, TEST_FILE,
)  # fmt: skip
"""The options for reading tables."""
ZIP = "--zip"
JOBS = Knob(
    "jobs", ("--jobs", "-j"), "N", "networks trained in parallel; -1: one per core", checks.jobs, (-1,),
    elsewhere=("n-jobs", "workers", "cores", "num-workers"),
)  # fmt: skip
BACKEND = Knob(
    "backend", ("--backend",), "BACKEND", "threading, loky (processes) or dask (a cluster)",
    checks.one_of("threading", "loky", "dask"), ("threading",),
)  # fmt: skip
SCHEDULER = Knob(
    "scheduler", ("--scheduler",), "ADDRESS",
    "address of a Dask scheduler, such as tcp://host:8786 (default: a local cluster)",
    checks.name, (),
)  # fmt: skip
SHARD = Knob(
    "shard", ("--shard",), "I/N",
    "train only the I-th of N parts of the sweep; python -m experiments.merge joins them", checks.shard, (),
    elsewhere=("part", "partition", "array", "num-shards"),
)  # fmt: skip
TABLES = Knob(
    "tables", ("--tables",), "FORMAT",
    "formats of the tables: csv, which is always written, xlsx (an Excel workbook), parquet (default: csv)",
    checks.one_of("csv", "xlsx", "parquet"), (), is_list=True,
    elsewhere=("format", "formats", "output-format", "excel", "xlsx", "parquet"),
)  # fmt: skip
CSV_DIALECT = Knob(
    "csv_dialect", ("--csv-dialect",), "DIALECT",
    "form of the CSV files: excel, or excel-de with semicolons and decimal commas",
    checks.one_of("excel", "excel-de"), ("excel",), elsewhere=("dialect",),
)  # fmt: skip
CURVES = Knob(
    "curves", ("--curves",), "FORMAT",
    "formats of the curves, the largest table: csv, xlsx, parquet, or none (default: as --tables, without xlsx)",
    checks.one_of("csv", "xlsx", "parquet", "none"), (), is_list=True, elsewhere=("no-curves", "history"),
)  # fmt: skip
WRITTEN = (TABLES, CSV_DIALECT, CURVES)
"""How the tables are written; their numbers do not depend on these, and neither does the store."""

HOW = (JOBS, BACKEND, SCHEDULER, SHARD, *WRITTEN)
"""How to run a sweep; the results do not depend on these."""

ALIASES = {flag.lstrip("-").replace("-", "_"): knob.name for knob in (*KNOBS, *HOW) for flag in knob.flags}
"""The name of a knob for each of its flags, in Python's spelling: ``lr`` for ``learning_rate``."""


def elsewhere(name: str) -> str:
    """`` (use --iterations)`` for a name that other programs use; an empty string for any other name."""
    spelled = name.lstrip("-").replace("_", "-").lower()
    for knob in (*KNOBS, *HOW):
        if spelled in knob.elsewhere:
            return f" (use {knob.flags[0]})"
    return _NOT_HERE.get(spelled, "")


_NOT_HERE = {
    "dropout": " (not available; --l1 and --l2 are penalties on the weights)",
    "epoch": " (use --iterations)",
}
