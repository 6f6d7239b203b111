"""The pictures of a results folder, in its `plots/`.

Each picture has a file, a function and a name: `heat_map.py` draws `heat_map.png` by `plot_heat_map`.

A sweep draws the usual ones, as far as they apply: a sample has slices and importances of its settings in place of
pictures with a place for each value, and data without two features have no plane. All others are drawn on demand. If
other settings have more values than hidden size and learning rate, they become the axes. A sweep over several problems
gets a set of pictures for each of the first 12: `accuracy-moons.png`, `accuracy-moons-noise-0-1.png` and so on.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import tempfile
import warnings
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.console import Say, to_run
from experiments.files import PLOTS
from experiments.plots.accuracy import plot_accuracy
from experiments.plots.axes import figure_of
from experiments.plots.beside import MOST_READ_TWICE, second_process, taking_turns
from experiments.plots.boundaries import plot_boundaries
from experiments.plots.boundary_grid import plot_boundary_grid
from experiments.plots.choice import varied
from experiments.plots.confusion import plot_confusion
from experiments.plots.convergence import plot_convergence
from experiments.plots.cost_by_size import plot_cost_by_size
from experiments.plots.curves import plot_curves
from experiments.plots.data import plot_data
from experiments.plots.distribution import plot_distribution
from experiments.plots.heat_map import plot_heat_map
from experiments.plots.hidden_units import plot_hidden_units
from experiments.plots.importance import FEWEST, plot_importance
from experiments.plots.learning_curves import plot_learning_curves
from experiments.plots.material import Material, Unreadable, problems_of, sampled_curves, some_curves_of
from experiments.plots.names import ALL, ANIMATION, FORMATS, MEASURES, NAMES, USUAL, Look
from experiments.plots.output import Film, fit, own_style, write_film, write_picture
from experiments.plots.overlap import complaint
from experiments.plots.page import write_drawn_page, write_page
from experiments.plots.parallel import plot_parallel
from experiments.plots.predicted import plot_predicted
from experiments.plots.race import names_of, plot_race
from experiments.plots.roc import plot_roc
from experiments.plots.slices import plot_slices
from experiments.plots.trained import MOMENTS
from experiments.plots.training_strip import FRAMES, film_of_training, plot_training_strip
from experiments.processes import Kept
from experiments.runner.observer import Stage
from experiments.tables.tables import Tables
from experiments.text import count, listed

MAX_PROBLEMS = 12
FEWEST_SHARED = 4  # pictures; for fewer, a second process would not have begun before they are done
_LOOK = Look()


class Picture(NamedTuple):
    """A picture: how to draw it from the material of a problem, with a title; and why it does not apply, or nothing."""

    draw: Callable[[Material, str | None], Axes | Figure | Film]
    why_not: Callable[[Material], str] = lambda _: ""
    has_curves: bool = False


def _of_grid(of: Material) -> str:
    return "a sample has slices instead" if of.is_sample else ""


def _of_sample(of: Material) -> str:
    return "" if of.is_sample else "only of a sample (--sample)"


def _of_large_sample(of: Material) -> str:
    few = len(of.summary) < FEWEST or len(varied(of.summary)) < 2
    return _of_sample(of) or (f"only of {FEWEST} configurations and two settings or more" if few else "")


def _of_grid_of_settings(of: Material) -> str:
    return _of_grid(of) or ("" if len(varied(of.summary)) > 1 else "only one setting varies")


def _in_the_plane(of: Material) -> str:
    return "" if len(of.data.X) == 2 else "only of data with two features"


def _of_hidden_units(of: Material) -> str:
    return _in_the_plane(of) or ("the best configuration has none" if str(of.best["hidden"]) == "0" else "")


def _of_grid_in_the_plane(of: Material) -> str:
    return _of_grid(of) or _in_the_plane(of)


def _of_classes(of: Material) -> str:
    return "only of classes, and this is a regression" if of.task == "regression" else ""


def _curves(measure: str) -> Picture:
    """The plot of a recorded measure; standard measures are drawn even if no run has finished."""

    def draw(of: Material, title: str | None) -> Figure:
        baselines = of.baselines_of_score if measure == f"test_{of.metric}" else ()
        curves, summary, note = of.first_curves
        return plot_curves(curves, measure, sampled=note, summary=summary, baselines=baselines, title=title)

    def why_not(of: Material) -> str:
        is_there = measure in of.curves and (measure != "test_cost" or bool(of.curves[measure].notna().any()))
        return "" if is_there else "not recorded by this sweep"

    return Picture(draw, why_not, has_curves=True)


def _learning_curves(of: Material, title: str | None) -> Figure:
    baselines = of.baselines_of_score
    how: dict[str, Any] = {"is_sample": of.is_sample, "baselines": baselines, "title": title}
    return plot_learning_curves(of.curves, of.summary, sampled=of.sampled, **how)


def _race(of: Material, title: str | None) -> Figure:
    assert of.race is not None
    return plot_race(of.race.decisions, names_of(of.summary), of.name, title=title)


def _hidden_units(of: Material, title: str | None) -> Figure:
    return plot_hidden_units(**of.hidden_units(), title=title)


def _training_strip(of: Material, title: str | None) -> Figure:
    return plot_training_strip(**of.strip(MOMENTS), title=title)


def _training(of: Material, title: str | None) -> Film | Figure:
    return film_of_training(**of.strip(FRAMES), title=title)


PICTURES: dict[str, Picture] = {
    "slices": Picture(lambda of, title: plot_slices(of.summary, of.baselines, title=title), _of_sample),
    "importance": Picture(lambda of, title: plot_importance(of.summary, title=title), _of_large_sample),
    "accuracy": Picture(
        lambda of, title: plot_accuracy(of.runs, of.summary, baselines=of.baselines, title=title), _of_grid
    ),
    "heat_map": Picture(
        lambda of, title: plot_heat_map(of.summary, baselines=of.baselines, title=title), _of_grid_of_settings
    ),
    "learning_curves": Picture(_learning_curves, has_curves=True),
    "race": Picture(
        _race, lambda of: "" if of.race is not None and len(of.summary) > 1 else "only of a race (--until-decided)"
    ),
    "boundaries": Picture(
        lambda of, title: plot_boundaries(of.networks, of.data, of.note, of.name, title=title), _of_grid_in_the_plane
    ),
    "boundary_grid": Picture(
        lambda of, title: plot_boundary_grid(of.summary, of.ensemble, of.data, title=title), _of_grid_in_the_plane
    ),
    "distribution": Picture(
        lambda of, title: plot_distribution(of.runs, of.summary, baselines=of.baselines, title=title)
    ),
    "parallel": Picture(lambda of, title: plot_parallel(of.summary, title=title), _of_grid_of_settings),
    **{f"curves_{measure}": _curves(measure) for measure in MEASURES},
    "convergence": Picture(
        lambda of, title: plot_convergence(of.curves, target=of.target, sampled=of.sampled, title=title),
        has_curves=True,
    ),
    "cost_by_size": Picture(
        lambda of, title: plot_cost_by_size(of.summary, of.features, title=title),
        lambda of: "" if "hidden" in varied(of.summary) else "only of several hidden sizes",
    ),
    "data": Picture(lambda of, title: plot_data(of.data, name=of.name, title=title), _in_the_plane),
    "hidden_units": Picture(_hidden_units, _of_hidden_units),
    "training_strip": Picture(_training_strip, _in_the_plane),
    "training": Picture(_training, _in_the_plane),
    "confusion": Picture(lambda of, title: plot_confusion(**of.classified(), title=title), _of_classes),
    "roc": Picture(lambda of, title: plot_roc(**of.classified(), title=title), _of_classes),
    "predicted": Picture(
        lambda of, title: plot_predicted(**of.valued(), title=title),
        lambda of: "" if of.task == "regression" else "only of a regression",
    ),
}


class Job(NamedTuple):
    """A picture to draw: its problem, by its place in the sweep; its name in ``PICTURES``; and its files."""

    problem: int
    picture: str
    paths: tuple[Path, ...]


class Done(NamedTuple):
    """What became of a job: whether it was drawn, or why it does not apply or cannot be; and complaints."""

    is_drawn: bool
    why_not: str = ""
    is_unreadable: bool = False
    complaints: tuple[str, ...] = ()


def draw_all(
    folder: str | os.PathLike[str],
    tables: Tables,
    say: Say = warnings.warn,
    read: Callable[[Path], Tables] | None = None,
    meanwhile: Callable[[], object] = lambda: None,
    *,
    only: Iterable[str] = (),
    look: Look = _LOOK,
    advanced: Callable[[Stage], None] = lambda _: None,
    kept: Kept | None = None,
) -> list[Path]:
    """Draw the usual pictures of a sweep into the `plots/` of a results folder; return the sorted paths.

    Each file is replaced atomically, so that a reader never sees a partial plot. If a data set or a network cannot be
    read, `say` gets a note, and the plots that need it are left out. Raises OSError if the folder is not writable.

    Pictures that are not drawn this time are removed, since they would show an earlier sweep, and `say` gets their
    names; other files are not changed. `only` names the pictures to draw ("all" is all of them): then, and with other
    formats than PNG, nothing is removed but files of these pictures that do not apply any more.

    With `read`, which reads the same tables from the folder, a second process draws half of the plots: `kept`, if one
    was started before. `meanwhile` is called once that has begun, and `advanced` with the progress.
    """
    asked = tuple(only)
    names = [name for name in PICTURES if ALL in asked or name in (asked or USUAL)]
    problems = problems_of(tables)
    if len(problems) > MAX_PROBLEMS:
        say(f"in the plots: the first {MAX_PROBLEMS} of {len(problems):,} problems")
        problems = problems[:MAX_PROBLEMS]
    if (note := sampled_curves(tables)) and any(PICTURES[name].has_curves for name in names):
        say(f"in the plots: {note}")
    (plots := Path(folder) / PLOTS).mkdir(parents=True, exist_ok=True)
    read_curves = some_curves_of(tables)
    materials = [Material(tables, problem, read_curves) for problem in problems]
    endings = file_endings(problems)
    jobs = [
        Job(place, name, tuple(plots / f"{name}{ending}.{kind}" for kind in _kinds(name, look)))
        for place, ending in enumerate(endings)
        for name in names
    ]
    waiting, done = deque(jobs), dict[Job, Done]()

    def say_how_far() -> None:
        advanced(Stage("drawing", len(done), len(jobs), "plot"))

    say_how_far()
    with contextlib.ExitStack() as beside:
        if read is not None and tables.design.n_runs <= MOST_READ_TWICE and len(jobs) >= FEWEST_SHARED:
            second = kept or beside.enter_context(second_process())
            draw = functools.partial(_draw_beside, read, Path(folder), look)
            beside.enter_context(taking_turns(second, waiting, draw, done))
        meanwhile()
        _draw_until_empty(waiting, materials, look, done, say_how_far)
    _draw_until_empty(waiting, materials, look, done, say_how_far)  # what the second process could not draw
    _report(jobs, materials, done, {*asked} - {ALL}, say)
    written = sorted(path for job in jobs if done[job].is_drawn for path in job.paths)
    if not asked and look.formats == _LOOK.formats:
        removed = [path for path in known_files(plots, endings) if path not in written and _unlink(path)]
        if removed:
            which = listed(sorted(path.name for path in removed), most=2)
            say(f"removed {count(len(removed), 'plot')} not drawn any more: {which}")
            say(f"{to_run(f'plots {folder} --only {ALL}')} draws all that apply")
    return written


def _kinds(name: str, look: Look) -> tuple[str, ...]:
    return (ANIMATION,) if name == "training" else look.formats


def _report(
    jobs: Sequence[Job], materials: Sequence[Material], done: dict[Job, Done], named: set[str], say: Say
) -> None:
    """Say what could not be drawn; of pictures asked for by name, also what does not apply."""
    for place, material in enumerate(materials):
        missing: dict[str, list[str]] = {}
        for job in jobs:
            if job.problem != place:
                continue
            for complaint_of in done[job].complaints:
                say(complaint_of)
            if done[job].why_not and (done[job].is_unreadable or job.picture in named):
                missing.setdefault(done[job].why_not, []).append(job.picture.replace("_", " "))
        for reason, names in missing.items():
            say(f"{material.name}: not drawn: {', '.join(names)}: {reason}")


def _draw_until_empty(
    waiting: deque[Job],
    materials: Sequence[Material],
    look: Look,
    done: dict[Job, Done],
    say_how_far: Callable[[], None],
) -> None:
    with contextlib.suppress(IndexError):
        while True:
            job = waiting.popleft()
            done[job] = _draw(job, materials[job.problem], look)
            say_how_far()


def _draw_beside(read: Callable[[Path], Tables], folder: Path, look: Look, job: Job) -> Done:
    """``_draw`` in the second process."""
    return _draw(job, _materials(read, folder)[job.problem], look)


@functools.lru_cache(1)
def _materials(read: Callable[[Path], Tables], folder: Path) -> list[Material]:
    tables = read(folder)
    read_curves = some_curves_of(tables)
    return [Material(tables, problem, read_curves) for problem in problems_of(tables)[:MAX_PROBLEMS]]


def _draw(job: Job, material: Material, look: Look) -> Done:
    """Write the files of a picture, or remove them if it does not apply."""
    with own_style():
        try:
            drawn = _drawn(job.picture, material, _title(material, look))
            if isinstance(drawn, str):
                _remove(job.paths)
                return Done(False, drawn)
            complaints: list[str] = []
            for path in job.paths:
                if isinstance(drawn, Film):
                    write_film(drawn, path, look)
                    continue
                write_picture(drawn, path, look)
                if look.size is not None and not complaints and (said := complaint(drawn)):
                    complaints.append(f"{path.name}: {said}")
            return Done(True, complaints=tuple(complaints))
        except Unreadable as error:
            _remove(job.paths)
            return Done(False, str(error), is_unreadable=True)


def _title(material: Material, look: Look) -> str | None:
    """The title asked for; of several problems, with the name of each."""
    several = len(problems_of(material.tables)) > 1
    return f"{material.name}: {look.title}" if several and look.title else look.title


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _unlink(path: Path) -> bool:
    """Remove a file; whether there was one."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def known_files(plots: Path, endings: Iterable[str]) -> list[Path]:
    """The names that files of pictures can have, with these endings or none."""
    kinds = (*FORMATS, ANIMATION)
    return [plots / f"{name}{ending}.{kind}" for ending in {"", *endings} for name in NAMES for kind in kinds]


