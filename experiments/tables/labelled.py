"""The runs of a sweep as arrays with a name for each dimension, for xarray."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.design import Design, Dimension
from experiments.files import ResultsError
from experiments.knobs.declared import ITERATIONS
from experiments.tables.stored import VALIDATION_COST, Identity, Positions, measures, positions_of
from experiments.tables.tables import Tables
from experiments.version import installing
from planar_core.training import recorded_iterations

if TYPE_CHECKING:
    import xarray as xr

_NOT_MEASURED = ("iterations", "status", "error")  # columns of the runs


def labelled(tables: Tables, curves: bool = False) -> xr.Dataset:
    """``Results.to_xarray``."""
    if importlib.util.find_spec("xarray") is None:
        raise ResultsError(f"to_xarray requires the package xarray, which is not installed: {installing('xarray')}")
    import xarray as xr  # an extra, of half a second

    design = tables.design
    shape = [dimension.size for dimension in design.dimensions]
    names = [_name(dimension, design) for dimension in design.dimensions]
    coordinates = dict(_coordinates(design, names))
    if curves:
        at = np.unique(np.concatenate(list(itertools.starmap(recorded_iterations, design.lengths.items()))))
        recorded = _recorded(tables, at)
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
    attributes = {"metric": tables.metric, **design.settings}
    if ITERATIONS.name not in design.columns:
        attributes[ITERATIONS.name] = design.iterations
    made = xr.Dataset(variables, coordinates, attributes)
    alone = [name for name, size in zip(names, shape, strict=True) if size == 1]
    return made.squeeze([name for name in alone if name not in design.replicate_columns])


def _name(dimension: Dimension, design: Design) -> str:
    """The name of a dimension: that of its axis; of axes that vary together, all of them; of a sample, another one."""
    shown = [name for name in dimension.names if name in design.columns] or list(dimension.names)
    return "configuration" if dimension.names == design.sampled and len(shown) > 1 else "_".join(shown)


def _coordinates(design: Design, names: list[str]) -> Iterator[tuple[str, Any]]:
    """The values of every identifying axis along its dimension."""
    inner, identity_of = design.size, Identity(design)
    for dimension, along in zip(design.dimensions, names, strict=True):
        inner //= dimension.size
        columns = identity_of(inner * np.arange(dimension.size))
        yield from ((name, ([along], columns[name])) for name in dimension.names if name in columns)


def _recorded(tables: Tables, at: Positions) -> list[tuple[str, Any]]:
    """The curves of every run of the grid at some iterations, nan where there is none: (runs, iterations) each."""
    design = tables.design
    names = [*measures(tables.score), *([] if design.patience is None else [VALIDATION_COST])]
    found, identity_of = [np.full((design.size, len(at)), np.nan) for _ in names], Identity(design)
    for positions, runs in tables.stored_blocks():
        columns = identity_of(positions)
        of_runs = columns.get(ITERATIONS.name, np.full(len(positions), design.iterations))
        for iterations in np.unique(of_runs).tolist():
            some = np.flatnonzero(of_runs == iterations)
            places = np.searchsorted(at, recorded_iterations(iterations, design.record_every_of(iterations)))
            records = min(len(places), runs.curves.shape[2])
            cells = np.ix_(positions[some], places[:records])
            for values, row in zip(found, range(runs.curves.shape[1]), strict=False):
                values[cells] = runs.curves[some, row, :records]
            if design.patience is not None:
                found[-1][cells] = runs.validation[some, :records]
    return list(zip(names, found, strict=True))
