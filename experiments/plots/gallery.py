"""All plots of a results folder, in its `plots/`.

Each plot has a file, a function and a name: `heat_map.py` draws `heat_map.png` by `plot_heat_map`.

If other settings have more values than hidden size and learning rate, they become the axes. Plots that do not apply
are not drawn: heat map and parallel coordinates of one setting, costs of one size, points and boundaries without two
features, and data that were not recorded, such as test costs by older versions. A sample has slices and importances of
its settings in place of plots with a place for each value. A sweep over several problems gets a set of plots for each
of the first 12: `accuracy-moons.png`, `accuracy-moons-noise-0-1.png` and so on.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.console import Say
from experiments.files import PLOTS, replacing
from experiments.plots.accuracy import plot_accuracy
from experiments.plots.axes import figure_of
from experiments.plots.beside import taking_turns
from experiments.plots.boundaries import plot_boundaries
from experiments.plots.boundary_grid import plot_boundary_grid
from experiments.plots.choice import varied
from experiments.plots.convergence import plot_convergence
from experiments.plots.cost_by_size import plot_cost_by_size
from experiments.plots.curves import MEASURES, plot_curves
from experiments.plots.data import plot_data
from experiments.plots.distribution import plot_distribution
from experiments.plots.heat_map import plot_heat_map
from experiments.plots.importance import FEWEST, plot_importance
from experiments.plots.material import MAX_CURVE_ROWS, Material, Unreadable, problems_of
from experiments.plots.parallel import plot_parallel
from experiments.plots.race import names_of, plot_race
from experiments.plots.slices import plot_slices
from experiments.tables.tables import Tables

DPI = 120
MAX_PROBLEMS = 12
MOST_READ_TWICE = 100_000  # runs; above, the memory of a second process is not worth its time


class Picture(NamedTuple):
    """A plot: how to draw it from the material of a problem, and whether it applies."""

    draw: Callable[[Material], Axes | Figure]
    is_sensible: Callable[[Material], bool] = lambda _: True


def _is_grid(of: Material) -> bool:
    return not of.is_sample


def _is_sample(of: Material) -> bool:
    return of.is_sample


def _is_large_sample(of: Material) -> bool:
    return of.is_sample and len(of.summary) >= FEWEST and len(varied(of.summary)) > 1


def _is_grid_of_settings(of: Material) -> bool:
    return not of.is_sample and len(varied(of.summary)) > 1


def _in_the_plane(of: Material) -> bool:
    return len(of.data.X) == 2


def _is_grid_in_the_plane(of: Material) -> bool:
    return not of.is_sample and len(of.data.X) == 2


def _curves(measure: str) -> Picture:
    """The plot of a recorded measure; standard measures are drawn even if no run has finished."""

    def draw(of: Material) -> Figure:
        baselines = of.baselines_of_score if measure == f"test_{of.metric}" else ()
        curves, summary, note = of.first_curves
        return plot_curves(curves, measure, sampled=note, summary=summary, baselines=baselines)

    def is_sensible(of: Material) -> bool:
        return measure in of.curves and (measure != "test_cost" or bool(of.curves[measure].notna().any()))

    return Picture(draw, is_sensible)


def _race(of: Material) -> Figure:
    assert of.race is not None
    return plot_race(of.race.decisions, names_of(of.summary), of.name)


PICTURES: dict[str, Picture] = {
    "slices": Picture(lambda of: plot_slices(of.summary, of.baselines), _is_sample),
    "importance": Picture(lambda of: plot_importance(of.summary), _is_large_sample),
    "accuracy": Picture(lambda of: plot_accuracy(of.runs, of.summary, baselines=of.baselines), _is_grid),
    "distribution": Picture(lambda of: plot_distribution(of.runs, of.summary, baselines=of.baselines)),
    "heat_map": Picture(lambda of: plot_heat_map(of.summary, baselines=of.baselines), _is_grid_of_settings),
    "parallel": Picture(lambda of: plot_parallel(of.summary), _is_grid_of_settings),
    **{f"curves_{measure}": _curves(measure) for measure in MEASURES},
    "convergence": Picture(lambda of: plot_convergence(of.curves, target=of.target, sampled=of.sampled)),
    "cost_by_size": Picture(
        lambda of: plot_cost_by_size(of.summary, of.features), lambda of: "hidden" in varied(of.summary)
    ),
    "race": Picture(_race, lambda of: of.race is not None and len(of.summary) > 1),
    "data": Picture(lambda of: plot_data(of.data, name=of.name), _in_the_plane),
    "boundaries": Picture(lambda of: plot_boundaries(of.networks, of.data, of.note, of.name), _is_grid_in_the_plane),
    "boundary_grid": Picture(lambda of: plot_boundary_grid(of.summary, of.ensemble, of.data), _is_grid_in_the_plane),
}


class Job(NamedTuple):
    """A plot to draw: its place among the problems of the sweep, its name in ``PICTURES``, and its file."""

    problem: int
    picture: str
    path: Path


def draw_all(
    folder: str | os.PathLike[str],
    tables: Tables,
    say: Say = warnings.warn,
    read: Callable[[Path], Tables] | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> list[Path]:
    """Draw all plots of a sweep into the `plots/` of a results folder; return the sorted paths.

    Each file is replaced atomically, so that a reader never sees a partial plot. Plots that are not drawn this time are
    removed, since they would show an earlier sweep; other files are not changed. If a data set or a network cannot be
    read, `say` gets a note, and the plots that need it are left out. Raises OSError if the folder is not writable.

    With `read`, which reads the same tables from the folder, a second process draws half of the plots. `meanwhile` is
    called once that has begun.
    """
    some_curves = tables.some_curves(MAX_CURVE_ROWS)
    if some_curves[1]:
        say(f"in the plots: {some_curves[1]}")
    problems = problems_of(tables)
    if len(problems) > MAX_PROBLEMS:
        say(f"in the plots: the first {MAX_PROBLEMS} of {len(problems):,} problems")
        problems = problems[:MAX_PROBLEMS]
    (plots := Path(folder) / PLOTS).mkdir(parents=True, exist_ok=True)
    materials = [Material(tables, problem, some_curves) for problem in problems]
    jobs = [
        Job(place, picture, plots / f"{picture}{ending}.png")
        for place, ending in enumerate(file_endings(problems))
        for picture in PICTURES
    ]
    waiting, done = deque(jobs), dict[Job, bool | str]()
    second: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if read is not None and tables.design.n_runs <= MOST_READ_TWICE:
        second = taking_turns(waiting, functools.partial(_draw_beside, read, Path(folder)), done)
    with second:
        meanwhile()
        _draw_until_empty(waiting, materials, done)
    _draw_until_empty(waiting, materials, done)  # what the second process could not draw
    for place, material in enumerate(materials):
        missing: dict[str, list[str]] = {}
        for job in jobs:
            if job.problem == place and isinstance(reason := done[job], str):
                missing.setdefault(reason, []).append(job.picture.replace("_", " "))
        for reason, names in missing.items():
            say(f"{material.name}: not drawn: {', '.join(names)}: {reason}")
    return sorted(job.path for job in jobs if done[job] is True)


def _draw_until_empty(waiting: deque[Job], materials: Sequence[Material], done: dict[Job, bool | str]) -> None:
    with contextlib.suppress(IndexError):
        while True:
            job = waiting.popleft()
            done[job] = _draw(job, materials[job.problem])


def _draw_beside(read: Callable[[Path], Tables], folder: Path, job: Job) -> bool | str:
    """``_draw`` in the second process."""
    return _draw(job, _materials(read, folder)[job.problem])


@functools.lru_cache(1)
def _materials(read: Callable[[Path], Tables], folder: Path) -> list[Material]:
    tables = read(folder)
    some_curves = tables.some_curves(MAX_CURVE_ROWS)
    return [Material(tables, problem, some_curves) for problem in problems_of(tables)[:MAX_PROBLEMS]]


def _draw(job: Job, material: Material) -> bool | str:
    """Write a plot, or remove its file. Returns whether it was drawn, or why its material cannot be read."""
    done: bool | str = False
    with mpl.rc_context():
        mpl.rcdefaults()  # a matplotlibrc, even one in the working folder, changes no plot
        try:
            if (figure := picture(job.picture, material)) is not None:
                write_picture(figure, job.path)
                return True
        except Unreadable as error:
            done = str(error)
    job.path.unlink(missing_ok=True)
    return done


def remove_all(folder: Path, tables: Tables) -> None:
    """Remove the plots of an earlier sweep, by the names that those of this one would have."""
    problems = problems_of(tables)[:MAX_PROBLEMS]
    for ending in file_endings(problems):
        for picture in PICTURES:
            (folder / PLOTS / f"{picture}{ending}.png").unlink(missing_ok=True)


def picture(name: str, material: Material) -> Figure | None:
    """The figure of a plot of one problem; None if it does not apply. Raises Unreadable."""
    if not PICTURES[name].is_sensible(material):
        return None
    drawn = PICTURES[name].draw(material)
    return drawn if isinstance(drawn, Figure) else figure_of(drawn)


def file_endings(problems: list[dict[str, Any]]) -> list[str]:
    """The suffix of the file names of each problem: empty for a single problem, otherwise `-` and a safe name.

    The name consists of the data set and the problem knobs that differ. Safe means: at most 40 characters A-Z, a-z,
    digits, `_` and `-`; no folder, no file extension; and different for different problems even on file systems that
    ignore case.
    """
    if len(problems) == 1:
        return [""]
    endings: list[str] = []
    knobs = [name for name in problems[0] if name != "dataset" and len({problem[name] for problem in problems}) > 1]
    for problem in problems:
        name = "-".join([Path(problem["dataset"]).stem, *(f"{knob}-{problem[knob]}" for knob in knobs)])
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", name)[:40].strip("-") or "data"
        ending, n = f"-{stem}", 1
        while ending.lower() in map(str.lower, endings):
            n += 1
            ending = f"-{stem}-{n}"
        endings.append(ending)
    return endings


def write_picture(figure: Figure, path: Path) -> None:
    """Write a PNG file atomically; the same figure gives the same bytes."""
    with replacing(path) as file:
        figure.set_dpi(DPI)
        # Not savefig, which draws twice if there is a layout. The software name is omitted, since its version would
        # change the bytes with every update.
        FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})  # type: ignore[no-untyped-call]
