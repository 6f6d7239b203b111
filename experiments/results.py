"""The results of a sweep: its tables and networks, with a method for each plot."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from experiments.console import to_run
from experiments.files import MANIFEST, SHARD, STORE, ResultsError
from experiments.knobs.knob import SweepError
from experiments.models.ensemble import model_of
from experiments.models.model import Model
from experiments.store.store import Store
from experiments.tables.build import build
from experiments.tables.races import Race
from experiments.tables.schema import check_data, read_manifest
from experiments.tables.sources import stored_sources
from experiments.tables.tables import Tables
from experiments.tables.words import label, said
from experiments.text import count

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from experiments.plots.material import Material
    from experiments.report.cell import Frame

_SMALL = 10**6  # runs of which the tables fit into any memory

Problem = Mapping[str, Any] | pd.Series
"""A row of ``summary``, or the columns of it that name the problem."""


@dataclass(frozen=True)
class Results(Tables):
    """The results returned by ``Sweep.run`` and ``read``.

    manifest: the content of sweep.json: the request, the data, and how the sweep was carried out

    Each plot method returns what a notebook displays: the panel, or the figure of several panels. They take a ``title``
    (an empty one leaves out the notes as well); ``problem``, a row of ``summary``, if the sweep has several problems;
    and those of one panel an ``ax`` to draw into. Any setting can be an axis, also one of words, such as the
    activation. They do not use matplotlib's pyplot, and raise ValueError for an unknown axis.
    """

    manifest: dict[str, Any]

    @classmethod
    def of(cls, tables: Tables, manifest: dict[str, Any]) -> Self:
        """Tables with their manifest."""
        return cls(**{field.name: getattr(tables, field.name) for field in fields(Tables)}, manifest=manifest)

    def __repr__(self) -> str:
        where = None if isinstance(self.store, Store) else self.store.parent
        best = self.summary[f"mean_test_{self.metric}"]
        best = best.max() if self.larger_is_better else best.min()
        reached = "" if pd.isna(best) else f", best mean test {label(self.metric)} {said(self.metric, best, False)}"
        return (
            f"<Results of {count(self.design.n_runs, 'run')}: {count(len(self.summary), 'configuration')}{reached}"
            f"{'' if where is None else f', in {where}'}>"
        )

    def _repr_html_(self) -> str:
        return self._in_a_cell

    @cached_property
    def _in_a_cell(self) -> str:
        from experiments.report.cell import cell  # matplotlib takes a third of a second to import

        return cell(self, self.manifest, self._first_picture())

    def _first_picture(self) -> Figure | None:
        """The picture that says most: of two settings or more the heat map, of a sample the slices."""
        from experiments.plots.axes import figure_of
        from experiments.plots.choice import varied
        from experiments.plots.output import own_style

        problem = self.summary.iloc[0]
        several = len(varied(self._material(problem).summary)) > 1
        with own_style():
            try:
                if self.design.sampled:
                    return self.plot_slices(problem=problem)
                draw = self.plot_heat_map if several else self.plot_accuracy
                return figure_of(draw(problem=problem))
            except (ValueError, LookupError):  # there is nothing to draw, if every run failed
                return None

    def report(self, height: int = 800) -> Frame:
        """The report, in which networks train again, in a frame of a notebook, ``height`` pixels high.

        The page is in the notebook, about 1.5 MB, and needs neither a file nor a server.
        """
        from experiments.report.cell import Frame  # Altair takes half a second to import
        from experiments.report.page import page

        return Frame(page(self, self.manifest), height)

    def to_xarray(self, curves: bool = False) -> xr.Dataset:
        """The measures of every run as an xarray Dataset, with a dimension for each axis, the seed, and the fold.

        Axes that vary together are one dimension, ``learning_rate_l2``, and so is a sample, ``configuration``; axes of
        one value are coordinates without a dimension. Runs that failed, or that a race did not need, are nan. With
        ``curves``, the measures are those recorded during training, with the further dimension ``iteration``. Raises
        ResultsError if xarray is not installed.
        """
        from experiments.tables.labelled import labelled

        return labelled(self, curves)

    def _material(self, problem: Problem | None) -> Material:
        from experiments.plots.material import material_of  # matplotlib takes a third of a second to import

        return material_of(self, problem)

    def model(self, configuration: Mapping[str, Any] | pd.Series | None = None, seed: int | None = None) -> Model:
        """The networks of a configuration, a row of ``summary``, as one model; by default of the best one.

        The predictions of all seeds and folds are averaged; ``seed`` selects one seed. Raises ResultsError if the data
        are not a table, and for several problems without a ``configuration``.
        """
        return model_of(self, configuration, seed)

    def predict(
        self, rows: Any, configuration: Mapping[str, Any] | pd.Series | None = None, seed: int | None = None
    ) -> pd.DataFrame:
        """Predict the rows of a file or a DataFrame, in the units and with the class names of the training table.

        Columns are matched by name, in any order. Returns one row for each: ``predicted_TARGET``, and
        ``probability_CLASS`` for each class. Raises as ``model``, and DataError for unreadable rows.
        """
        return self.model(configuration, seed).predict(rows).table

    def plot_accuracy(
        self, x: str | None = None, *, ax: Axes | None = None, title: str | None = None, problem: Problem | None = None
    ) -> Axes:
        """The ranking metric for each hidden size, or value of the setting ``x``: replicates, mean, interval, ties."""
        from experiments.plots.accuracy import plot_accuracy

        of = self._material(problem)
        return plot_accuracy(of.runs, of.summary, ax, x, of.baselines, title=title)

    def plot_distribution(
        self, *, ax: Axes | None = None, title: str | None = None, problem: Problem | None = None
    ) -> Axes:
        """The ranking metric of every replicate of every configuration, ordered by rank."""
        from experiments.plots.distribution import plot_distribution

        of = self._material(problem)
        return plot_distribution(of.runs, of.summary, ax, of.baselines, title=title)

    def plot_heat_map(
        self,
        x: str | None = None,
        y: str | None = None,
        *,
        ax: Axes | None = None,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Axes:
        """The mean of the ranking metric over two settings ``x`` and ``y``; by default those with most values."""
        from experiments.plots.heat_map import plot_heat_map

        of = self._material(problem)
        return plot_heat_map(of.summary, ax, x, y, of.baselines, title=title)

    def plot_parallel(
        self, *, ax: Axes | None = None, title: str | None = None, problem: Problem | None = None
    ) -> Axes:
        """All varying settings as parallel coordinates, one line per configuration."""
        from experiments.plots.parallel import plot_parallel

        return plot_parallel(self._material(problem).summary, ax, title=title)

    def plot_slices(self, *, title: str | None = None, problem: Problem | None = None) -> Figure:
        """The mean of the ranking metric of every configuration against each setting."""
        from experiments.plots.slices import plot_slices

        of = self._material(problem)
        return plot_slices(of.summary, of.baselines, title=title)

    def plot_importance(
        self, *, ax: Axes | None = None, title: str | None = None, problem: Problem | None = None
    ) -> Axes:
        """The importance of each setting for the ranking metric, by a random forest and permutations."""
        from experiments.plots.importance import plot_importance

        return plot_importance(self._material(problem).summary, ax, title=title)

    def plot_curves(
        self,
        measure: str = "cost",
        x: str | None = None,
        y: str | None = None,
        *,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Figure:
        """Learning curves: median and quartiles of a measure over replicates.

        The measure is cost, test_cost, with early stopping validation_cost, train_accuracy or test_accuracy; for
        regression train_r2 or test_r2. ``x`` names the setting of the lines, ``y`` that of the panels. Of a sample,
        without these, the curves are those of the first eight configurations in rank.
        """
        from experiments.plots.curves import plot_curves

        of = self._material(problem)
        baselines = of.baselines_of_score if measure == f"test_{of.metric}" else ()
        curves, summary, note = of.first_curves if x is y is None else (of.curves, of.summary, of.sampled)
        return plot_curves(curves, measure, x, y, note, summary=summary, baselines=baselines, title=title)

    def plot_learning_curves(
        self, x: str | None = None, *, title: str | None = None, problem: Problem | None = None
    ) -> Figure:
        """Cost and accuracy, or R^2, of the training and the test part, for each hidden size or value of ``x``."""
        from experiments.plots.learning_curves import plot_learning_curves

        of = self._material(problem)
        how: dict[str, Any] = {"is_sample": of.is_sample, "baselines": of.baselines_of_score, "title": title}
        return plot_learning_curves(of.curves, of.summary, x, of.sampled, **how)

    def plot_convergence(
        self,
        target: float | None = None,
        *,
        ax: Axes | None = None,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Axes:
        """Iterations until each replicate reaches a target test accuracy or R^2; by default that of the summary."""
        from experiments.plots.convergence import plot_convergence

        of = self._material(problem)
        return plot_convergence(of.curves, ax, of.target if target is None else target, of.sampled, title=title)

    @property
    def race(self) -> Race:
        """The race between the configurations, with ``decisions``; ``races`` has that of each problem.

        Raises ValueError without ``until_decided``, and for several problems.
        """
        if len(self.races) != 1:
            raise ValueError(f"expected the race of one problem, found {len(self.races):,}; see races")
        return self.races[0]

    def plot_race(self, *, title: str | None = None, problem: Problem | None = None) -> Figure:
        """Configurations that are not ruled out, and the evidence against each, after every seed.

        Raises ValueError without ``until_decided``.
        """
        from experiments.plots.race import names_of, plot_race

        of = self._material(problem)
        if of.race is None:
            raise ValueError("expected a sweep with until_decided, in which configurations race")
        return plot_race(of.race.decisions, names_of(of.summary), of.name, title=title)

    def plot_cost_by_size(
        self, *, ax: Axes | None = None, title: str | None = None, problem: Problem | None = None
    ) -> Axes:
        """Final cost of every configuration against the number of parameters."""
        from experiments.plots.cost_by_size import plot_cost_by_size

        of = self._material(problem)
        return plot_cost_by_size(of.summary, of.features, ax, title=title)

    def plot_data(self, *, ax: Axes | None = None, title: str | None = None, problem: Problem | None = None) -> Axes:
        """The training points in the plane of their two inputs."""
        from experiments.plots.data import plot_data

        of = self._material(problem)
        return plot_data(of.data, ax, of.name, title=title)

    def plot_boundaries(self, *, title: str | None = None, problem: Problem | None = None) -> Figure:
        """The decision boundary of the median replicate of each hidden size."""
        from experiments.plots.boundaries import plot_boundaries

        of = self._material(problem)
        return plot_boundaries(of.networks, of.data, of.note, of.name, title=title)

    def plot_boundary_grid(
        self,
        x: str | None = None,
        y: str | None = None,
        *,
        ax: Axes | None = None,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Axes:
        """Decision boundaries for every pair of values of two settings, grey where seeds disagree."""
        from experiments.plots.boundary_grid import plot_boundary_grid

        of = self._material(problem)
        return plot_boundary_grid(of.summary, of.ensemble, of.data, ax, x, y, title=title)

    def plot_hidden_units(
        self,
        configuration: Problem | None = None,
        seed: int | None = None,
        *,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Figure:
        """What each hidden unit computes over the plane: of the median replicate of a configuration, or of a seed.

        ``configuration`` is a row of ``summary``, by default the best one. Raises ValueError if there is no such
        network; so do the methods below.
        """
        from experiments.plots.hidden_units import plot_hidden_units

        of = self._material(problem if configuration is None else configuration)
        return plot_hidden_units(**of.hidden_units(configuration, seed), title=title)

    def plot_training_strip(
        self,
        configuration: Problem | None = None,
        seed: int | None = None,
        *,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Figure:
        """The decision boundary at about eight moments of a training; the network is chosen as above."""
        from experiments.plots.trained import MOMENTS
        from experiments.plots.training_strip import plot_training_strip

        of = self._material(problem if configuration is None else configuration)
        return plot_training_strip(**of.strip(MOMENTS, configuration, seed), title=title)

    def plot_confusion(
        self,
        configuration: Problem | None = None,
        *,
        ax: Axes | None = None,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Axes:
        """True and predicted classes: the test examples of all replicates of a configuration together."""
        from experiments.plots.confusion import plot_confusion

        of = self._material(problem if configuration is None else configuration)
        return plot_confusion(**of.classified(configuration), ax=ax, title=title)

    def plot_roc(
        self,
        configuration: Problem | None = None,
        *,
        ax: Axes | None = None,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Axes:
        """True against false positives on the test examples: each replicate of a configuration, and their mean."""
        from experiments.plots.roc import plot_roc

        of = self._material(problem if configuration is None else configuration)
        return plot_roc(**of.classified(configuration), ax=ax, title=title)

    def plot_predicted(
        self,
        configuration: Problem | None = None,
        *,
        ax: Axes | None = None,
        title: str | None = None,
        problem: Problem | None = None,
    ) -> Axes:
        """Of a regression: predicted against true values of the test examples, of all replicates of a configuration."""
        from experiments.plots.predicted import plot_predicted

        of = self._material(problem if configuration is None else configuration)
        return plot_predicted(**of.valued(configuration), ax=ax, title=title)


def read(folder: str | os.PathLike[str]) -> Results:
    """The results in a folder. Raises ResultsError if there are none or they are damaged."""
    folder = Path(folder)
    path = folder / MANIFEST
    try:
        with checked(path):
            manifest, design = read_manifest(path)
    except FileNotFoundError:
        found = f"only a shard ({SHARD}): join all with {to_run('merge')}"
        found = found if (folder / SHARD).exists() else f"no {MANIFEST}"
        raise ResultsError(f"{folder}: expected the results of a sweep, found {found}") from None
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read ({error.strerror})") from None
    with checked(path), Store(folder / STORE, writes=False) as opened:
        if design.n_runs > _SMALL and opened.count(design.n_runs) < design.n_runs:  # before there is a row for each
            raise ResultsError(f"{opened.name}: some runs of the sweep are missing: run it again")
        sources = stored_sources(design, manifest["data"], opened)
        check_data(design, manifest["data"], sources)
        tables = build(design, manifest["data"], sources, opened)
    return Results.of(replace(tables, store=folder / STORE), manifest)


@contextlib.contextmanager
def checked(path: Path) -> Iterator[None]:
    """Whatever a manifest that no sweep has written can raise, as a ResultsError."""
    try:
        yield
    except (ResultsError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - what a check has let pass can raise anything
        reason = str(error) if type(error) in (ValueError, SweepError) else f"{type(error).__name__}: {error}"
        raise ResultsError(f"{path}: cannot be read ({' '.join(reason.split())}): run the sweep again") from None
