"""Results as DataFrames, and as files: runs.csv, curves.csv, summary.csv, sweep.json, networks.npz.

Numbers are written in shortest round-trip form and read back bit for bit. The files hold no time stamp and do
not depend on the order in which runs were finished, except for sweep.json, which tells of the one execution.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd

from experiments.datasets import Data
from experiments.statistics import summarize
from planar_core import steps
from planar_core.network import Array, Parameters
from planar_core.training import recorded_iterations

if TYPE_CHECKING:
    from experiments.runner import BatchResult
    from experiments.sweep import Sweep

MEASURES = ("cost", "train_accuracy", "test_accuracy")
RUNS, CURVES, SUMMARY = "runs.csv", "curves.csv", "summary.csv"
MANIFEST, NETWORKS = "sweep.json", "networks.npz"
FILES = (RUNS, CURVES, SUMMARY, NETWORKS, MANIFEST)
FORMAT = 1  # of the files; raised when a reader has to know

# Reading bit for bit is the default from pandas 3.1 on, where asking for it is deprecated.
_EXACT: dict[str, Any] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)
_TEXT_COLUMNS = ("dataset", "hidden", "target", "dtype", "status", "error")
_TYPES = {  # of the columns; all others are float64
    **dict.fromkeys(_TEXT_COLUMNS, "str"),
    **dict.fromkeys(("seed", "iterations", "iteration", "n_seeds", "n_diverged", "n_failed"), "int64"),
    "rank_test_accuracy": "Int64",
    "tied_with_best": "boolean",
}
_DATA_PARTS = ("X", "Y", "X_test", "Y_test")
_RUN_BY_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


class ResultsError(ValueError):
    """A folder without readable results, or where none can be written. The message is one line."""


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
    _curves: pd.DataFrame | Path
    _data: Mapping[str, Data] = field(repr=False)
    _parameters: Sequence[Parameters | None] = field(repr=False)

    @property
    def curves(self) -> pd.DataFrame:
        """Cost and accuracies against iteration, for every run; read on access."""
        return _read_csv(self._curves) if isinstance(self._curves, Path) else self._curves

    @property
    def columns(self) -> list[str]:
        """The identifying columns."""
        return list(self.manifest["columns"])

    @property
    def problem_columns(self) -> list[str]:
        """Those that name the problem."""
        return list(self.manifest["problem_columns"])

    def data(self, name: str) -> Data:
        """A data set of the sweep, as it was trained on. Raises KeyError for any other name."""
        return self._data[name]

    def network(self, run: Mapping[str, Any] | pd.Series) -> Network:
        """The network of a run, given a row of ``runs`` (or the identifying columns of one).

        Raises LookupError if there is no such run, or it failed.
        """
        wanted = np.ones(len(self.runs), bool)
        for column in self.columns:
            wanted &= (self.runs[column] == run[column]).to_numpy()
        positions = np.flatnonzero(wanted)
        parameters = self._parameters[positions[0]] if len(positions) == 1 else None
        if parameters is None:
            wanted_run = ", ".join(f"{column} {run[column]}" for column in self.columns)
            raise LookupError(f"expected a run of this sweep that did not fail, got {wanted_run}")
        return Network(parameters)


def gather(
    sweep: Sweep,
    data: Mapping[str, Data],
    finished: Sequence[BatchResult],
    seconds: float,
    jobs: int,
    backend: str,
) -> Results:
    """The results of a sweep from those of its batches, which are in the order of the sweep."""
    from experiments.runner import STATUSES

    at = recorded_iterations(sweep.iterations, sweep.record_every)
    status = np.concatenate([result.status for result in finished])
    records = np.concatenate([result.records for result in finished])
    curves = np.concatenate([result.curves for result in finished], axis=1)
    identity = _identity(sweep)

    last = np.maximum(records - 1, 0)
    final = curves[:, np.arange(len(records)), last]
    runs = pd.DataFrame(identity)
    runs["iterations"] = sweep.iterations
    runs["status"] = pd.Series(np.array(STATUSES, dtype=object)[status], dtype=str)
    for measure, values in zip(MEASURES, final, strict=True):
        runs[measure] = values
    runs["error"] = pd.Series([error for result in finished for error in result.errors], dtype=str)

    filled = np.arange(len(at)) < records[:, np.newaxis]
    run_of_row, record_of_row = np.nonzero(filled)
    curve_table = _typed(pd.DataFrame({name: values[run_of_row] for name, values in identity.items()}))
    curve_table["iteration"] = at[record_of_row]
    for measure, values in zip(MEASURES, curves, strict=True):
        curve_table[measure] = values[filled]

    configuration = [name for name in sweep.columns if name != "seed"]
    counts = {name: int((status == code).sum()) for code, name in enumerate(STATUSES)}
    return Results(
        runs=runs,
        summary=summarize(runs, configuration, sweep.problem_columns),
        manifest=_manifest(sweep, data, counts, seconds, jobs, backend),
        _curves=curve_table,
        _data=data,
        _parameters=[parameters for result in finished for parameters in result.parameters],
    )


def _identity(sweep: Sweep) -> dict[str, np.ndarray[Any, Any]]:
    """The identifying columns, one value a run, in the order of the sweep."""
    from experiments.sweep import AXES

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


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of texts as such, even without rows, as they are when read."""
    return table.astype({column: _TYPES[column] for column in table.columns if column in _TYPES})


