"""Results -> one HTML file: `report.html`, which opens from disk, with no network and nothing beside it.

It holds the tables, curves, networks and data of a sweep, as far as they fit into some megabytes; what does not fit is
left out evenly, and the page says what. Its charts are Vega-Lite's, by Altair, and their JavaScript comes with
vl-convert. Its own is in `experiments/web`; there a network trains again in the page.

From the command line: `python -m experiments.report results` makes the page and the pictures again.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import html
import json
import os
import re
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.features import Term, parse
from experiments.knobs import AXES, HIDDEN, SEED, in_words, known_value, text_of
from experiments.plot_choice import evenly
from experiments.store import STATUSES
from experiments.tables import MEASURES, REPORT, replacing
from planar_core.training import recorded_iterations

if TYPE_CHECKING:
    from experiments.datasets import Data
    from experiments.tables import Results

WEB = Path(__file__).parent / "web"
# Each after those that it imports.
MODULES = ("words", "random", "network", "plane", "model", "charts", "table", "trainer", "page")

# What the page holds at most. Together with some 0.9 MB of Vega that is about 6 MB.
MOST_CONFIGURATIONS = 10_000
MOST_RUNS = 100_000
MOST_POINTS = 75_000  # of curves; the default sweep has 17,850
MOST_PARAMETERS = 150_000  # of networks
MOST_DATA = 100_000  # numbers in data sets
FEWEST_RECORDS = 11  # to which curves are thinned out, before some are left out

_STATISTICS = (
    "n_seeds", "n_diverged", "n_failed", "n_stuck",
    "mean_test_accuracy", "std_test_accuracy", "ci_low_test_accuracy", "ci_high_test_accuracy",
    "rank_test_accuracy", "tied_with_best",
    "difference_to_best", "difference_ci_low", "difference_ci_high",
    "mean_train_accuracy", "mean_cost", "median_iterations_to_target",
)  # fmt: skip
_HOW = [axis for axis in AXES if not axis.is_problem and axis not in (HIDDEN, SEED)]
_PROBLEMS_NAMED = 20

Ints = npt.NDArray[np.int64]
Say = Callable[[str], object]


# ------------------------------------------------------------------------------------------------ what the page holds


def contents(results: Results) -> dict[str, Any]:
    """What the page holds of a sweep, as plain values, arrays as base64: a function of the results alone."""
    notes: list[str] = []
    summary, n_seeds = results.summary, len(results.runs) // max(1, len(results.summary))
    columns = [name for name in results.columns if name != "seed"]
    kept = _kept_configurations(summary, columns, notes)
    seeds = _kept_seeds(n_seeds, len(kept), notes)
    position = kept[:, np.newaxis] * n_seeds + seeds  # of each run of the page among all of them
    runs = results.runs.iloc[position.ravel()]
    summary = summary.iloc[kept].reset_index(drop=True)

    at = recorded_iterations(results.manifest["request"]["iterations"], results.manifest["request"]["record_every"])
    shown, records = _kept_curves(runs, summary, len(seeds), len(at), notes)
    curves, parameters = _read_runs(results, position.ravel()[shown], at.size)
    rank = summary["rank_test_accuracy"].to_numpy(np.float64, na_value=np.inf)[shown // len(seeds)]
    dtype = results.manifest["request"]["dtype"]
    networks = _kept_networks(parameters, shown, np.argsort(rank, kind="stable"), dtype, notes)
    problem_of, _ = pd.factorize(pd.MultiIndex.from_frame(summary[results.problem_columns]))
    first_rows = summary.iloc[np.unique(problem_of, return_index=True)[1]]
    return {
        "axes": [_axis(summary[name], name, name in results.problem_columns) for name in columns],
        "columns": [
            {
                "name": name,
                "values": _encoded(_rounded(summary[name].astype("Float64").to_numpy(np.float64, na_value=np.nan))),
            }
            for name in _STATISTICS
            if name in summary.columns
        ],
        "problem_of": _encoded(problem_of.astype(np.uint32)),
        "problems": _problems(results, first_rows, notes),
        "seeds": results.runs["seed"].iloc[seeds].tolist(),
        "statuses": list(STATUSES),
        "runs": {
            "status": _encoded(pd.Categorical(runs["status"], STATUSES).codes.astype(np.uint8)),
            **{measure: _encoded(_rounded(runs[measure].to_numpy(np.float64))) for measure in MEASURES},
        },
        "curves_at": at[records].tolist(),
        "curves": {
            "run": _encoded(shown.astype(np.uint32)),
            "cost": _encoded(curves[:, 0, records]),
            "train_accuracy": _encoded(_rounded(curves[:, 1, records])),
            "test_accuracy": _encoded(_rounded(curves[:, 2, records])),
        },
        "networks": networks,
        "settings": _settings(results.manifest["request"]),
        "notes": notes,
    }


def _kept_configurations(summary: pd.DataFrame, columns: Sequence[str], notes: list[str]) -> Ints:
    """Their positions: all, or those of a coarser grid, which has the best of all in it."""
    kept = np.arange(len(summary))
    best = summary[summary["rank_test_accuracy"].eq(1).fillna(False)]
    while len(kept) > MOST_CONFIGURATIONS:
        here = summary.iloc[kept]
        name = max(columns, key=lambda column: here[column].nunique())
        values = list(pd.unique(here[name]))
        if len(values) < 2:
            break
        fewer = {values[i] for i in evenly(len(values), max(2, int(len(values) * 0.7)))} | set(best[name].head(3))
        if len(fewer) == len(values):
            break
        kept = kept[here[name].isin(fewer).to_numpy(bool)]
    kept = kept[:MOST_CONFIGURATIONS]
    if len(kept) < len(summary):
        here, thinned = summary.iloc[kept], []
        for name in columns:
            some, every = here[name].nunique(), summary[name].nunique()
            thinned += [f"{some:,} of {every:,} values of {_label(name)}"] if some < every else []
        notes.append(
            f"This page holds {len(kept):,} of {len(summary):,} configurations ({', '.join(thinned)}), the best among"
            " them; summary.csv has them all."
        )
    return kept


def _kept_seeds(n_seeds: int, configurations: int, notes: list[str]) -> Ints:
    most = max(1, MOST_RUNS // max(1, configurations))
    if most < n_seeds:
        notes.append(f"This page holds {most:,} of {n_seeds:,} seeds; runs.csv has them all.")
    return np.arange(min(n_seeds, most))


def _kept_curves(
    runs: pd.DataFrame, summary: pd.DataFrame, n_seeds: int, n_records: int, notes: list[str]
) -> tuple[Ints, Ints]:
    """Of which runs of the page the curves are shown, and which records of them.

    Where they are too many, seeds are left out first, from the middle outwards last; then records; then the curves of
    the configurations with the lowest ranks.
    """
    n = len(summary)
    # Each configuration's seeds by their test accuracy, as medianRun in model.js sorts them.
    keys = [runs[name].to_numpy(np.float64) for name in ("seed", "cost", "test_accuracy")]
    order = np.lexsort((*keys, np.repeat(np.arange(n), n_seeds))).reshape(n, n_seeds)
    some = min(n_seeds, max(1, MOST_POINTS // (n * n_records)))
    chosen = [(n_seeds - 1) // 2] if some == 1 else evenly(n_seeds, some)
    records = np.array(evenly(n_records, max(FEWEST_RECORDS, MOST_POINTS // (n * some))))
    most = max(1, MOST_POINTS // (some * len(records)))
    rank = summary["rank_test_accuracy"].to_numpy(np.float64, na_value=np.inf)
    shown = np.sort(order[np.sort(np.argsort(rank, kind="stable")[:most])][:, chosen].ravel())
    shown = shown[runs["status"].ne("failed").to_numpy(bool)[shown]]
    said = []
    if some < n_seeds:
        said.append(f"{some:,} of {n_seeds:,} seeds, evenly chosen by their test accuracy")
    if len(records) < n_records:
        said.append(f"{len(records):,} of {n_records:,} records")
    if most < n:
        said.append(f"the {most:,} configurations with the highest ranks")
    if said:
        notes.append(f"Curves are those of {', '.join(said)}; curves.csv has them all.")
    return shown, records


def _read_runs(results: Results, wanted: Ints, n_records: int) -> tuple[npt.NDArray[np.float64], list[bytes]]:
    """The curves (runs, 3, records) and the stored parameters of runs, given by their positions."""
    curves = np.full((len(wanted), 3, n_records), np.nan)
    places = {int(position): place for place, position in enumerate(wanted)}
    parameters = [b""] * len(wanted)
    if places:
        for position, run in enumerate(results.stored_runs()):
            if (place := places.get(position)) is not None:
                curves[place, :, : run.curves.shape[1]] = run.curves
                parameters[place] = run.parameters
    return curves, parameters


def _kept_networks(
    parameters: Sequence[bytes], runs: Ints, order: Ints, dtype: str, notes: list[str]
) -> dict[str, Any]:
    """The trained networks of the runs that have a curve: the numbers of each after those of the one before."""
    networks = [np.frombuffer(each, np.dtype(dtype).newbyteorder("<")) for each in parameters]
    sizes = np.array([len(network) for network in networks], np.int64)
    fits = np.zeros(len(networks), bool)
    fits[order] = np.cumsum(sizes[order]) <= MOST_PARAMETERS
    if not fits.all():
        notes.append(
            f"The trained networks of {fits.sum():,} of {len(fits):,} curves are in this page; others can be trained"
            " again in it."
        )
    fits &= sizes > 0
    values = [network for network, fit in zip(networks, fits, strict=True) if fit]
    flat = _rounded(np.concatenate([np.empty(0), *values]))
    starts = np.cumsum(sizes[fits]) - sizes[fits]
    runs, starts = runs[fits].astype(np.uint32), starts.astype(np.uint32)
    return {"run": _encoded(runs), "values": _encoded(flat), "starts": _encoded(starts)}


def _axis(values: pd.Series, name: str, is_problem: bool) -> dict[str, Any]:
    """An identifying column: its values in order, as texts, and which of them each configuration has."""
    codes, different = pd.factorize(values)
    order = sorted(range(len(different)), key=lambda i: _place(different[i]))
    place = np.empty(len(order), np.uint16)
    place[order] = np.arange(len(order))
    return {
        "name": name,
        "label": _label(name),
        "problem": is_problem,
        "values": [text_of(different[i]) for i in order],
        "codes": _encoded(place[codes]),
    }


def _place(value: Any) -> tuple[bool, list[float], str]:
    """What values of an axis are sorted by: numbers, and layers such as 8x8, in their order; then words."""
    text = str(value)
    with contextlib.suppress(ValueError):
        return False, [float(part) for part in text.split("x")], text
    return True, [], text


def _label(column: str) -> str:
    return column.replace("_", " ")


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    """How every run is trained, so far as they do not differ in it."""
    settings = {name: request[name] for name in ("iterations", "record_every", "dtype")}
    for knob in _HOW:
        value = request.get(knob.name)
        if isinstance(value, list) and len(value) == 1:
            (value,) = value
        if isinstance(value, str | float | int):
            settings[knob.name] = known_value(knob, value)
    return settings


def _problems(results: Results, rows: pd.DataFrame, notes: list[str]) -> list[dict[str, Any]]:
    """The data of each problem, while there is room for them, and how to draw them in a plane."""
    problems: list[dict[str, Any]] = []
    left_out, room = 0, MOST_DATA
    for _, row in rows.iterrows():
        data = results.data(row)
        about: dict[str, Any] = {
            "name": in_words(row[results.problem_columns].to_dict()),
            "feature_names": list(data.feature_names),
            "class_names": list(data.class_names),
            "X": None,
        }
        room -= data.X.size + data.X_test.size
        if room >= 0:
            about |= {
                "X": _encoded(data.X),
                "Y": _encoded(data.Y.astype(np.uint8)),
                "X_test": _encoded(data.X_test),
                "Y_test": _encoded(data.Y_test.astype(np.uint8)),
                "plane": _plane(data),
            }
        left_out += room < 0
        problems.append(about)
    if left_out:
        notes.append(
            f"The data of {left_out:,} of {len(rows):,} problems are not in this page, which would be too large: no"
            " boundaries there, and no training again."
        )
    return problems


def _plane(data: Data) -> dict[str, Any] | None:
    """How to draw points in the plane of two inputs, and what a network is given there; None if there are not two.

    ``points``: of the training, (2, examples), or None if they are X; ``terms``: for each feature the inputs to be
    multiplied, and whether to take the sine.
    """
    terms = parse(data.features) or tuple(Term((i + 1,)) for i in range(len(data.feature_names)))
    shown = data.base or data
    inputs = [1, 2] if len(shown.feature_names) == 2 else sorted({i for term in terms for i in term.inputs})
    if len(inputs) != 2:
        return None
    rows = [i - 1 for i in inputs]
    return {
        "names": [shown.feature_names[row] for row in rows],
        "points": None if shown is data else _encoded(shown.X[rows]),
        "terms": [{"factors": [inputs.index(i) for i in term.inputs], "sine": term.is_sine} for term in terms],
    }


def _rounded(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """To seven digits, which is more than the page shows."""
    with np.errstate(over="ignore"):  # of runs that diverged
        return values.astype(np.float32)


def _encoded(values: npt.NDArray[Any]) -> dict[str, str]:
    """The name of the type, and the numbers in base64, little-endian."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return {values.dtype.name: base64.b64encode(little.tobytes()).decode()}


