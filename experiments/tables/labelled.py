"""The runs of a sweep as arrays with a name for each dimension, for xarray."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.design import Design, Dimension
from experiments.files import ResultsError
from experiments.tables.stored import VALIDATION_COST, identity, measures, positions_of
from experiments.tables.tables import Tables
from planar_core.training import recorded_iterations

if TYPE_CHECKING:
    import xarray as xr

_NOT_MEASURED = ("iterations", "status", "error")  # columns of the runs


def labelled(tables: Tables, curves: bool = False) -> xr.Dataset:
    """``Results.to_xarray``."""
    if importlib.util.find_spec("xarray") is None:
        raise ResultsError("to_xarray requires the package xarray, which is not installed: pip install '.[xarray]'")
    import xarray as xr  # an extra, of half a second

    design = tables.design
    shape = [dimension.size for dimension in design.dimensions]
    names = [_name(dimension, design) for dimension in design.dimensions]
    coordinates = dict(_coordinates(design, names))
    if curves:
        at = recorded_iterations(design.iterations, design.record_every)
        recorded = _recorded(tables, len(at))
        variables = {measure: ([*names, "iteration"], values.reshape(*shape, -1)) for measure, values in recorded}
        coordinates["iteration"] = (["iteration"], at)
    else:
        places, runs = positions_of(design), tables.runs
        variables = {}
        for measure in runs.columns:
            if measure not in (*design.columns, *_NOT_MEASURED):
                values = np.full(design.size, np.nan)
                values[places] = runs[measure].to_numpy(np.float64, na_value=np.nan)
                variables[measure] = (names, values.reshape(shape))
    attributes = {"metric": tables.metric, "iterations": design.iterations, **design.settings}
    made = xr.Dataset(variables, coordinates, attributes)
    alone = [name for name, size in zip(names, shape, strict=True) if size == 1]
    return made.squeeze([name for name in alone if name not in design.replicate_columns])


def _name(dimension: Dimension, design: Design) -> str:
    """The name of a dimension: that of its axis; of axes that vary together, all of them; of a sample, another one."""
    shown = [name for name in dimension.names if name in design.columns] or list(dimension.names)
    return "configuration" if dimension.names == design.sampled and len(shown) > 1 else "_".join(shown)


def _coordinates(design: Design, names: list[str]) -> Iterator[tuple[str, Any]]:
    """The values of every identifying axis along its dimension."""
    inner = design.size
    for dimension, along in zip(design.dimensions, names, strict=True):
        inner //= dimension.size
        columns = identity(design, inner * np.arange(dimension.size))
        yield from ((name, ([along], columns[name])) for name in dimension.names if name in columns)


def _recorded(tables: Tables, records: int) -> list[tuple[str, Any]]:
    """The curves of every run of the grid, nan where there is none: (runs, records) for each measure."""
    design = tables.design
    names = [*measures(tables.score), *([] if design.patience is None else [VALIDATION_COST])]
    found = [np.full((design.size, records), np.nan) for _ in names]
    for positions, runs in tables.stored_blocks():
        longest = runs.curves.shape[2]
        for values, at in zip(found, range(runs.curves.shape[1]), strict=False):
            values[positions, :longest] = runs.curves[:, at]
        if design.patience is not None:
            found[-1][positions, :longest] = runs.validation
    return list(zip(names, found, strict=True))
