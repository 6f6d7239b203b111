"""Whether the tables in a folder are right as they are, so that a sweep that is repeated need not write them again.

A manifest records digests of all that the tables follow from: the program with its libraries, the store, and the
manifest itself, with the request and the data; and of the files that were written. If any of them is different, or
missing, the tables are made again. Nothing is concluded from times or sizes.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numba
import numpy as np
import pandas as pd
import scipy

import planar_core
from experiments.datasets.source import Source
from experiments.design import Design, ProblemKey
from experiments.files import MANIFEST, STORE, SUMMARY, digest_of
from experiments.formats import Formats
from experiments.store.store import Store
from experiments.tables.problems import about_data
from experiments.tables.schema import read_manifest
from experiments.tables.statistics import RANK
from experiments.tables.stored import identity
from experiments.tables.tables import Tables

_LARGEST_STORE = 4  # times as many runs as the sweep has


def written(manifest: Mapping[str, Any], files: Mapping[str, BinaryIO], opened: Store) -> dict[str, Any]:
    """What the execution in a manifest records of the files that belong to it, given those that were written.

    Nothing if it cannot be told: then they are written again.
    """
    of_store = _of_store(opened, manifest["counts"]["runs"])
    if of_store is None:
        return {}
    of_files = {name: digest_of(file) for name, file in files.items() if name != MANIFEST}
    return {"written": {"by": _program(), "manifest": _digest_of(manifest), "files": {STORE: of_store, **of_files}}}


def unchanged(
    out: Path, design: Design, sources: Mapping[ProblemKey, Source], opened: Store, formats: Formats
) -> tuple[Tables, dict[str, Any]] | None:
    """The tables and the manifest in a folder if the same would be written again, otherwise None.

    ``opened`` has all runs of the sweep. Not for a race or a budget, which decide on the way how many runs there are.
    """
    if design.margin is not None or design.budget is not None:
        return None
    with contextlib.suppress(Exception):  # whatever cannot be read is written again
        manifest, _ = read_manifest(out / MANIFEST)
        record = manifest["execution"]["written"]
        about = [{name: each[name] for name in each if name != "baselines"} for each in manifest["data"]]
        expected = {"request": design.request, "notes": design.notes, **formats.in_manifest()}
        if (
            record["by"] == _program()
            and record["manifest"] == _digest_of(manifest)
            and {name: manifest.get(name) for name in expected} == json.loads(json.dumps(expected))
            and ("tables" in manifest) == ("tables" in expected)
            and about == json.loads(json.dumps(about_data(design, sources)))
            and record["files"].keys() == {STORE, *formats.files} - {MANIFEST}
            and all((out / name).is_file() for name in record["files"])
            and record["files"][STORE] == _of_store(opened, design.n_runs)
            and all(_of_file(out / name) == held for name, held in record["files"].items() if name != STORE)
        ):
            summary = _summary(out / SUMMARY, design, formats)
            return Tables(None, summary, design, manifest["data"], opened, None, []), manifest
    return None


def _summary(path: Path, design: Design, formats: Formats) -> pd.DataFrame:
    """The table in a file, as it was written."""
    settings = identity(design, np.arange(0, design.size, design.n_replicates), design.configuration_columns)
    table = pd.DataFrame(settings)
    separator, decimal = (";", ",") if formats.dialect == "excel-de" else (",", ".")
    cells: dict[str, Any] = {"sep": separator, "decimal": decimal, "encoding": "utf-8-sig"}
    names = [name for name in pd.read_csv(path, nrows=0, **cells).columns if name not in settings]
    types = {name: _type(name) for name in names}
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):  # which do not read every bit by default
        cells["float_precision"] = "round_trip"
    rest: pd.DataFrame = pd.read_csv(path, usecols=names, dtype=types, na_values=[""], keep_default_na=False, **cells)
    return pd.concat([table, rest[names]], axis=1)


def _type(name: str) -> str:
    """That of a column of ``summary`` beside the settings, without a race."""
    if name.startswith(RANK):
        return "Int64"
    if name == "tied_with_best":
        return "boolean"
    return "int64" if name.startswith("n_") else "float64"


@functools.cache
def _program() -> str:
    """A digest of the program, and of the versions of what it computes with."""
    digest = hashlib.blake2b(digest_size=32)
    versions = (module.__version__ for module in (np, numba, pd, scipy))
    digest.update(" ".join([platform.python_version(), *versions]).encode())
    for folder in (Path(__file__).parents[1], Path(planar_core.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"\0{path.relative_to(folder.parent)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _digest_of(manifest: Mapping[str, Any]) -> str:
    """A digest of a manifest without what differs when a sweep is repeated."""
    counts = {name: n for name, n in manifest["counts"].items() if name not in ("computed", "reused")}
    same = {**{name: manifest[name] for name in manifest if name != "execution"}, "counts": counts}
    return hashlib.blake2b(json.dumps(same, sort_keys=True).encode(), digest_size=32).hexdigest()


def _of_store(opened: Store, runs: int) -> str | None:
    """The digest of a store; None if it cannot be told.

    Also None if the runs of a sweep are a small part of it: to read a store of many sweeps would take longer than to
    make the tables of one.
    """
    return opened.digest() if opened.count(_LARGEST_STORE * runs + 1) <= _LARGEST_STORE * runs else None


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return digest_of(file)
