"""Tables -> pictures: every kind of picture, and all of them for a results folder.

`draw_all` writes into the folder's `plots/`:

    accuracy.png               test accuracy of each hidden size: seeds, mean, interval, ties with the best
    boundaries.png             what the median seed of each hidden size has learned
    boundary_grid.png          what is learned at every hidden size and learning rate, and where seeds disagree
    convergence.png            iterations to a target test accuracy, of every seed
    cost_by_size.png           final cost against the number of parameters
    curves_cost.png            cost against iteration, median and quartiles over seeds
    curves_test_accuracy.png   the same for the test accuracy
    curves_train_accuracy.png  the same for the training accuracy
    data.png                   the training points
    distribution.png           test accuracy of every seed of every configuration, in the order of rank
    heat_map.png               mean test accuracy of every hidden size and learning rate
    parallel.png               all settings that vary as parallel coordinates

Other settings than hidden size and learning rate take their places where those do not vary, or less. What a sweep has
nothing for is not drawn: heat map and parallel coordinates of one setting, costs of one size, cells of the plane where
there are not two features.
A sweep over several problems gets such a set for each of the first 12: `accuracy-moons.png`,
`accuracy-moons-noise-0-1.png` and so on. From the command line: `python -m experiments.plots results`.

From Python, the results of a sweep have each function as a method: `results.plot_heat_map(x="l2", y="batch_size")`.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from experiments.knobs import closest
from experiments.plot_accuracies import plot_accuracy
from experiments.plot_choice import varied
from experiments.plot_curves import MEASURES, plot_curves
from experiments.plot_heat_map import plot_heat_map
from experiments.plot_material import MAX_CURVE_ROWS, Material, method
from experiments.plot_mosaic import plot_boundary_grid
from experiments.plot_parallel import plot_parallel
from experiments.plot_parts import figure_of
from experiments.plot_plane import plot_boundaries, plot_data
from experiments.plot_ranked import plot_convergence, plot_distribution
from experiments.plot_size import plot_cost_by_size

FUNCTIONS = (
    plot_accuracy, plot_distribution, plot_heat_map, plot_parallel, plot_curves, plot_convergence, plot_cost_by_size,
    plot_data, plot_boundaries, plot_boundary_grid,
)  # fmt: skip
__all__ = [
    "draw_all", "plot_accuracy", "plot_boundaries", "plot_boundary_grid", "plot_convergence", "plot_cost_by_size",
    "plot_curves", "plot_data", "plot_distribution", "plot_heat_map", "plot_parallel",
]  # fmt: skip

PICTURES: dict[str, Callable[..., Axes | Figure]] = {
    "accuracy": plot_accuracy,
    "distribution": plot_distribution,
    "heat_map": plot_heat_map,
    "parallel": plot_parallel,
    **{f"curves_{measure}": partial(plot_curves, measure=measure) for measure in MEASURES},
    "convergence": plot_convergence,
    "cost_by_size": plot_cost_by_size,
    "data": plot_data,
    "boundaries": plot_boundaries,
    "boundary_grid": plot_boundary_grid,
}
_SENSIBLE: Mapping[str, Callable[[Material], bool]] = {
    "heat_map": lambda material: len(varied(material.summary)) > 1,
    "parallel": lambda material: len(varied(material.summary)) > 1,
    "cost_by_size": lambda material: "hidden" in varied(material.summary),
    "boundary_grid": lambda material: len(material.data.X) == 2,
}

DPI = 120
MAX_PROBLEMS = 12

Say = Callable[[str], object]


def draw_all(folder: str | os.PathLike[str], results: Any = None, say: Say = warnings.warn) -> list[Path]:
    """Draw every picture of a results folder into its `plots/`; return the paths, sorted.

    Each file is replaced in one step, so that a reader never sees half a picture. A picture that is not drawn this time
    is removed, since it would show an earlier sweep; no other file is touched. `results` is what
    `experiments.tables.read(folder)` returns, for a caller that has read it already. Where a data set or a network
    cannot be read any more, `say` is told so, and what needs it is left out.

    Raises what `read` raises if the folder has no results, and OSError if it cannot be written to.
    """
    if results is None:
        from experiments import tables

        results = tables.read(folder)
    some_curves = results.some_curves(MAX_CURVE_ROWS)
    if some_curves[1]:
        say(f"in the pictures: {some_curves[1]}")
    problems = results.summary[results.problem_columns].drop_duplicates().to_dict("records")
    if len(problems) > MAX_PROBLEMS:
        say(f"in the pictures: the first {MAX_PROBLEMS} of {len(problems):,} problems")
        problems = problems[:MAX_PROBLEMS]
    plots = Path(folder) / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    written = []
    for problem, ending in zip(problems, file_endings(problems), strict=True):
        places = {picture: plots / f"{picture}{ending}.png" for picture in PICTURES}
        for picture, figure in pictures(Material(results, problem, some_curves), say):
            path = places.pop(picture)
            write_picture(figure, path)
            written.append(path)
        for path in places.values():
            path.unlink(missing_ok=True)
    return sorted(written)


def pictures(material: Material, say: Say = warnings.warn) -> Iterator[tuple[str, Figure]]:
    """Names and figures of all pictures of one problem, one at a time: a figure is large."""
    missing: dict[str, list[str]] = {}
    for picture, function in PICTURES.items():
        try:
            if picture in _SENSIBLE and not _SENSIBLE[picture](material):
                continue
            given = material.given(function, {})
        except (OSError, ValueError, LookupError) as error:
            missing.setdefault(str(error), []).append(picture.replace("_", " "))
            continue
        drawn = function(**given)
        yield picture, drawn if isinstance(drawn, Figure) else figure_of(drawn)
    for reason, names in missing.items():
        say(f"{material.name}: not drawn: {', '.join(names)}: {reason}")


def method_of(results: Any, name: str) -> Callable[..., Any]:
    """`plot_heat_map` and its like as a method of results. Raises AttributeError for another name."""
    functions = {function.__name__: function for function in FUNCTIONS}
    if name not in functions:
        raise AttributeError(f"expected a picture among {', '.join(functions)}, got {name}{closest(name, functions)}")
    return method(functions[name], results)


def file_endings(problems: list[dict[str, Any]]) -> list[str]:
    """What each problem adds to its files' names: nothing if it is the only one, else `-` and a safe name.

    A problem is the data set and its other knobs, of which those are named that differ. Safe is: at most 40 of the
    letters A-Z and a-z, digits, `_` and `-`; no folder, no file type; and different for different problems even where
    a file system does not tell upper from lower case.
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
    """Write a PNG file in one step; the same figure gives the same bytes."""
    from experiments.tables import replacing

    with replacing(path) as file:
        figure.set_dpi(DPI)
        # Not savefig, which draws twice where there is a layout. The name and version of the drawing software would
        # change the bytes with every update of it.
        FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})  # type: ignore[no-untyped-call]


def main(arguments: list[str] | None = None) -> int:
    """`python -m experiments.plots DIR`: 0 and a line for each picture, or 2 and one on what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.plots", description="Draw the pictures of a sweep into DIR/plots."
    )
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    parser.add_argument("--page", metavar="FILE.png", type=Path, help="also draw all of them on one page")
    options = parser.parse_args(arguments)

    def files(say: Say) -> list[Path]:
        written = draw_all(options.folder, say=say)
        if options.page:
            from experiments.plot_page import write_page

            write_page(written, options.page)
            written.append(options.page)
        return written

    return write_as_program(parser.prog, files)


def write_as_program(program: str, files: Callable[[Say], list[Path]]) -> int:
    """Write files and print their paths: 0, or 2 and a line on what is wrong. `files` gets what to say things by."""
    try:
        written = files(lambda message: print(" ".join(message.split()), file=sys.stderr))
    except (OSError, ValueError) as error:
        print(f"{program}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    try:
        for path in written:
            print(path)
        sys.stdout.flush()
    except BrokenPipeError:  # | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