# ------------------------------------------------------------------------------------------------ the page


def page(results: Results) -> str:
    """The page as text."""
    from experiments.findings import headline
    from experiments.report_charts import specifications

    held = contents(results)
    parts = {
        "title": html.escape(_title(results)),
        "headline": "\n".join(f"<p>{html.escape(sentence)}</p>" for sentence in headline(results)),
        "notes": "\n".join(f"<p>{html.escape(note)}</p>" for note in held["notes"]),
        "request": _definitions(_request(results)),
        "data": _definitions(_data(results.manifest["data"])),
        "execution": _definitions(_execution(results.manifest)),
        "css": (WEB / "report.css").read_text(encoding="utf-8"),
        "results": _json(held),
        "charts": _json(specifications()),
        "vega": _vega(),
        "script": _script(),
    }
    template = string.Template((WEB / "report.html").read_text(encoding="utf-8"))
    return template.substitute(parts)


def _title(results: Results) -> str:
    names = pd.unique(results.runs["dataset"])
    shown = ", ".join(map(str, names[:3])) + (", ..." if len(names) > 3 else "")
    return f"{shown}: {len(results.runs):,} network{'s' * (len(results.runs) != 1)}"


def _json(value: Any) -> str:
    """JSON that can stand within a script element: nothing in it ends the element, or begins a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _script() -> str:
    """The page's own modules as one script: without the lines that import them from each other."""
    modules = [(WEB / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    return re.sub(r"^(import .*\n|export (?=\w))", "", "\n".join(modules), flags=re.MULTILINE)


def _definitions(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in pairs)


def _request(results: Results) -> Iterator[tuple[str, str]]:
    for name, value in results.manifest["request"].items():
        if value is not None and value != []:
            yield _label(name), _listed(value)


def _listed(value: Any, most: int = 12) -> str:
    """A value, or values, of a setting."""
    if not isinstance(value, list):
        return text_of(value)
    texts = [_listed(each) for each in value]
    if len(texts) > most:
        texts = [*texts[: most - 2], "...", texts[-1]]
    return " ".join(texts) + (f" ({len(value):,})" if len(value) > most else "")


def _data(problems: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in problems[:_PROBLEMS_NAMED]:
        sizes = f"{each['training_examples']:,} training and {each['test_examples']:,} test examples"
        yield in_words(each["problem"]), f"{sizes} of {each['features']:,} features; SHA-256 {each['fingerprint']}"
        for note in each["notes"]:
            yield "", note
    if len(problems) > _PROBLEMS_NAMED:
        yield "", f"and {len(problems) - _PROBLEMS_NAMED:,} more in sweep.json"


def _execution(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    counts, execution = manifest["counts"], manifest["execution"]
    yield "runs", ", ".join(f"{n:,} {_label(name)}" for name, n in counts.items() if name != "runs")
    yield "finished", execution["finished"]
    jobs = "a job a core" if execution["jobs"] == -1 else f"{execution['jobs']} jobs"
    yield "training took", f"{execution['training_seconds']:,} s, {jobs} ({execution['backend']})"
    yield "commit", execution["commit"] or "unknown"
    versions = {"Python": execution["python"], **execution["versions"]}
    yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    machine = execution["machine"]
    yield "machine", f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"


_VEGA = "window.vegaEmbed = vegaEmbed;"


def _vega() -> str:
    """The JavaScript of Vega, Vega-Lite and vega-embed. To put it together takes two seconds, so it is kept."""
    import altair as alt
    import vl_convert

    vega_lite = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    about = f"{version('vl-convert-python')} {vega_lite} {_VEGA}"
    kept = _cache_folder() / f"vega-{hashlib.sha256(about.encode()).hexdigest()[:16]}.js"
    with contextlib.suppress(OSError, ValueError):
        digest, _, script = kept.read_text(encoding="utf-8").partition("\n")
        if digest == _digest(script):
            return script
    script = vl_convert.javascript_bundle(_VEGA, vega_lite)
    # In texts of a script both are the same; within a page only the second leaves its element open.
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        _write(kept, f"{_digest(script)}\n{script}")
    return script


def _digest(text: str) -> str:
    return f"// {hashlib.sha256(text.encode()).hexdigest()}"


def _cache_folder() -> Path:
    """The user's folder for what can be made again."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "planar-sweep"
    home = Path.home()
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "planar-sweep"


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())


def write(folder: str | os.PathLike[str], results: Any = None) -> Path:
    """Write `report.html` into a results folder, in one step, and return its path.

    `results` is what `experiments.tables.read(folder)` returns, for a caller that has read it already. Raises what
    `read` raises if the folder has no results, and OSError if it cannot be written to.
    """
    if results is None:
        from experiments import tables

        results = tables.read(folder)
    path = Path(folder) / REPORT
    _write(path, page(results))
    return path


def main(arguments: list[str] | None = None) -> int:
    """`python -m experiments.report DIR`: 0 and a line for each file, or 2 and one on what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.report", description="Make report.html and the pictures of a sweep again, in DIR."
    )
    parser.add_argument("folder", metavar="DIR", help="a results folder, as experiments.grid writes it")
    folder = parser.parse_args(arguments).folder
    from experiments import plots, tables

    def files(say: Say) -> list[Path]:
        results = tables.read(folder)
        return [*plots.draw_all(folder, results, say), write(folder, results)]

    return plots.write_as_program(parser.prog, files)


if __name__ == "__main__":
    sys.exit(main())
