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
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments import store
from experiments.datasets import Data, load_fresh
from experiments.findings import confirmations
from experiments.statistics import constant_cost, iterations_to, significant, summarize, targets
from experiments.store import STATUSES, ResultsError, Store, StoredRun
from experiments.sweep import AXES, Run, Sweep
from planar_core import steps
from planar_core.network import Array, Parameters
from planar_core.training import n_records, recorded_iterations

if TYPE_CHECKING:
    from experiments.runner import Done

MEASURES = ("cost", "train_accuracy", "test_accuracy")
RUNS, CURVES, SUMMARY = "runs.csv", "curves.csv", "summary.csv"
MANIFEST = "sweep.json"
FILES = (RUNS, CURVES, SUMMARY, MANIFEST)
FORMAT = 3  # of the manifest; raised when a reader has to know

_TEXT_COLUMNS = ("dataset", "hidden", "target", "dtype", "status", "error")
_RUN_BY_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Network:
    """A trained network of a sweep."""

    parameters: Parameters

    def predict_proba(self, X: Array) -> Array:
        """The probability of class 1 for each example: (1, examples), from X (features, examples)."""
        return steps.predict_proba(self.parameters, X)

    def predict(self, X: Array) -> Array:
        """The class of each example, 0 or 1: (1, examples), from X (features, examples)."""
        return steps.predict(self.parameters, X)


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
            return _curves(sweep, _fingerprints(self.manifest["data"]), opened)

    @property
    def columns(self) -> list[str]:
        """The identifying columns."""
        return self._sweep.columns

    @property
    def problem_columns(self) -> list[str]:
        """Those that name the problem."""
        return self._sweep.problem_columns

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Store]:
        if isinstance(self._store, Store):
            yield self._store
        else:
            with Store(self._store, writes=False) as opened:
                yield opened

    def data(self, problem: str | Mapping[str, Any] | pd.Series) -> Data:
        """A data set of the sweep, by name or by a row of a table, as it was trained on. Raises KeyError for others."""
        name = problem if isinstance(problem, str) else problem["dataset"]
        about = self.manifest["data"][name]
        with self._opened() as opened:
            return opened.data(
                about["fingerprint"],
                name=name,
                feature_names=tuple(about["feature_names"]),
                class_names=tuple(about["class_names"]),
                notes=tuple(about["notes"]),
            )

    def features(self, problem: Mapping[str, Any] | pd.Series) -> int:
        """How many features the data of a problem have, given a row of a table."""
        return int(self.manifest["data"][problem["dataset"]]["features"])

    def fresh(self, problem: Mapping[str, Any] | pd.Series) -> Data | None:
        """The same with other test points, on which nobody has looked; None where the data are not generated."""
        return load_fresh(problem["dataset"])

    def accuracies(self, position: int, X: Array, Y: Array) -> npt.NDArray[np.float64]:
        """The accuracy on other points of each network in a row of ``summary``, by position; nan for one that failed.

        X is (features, points), Y is (1, points), which may be none of the sweep.
        """
        sweep, features = self._sweep, X.shape[0]
        configuration = sweep[position * len(sweep.values["seed"])]
        with self._opened() as opened:
            runs = [run for _, run in _runs_of(sweep, configuration, _fingerprints(self.manifest["data"]), opened)]
        result = np.full(len(runs), np.nan)
        finished = [k for k, run in enumerate(runs) if run.status != "failed"]
        networks = [runs[k].network(features, configuration.hidden, sweep.dtype) for k in finished]
        result[finished] = steps.accuracies(networks, X, Y)
        return result

    def network(self, run: Mapping[str, Any] | pd.Series) -> Network:
        """The network of a run, given a row of ``runs`` (or the identifying columns of one).

        Raises LookupError if there is no such run, or it failed.
        """
        wanted = np.ones(len(self.runs), bool)
        for column in self.columns:
            wanted &= (self.runs[column] == run[column]).to_numpy()
        positions = np.flatnonzero(wanted)
        if len(positions) != 1 or self.runs["status"].iloc[positions[0]] == "failed":
            wanted_run = ", ".join(f"{column} {run[column]}" for column in self.columns)
            raise LookupError(f"expected a run of this sweep that did not fail, got {wanted_run}")
        found = self._sweep[positions[0]]
        with self._opened() as opened:
            number = opened.find(self._sweep.identity(found, self.manifest["data"][found.dataset]["fingerprint"]))
            stored = None if number is None else opened.run(number, found.seed)
        if stored is None:
            raise LookupError(f"expected a stored run, got {found}: run the sweep again")
        features = self.manifest["data"][found.dataset]["features"]
        return Network(stored.network(features, found.hidden, self._sweep.dtype))


def gather(sweep: Sweep, data: Mapping[str, Data], opened: Store, done: Done) -> Results:
    """The results of a sweep from the store, which stays open for them."""
    about = _about_data(data)
    runs, summary = _tables(sweep, about, opened)
    return _with_findings(Results(runs, summary, _manifest(sweep, about, runs, done), sweep, opened))


def _with_findings(results: Results) -> Results:
    """The same, with what was found on points that played no part in the sweep."""
    execution = results.manifest.pop("execution")  # which stands at the end
    results.manifest["findings"] = confirmations(results)
    results.manifest["execution"] = execution
    return results


