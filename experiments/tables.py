"""Results as DataFrames, and as files: runs.csv, curves.csv, summary.csv, sweep.json.

Everything is read from the store, run by run, in the order of the request; curves are never all in memory. Numbers
are written in shortest round-trip form. The files hold no time stamp and do not depend on what was computed when,
except for sweep.json, which tells of the one execution.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import fcntl
import io
import itertools
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype, is_string_dtype

from experiments import store
from experiments.datasets import Data, load_fresh
from experiments.findings import confirmations
from experiments.knobs import in_words
from experiments.statistics import (
    best_configurations,
    constant_cost,
    iterations_to,
    median_seed,
    significant,
    summarize,
    targets,
)
from experiments.store import STATUSES, ResultsError, Store, StoredRun
from experiments.sweep import ProblemKey, Run, Sweep
from planar_core import steps
from planar_core.network import Array, Parameters
from planar_core.training import n_records, recorded_iterations

if TYPE_CHECKING:
    from experiments.runner import Done

MEASURES = ("cost", "train_accuracy", "test_accuracy")
RUNS, CURVES, SUMMARY = "runs.csv", "curves.csv", "summary.csv"
MANIFEST = "sweep.json"
FILES = (RUNS, CURVES, SUMMARY, MANIFEST)
REPORT = "report.html"  # of experiments.report
FORMAT = 3  # of the manifest; raised when a reader has to know

_SHOWN_IN_NOTEBOOKS = ["mean_test_accuracy", "ci_low_test_accuracy", "ci_high_test_accuracy", "tied_with_best"]
_RUN_BY_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Network:
    """A trained network of a sweep."""

    parameters: Parameters
    activation: str = "tanh"

    def predict_proba(self, X: Array) -> Array:
        """The probability of class 1 for each example: (1, examples), from X (features, examples)."""
        return steps.predict_proba(self.parameters, X, self.activation)

    def predict(self, X: Array) -> Array:
        """The class of each example, 0 or 1: (1, examples), from X (features, examples)."""
        return steps.predict(self.parameters, X, self.activation)


@dataclass(frozen=True)
class Results:
    """The tables of a sweep, its manifest, its data sets and its networks."""

    runs: pd.DataFrame
    summary: pd.DataFrame
    manifest: dict[str, Any]
    _sweep: Sweep = field(repr=False)
    _store: Store | Path = field(repr=False)

    @property
    def curves(self) -> pd.DataFrame:
        """Cost and accuracies against iteration, for every run; read on access."""
        return self._curves_of(len(self._sweep.values["seed"]))

    def some_curves(self, most_rows: int) -> tuple[pd.DataFrame, str]:
        """The curves of the first seeds, of at least one, so that there are no more rows; and if so, what to say."""
        seeds = len(self._sweep.values["seed"])
        rows = self._sweep.n_configurations * n_records(self._sweep.iterations, self._sweep.record_every)
        some = min(seeds, max(1, most_rows // rows))
        return self._curves_of(some), f"curves of {some:,} of {seeds:,} seeds" if some < seeds else ""

    def _curves_of(self, n_seeds: int) -> pd.DataFrame:
        sweep = self._sweep.of_seeds(self._sweep.values["seed"][:n_seeds])
        with self._opened() as opened:
            return _curves(sweep, self._fingerprints, opened)

    @property
    def columns(self) -> list[str]:
        """The identifying columns."""
        return self._sweep.columns

    @property
    def problem_columns(self) -> list[str]:
        """Those that name the problem."""
        return self._sweep.problem_columns

    def best(self, n: int = 1) -> pd.DataFrame:
        """The first ``n`` configurations of each problem, from rank 1 down: rows of ``summary``."""
        ranked = best_configurations(self.summary, self.problem_columns)
        return ranked.groupby(self.problem_columns, sort=False).head(n).reset_index(drop=True)

    def _repr_html_(self) -> str:
        n = ", ".join(f"{count:,} {of}" for of, count in self.manifest["counts"].items())
        few = self.best(5)[[*(name for name in self.columns if name != "seed"), *_SHOWN_IN_NOTEBOOKS]]
        return f"<p>{n}; the best:</p>{few.to_html(index=False, float_format='{:.4g}'.format)}"

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Store]:
        if isinstance(self._store, Store):
            yield self._store
        else:
            with Store(self._store, writes=False) as opened:
                yield opened

    @cached_property
    def _fingerprints(self) -> dict[ProblemKey, str]:
        return _fingerprints(self._sweep, self.manifest["data"])

    def stored_runs(self) -> Iterator[StoredRun]:
        """Everything that is stored of each run, one at a time, in the order of ``runs``."""
        with self._opened() as opened:
            for _, _, run in _stored_runs(self._sweep, self._fingerprints, opened):
                yield run

    def data(self, problem: str | Mapping[str, Any] | pd.Series) -> Data:
        """The data of a problem, as it was trained on.

        The problem is a row of ``runs`` or ``summary``, or another mapping with the columns that name it; or the name
        of a data set, where the sweep has one problem with that. Raises KeyError for anything else.
        """
        about = self._about(problem)
        named = {"name": about["problem"]["dataset"], "class_names": tuple(about["class_names"])}
        named["notes"] = tuple(about["notes"])
        with self._opened() as opened:
            if about["base"] is not None:
                names = tuple(about["base"]["feature_names"])
                named["base"] = opened.data(about["base"]["fingerprint"], feature_names=names, **named)
                named["features"] = about["problem"]["features"]
            return opened.data(about["fingerprint"], feature_names=tuple(about["feature_names"]), **named)

    def _about(self, problem: str | Mapping[str, Any] | pd.Series) -> dict[str, Any]:
        """What the manifest has of a problem."""
        if isinstance(problem, str):
            wanted: dict[str, Any] = {"dataset": problem}
        else:
            wanted = {name: problem[name] for name in self.problem_columns}
        found = [
            about
            for about in self.manifest["data"]
            if all(_same(about["problem"][name], value) for name, value in wanted.items())
        ]
        if len(found) != 1:
            raise KeyError(f"expected a problem of this sweep, got {in_words(wanted)}, of which it has {len(found):,}")
        return dict(found[0])

    def features(self, problem: Mapping[str, Any] | pd.Series) -> int:
        """How many features the data of a problem have, given a row of a table."""
        return int(self._about(problem)["features"])

    def fresh(self, position: int) -> Data | None:
        """The data of a row of ``summary``, by position, with other test points, on which nobody has looked.

        None where the data are not generated.
        """
        return load_fresh(**self._sweep.data_arguments(self._sweep.configuration(position).problem))

    def accuracies(self, position: int, X: Array, Y: Array, most: int | None = None) -> npt.NDArray[np.float64]:
        """The accuracy on other points of each network in a row of ``summary``, by position; nan for one that failed.

        X is (features, points), Y is (1, points), which may be none of the sweep. ``most``: of the first seeds alone.
        """
        sweep, features = self._sweep, X.shape[0]
        configuration = sweep.configuration(position)
        with self._opened() as opened:
            networks = (
                None if run.status == "failed" else run.network(features, configuration.hidden, sweep.dtype)
                for _, run in itertools.islice(_runs_of(sweep, configuration, self._fingerprints, opened), most)
            )
            return np.array(list(steps.accuracies(networks, X, Y, configuration.activation)))

    def network(self, run: Mapping[str, Any] | pd.Series) -> Network:
        """The network of a run, given a row of ``runs`` (or the identifying columns of one).

        Of a row of ``summary``, which has no seed, it is that of the seed with the median test accuracy. Raises
        LookupError if there is no such run, or it failed.
        """
        wanted = self._runs_of(run, [name for name in self.columns if name in run or name != "seed"])
        if "seed" not in run:
            try:
                wanted &= (self.runs["seed"] == median_seed(self.runs[wanted])).to_numpy()
            except ValueError as error:
                raise LookupError(str(error)) from None
        positions = np.flatnonzero(wanted)
        if len(positions) != 1 or self.runs["status"].iloc[positions[0]] == "failed":
            wanted_run = ", ".join(f"{column} {run[column]}" for column in self.columns if column in run)
            raise LookupError(f"expected a run of this sweep that did not fail, got {wanted_run}")
        return next(self._networks_at(positions, run))

    def networks(self, configuration: Mapping[str, Any] | pd.Series, most: int | None = None) -> list[Network]:
        """The networks of a configuration, a row of ``summary``: of its first ``most`` seeds (None: all) that did not
        fail.

        Raises LookupError if one is not stored any more.
        """
        wanted = self._runs_of(configuration, [name for name in self.columns if name != "seed"])
        positions = np.flatnonzero(wanted & (self.runs["status"] != "failed").to_numpy())
        return list(self._networks_at(positions[:most], configuration))

    def _runs_of(self, row: Mapping[str, Any] | pd.Series, columns: list[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which runs have the values of a row in these columns."""
        wanted = np.ones(len(self.runs), bool)
        for column in columns:
            values = self.runs[column]
            wanted &= (values == (row[column] if is_numeric_dtype(values) else str(row[column]))).to_numpy()
        return wanted

    def _networks_at(self, positions: Iterable[int], problem: Mapping[str, Any] | pd.Series) -> Iterator[Network]:
        about = self._about(problem)
        with self._opened() as opened:
            for found in (self._sweep[position] for position in positions):
                number = opened.find(self._sweep.identity(found, about["fingerprint"]))
                stored = None if number is None else opened.run(number, found.seed)
                if stored is None:
                    raise LookupError(f"expected a stored run, got {found}: run the sweep again")
                yield Network(stored.network(about["features"], found.hidden, self._sweep.dtype), found.activation)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """``plot_heat_map`` and the other functions of ``experiments.plots``, which take the tables from here.

        With several problems, ``problem=`` is a row of ``summary`` that says of which one.
        """
        if name.startswith("plot_"):
            from experiments import plots

            return plots.method_of(self, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        from experiments import plots

        return sorted({*super().__dir__(), *(function.__name__ for function in plots.FUNCTIONS)})


def _same(value: Any, given: Any) -> bool:
    """Whether they are the same value of a knob; where a column has words, numbers are texts too."""
    return bool(value == given) or str(value) == str(given)


def gather(sweep: Sweep, data: Mapping[ProblemKey, Data], opened: Store, done: Done) -> Results:
    """The results of a sweep from the store, which stays open for them."""
    about = _about_data(sweep, data)
    runs, summary = _tables(sweep, about, opened)
    return _with_findings(Results(runs, summary, _manifest(sweep, about, runs, done), sweep, opened))


def _with_findings(results: Results) -> Results:
    """The same, with what was found on points that played no part in the sweep."""
    execution = results.manifest.pop("execution")  # which stands at the end
    results.manifest["findings"] = confirmations(results)
    results.manifest["execution"] = execution
    return results


def _runs_of(
    sweep: Sweep, configuration: Run, fingerprints: Mapping[ProblemKey, str], opened: Store
) -> Iterator[tuple[int, StoredRun]]:
    """The runs of a configuration, by seed, in the order of the sweep. Raises ResultsError for one that is missing."""
    number = opened.find(sweep.identity(configuration, fingerprints[configuration.problem]))
    seeds = sweep.values["seed"]
    if number is not None and isinstance(seeds, range) and seeds.step == 1:
        stored: Iterator[tuple[int, StoredRun | None]] = opened.runs(number, seeds)  # all in one query
    else:
        stored = ((seed, None if number is None else opened.run(number, seed)) for seed in seeds)
    for seed, found in itertools.zip_longest(seeds, stored, fillvalue=(None, None)):
        if seed is None or found[0] != seed or found[1] is None:
            raise ResultsError(f"{opened.name}: lacks runs of the sweep: run it again")
        yield seed, found[1]


def _stored_runs(
    sweep: Sweep, fingerprints: Mapping[ProblemKey, str], opened: Store
) -> Iterator[tuple[Run, int, StoredRun]]:
    """Configuration, seed and content of every run, in the order of the sweep."""
    for configuration in sweep.configurations():
        for seed, run in _runs_of(sweep, configuration, fingerprints, opened):
            yield configuration, seed, run


def _tables(
    sweep: Sweep,
    about_data: Sequence[Mapping[str, Any]],
    opened: Store,
    each: Callable[[Run, int, StoredRun], None] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of runs and of configurations; ``each`` is called for every run on the way."""
    fingerprints = _fingerprints(sweep, about_data)
    status = np.zeros(len(sweep), np.int8)
    final = np.full((len(MEASURES), len(sweep)), np.nan)
    errors = np.full(len(sweep), "", dtype=object)
    for position, (configuration, seed, run) in enumerate(_stored_runs(sweep, fingerprints, opened)):
        status[position] = STATUSES.index(run.status)
        errors[position] = run.error
        if run.curves.shape[1]:
            final[:, position] = run.curves[:, -1]
        if each is not None:
            each(configuration, seed, run)

    runs = pd.DataFrame(_identity(sweep))
    runs["iterations"] = sweep.iterations
    runs["status"] = pd.Series(np.array(STATUSES, dtype=object)[status], dtype=str)
    for measure, values in zip(MEASURES, final, strict=True):
        runs[measure] = values
    runs["error"] = pd.Series(errors, dtype=str)
    of_problem = {problem: about["class_counts"] for problem, about in zip(fingerprints, about_data, strict=True)}
    counts = [of_problem[configuration.problem] for configuration in sweep.configurations()]
    constant = np.array([constant_cost(of["training"]) for of in counts])
    of_run = np.repeat(constant, len(sweep.values["seed"]))
    summary = summarize(runs, [name for name in sweep.columns if name != "seed"], sweep.problem_columns, of_run)
    majority = [max(of["test"]) / max(1, sum(of["test"])) for of in counts]
    _add_iterations_to_target(summary, majority, sweep, fingerprints, opened)
    return runs, summary


def _add_iterations_to_target(
    summary: pd.DataFrame,
    majority: Sequence[float],
    sweep: Sweep,
    fingerprints: Mapping[ProblemKey, str],
    opened: Store,
) -> None:
    """What the curves say of a target that is known only when all of them have been read: so once more."""
    target = targets(summary, sweep.problem_columns, majority)
    at = recorded_iterations(sweep.iterations, sweep.record_every)
    first = np.full((len(summary), len(sweep.values["seed"])), np.inf)
    if not np.isnan(target).all():
        for position, (_, _, run) in enumerate(_stored_runs(sweep, fingerprints, opened)):
            configuration = position // first.shape[1]
            first.flat[position] = iterations_to(target[configuration], run.curves[-1], at)
    reached = np.isfinite(first)
    summary["target_test_accuracy"] = target
    summary["n_reached_target"] = reached.sum(axis=1)
    # Half of all runs that did not fail: those that never reach it take forever.
    in_order, runs = np.sort(first, axis=1), (summary["n_seeds"] - summary["n_failed"]).to_numpy()
    median = [
        0.5 * (row[(n - 1) // 2] + row[n // 2]) if n else np.nan for row, n in zip(in_order, runs.tolist(), strict=True)
    ]
    summary["median_iterations_to_target"] = significant(np.where(np.isfinite(median), median, np.nan))


def _curves(sweep: Sweep, fingerprints: Mapping[ProblemKey, str], opened: Store) -> pd.DataFrame:
    records = [run.curves for _, _, run in _stored_runs(sweep, fingerprints, opened)]
    lengths = [curves.shape[1] for curves in records]
    run_of_row = np.repeat(np.arange(len(records)), lengths)
    identity = {name: values[run_of_row] for name, values in _identity(sweep).items()}
    # Without a row, pandas cannot tell which columns are text.
    table = pd.DataFrame(identity).astype({name: "str" for name in identity if identity[name].dtype == object})
    at = recorded_iterations(sweep.iterations, sweep.record_every)
    table["iteration"] = np.concatenate([at[:length] for length in lengths])
    for measure, values in zip(MEASURES, np.concatenate(records, axis=1), strict=True):
        table[measure] = values
    return table


def _identity(sweep: Sweep) -> dict[str, np.ndarray[Any, Any]]:
    """The identifying columns, one value a run, in the order of the sweep. Numbers beside words are texts too."""
    columns: dict[str, np.ndarray[Any, Any]] = dict.fromkeys(sweep.columns, np.empty(0))
    inner, outer = len(sweep), 1
    for dimension in sweep.dimensions:
        inner //= dimension.size
        for name, values in zip(*dimension, strict=True):
            if name in columns:
                column = np.array(values)
                if column.dtype.kind == "U":
                    column = np.array([str(value) for value in values], dtype=object)
                columns[name] = np.tile(np.repeat(column, inner), outer)
        outer *= dimension.size
    for name, value in sweep.settings.items():
        columns[name] = np.full(len(sweep), value, dtype=object)
    return columns


def _about_data(sweep: Sweep, data: Mapping[ProblemKey, Data]) -> list[dict[str, Any]]:
    return [
        {
            "problem": sweep.problem_knobs(problem),
            "fingerprint": d.fingerprint,
            "features": len(d.feature_names),
            "training_examples": d.X.shape[1],
            "test_examples": d.X_test.shape[1],
            "feature_names": list(d.feature_names),
            "class_names": list(d.class_names),
            "class_counts": {"training": _class_counts(d.Y), "test": _class_counts(d.Y_test)},
            "notes": list(d.notes),
            # The inputs that the features were computed from; None where they are the inputs.
            "base": d.base and {"fingerprint": d.base.fingerprint, "feature_names": list(d.base.feature_names)},
        }
        for problem, d in data.items()
    ]


def _class_counts(labels: Array) -> list[int]:
    ones = int(np.count_nonzero(labels))
    return [labels.size - ones, ones]


def _fingerprints(sweep: Sweep, about_data: Iterable[Mapping[str, Any]]) -> dict[ProblemKey, str]:
    """The fingerprint of every problem. Raises ValueError if they are those of other problems."""
    fingerprints = {}
    for problem, about in zip(sweep.problems(), about_data, strict=True):
        if about["problem"] != (expected := sweep.problem_knobs(problem)):
            raise ValueError(f"expected the data of {in_words(expected)}")
        fingerprints[problem] = about["fingerprint"]
    return fingerprints


def _manifest(sweep: Sweep, about_data: list[dict[str, Any]], runs: pd.DataFrame, done: Done) -> dict[str, Any]:
    import numba
    import scipy

    return {
        "format": FORMAT,
        "request": sweep.request,
        "columns": sweep.columns,
        "problem_columns": sweep.problem_columns,
        "counts": {
            "runs": len(sweep),
            **{status: int((runs["status"] == status).sum()) for status in STATUSES},
            "computed": done.computed,
            "reused": done.reused,
        },
        "data": about_data,
        "notes": sweep.notes,
        "execution": {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "training_seconds": round(done.seconds, 3),
            "jobs": done.how.jobs,
            "backend": done.how.backend,
            "commit": _commit(),
            "python": platform.python_version(),
            "versions": {
                "numpy": np.__version__,
                "numba": numba.__version__,
                "pandas": pd.__version__,
                "scipy": scipy.__version__,
            },
            "machine": {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count()},
        },
    }


def _commit() -> str | None:
    """The commit of the source tree this runs from, with "+" if files differ from it; None outside git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        # A package installed into somebody else's repository is not of that repository's commit.
        if not git("ls-files", Path(__file__).name):
            return None
        changes = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("+" if changes else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


# Files


def check_folder(folder: str | os.PathLike[str], files: Iterable[str] = FILES) -> Path:
    """The folder, or the existing one in which it would be made: nothing is created.

    Raises ResultsError if these files could not be written.
    """
    existing = Path(folder)
    try:
        if not os.fspath(folder) or "\0" in os.fspath(folder):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        while not _is_there(existing):
            existing = existing.parent
        with tempfile.TemporaryFile(dir=existing):  # asking for permissions is not enough: root has them all
            pass
        for name in files:
            if existing == Path(folder) and (existing / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
    except OSError as error:
        raise ResultsError(
            f"expected a folder that can be written to, got {os.fspath(folder)!r}: {error.strerror}"
        ) from None
    return existing


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def write(
    sweep: Sweep,
    data: Mapping[ProblemKey, Data],
    opened: Store,
    done: Done,
    folder: str | os.PathLike[str],
    before_replacing: Callable[[], None] = lambda: None,
) -> Results:
    """Write tables and manifest of a sweep that is stored in the folder.

    All are complete and on disk before the first takes its place: an interruption leaves the old ones alone, until
    ``before_replacing`` is called.
    """
    folder = Path(folder)
    about = _about_data(sweep, data)
    with contextlib.ExitStack() as stack:
        # In reverse: the stack puts them in their places from the last to the first, the manifest at the end.
        files = {name: stack.enter_context(replacing(folder / name)) for name in reversed(FILES)}
        with _curves_into(files[CURVES], sweep) as each:
            runs, summary = _tables(sweep, about, opened, each)
        _write_csv(runs, files[RUNS])
        _write_csv(summary, files[SUMMARY])
        manifest = _with_findings(Results(runs, summary, _manifest(sweep, about, runs, done), sweep, opened)).manifest
        files[MANIFEST].write((json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())
        for file in files.values():
            _sync(file)
        before_replacing()
    return Results(runs, summary, manifest, sweep, folder / store.FILE)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` when it is complete and on disk, and not before.

    A reader sees the old file or the new one, whatever happens meanwhile.
    """
    _remove_leftovers(path)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            with contextlib.suppress(OSError):  # not every file system has locks
                fcntl.flock(file, fcntl.LOCK_SH)
            yield file
            _sync(file)
            os.chmod(unfinished, 0o666 & ~_umask())
            os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


def _remove_leftovers(path: Path) -> None:
    """Remove what a killed process left of ``path``, or one interrupted before it knew the name to clean up.

    Whoever still writes has a lock on the file, which ends with the process.
    """
    for left in path.parent.glob(f".{path.name}." + 8 * "[a-z0-9_]"):  # as mkstemp names them
        with contextlib.suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _write_csv(table: pd.DataFrame, file: BinaryIO) -> None:
    # With the csv module, which takes half the time of DataFrame.to_csv for the same bytes.
    columns = []
    for name in table.columns:
        column = table[name]
        if is_string_dtype(column):
            codes, texts = pd.factorize(column.astype(str))
            columns.append(np.array([_harmless(text) for text in texts], dtype=object)[codes].tolist())
        else:
            missing = column.isna().to_numpy()
            columns.append(
                np.where(missing, "", column.to_numpy(object)).tolist() if missing.any() else column.tolist()
            )
    with _rows_into(file) as write_rows:
        write_rows([table.columns])
        write_rows(zip(*columns, strict=True))


@contextlib.contextmanager
def _curves_into(file: BinaryIO, sweep: Sweep) -> Iterator[Callable[[Run, int, StoredRun], None]]:
    """What takes run after run and writes curves.csv."""
    iterations = recorded_iterations(sweep.iterations, sweep.record_every).tolist()
    columns, settings = sweep.columns, sweep.settings
    seed_at = columns.index("seed")
    own: list[Any] = []
    written: Run | None = None

    with _rows_into(file) as write_rows:
        write_rows([[*columns, "iteration", *MEASURES]])

        def write_run(configuration: Run, seed: int, run: StoredRun) -> None:
            nonlocal own, written
            if configuration is not written:
                written, values = configuration, {**configuration._asdict(), **settings}
                own = [_harmless(value) if isinstance(value, str) else value for value in map(values.get, columns)]
            own[seed_at] = seed
            curves = run.curves.tolist()
            if np.isnan(run.curves).any():
                curves = [["" if number != number else number for number in curve] for curve in curves]
            write_rows([*own, *row] for row in zip(iterations, *curves, strict=False))

        yield write_run


@contextlib.contextmanager
def _rows_into(file: BinaryIO) -> Iterator[Callable[[Iterable[Iterable[Any]]], None]]:
    """What takes rows and writes CSV."""
    text_file = io.TextIOWrapper(file, encoding="utf-8", newline="")
    yield csv.writer(text_file, lineterminator="\n").writerows
    text_file.detach()  # flushes, and leaves the file open


def _harmless(text: str) -> str:
    """A spreadsheet would run some texts; an apostrophe makes them text."""
    return f"'{text}" if text.startswith((*_RUN_BY_A_SPREADSHEET, "'")) else text


def read(folder: str | os.PathLike[str]) -> Results:
    """The results in a folder, as ``write`` left them. Raises ResultsError for none, and for damaged ones."""
    folder = Path(folder)
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ResultsError(f"{path}: expected format {FORMAT}, found {manifest['format']!r}: run the sweep again")
        sweep = Sweep(**manifest["request"])
        _fingerprints(sweep, manifest["data"])
    except ResultsError:
        raise
    except FileNotFoundError:
        raise ResultsError(f"{folder}: expected the results of a sweep, found no {MANIFEST}") from None
    except Exception as error:  # noqa: BLE001 - a damaged file can raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ResultsError(f"{path}: cannot be read ({reason}): run the sweep again") from None
    with Store(folder / store.FILE, writes=False) as opened:
        runs, summary = _tables(sweep, manifest["data"], opened)
    return Results(runs, summary, manifest, sweep, folder / store.FILE)