def _manifest(
    sweep: Sweep, data: Mapping[str, Data], counts: dict[str, int], seconds: float, jobs: int, backend: str
) -> dict[str, Any]:
    import numba
    import scipy

    return {
        "format": FORMAT,
        "request": sweep.request,
        "columns": sweep.columns,
        "problem_columns": sweep.problem_columns,
        "counts": {"runs": len(sweep), **counts},
        "data": {
            name: {
                "fingerprint": d.fingerprint,
                "features": len(d.feature_names),
                "training_examples": d.X.shape[1],
                "test_examples": d.X_test.shape[1],
                "feature_names": list(d.feature_names),
                "class_names": list(d.class_names),
                "notes": list(d.notes),
            }
            for name, d in data.items()
        },
        "notes": sweep.notes,
        "execution": {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "training_seconds": round(seconds, 3),
            "jobs": jobs,
            "backend": backend,
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


def write(results: Results, folder: str | os.PathLike[str]) -> list[Path]:
    """Write tables, networks and manifest. Returns their paths.

    All are complete and on disk before the first takes its place: an interruption leaves the old ones alone.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        # In reverse: the stack puts them in their places from the last to the first, the manifest at the end.
        files = {name: stack.enter_context(replacing(folder / name)) for name in reversed(FILES)}
        for name, table in ((RUNS, results.runs), (CURVES, results.curves), (SUMMARY, results.summary)):
            _write_csv(table, files[name])
        _write_networks(results, files[NETWORKS])
        files[MANIFEST].write((json.dumps(results.manifest, indent=2, ensure_ascii=False) + "\n").encode())
        for file in files.values():
            _sync(file)
    return [folder / name for name in FILES]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` when it is complete and on disk, and not before.

    A reader sees the old file or the new one, whatever happens meanwhile.
    """
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            yield file
            _sync(file)
        os.chmod(unfinished, 0o666 & ~_umask())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


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
    text_file = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text_file, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*columns, strict=True))
    text_file.detach()  # flushes, and leaves the file open


def _harmless(text: str) -> str:
    """A spreadsheet would run some texts; an apostrophe makes them text."""
    return f"'{text}" if text.startswith((*_RUN_BY_A_SPREADSHEET, "'")) else text