def _runs_of(
    sweep: Sweep, configuration: Run, fingerprints: Mapping[str, str], opened: Store
) -> Iterator[tuple[int, StoredRun]]:
    """The runs of a configuration, by seed, in the order of the sweep. Raises ResultsError for one that is missing."""
    number, seeds = (
        opened.find(sweep.identity(configuration, fingerprints[configuration.dataset])),
        sweep.values["seed"],
    )
    if number is not None and isinstance(seeds, range) and seeds.step == 1:
        stored: Iterator[tuple[int, StoredRun | None]] = opened.runs(number, seeds)  # all in one query
    else:
        stored = ((seed, None if number is None else opened.run(number, seed)) for seed in seeds)
    for seed, found in itertools.zip_longest(seeds, stored, fillvalue=(None, None)):
        if seed is None or found[0] != seed or found[1] is None:
            raise ResultsError(f"{opened.name}: lacks runs of the sweep: run it again")
        yield seed, found[1]


def _stored_runs(sweep: Sweep, fingerprints: Mapping[str, str], opened: Store) -> Iterator[tuple[Run, int, StoredRun]]:
    """Configuration, seed and content of every run, in the order of the sweep."""
    for configuration in sweep.configurations():
        for seed, run in _runs_of(sweep, configuration, fingerprints, opened):
            yield configuration, seed, run


def _tables(
    sweep: Sweep,
    about_data: Mapping[str, Any],
    opened: Store,
    each: Callable[[Run, int, StoredRun], None] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of runs and of configurations; ``each`` is called for every run on the way."""
    fingerprints = _fingerprints(about_data)
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
    counts = [about_data[configuration.dataset]["class_counts"] for configuration in sweep.configurations()]
    constant = np.array([constant_cost(of["training"]) for of in counts])
    of_run = np.repeat(constant, len(sweep.values["seed"]))
    summary = summarize(runs, [name for name in sweep.columns if name != "seed"], sweep.problem_columns, of_run)
    majority = [max(of["test"]) / max(1, sum(of["test"])) for of in counts]
    _add_iterations_to_target(summary, majority, sweep, fingerprints, opened)
    return runs, summary


def _add_iterations_to_target(
    summary: pd.DataFrame, majority: Sequence[float], sweep: Sweep, fingerprints: Mapping[str, str], opened: Store
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


def _curves(sweep: Sweep, fingerprints: Mapping[str, str], opened: Store) -> pd.DataFrame:
    records = [run.curves for _, _, run in _stored_runs(sweep, fingerprints, opened)]
    lengths = [curves.shape[1] for curves in records]
    run_of_row = np.repeat(np.arange(len(records)), lengths)
    identity = {name: values[run_of_row] for name, values in _identity(sweep).items()}
    table = pd.DataFrame(identity).astype({name: "str" for name in identity if name in _TEXT_COLUMNS})
    at = recorded_iterations(sweep.iterations, sweep.record_every)
    table["iteration"] = np.concatenate([at[:length] for length in lengths])
    for measure, values in zip(MEASURES, np.concatenate(records, axis=1), strict=True):
        table[measure] = values
    return table


def _identity(sweep: Sweep) -> dict[str, np.ndarray[Any, Any]]:
    """The identifying columns, one value a run, in the order of the sweep."""
    identity: dict[str, np.ndarray[Any, Any]] = {}
    inner, outer = len(sweep), 1
    for axis in AXES:
        values = sweep.values[axis.name]
        inner //= len(values)
        column = np.array(values)
        if column.dtype.kind == "U":
            column = column.astype(object)
        identity[axis.name] = np.tile(np.repeat(column, inner), outer)
        outer *= len(values)
    for name, value in sweep.settings.items():
        identity[name] = np.full(len(sweep), value, dtype=object)
    return identity


def _about_data(data: Mapping[str, Data]) -> dict[str, Any]:
    return {
        name: {
            "fingerprint": d.fingerprint,
            "features": len(d.feature_names),
            "training_examples": d.X.shape[1],
            "test_examples": d.X_test.shape[1],
            "feature_names": list(d.feature_names),
            "class_names": list(d.class_names),
            "class_counts": {"training": _class_counts(d.Y), "test": _class_counts(d.Y_test)},
            "notes": list(d.notes),
        }
        for name, d in data.items()
    }


def _class_counts(labels: Array) -> list[int]:
    ones = int(np.count_nonzero(labels))
    return [labels.size - ones, ones]


def _fingerprints(about_data: Mapping[str, Any]) -> dict[str, str]:
    return {name: about["fingerprint"] for name, about in about_data.items()}


def _manifest(sweep: Sweep, about_data: dict[str, Any], runs: pd.DataFrame, done: Done) -> dict[str, Any]:
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


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """The folder, or the existing one in which it would be made: nothing is created.

    Raises ResultsError if ``write`` would fail.
    """
    existing = Path(folder)
    try:
        if not os.fspath(folder):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        while not _is_there(existing):
            existing = existing.parent
        with tempfile.TemporaryFile(dir=existing):  # asking for permissions is not enough: root has them all
            pass
        for name in FILES:
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
    data: Mapping[str, Data],
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
    about = _about_data(data)
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
        if name in _TEXT_COLUMNS:
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
        _fingerprints(manifest["data"])
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