def remove_all(folder: Path, tables: Tables) -> None:
    """Remove the plots of an earlier sweep, by the names that those of this one would have."""
    _remove(known_files(folder / PLOTS, file_endings(problems_of(tables)[:MAX_PROBLEMS])))


def picture(name: str, material: Material, title: str | None = None) -> Figure | None:
    """The figure of a picture of one problem; None if it does not apply. Raises Unreadable."""
    drawn = _drawn(name, material, title)
    return None if isinstance(drawn, str) else drawn.figure if isinstance(drawn, Film) else drawn


def write_again(tables: Tables, stems: Container[str], path: Path, look: Look = _LOOK) -> None:
    """Draw the pictures with these names of files, without suffix, once more on one page: a PNG, PDF or SVG file."""
    problems = problems_of(tables)[:MAX_PROBLEMS]
    read_curves = some_curves_of(tables)
    figures: dict[str, Figure] = {}
    with own_style():
        for problem, ending in zip(problems, file_endings(problems), strict=True):
            material = Material(tables, problem, read_curves)
            for name in PICTURES:
                if f"{name}{ending}" in stems and isinstance(
                    drawn := _drawn(name, material, _title(material, look)), Figure
                ):
                    fit(drawn, look)
                    figures[f"{name}{ending}"] = drawn
        in_order = [figures[stem] for stem in sorted(figures)]
        if path.suffix.lower() != ".png":
            write_drawn_page(in_order, path, look.dpi)
            return
        with tempfile.TemporaryDirectory() as folder:
            made = [Path(folder) / f"{stem}.png" for stem in sorted(figures)]
            for figure, file in zip(in_order, made, strict=True):
                write_picture(figure, file, look)
            write_page(made, path)


def _drawn(name: str, material: Material, title: str | None) -> Figure | Film | str:
    """The figure or the film of a picture, or why it does not apply."""
    if reason := PICTURES[name].why_not(material):
        return reason
    drawn = PICTURES[name].draw(material, title)
    return drawn if isinstance(drawn, (Figure, Film)) else figure_of(drawn)


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