def _read_csv(path: Path) -> pd.DataFrame:
    """The reverse of ``_write_csv``: same columns, same types, same bits."""
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                raise ValueError("its end is missing")
        columns = list(pd.read_csv(path, nrows=0).columns)
        table: pd.DataFrame = pd.read_csv(
            path,
            **_EXACT,
            dtype={column: _TYPES.get(column, "float64") for column in columns},
            keep_default_na=False,
            na_values={column: [""] for column in columns if column not in _TEXT_COLUMNS},
        )
    except FileNotFoundError:
        raise ResultsError(f"{path}: expected the results of a sweep, found no such file") from None
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    for column in _TEXT_COLUMNS:
        if column in table:
            table[column] = table[column].str.removeprefix("'")
    return table


def _write_networks(results: Results, file: BinaryIO) -> None:
    """Arrays alone, no pickle: the parameters of all runs one after the other, and the data sets."""
    flat: list[Array] = []
    layers: list[int] = []
    for parameters in results._parameters:
        layers.append(len(parameters or ()))
        for W, b in parameters or ():
            flat.extend((W.ravel(), b.ravel()))
    shapes = [W.shape for parameters in results._parameters for W, _ in parameters or ()]
    arrays: dict[str, Any] = {
        "parameters": np.concatenate([*flat, np.empty(0, results.manifest["request"]["dtype"])]),
        "layers": np.array(layers, np.int64),
        "shapes": np.array(shapes, np.int64).reshape(-1, 2),
    }
    for position, name in enumerate(results.manifest["data"]):
        data = results.data(name)
        for part in _DATA_PARTS:
            arrays[f"data_{position}_{part}"] = getattr(data, part)
    # Through memory: the zip format wants to go back in its file.
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    file.write(buffer.getvalue())


def _read_networks(path: Path, manifest: dict[str, Any]) -> tuple[dict[str, Data], list[Parameters | None]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        data = {
            name: Data(
                name,
                **{part: arrays[f"data_{position}_{part}"] for part in _DATA_PARTS},
                feature_names=tuple(about["feature_names"]),
                class_names=tuple(about["class_names"]),
                notes=tuple(about["notes"]),
            )
            for position, (name, about) in enumerate(manifest["data"].items())
        }
        flat, shapes = arrays["parameters"], iter(arrays["shapes"].tolist())
        networks: list[Parameters | None] = []
        start = 0
        for layers in arrays["layers"].tolist():
            parameters: Parameters = []
            for _ in range(layers):
                units, inputs = next(shapes)
                end = start + units * inputs
                parameters.append((flat[start:end].reshape(units, inputs), flat[end : end + units].reshape(units, 1)))
                start = end + units
            networks.append(parameters or None)
        return data, networks
    except Exception as error:  # noqa: BLE001 - a damaged archive can raise anything
        raise _damaged(path, error) from None


def read(folder: str | os.PathLike[str]) -> Results:
    """The results in a folder, as ``write`` left them. Raises ResultsError for none, and for damaged ones."""
    folder = Path(folder)
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ResultsError(f"{path}: expected format {FORMAT}, found {manifest['format']!r}")
        columns, n_runs = set(manifest["columns"] + manifest["problem_columns"]), manifest["counts"]["runs"]
    except ResultsError:
        raise
    except FileNotFoundError:
        raise ResultsError(f"{folder}: expected the results of a sweep, found no {MANIFEST}") from None
    except Exception as error:  # noqa: BLE001 - a damaged file can raise anything
        raise _damaged(path, error) from None
    data, parameters = _read_networks(folder / NETWORKS, manifest)
    runs, summary = _read_csv(folder / RUNS), _read_csv(folder / SUMMARY)
    sizes = {n_runs, len(runs), len(parameters), int(summary["n_seeds"].sum())}
    if len(sizes) > 1 or not columns <= set(runs.columns):
        raise ResultsError(f"{folder}: files of different sweeps, or parts of files: run the sweep again")
    return Results(
        runs=runs,
        summary=summary,
        manifest=manifest,
        _curves=folder / CURVES,
        _data=data,
        _parameters=parameters,
    )


def _damaged(path: Path, error: Exception) -> ResultsError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return ResultsError(f"{path}: cannot be read ({reason}): run the sweep again")
